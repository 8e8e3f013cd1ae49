"""ALiBi: scores fall with the distance of two tokens, by a slope for each head."""

from __future__ import annotations

import math

import torch

#: Longer sequences have their biases computed as they are needed (12 heads × 2048² × 4 bytes = 200 MB).
_LONGEST_HELD = 2048
_GROWTH = 256


def slopes(heads: int) -> list[float]:
    """As published: powers of two for a power of two of heads, else those and every other one of twice as many heads."""
    if heads & (heads - 1) == 0:
        first = 2.0 ** (-8.0 / heads)
        return [first ** (head + 1) for head in range(heads)]
    lower = 1 << int(math.log2(heads))
    return slopes(lower) + slopes(2 * lower)[0::2][: heads - lower]


class AlibiBias:
    """Symmetric, since DNABERT-S looks both ways. Holds one table for all lengths in the model's dtype."""

    def __init__(self, heads: int, device: torch.device, dtype: torch.dtype) -> None:
        self._slopes = torch.tensor(slopes(heads), dtype=torch.float32, device=device)
        self._table = torch.empty(heads, 0, 0, dtype=dtype, device=device)

    def square(self, length: int, dtype: torch.dtype) -> torch.Tensor | None:
        """[heads, length, length], or None if that would be too large to hold."""
        if dtype != self._table.dtype or length > _LONGEST_HELD:
            return None
        if length > self._table.shape[1]:
            # Rows of a multiple of 16 bytes are what fused kernels read without a copy.
            size = -(-length // _GROWTH) * _GROWTH
            self._table = self.rows(0, size, size, dtype)
        return self._table[:, :length, :length]

    def rows(self, start: int, stop: int, length: int, dtype: torch.dtype) -> torch.Tensor:
        """Queries start to stop of it: [heads, stop - start, length]."""
        queries = torch.arange(start, stop, device=self._slopes.device, dtype=torch.float32)
        keys = torch.arange(length, device=self._slopes.device, dtype=torch.float32)
        distances = (queries[:, None] - keys).abs_()
        return (distances * -self._slopes[:, None, None]).to(dtype)
