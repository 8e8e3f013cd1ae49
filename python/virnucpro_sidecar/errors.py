"""What can go wrong, by the wire names of src/contract/failure-types.ts, and how torch's own exceptions map to them."""

from __future__ import annotations

import re
from typing import Final

INVALID_INPUT: Final = "EmbeddingError.InvalidInput"
OUT_OF_MEMORY: Final = "EmbeddingError.OutOfMemory"
DEVICE_LOST: Final = "EmbeddingError.DeviceLost"
EMBEDDER: Final = "EmbeddingError.Embedder"

#: The worker has gone: nobody is there who could be told anything.
EXIT_WORKER_GONE: Final = 0
#: EX_SOFTWARE of sysexits.h: an error in this program.
EXIT_SOFTWARE: Final = 70
#: EX_PROTOCOL: what came on stdin is not a stream of frames.
EXIT_PROTOCOL: Final = 76
#: EX_CONFIG of sysexits.h: a person has to change something; starting again as it is will not help.
EXIT_CONFIG: Final = 78
#: The device, or this process's context on it, cannot be used any more.
EXIT_DEVICE: Final = 86


class SidecarError(Exception):
    """A failure with a wire name, a message that says what to do, and the exit code of a start that ends with it."""

    def __init__(self, type: str, message: str, exit_code: int = EXIT_CONFIG) -> None:
        super().__init__(message)
        self.type = type
        self.message = message
        self.exit_code = exit_code


# cudaErrorNotReady and the allocator's assertion on its handles are how torch 2.9 reports a full device now and then.
_OUT_OF_MEMORY = re.compile(
    r"out of memory|not enough memory|can't allocate memory|CU(BLAS|DNN)_STATUS_ALLOC_FAILED|device not ready"
    r"|INTERNAL ASSERT FAILED.*handles_",
    re.IGNORECASE | re.DOTALL,
)
_POISONED = re.compile(r"CUDA (driver )?error|CUBLAS_STATUS_|CUDNN_STATUS_|cuDNN error|device-side assert")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a smaller batch may succeed, in this process."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error)) is not None


def is_poisoned(error: BaseException) -> bool:
    """Whether the device's context is unusable for good: every later call in this process fails too."""
    if is_out_of_memory(error):
        return False
    return isinstance(error, RuntimeError) and _POISONED.search(str(error)) is not None
