"""DNABERT-S (Zhou et al. 2024): MosaicBERT, a post-LN encoder with ALiBi and gated feed-forward layers (GLU)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812

from .alibi import AlibiBias
from .catalog import Shape
from .compilation import maybe_compile
from .layout import AnyLayout
from .parameters import LayerNorm, Linear, Parameters

_EPSILON: Final = 1e-12
_TOKEN_TYPES: Final = 2


@dataclass(frozen=True, slots=True)
class _Layer:
    qkv: Linear
    attention_output: Linear
    attention_norm: LayerNorm
    gated: Linear
    output: Linear
    output_norm: LayerNorm


class MosaicBert:
    """The network without its pooler. Allocates its parameters; they have to be filled before use."""

    #: [CLS] and [SEP] count in the mean, as in the authors' own use of the model.
    ends: Final = 0
    biased: Final = True

    def __init__(self, shape: Shape, parameters: Parameters, *, compile: bool = False) -> None:
        hidden = shape.hidden
        self._heads = shape.heads
        self._word_embeddings = parameters.tensor("embeddings.word_embeddings.weight", shape.vocabulary, hidden)
        self._token_types = parameters.tensor("embeddings.token_type_embeddings.weight", _TOKEN_TYPES, hidden)
        self._embedding_norm = parameters.layer_norm("embeddings.LayerNorm", hidden, _EPSILON)
        self._layers = [_layer(f"encoder.layer.{index}", shape, parameters) for index in range(shape.layers)]
        self._alibi = AlibiBias(shape.heads, parameters.device, parameters.dtype)
        self._after_attention = maybe_compile(_after_attention, compile=compile)

    def hidden(self, ids: torch.Tensor, layout: AnyLayout, dtype: torch.dtype) -> torch.Tensor:
        """ids: [rows, width] → last hidden state [N, hidden] in dtype."""
        words = F.embedding(layout.flatten(ids), self._word_embeddings).to(dtype)
        x = self._embedding_norm(words + self._token_types[0].to(dtype))
        for layer in self._layers:
            q, k, v = layer.qkv(x).view(x.shape[0], 3, self._heads, -1).unbind(1)
            x = self._after_attention(x, layer, layout.attend(q, k, v, self._alibi))
        return x


def _layer(name: str, shape: Shape, parameters: Parameters) -> _Layer:
    hidden = shape.hidden
    return _Layer(
        qkv=parameters.linear(f"{name}.attention.self.Wqkv", hidden, 3 * hidden),
        attention_output=parameters.linear(f"{name}.attention.output.dense", hidden, hidden),
        attention_norm=parameters.layer_norm(f"{name}.attention.output.LayerNorm", hidden, _EPSILON),
        gated=parameters.linear(f"{name}.mlp.gated_layers", hidden, 2 * shape.intermediate, bias=False),
        output=parameters.linear(f"{name}.mlp.wo", shape.intermediate, hidden),
        output_norm=parameters.layer_norm(f"{name}.mlp.layernorm", hidden, _EPSILON),
    )


def _after_attention(x: torch.Tensor, layer: _Layer, attended: torch.Tensor) -> torch.Tensor:
    x = layer.attention_norm(layer.attention_output(attended).add_(x))
    gate, values = layer.gated(x).chunk(2, -1)
    return layer.output_norm(layer.output(F.gelu(gate).mul_(values)).add_(x))
