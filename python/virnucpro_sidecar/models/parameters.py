"""Parameters of a network: allocated once in the dtype and on the device where they stay, filled afterwards by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812


@dataclass(frozen=True, slots=True)
class Linear:
    """weight [out, in]; float32 input makes it compute in float32 whatever dtype it is kept in."""

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return F.linear(x, self.weight.to(x.dtype), bias)


@dataclass(frozen=True, slots=True)
class LayerNorm:
    """Over the last dimension, in the dtype of its input."""

    weight: torch.Tensor
    bias: torch.Tensor
    epsilon: float

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, self.weight.shape, self.weight.to(x.dtype), self.bias.to(x.dtype), self.epsilon)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tensor of a checkpoint goes: a view of a parameter, and what it is multiplied by on the way, in float32."""

    view: torch.Tensor
    factor: float = 1.0

    def fill(self, values: torch.Tensor) -> None:
        """values: any floating dtype, on the CPU"""
        self.view.copy_(values if self.factor == 1.0 else values.float() * self.factor)


class Parameters:
    """Allocates parameters and remembers under which names checkpoints have them."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self.device = device
        self.dtype = dtype
        #: By name in the checkpoint, without the prefix of a task's model.
        self.places: dict[str, Place] = {}

    @property
    def count(self) -> int:
        return sum(place.view.numel() for place in self.places.values())

    def tensor(self, name: str, *shape: int, factor: float = 1.0) -> torch.Tensor:
        tensor = self._allocate(*shape)
        self.places[name] = Place(tensor, factor)
        return tensor

    def linear(self, name: str, inputs: int, outputs: int, *, bias: bool = True) -> Linear:
        weight = self.tensor(f"{name}.weight", outputs, inputs)
        return Linear(weight, self.tensor(f"{name}.bias", outputs) if bias else None)

    def fused_linear(self, names: Sequence[str], inputs: int, outputs: int) -> Linear:
        """Several projections of the same input as one, their outputs side by side."""
        weight = self._allocate(len(names) * outputs, inputs)
        bias = self._allocate(len(names) * outputs)
        for name, weight_part, bias_part in zip(
            names, torch.split(weight, outputs), torch.split(bias, outputs), strict=True
        ):
            self.places[f"{name}.weight"] = Place(weight_part)
            self.places[f"{name}.bias"] = Place(bias_part)
        return Linear(weight, bias)

    def layer_norm(self, name: str, width: int, epsilon: float) -> LayerNorm:
        return LayerNorm(self.tensor(f"{name}.weight", width), self.tensor(f"{name}.bias", width), epsilon)

    def _allocate(self, *shape: int) -> torch.Tensor:
        return torch.empty(shape, dtype=self.dtype, device=self.device)
