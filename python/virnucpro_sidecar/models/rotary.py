"""Rotary position embedding. Angles and products are float32 in every dtype of the model: 16 bits cannot tell positions apart."""

from __future__ import annotations

import torch

_BASE = 10_000.0
_GROWTH = 256


class RotaryTables:
    """cos and sin of position × frequency, float32 [positions, width / 2], for as many positions as were asked for yet."""

    def __init__(self, head_width: int, device: torch.device) -> None:
        self._head_width = head_width
        self._device = device
        self._tables = (torch.empty(0, device=device), torch.empty(0, device=device))

    def up_to(self, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(cos, sin), at least `length` positions"""
        if length > self._tables[0].shape[0]:
            self._tables = self._make(-(-length // _GROWTH) * _GROWTH)
        return self._tables

    def _make(self, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        exponents = torch.arange(0, self._head_width, 2, device=self._device).float() / self._head_width
        positions = torch.arange(length, device=self._device).float()
        angles = torch.outer(positions, 1.0 / (_BASE**exponents))
        return angles.cos(), angles.sin()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """x: [N, …, width]; cos, sin: float32 [N, 1…, width / 2]. Pairs are (i, i + width / 2), as in the published models."""
    first, second = x.chunk(2, -1)
    if torch.compiler.is_compiling():
        # One kernel without intermediate results; the compiler does not take `out`.
        return torch.cat((first * cos - second * sin, second * cos + first * sin), -1).to(x.dtype)
    rotated = torch.empty_like(x)
    first_out, second_out = rotated.chunk(2, -1)
    # A 16-bit x times float32 is float32; only the sum is rounded to the dtype of x.
    torch.addcmul(first * cos, second, sin, value=-1, out=first_out)
    torch.addcmul(second * cos, first, sin, out=second_out)
    return rotated
