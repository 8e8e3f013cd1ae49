"""A loaded model: chooses how each batch is laid out, runs the network, pools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import torch

from .base import Encoder, ModelInfo
from .layout import AnyLayout, Layout, PackedLayout, VarlenKernel
from .varlen import varlen_kernel

#: A mask with a bias for every row and head outweighs everything else above this width.
_WIDEST_BIASED_MASK: Final = 512


class Network(Protocol):
    """What Esm2 and MosaicBert are."""

    @property
    def ends(self) -> int:
        """How many tokens at both ends of a sequence are left out of its mean."""
        ...

    @property
    def biased(self) -> bool:
        """Whether attention gets a bias for every head and distance."""
        ...

    def hidden(self, ids: torch.Tensor, layout: AnyLayout, dtype: torch.dtype) -> torch.Tensor: ...


class BatchRunner:
    """Embeds batches with one attention path; `masked` is `grouped` where masks would be too large."""

    def __init__(self, network: Network, attention: str, device: torch.device, dtype: torch.dtype) -> None:
        self._network = network
        self._attention = attention
        self._device = device
        self._dtype = dtype
        self._kernel: VarlenKernel | None = varlen_kernel(device, dtype) if attention == "varlen" else None

    @torch.inference_mode()
    def run(
        self, ids: torch.Tensor, lengths: torch.Tensor, host_lengths: Sequence[int] | None, dtype: torch.dtype
    ) -> torch.Tensor:
        layout = self._layout(ids, lengths, lengths.tolist() if host_lengths is None else host_lengths)
        return layout.mean(self._network.hidden(ids, layout, dtype), self._network.ends)

    def _layout(self, ids: torch.Tensor, lengths: torch.Tensor, host_lengths: Sequence[int]) -> AnyLayout:
        rows, width = ids.shape
        padded = any(length != width for length in host_lengths)
        wide = self._network.biased and width > _WIDEST_BIASED_MASK
        if padded and (self._attention != "masked" or wide):
            return PackedLayout(host_lengths, width, self._device, self._kernel)
        return Layout(lengths, rows, width, padded=padded)


class ResidentModel:
    """An `EmbeddingModel`."""

    def __init__(
        self, runner: BatchRunner, encoder: Encoder, info: ModelInfo, dim: int, pooling: str, dtype: torch.dtype
    ):
        self.encoder = encoder
        self.info = info
        self.dim = dim
        self.pooling = pooling
        self._runner = runner
        self._dtype = dtype

    def embed_tokens(
        self, ids: torch.Tensor, lengths: torch.Tensor, host_lengths: Sequence[int] | None = None
    ) -> torch.Tensor:
        return self._runner.run(ids, lengths, host_lengths, self._dtype)

    def embed_tokens_float32(
        self, ids: torch.Tensor, lengths: torch.Tensor, host_lengths: Sequence[int] | None = None
    ) -> torch.Tensor:
        return self._runner.run(ids, lengths, host_lengths, torch.float32)
