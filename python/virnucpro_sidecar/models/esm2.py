"""ESM-2 (Lin et al. 2023) as published on the Hugging Face hub: pre-LN encoder with rotary positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812

from .catalog import Shape
from .compilation import maybe_compile
from .layout import AnyLayout
from .parameters import LayerNorm, Linear, Parameters
from .rotary import RotaryTables, rotate

_EPSILON: Final = 1e-5
#: In training 15 % of the tokens were drawn and 80 % of those masked out; without masks the embeddings are scaled down.
_TOKEN_DROPOUT: Final = 1 - 0.15 * 0.8


@dataclass(frozen=True, slots=True)
class _Layer:
    attention_norm: LayerNorm
    qkv: Linear
    attention_output: Linear
    feed_forward_norm: LayerNorm
    intermediate: Linear
    output: Linear


class Esm2:
    """The network without a head. Allocates its parameters; they have to be filled before use."""

    #: Tokens at both ends that are no residues: `<cls>` and `<eos>`.
    ends: Final = 1
    biased: Final = False

    def __init__(self, shape: Shape, parameters: Parameters, *, compile: bool = False) -> None:
        self._heads = shape.heads
        self._word_embeddings = parameters.tensor(
            "embeddings.word_embeddings.weight", shape.vocabulary, shape.hidden, factor=_TOKEN_DROPOUT
        )
        self._layers = [_layer(f"encoder.layer.{index}", shape, parameters) for index in range(shape.layers)]
        self._final_norm = parameters.layer_norm("encoder.emb_layer_norm_after", shape.hidden, _EPSILON)
        self._rotary = RotaryTables(shape.head_width, parameters.device)
        self._before_attention = maybe_compile(_before_attention, compile=compile)
        self._after_attention = maybe_compile(_after_attention, compile=compile)

    def hidden(self, ids: torch.Tensor, layout: AnyLayout, dtype: torch.dtype) -> torch.Tensor:
        """ids: [rows, width] → last hidden state float32 [N, hidden], computed in dtype up to the final layer norm."""
        cos, sin = (layout.by_position(table)[:, None, None, :] for table in self._rotary.up_to(ids.shape[1]))
        x = F.embedding(layout.flatten(ids), self._word_embeddings).to(dtype)
        for layer in self._layers:
            q, k, v = self._before_attention(x, layer, cos, sin, self._heads)
            x = self._after_attention(x, layer, layout.attend(q, k, v, None))
        return self._final_norm(x.float())


def _layer(name: str, shape: Shape, parameters: Parameters) -> _Layer:
    attention = f"{name}.attention.self"
    hidden = shape.hidden
    return _Layer(
        attention_norm=parameters.layer_norm(f"{name}.attention.LayerNorm", hidden, _EPSILON),
        qkv=parameters.fused_linear([f"{attention}.{part}" for part in ("query", "key", "value")], hidden, hidden),
        attention_output=parameters.linear(f"{name}.attention.output.dense", hidden, hidden),
        feed_forward_norm=parameters.layer_norm(f"{name}.LayerNorm", hidden, _EPSILON),
        intermediate=parameters.linear(f"{name}.intermediate.dense", hidden, shape.intermediate),
        output=parameters.linear(f"{name}.output.dense", shape.intermediate, hidden),
    )


def _before_attention(
    x: torch.Tensor, layer: _Layer, cos: torch.Tensor, sin: torch.Tensor, heads: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """x: [N, hidden] → q, k, v: [N, heads, width of a head]"""
    tokens, hidden = x.shape
    qkv = layer.qkv(layer.attention_norm(x)).view(tokens, 3, heads, hidden // heads)
    rotated = rotate(qkv[:, :2], cos, sin)
    return rotated[:, 0], rotated[:, 1], qkv[:, 2]


def _after_attention(x: torch.Tensor, layer: _Layer, attended: torch.Tensor) -> torch.Tensor:
    x = layer.attention_output(attended).add_(x)
    return layer.output(F.gelu(layer.intermediate(layer.feed_forward_norm(x)))).add_(x)
