"""A request while it is computed, and its answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .batching import PendingRows
from .models.base import Rejected
from .requests import EncodedRequest

Rows = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass
class Stats:
    """Of one request; the names are those of the wire."""

    #: Tokens of the records, special ones included, and what was computed with padding.
    tokens: int = 0
    paddedTokens: int = 0
    batches: int = 0
    deviceMs: float = 0
    #: Batches that did not fit and were computed in smaller ones.
    oomSplits: int = 0
    #: Rows that were not finite and were computed again in float32.
    float32Rows: int = 0


@dataclass(frozen=True)
class Answer:
    request_id: int
    #: float32 little-endian ``[n, dim]`` in the order of the request; NaN for bad records.
    rows: Rows
    #: ``{index, status, reason}`` of every bad record, by index.
    bad: list[dict[str, Any]]
    stats: Stats

    @property
    def header(self) -> dict[str, Any]:
        stats = asdict(self.stats)
        stats["deviceMs"] = round(self.stats.deviceMs, 3)
        return {"id": self.request_id, "bad": self.bad, "stats": stats}


class Job:
    """Knows which rows of a request are there, which are bad, and which are still to be computed."""

    def __init__(self, encoded: EncodedRequest, dim: int) -> None:
        self.request = encoded.request
        self.encoded = encoded.encoded
        self.rows: Rows = np.full((len(self.encoded), dim), np.nan, dtype="<f4")
        self.stats = Stats()
        #: Answered, with rows or with an error.
        self.closed = False
        self._bad: dict[int, dict[str, Any]] = {}
        #: int64 ``[n]``, tokens of every record; 0 for those that have no token ids.
        self.lengths = np.zeros(len(self.encoded), dtype=np.int64)
        for index, ids in enumerate(self.encoded):
            if isinstance(ids, Rejected):
                self.reject(index, ids.status, ids.reason)
            else:
                self.lengths[index] = len(ids)
        self.pending = PendingRows(self.lengths, np.flatnonzero(self.lengths))
        self.unfinished = len(self.pending)

    @property
    def id(self) -> int:
        return self.request.id

    @property
    def is_over(self) -> bool:
        """Nobody waits for more of it."""
        return self.closed or self.request.dropped.is_set()

    @property
    def done(self) -> int:
        """Records that have a row or are bad."""
        return len(self.encoded) - self.unfinished

    def record_ids(self, indices: Indices) -> list[str]:
        return [self.request.record_ids[index] for index in indices]

    def token_ids(self, indices: Indices, pad_id: int) -> npt.NDArray[np.int32]:
        """int32 ``[len(indices), longest]``, padded at the end."""
        lengths = self.lengths[indices]
        ids = np.full((len(indices), int(lengths.max())), pad_id, dtype=np.int32)
        for row, (index, length) in enumerate(zip(indices, lengths, strict=True)):
            ids[row, :length] = self.encoded[index]
        return ids

    def reject(self, index: int, status: str, reason: str) -> None:
        """:param reason: a sentence without the id of the record"""
        self.rows[index] = np.nan
        self._bad[index] = {"index": index, "status": status, "reason": reason}

    def close(self) -> Answer:
        self.closed = True
        return Answer(self.id, self.rows, [self._bad[index] for index in sorted(self._bad)], self.stats)
