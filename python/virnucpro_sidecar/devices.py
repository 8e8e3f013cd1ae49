"""Which device computes, in which number format, and whether it is sound."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Final

import torch

from .errors import DEVICE_LOST, EMBEDDER, EXIT_DEVICE, SidecarError

#: What a batch on a CPU may cost, so that each takes seconds at most and shows that the process is alive.
_CPU_BATCH_FLOP: Final = 2e11
#: bfloat16 arithmetic in hardware from here on.
_BFLOAT16_CAPABILITY: Final = (8, 0)
_DTYPES: Final = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Device:
    device: torch.device
    #: As its maker calls it.
    name: str
    memory_bytes: int


def open_device(wish: str) -> Device:
    """
    :param wish: auto, cpu or cuda; auto takes a GPU where one is meant to be there, and does not fall back to the CPU then
    :raises SidecarError: ``EmbeddingError.DeviceLost`` if there is no CUDA, or it cannot be initialised
    """
    if wish == "cpu" or (wish == "auto" and not torch.cuda.is_available() and not _expects_gpu()):
        return Device(torch.device("cpu"), _cpu_name(), _physical_memory())
    if not torch.cuda.is_available():
        raise _lost(f"no CUDA device can be used{_why_unavailable()}")
    try:
        device = torch.device("cuda", torch.cuda.current_device())
        # A kernel has to run: a device can be listed and still be lost.
        torch.ones(1, device=device).add_(1).item()
    except RuntimeError as error:
        raise _lost(f"the CUDA device cannot be initialised: {error}") from error
    _set_precision()
    properties = torch.cuda.get_device_properties(device)
    return Device(device, properties.name, properties.total_memory)


def choose_sdpa(name: str) -> None:
    """
    Sets which implementation of scaled dot product attention torch takes, in this process.

    :param name: auto, flash, efficient, cudnn or math; where one cannot compute a call, e.g. with a mask, math does
    """
    backends = torch.backends.cuda
    backends.enable_flash_sdp(name in ("auto", "flash"))
    backends.enable_mem_efficient_sdp(name in ("auto", "efficient"))
    backends.enable_cudnn_sdp(name in ("auto", "cudnn"))
    backends.enable_math_sdp(True)


def choose_dtype(wish: str, device: torch.device) -> torch.dtype:
    """
    :param wish: auto, or the name of a number format
    :returns: for auto: bfloat16 where the hardware has it, float16 on older GPUs, float32 on a CPU
    """
    if wish != "auto":
        return _DTYPES[wish]
    if device.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.get_device_capability(device) >= _BFLOAT16_CAPABILITY else torch.float16


def dtype_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def limit_budget(budget: int, device: torch.device, parameters: int) -> int:
    """
    :param budget: tokens of a batch
    :returns: the same on a GPU; on a CPU at most what takes some seconds, 2 FLOP per parameter and token
    """
    if device.type != "cpu":
        return budget
    return max(1, min(budget, int(_CPU_BATCH_FLOP / (2 * max(1, parameters)))))


def require_torch(oldest: tuple[int, int] = (2, 4)) -> None:
    """:raises SidecarError: ``EmbeddingError.Embedder`` if torch is too old"""
    found = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
    if found < oldest:
        text = f"torch {torch.__version__} of {sys.executable} is too old; expected {oldest[0]}.{oldest[1]} or newer"
        raise SidecarError(EMBEDDER, f"{text}: run `virnucpro setup-models`, or name another Python")


def _expects_gpu() -> bool:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return visible.strip() not in ("", "-1")
    return torch.version.cuda is not None and os.path.exists("/dev/nvidia0")


def _why_unavailable() -> str:
    if torch.version.cuda is None:
        return f": torch {torch.__version__} was built without CUDA; install a build with it, or use device=cpu"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    selected = "" if visible is None else f" with CUDA_VISIBLE_DEVICES={visible}"
    return f"{selected}; see whether nvidia-smi lists it and torch's CUDA {torch.version.cuda} suits the driver"


def _lost(message: str) -> SidecarError:
    return SidecarError(DEVICE_LOST, message, EXIT_DEVICE)


def _set_precision() -> None:
    torch.set_float32_matmul_precision("highest")
    # Sums of float16 products in float16 overflow.
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return "CPU"


def _physical_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
