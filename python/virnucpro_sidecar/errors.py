"""The one exception of the sidecar. Its type is a wire name of src/contract/failure-types.ts."""

from __future__ import annotations

from typing import Final

INVALID_INPUT: Final = "EmbeddingError.InvalidInput"
OUT_OF_MEMORY: Final = "EmbeddingError.OutOfMemory"
DEVICE_LOST: Final = "EmbeddingError.DeviceLost"
EMBEDDER: Final = "EmbeddingError.Embedder"

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
