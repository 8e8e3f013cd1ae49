"""How the tokens of a batch lie in memory while layers work on them, and attention within each sequence.

Layers work on a flat [N, width]; only attention and pooling know sequences. A batch without padding is a view of the ids. With
padding it stays as it is and attention gets a mask of keys (`masked`), or the padding is taken out (`grouped`,
`varlen`): then equal lengths side by side are one call of attention without a mask, or all lengths are one call of a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812

#: (q, k, v, cumulative lengths int32 [sequences + 1], longest) → output, all [N, heads, width of a head].
VarlenKernel = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, int], torch.Tensor]


class Bias(Protocol):
    """What is added to attention scores, a function of head and distance."""

    def square(self, length: int, dtype: torch.dtype) -> torch.Tensor | None:
        """[heads, length, length], or None if that would be too large to hold."""
        ...

    def rows(self, start: int, stop: int, length: int, dtype: torch.dtype) -> torch.Tensor:
        """Queries start to stop of it: [heads, stop - start, length]."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """Rows of a batch that lie side by side and are equally long."""

    row: int
    rows: int
    length: int
    #: Of the flat tokens without padding.
    token: int


def runs_of_equal_length(lengths: Sequence[int]) -> list[Run]:
    """lengths: of all rows, special tokens included."""
    runs: list[Run] = []
    token = 0
    start = 0
    for row in range(1, len(lengths) + 1):
        if row == len(lengths) or lengths[row] != lengths[start]:
            run = Run(start, row - start, int(lengths[start]), token)
            runs.append(run)
            token += run.rows * run.length
            start = row
    return runs


class Layout:
    """A batch whose tokens stay where they are, every row padded to the same width."""

    def __init__(self, lengths: torch.Tensor, rows: int, width: int, *, padded: bool) -> None:
        """lengths: int64 [rows] on the device; width: of the ids, padding included."""
        self._lengths = lengths
        self._rows = rows
        self._width = width
        self._padded = padded
        self._held_mask: torch.Tensor | None = None

    def flatten(self, ids: torch.Tensor) -> torch.Tensor:
        """[rows, width] → [N]"""
        return ids.reshape(-1)

    def by_position(self, table: torch.Tensor) -> torch.Tensor:
        """Rows of a table [positions, …] for every token: [N, …]."""
        part = table[: self._width]
        return part.expand(self._rows, *part.shape).reshape(-1, *part.shape[1:])

    def attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, bias: Bias | None) -> torch.Tensor:
        """q, k, v: [N, heads, width of a head] → [N, hidden]"""
        q, k, v = (x.view(self._rows, self._width, *x.shape[1:]).transpose(1, 2) for x in (q, k, v))
        if self._padded:
            output = F.scaled_dot_product_attention(q, k, v, attn_mask=self._mask(bias, q.dtype))
        else:
            output = attend_equal_lengths(q, k, v, bias)
        return output.transpose(1, 2).reshape(self._rows * self._width, -1)

    def mean(self, hidden: torch.Tensor, ends: int) -> torch.Tensor:
        """Means of [N, hidden] over each sequence without `ends` tokens at both ends: float32 [rows, hidden]."""
        by_row = hidden.view(self._rows, self._width, -1)
        if not self._padded:
            return by_row[:, ends : self._width - ends].mean(1, dtype=torch.float32)
        positions = torch.arange(self._width, device=hidden.device)
        inside = (positions >= ends) & (positions < (self._lengths - ends)[:, None])
        # where and not a product: padding may hold NaN
        total = torch.where(inside[..., None], by_row, 0).sum(1, dtype=torch.float32)
        return total / (self._lengths - 2 * ends)[:, None]

    def _mask(self, bias: Bias | None, dtype: torch.dtype) -> torch.Tensor:
        """What is added to scores, the same for every layer: [rows, heads or 1, width or 1, width], -inf at padding."""
        if self._held_mask is None:
            # Rows of a multiple of 16 bytes are what fused kernels read without a copy.
            columns = -(-self._width // 8) * 8
            is_token = torch.arange(columns, device=self._lengths.device) < self._lengths[:, None]
            added = torch.zeros((), dtype=dtype, device=self._lengths.device)
            if bias is not None:
                added = bias.rows(0, self._width, columns, dtype)
            self._held_mask = torch.where(is_token[:, None, None, :], added, float("-inf"))[..., : self._width]
        return self._held_mask


class PackedLayout:
    """A batch without its padding: the sequences one after the other."""

    def __init__(
        self, host_lengths: Sequence[int], width: int, device: torch.device, kernel: VarlenKernel | None
    ) -> None:
        self._runs = runs_of_equal_length(host_lengths)
        self._rows = len(host_lengths)
        self._width = width
        self._kernel = kernel
        self._longest = max(host_lengths)
        lengths = torch.tensor(list(host_lengths), dtype=torch.int64)
        self._starts = F.pad(lengths.cumsum(0), (1, 0))
        total = int(self._starts[-1])
        positions = torch.arange(total) - torch.repeat_interleave(self._starts[:-1], lengths)
        rows = torch.repeat_interleave(torch.arange(self._rows), lengths)
        self._index = _to_device(rows * width + positions, device)
        self._positions = _to_device(positions, device)
        self._device = device

    def flatten(self, ids: torch.Tensor) -> torch.Tensor:
        """[rows, width] → [N]"""
        return ids.reshape(-1).index_select(0, self._index)

    def by_position(self, table: torch.Tensor) -> torch.Tensor:
        """Rows of a table [positions, …] for every token: [N, …]."""
        return table.index_select(0, self._positions)

    def attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, bias: Bias | None) -> torch.Tensor:
        """q, k, v: [N, heads, width of a head] → [N, hidden]"""
        if self._kernel is not None and bias is None and q.dtype != torch.float32:
            return self._kernel(q, k, v, self._device_starts, self._longest).reshape(q.shape[0], -1)
        output = torch.empty(q.shape, dtype=q.dtype, device=q.device)
        for run in self._runs:
            part = slice(run.token, run.token + run.rows * run.length)
            by_row = (run.rows, run.length, *q.shape[1:])
            attended = attend_equal_lengths(
                q[part].view(by_row).transpose(1, 2),
                k[part].view(by_row).transpose(1, 2),
                v[part].view(by_row).transpose(1, 2),
                bias,
            )
            output[part].view(by_row).copy_(attended.transpose(1, 2))
        return output.view(q.shape[0], -1)

    def mean(self, hidden: torch.Tensor, ends: int) -> torch.Tensor:
        """Means of [N, hidden] over each sequence without `ends` tokens at both ends: float32 [rows, hidden]."""
        means = torch.empty(self._rows, hidden.shape[1], dtype=torch.float32, device=hidden.device)
        for run in self._runs:
            by_row = hidden[run.token : run.token + run.rows * run.length].view(run.rows, run.length, -1)
            torch.mean(
                by_row[:, ends : run.length - ends], 1, dtype=torch.float32, out=means[run.row : run.row + run.rows]
            )
        return means

    @cached_property
    def _device_starts(self) -> torch.Tensor:
        return _to_device(self._starts.to(torch.int32), self._device)


AnyLayout = Layout | PackedLayout

#: A table of biases for longer sequences would outweigh the model; their attention is computed in blocks of queries.
_QUERY_BLOCK = 1024


def attend_equal_lengths(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, bias: Bias | None) -> torch.Tensor:
    """q, k, v: [rows, heads, length, width], no padding; the same shape comes back."""
    if bias is None:
        return F.scaled_dot_product_attention(q, k, v)
    length = q.shape[2]
    square = bias.square(length, q.dtype)
    if square is not None:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=square[None])
    blocks = [
        F.scaled_dot_product_attention(
            q[:, :, start : start + _QUERY_BLOCK],
            k,
            v,
            attn_mask=bias.rows(start, min(start + _QUERY_BLOCK, length), length, q.dtype)[None],
        )
        for start in range(0, length, _QUERY_BLOCK)
    ]
    return torch.cat(blocks, 2)


def _to_device(numbers: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Without waiting for the device, which a copy of pageable memory would."""
    return numbers if device.type == "cpu" else numbers.pin_memory().to(device, non_blocking=True)
