"""
A model without weights: each token has a fixed vector, and a row is the mean over the tokens. torch is imported when the model
is loaded, so that a process that ends before that ends soon.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from virnucpro_sidecar.models.base import EmbeddingModel, ModelInfo, Progress, Rejected, TokenIds
from virnucpro_sidecar.settings import Settings

if TYPE_CHECKING:
    import torch

DIM = 8
PAD = 0


class FakeEncoder:
    """Capital letters are tokens."""

    pad_id = PAD

    def __init__(self, max_length: int) -> None:
        self.max_length = max_length

    def encode(self, sequence: str) -> TokenIds | Rejected:
        if sequence == "":
            return Rejected("invalid", "it is empty")
        if len(sequence) > self.max_length:
            return Rejected("too_long", f"it has {len(sequence)} letters, at most {self.max_length} are taken")
        if not (sequence.isascii() and sequence.isalpha()):
            return Rejected("invalid", "it has a character that is no letter")
        return np.frombuffer(sequence.upper().encode(), dtype=np.uint8).astype(np.int32)

    def encode_many(self, sequences: Sequence[str]) -> list[TokenIds | Rejected]:
        return [self.encode(sequence) for sequence in sequences]


class FakeModel:
    """Remembers the shapes of its batches; `memory` is the number of tokens, padding included, that fit."""

    dim = DIM
    pooling = "mean"

    def __init__(self, seed: int, max_length: int = 1000, memory: int | None = None) -> None:
        import torch

        self.encoder = FakeEncoder(max_length)
        self.info = ModelInfo("fake/model", f"random-init:{seed}", 128 * DIM, "sha256:0", "none")
        self.memory = memory
        self.seconds_per_batch = 0.0
        self.shapes: list[tuple[int, int]] = []
        self.float32_shapes: list[tuple[int, int]] = []
        self._vectors = torch.randn(128, DIM, generator=torch.Generator().manual_seed(seed))

    def embed_tokens(
        self, ids: torch.Tensor, lengths: torch.Tensor, host_lengths: Sequence[int] | None = None
    ) -> torch.Tensor:
        assert host_lengths == lengths.tolist()
        rows, longest = ids.shape
        self.shapes.append((rows, longest))
        if self.memory is not None and rows * longest > self.memory:
            raise RuntimeError(f"CUDA out of memory: {rows} x {longest} tokens")
        time.sleep(self.seconds_per_batch)
        return self._mean(ids, lengths)

    def embed_tokens_float32(
        self, ids: torch.Tensor, lengths: torch.Tensor, host_lengths: Sequence[int] | None = None
    ) -> torch.Tensor:
        self.float32_shapes.append((ids.shape[0], ids.shape[1]))
        return self._mean(ids, lengths)

    def expected(self, sequence: str) -> np.ndarray:
        """The row of one sequence, computed on its own."""
        import torch

        ids = torch.from_numpy(np.asarray(self.encoder.encode(sequence)))[None]
        return self._mean(ids, torch.tensor([len(sequence)]))[0].numpy()

    def _mean(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        import torch

        mask = torch.arange(ids.shape[1])[None] < lengths[:, None]
        vectors = self._vectors[ids.long()] * mask[:, :, None]
        return vectors.sum(1) / lengths[:, None]


class FakePrepared:
    """A :class:`FakeModel` that is loaded when it is asked for."""

    dim = DIM
    pooling = "mean"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.encoder = FakeEncoder(settings.max_length or 1000)

    def load(self, device: torch.device, dtype: torch.dtype, progress: Progress) -> EmbeddingModel:
        progress("load the fake model")
        model = FakeModel(self._settings.random_init or 0, self.encoder.max_length)
        model.seconds_per_batch = (self._settings.tiny or {}).get("msPerBatch", 0) / 1000
        return model
