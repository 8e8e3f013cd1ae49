"""Which device computes."""

from __future__ import annotations

import pytest
import torch

from virnucpro_sidecar import devices
from virnucpro_sidecar.errors import DEVICE_LOST, SidecarError


@pytest.fixture
def without_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(devices.os.path, "exists", lambda _: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.usefixtures("without_cuda")
@pytest.mark.parametrize("wish", ["auto", "cpu"])
def test_machine_without_a_gpu_computes_on_its_cpu(wish):
    opened = devices.open_device(wish)
    assert opened.device == torch.device("cpu")
    assert opened.name != ""
    assert opened.memory_bytes > 2**28


@pytest.mark.usefixtures("without_cuda")
@pytest.mark.parametrize("visible", [" ", "-1"])
def test_gpus_that_are_hidden_are_not_missed(visible, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert devices.open_device("auto").device.type == "cpu"


@pytest.mark.usefixtures("without_cuda")
def test_gpu_that_was_chosen_and_is_missing_is_lost(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    with pytest.raises(SidecarError, match="CUDA_VISIBLE_DEVICES=1; see whether nvidia-smi") as caught:
        devices.open_device("auto")
    assert (caught.value.type, caught.value.exit_code) == (DEVICE_LOST, 86)


@pytest.mark.usefixtures("without_cuda")
def test_gpu_whose_driver_does_not_answer_is_lost_and_not_replaced_by_the_cpu(monkeypatch):
    monkeypatch.setattr(devices.os.path, "exists", lambda path: path == "/dev/nvidia0")
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    with pytest.raises(SidecarError, match="no CUDA device can be used"):
        devices.open_device("auto")


@pytest.mark.usefixtures("without_cuda")
def test_torch_without_cuda_says_so(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(SidecarError, match="built without CUDA; install"):
        devices.open_device("cuda")


def test_device_that_is_listed_and_cannot_run_a_kernel_is_lost(monkeypatch):
    def fails() -> int:
        raise RuntimeError("CUDA error: unknown error")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", fails)
    with pytest.raises(SidecarError, match="cannot be initialised: CUDA error: unknown error") as caught:
        devices.open_device("auto")
    assert caught.value.exit_code == 86


@pytest.mark.parametrize(
    ("wish", "device", "capability", "dtype"),
    [
        ("auto", "cpu", None, torch.float32),
        ("auto", "cuda", (7, 5), torch.float16),
        ("auto", "cuda", (8, 0), torch.bfloat16),
        ("auto", "cuda", (9, 0), torch.bfloat16),
        ("float32", "cuda", (9, 0), torch.float32),
        ("bfloat16", "cpu", None, torch.bfloat16),
    ],
)
def test_number_format_follows_the_hardware_unless_it_is_given(wish, device, capability, dtype, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert devices.choose_dtype(wish, torch.device(device)) == dtype


def test_large_models_get_small_batches_on_a_cpu_only():
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert devices.limit_budget(16_384, cpu, 8_000_000) == 12_500
    assert devices.limit_budget(1_000, cpu, 8_000_000) == 1_000
    assert devices.limit_budget(16_384, cpu, 2_800_000_000) == 35
    assert devices.limit_budget(16_384, cpu, 10**13) == 1
    assert devices.limit_budget(16_384, gpu, 2_800_000_000) == 16_384


@pytest.mark.parametrize(
    ("version", "accepted"), [("2.3.1", False), ("1.13.1", False), ("2.4.0+cu121", True), ("2.11.0", True)]
)
def test_torch_has_to_be_new_enough(version, accepted, monkeypatch):
    monkeypatch.setattr(torch, "__version__", version)
    if accepted:
        devices.require_torch()
    else:
        with pytest.raises(SidecarError, match=r"too old; expected 2\.4 or newer"):
            devices.require_torch()
