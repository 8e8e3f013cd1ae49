"""From settings to an engine that is ready for requests. torch is imported here, and whatever is missing is explained."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .errors import (
    DEVICE_LOST,
    EMBEDDER,
    EXIT_DEVICE,
    EXIT_SOFTWARE,
    OUT_OF_MEMORY,
    SidecarError,
    is_out_of_memory,
    is_poisoned,
)
from .settings import Settings

if TYPE_CHECKING:
    import torch

    from .devices import Device
    from .models.base import EmbeddingModel, PreparedModel, Progress

PROTOCOL_VERSION: Final = 1

#: Finds and checks what a model needs, without torch.
Prepare = Callable[[Settings], "PreparedModel"]


@dataclass(frozen=True)
class Loaded:
    """A model on its device."""

    model: EmbeddingModel
    device: Device
    dtype: torch.dtype

    @property
    def dtype_name(self) -> str:
        return str(self.dtype).removeprefix("torch.")


def prepare_model(settings: Settings) -> PreparedModel:
    """
    :raises SidecarError: no such model, no weights, wrong files, or a Python package that is missing
    """
    try:
        from .models.prepare import prepare_model as prepare
    except ImportError as error:
        raise explain_import(error) from error
    return prepare(settings)


def load_model(prepared: PreparedModel, settings: Settings, progress: Progress) -> Loaded:
    """
    Reads the weights onto the device.

    :param progress: told what is being done, whenever some of it is
    :raises SidecarError: with the way out; its exit code is that of the process
    """
    progress("import torch")
    try:
        from . import devices
    except ImportError as error:
        raise explain_import(error) from error
    devices.require_torch()
    progress("open the device")
    device = devices.open_device(settings.device)
    devices.choose_sdpa(settings.sdpa)
    dtype = devices.choose_dtype(settings.dtype, device.device)
    try:
        return Loaded(prepared.load(device.device, dtype, progress), device, dtype)
    except RuntimeError as error:
        raise explain_failure(error, f"loading {settings.embedder}") from error


def explain_failure(error: BaseException, doing: str) -> SidecarError:
    """What a start says of an exception that is none of ours."""
    if isinstance(error, SidecarError):
        return error
    text = f"{doing}: {type(error).__name__}: {error}"
    if is_out_of_memory(error):
        return SidecarError(OUT_OF_MEMORY, text)
    if is_poisoned(error):
        return SidecarError(DEVICE_LOST, text, EXIT_DEVICE)
    return SidecarError(EMBEDDER, text, EXIT_SOFTWARE)


def describe_start(loaded: Loaded, settings: Settings) -> dict[str, Any]:
    """Header of the first frame: what the worker has to know of the model, and what its results depend on."""
    import torch

    model, info = loaded.model, loaded.model.info
    protocol = settings.faults.protocol
    return {
        "ready": True,
        "protocol": PROTOCOL_VERSION if protocol is None else protocol,
        "embedder": settings.embedder,
        "model": info.model,
        "weights": info.weights,
        "dtype": loaded.dtype_name,
        "pooling": model.pooling,
        "dim": model.dim,
        "device": loaded.device.device.type,
        "deviceName": loaded.device.name,
        "deviceMemoryBytes": loaded.device.memory_bytes,
        "attention": info.attention,
        "torch": torch.__version__,
        "tokenizer": info.tokenizer,
        "maxLength": model.encoder.max_length,
        "parameters": info.parameters,
    }


def inject_start_faults(settings: Settings, progress: Progress) -> None:
    """
    :raises SidecarError: if the settings want the start to fail
    """
    faults = settings.faults
    end = time.monotonic() + (faults.slowLoadMs or 0) / 1000
    while time.monotonic() < end:
        progress("load slowly (injected)")
        time.sleep(0.1)
    if faults.stdoutNoise:
        print("noise of a library (injected)", flush=True)
        os.write(1, b"noise of native code (injected)\n")
    if faults.startFails is not None:
        exit_code = {"exit_code": EXIT_DEVICE} if faults.startFails == DEVICE_LOST else {}
        raise SidecarError(faults.startFails, "the start fails (injected)", **exit_code)


def explain_import(error: ImportError) -> SidecarError:
    """What a start says of a package that cannot be imported."""
    missing = error.name or str(error)
    text = f"{sys.executable} cannot import {missing}: {error}; run `virnucpro setup-models`, or name another Python"
    return SidecarError(EMBEDDER, f"{text} with VIRNUCPRO_SIDECAR_PYTHON")
