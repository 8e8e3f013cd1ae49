"""Which rows are computed together: sorted by length, so that little is padded, and as many as the budget allows."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

#: Batches without a failure after which the budget may grow again, and by how much.
_GOOD_BATCHES: Final = 50
_GROWTH: Final = 1.25


class TokenBudget:
    """Most tokens of a batch, padding included. Halves when memory runs out, stays there, and re-grows slowly."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.tokens = most
        self._good = 0

    def shrink(self, failed_tokens: int) -> None:
        """
        :param failed_tokens: of the batch that did not fit
        """
        self.tokens = max(1, min(self.tokens, failed_tokens) // 2)
        self._good = 0

    def succeeded(self) -> None:
        """Counts a batch that fitted."""
        self._good += 1
        if self._good >= _GOOD_BATCHES and self.tokens < self.most:
            self.tokens = min(self.most, max(self.tokens + 1, int(self.tokens * _GROWTH)))
            self._good = 0


class PendingRows:
    """
    The rows of one request that have not been computed, longest first: what does not fit shows at once, and memory that
    the first batch took serves all later ones.
    """

    def __init__(self, lengths: npt.NDArray[np.int64], indices: npt.NDArray[np.int64]) -> None:
        """
        :param lengths: int64 ``[n]``, tokens of every record of the request
        :param indices: of the records that are to be computed
        """
        self._lengths = lengths
        self._order = indices[np.argsort(-lengths[indices], kind="stable")]
        self._next = 0

    def __len__(self) -> int:
        return len(self._order) - self._next

    def take(self, budget: int) -> npt.NDArray[np.int64]:
        """Indices of the next batch: records whose number times the longest is within the budget of tokens; at least one."""
        longest = int(self._lengths[self._order[self._next]])
        start = self._next
        self._next = min(len(self._order), start + max(1, budget // longest))
        return self._order[start : self._next]

    def put_back(self, count: int) -> None:
        """Undoes the last :meth:`take`, of `count` rows."""
        self._next -= count
