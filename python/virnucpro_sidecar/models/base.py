"""What the engine knows of a model. Nothing here imports torch, so that encoders and checks of paths work before it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

#: Says what a start is doing; called at least every few seconds while it makes progress. May be called from other threads.
Progress = Callable[[str], None]
#: Token ids of one sequence, the special tokens at both ends included.
TokenIds = npt.NDArray[np.int32]


class ModelSettings(Protocol):
    """The settings that models read; `Settings` of the sidecar has them all."""

    @property
    def embedder(self) -> str: ...
    @property
    def weights(self) -> str | None: ...
    @property
    def random_init(self) -> int | None: ...
    @property
    def tiny(self) -> Mapping[str, int] | None: ...
    @property
    def max_length(self) -> int | None: ...
    @property
    def too_long(self) -> str: ...
    @property
    def unknown(self) -> str: ...
    @property
    def attention(self) -> str: ...
    @property
    def compile(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sequence that is not embedded. `reason` is a sentence without the record's id."""

    status: Literal["invalid", "too_long"]
    reason: str


class Encoder(Protocol):
    """Turns letters into token ids. No torch; used by one thread at a time."""

    @property
    def pad_id(self) -> int: ...
    @property
    def max_length(self) -> int: ...

    def encode(self, sequence: str) -> TokenIds | Rejected: ...
    def encode_many(self, sequences: Sequence[str]) -> list[TokenIds | Rejected]: ...


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the handshake says about a loaded model."""

    #: Hugging Face id of the catalog.
    model: str
    #: `sha256:<hex>` of the tensors as read, or `random-init:<seed>`.
    weights: str
    parameters: int
    #: `sha256:<hex>` of what turns letters into token ids.
    tokenizer: str
    #: Which attention path runs on this device: `masked`, `grouped` or `varlen`.
    attention: str


class Described(Protocol):
    """What is known of a model, loaded or not."""

    @property
    def encoder(self) -> Encoder: ...
    @property
    def dim(self) -> int: ...
    @property
    def pooling(self) -> str: ...


class EmbeddingModel(Described, Protocol):
    """A loaded model. Both calls run under torch.inference_mode and never wait for the device, given `host_lengths`."""

    @property
    def info(self) -> ModelInfo: ...

    def embed_tokens(
        self, ids: torch.Tensor, lengths: torch.Tensor, host_lengths: Sequence[int] | None = None
    ) -> torch.Tensor:
        """ids int64 or int32 [B, T], padded with pad_id, T = the longest; lengths int64 [B] with special tokens, both on
        the device; host_lengths: the same lengths as Python numbers or a numpy array, which saves waiting for the device.
        Rows need no order, but equal lengths side by side are faster. Returns float32 [B, dim], pooled, on the device."""
        ...

    def embed_tokens_float32(
        self, ids: torch.Tensor, lengths: torch.Tensor, host_lengths: Sequence[int] | None = None
    ) -> torch.Tensor:
        """The same computed in float32 whatever the model's dtype; holds one float32 matrix at a time."""
        ...


class PreparedModel(Described, Protocol):
    """A model whose files were found and checked, without torch; `load` reads the weights."""

    def load(self, device: torch.device, dtype: torch.dtype, progress: Progress) -> EmbeddingModel:
        """Raises SidecarError: wrong weights, too little memory."""
        ...
