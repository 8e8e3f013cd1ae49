"""What `virnucpro doctor` learns of a Python."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from virnucpro_sidecar import probe
from virnucpro_sidecar.requirements import PYPROJECT


def test_this_python_as_one_json_document_on_the_last_line() -> None:
    command = [sys.executable, "-m", "virnucpro_sidecar.probe", json.dumps({"models": {"esm2-8m": "/nowhere/weights"}})]
    done = subprocess.run(command, cwd=PYPROJECT.parent, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().split("\n")[-1])
    assert found["python"] == sys.version.split()[0]
    assert not found["pythonTooOld"]
    assert found["packages"].keys() >= {"torch", "numpy", "safetensors", "huggingface_hub", "tokenizers"}
    assert found["missing"] == []
    assert found["torch"]["version"].startswith(f"{found['packages']['torch'].split('+')[0]}")
    assert "/nowhere/weights" in found["weights"]["esm2-8m"]["error"]


def test_a_torch_that_cannot_be_imported_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "ModuleNotFoundError" in probe.probe({})["torch"]["error"]


def fake_torch(**device: Any) -> SimpleNamespace:
    properties = SimpleNamespace(name="GPU", total_memory=8, major=9, minor=0)
    cuda = SimpleNamespace(
        init=lambda: None,
        device_count=lambda: 1,
        get_device_properties=lambda _: properties,
        mem_get_info=lambda _: (5, 8),
    )
    total = SimpleNamespace(item=lambda: device.get("total", 256))
    ones = device.get("ones", lambda *_, **__: SimpleNamespace(sum=lambda: total))
    return SimpleNamespace(__version__="2.9.1", version=SimpleNamespace(cuda="12.8"), cuda=cuda, ones=ones)


def test_a_device_is_described_after_it_has_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", fake_torch())
    found = probe.probe({})["torch"]
    device = {"index": 0, "name": "GPU", "memoryBytes": 8, "capability": "9.0", "freeBytes": 5}
    assert found["devices"] == [device]
    assert found["cudaError"] is None


def test_a_device_that_cannot_compute_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA error: uncorrectable ECC error encountered\nmore")

    monkeypatch.setitem(sys.modules, "torch", fake_torch(ones=fail))
    assert (
        probe.probe({})["torch"]["devices"][0]["error"]
        == "RuntimeError: CUDA error: uncorrectable ECC error encountered"
    )
    monkeypatch.setitem(sys.modules, "torch", fake_torch(total=3))
    assert probe.probe({})["torch"]["devices"][0]["error"] == "it adds wrongly"


def test_a_cuda_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = fake_torch()

    def fail() -> None:
        raise RuntimeError("Found no NVIDIA driver")

    torch.cuda.init = fail
    monkeypatch.setitem(sys.modules, "torch", torch)
    found = probe.probe({})["torch"]
    assert found["cudaError"] == "RuntimeError: Found no NVIDIA driver"
    assert found["devices"] == []
