"""
Computes requests, batch by batch, and keeps the device busy: the next batch is launched before the rows of the last one
are waited for.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NoReturn

import numpy as np
import torch

from .batching import TokenBudget
from .errors import EMBEDDER, OUT_OF_MEMORY, SidecarError, is_out_of_memory, is_poisoned
from .faults import Faults
from .frames import MAX_PAYLOAD_BYTES
from .jobs import Answer, Indices, Job, Rows
from .models.base import EmbeddingModel
from .requests import EncodedRequest
from .transfer import Timer, to_device, to_host

#: Batches that may be launched on a GPU beside the one that is computed; a CPU computes while it launches.
_LAUNCHED_AHEAD: Final = 1

#: Gives the next request. Waits for one if its argument says so, else gives None when there is none.
TakeRequest = Callable[[bool], "EncodedRequest | None"]


class PoisonedError(Exception):
    """The device's context is lost; only a new process gets another one."""

    def __init__(self, message: str, request_ids: list[int]) -> None:
        super().__init__(message)
        #: The requests that the device was working on.
        self.request_ids = request_ids


@dataclass(frozen=True)
class _Batch:
    """Rows that are being computed."""

    job: Job
    indices: Indices
    #: float32 ``[len(indices), dim]`` in the host's memory; complete once the timer has been waited for.
    output: torch.Tensor
    padded_tokens: int
    timer: Timer


@dataclass
class Engine:
    """One model on one device. Belongs to one thread."""

    model: EmbeddingModel
    device: torch.device
    budget: TokenBudget
    faults: Faults
    #: Takes what comes of a request: its answer, or the error it failed with.
    answer: Callable[[Answer], None]
    fail: Callable[[int, SidecarError], None]
    #: Called after every batch with the number of the request and the records of it that are done.
    pulse: Callable[[int, int], None]
    _job: Job | None = None
    _launched: deque[_Batch] = field(default_factory=deque)

    def run(self, take: TakeRequest) -> NoReturn:
        """
        Serves requests for good, in their order.

        :raises PoisonedError: when nothing more can be computed in this process
        """
        with torch.inference_mode():
            while True:
                self._advance(take)

    def compute(self, encoded: EncodedRequest) -> None:
        """Computes one request, e.g. to warm up. Raises as :meth:`run` does."""
        requests = deque([encoded])
        with torch.inference_mode():
            while requests or self._job is not None or self._launched:
                self._advance(lambda _wait: requests.popleft() if requests else None)

    def _advance(self, take: TakeRequest) -> None:
        """Launches a batch, or finishes one if there is nothing to launch."""
        if self._job is not None and (self._job.is_over or len(self._job.pending) == 0):
            self._job = None
        if self._job is not None:
            self._launch_next(self._job)
            return
        encoded = take(not self._launched)
        if encoded is not None:
            self._begin(encoded)
        elif self._launched:
            self._finish_oldest()

    def _begin(self, encoded: EncodedRequest) -> None:
        if encoded.request.dropped.is_set():
            return
        count = len(encoded.encoded)
        answer_bytes = count * self.model.dim * 4
        if answer_bytes > MAX_PAYLOAD_BYTES:
            text = f"the answer to {count} records would take {answer_bytes} bytes; use smaller batches"
            self.fail(encoded.request.id, SidecarError(OUT_OF_MEMORY, text))
            return
        self._job = Job(encoded, self.model.dim)
        if self._job.unfinished == 0:
            self.answer(self._job.close())

    def _launch_next(self, job: Job) -> None:
        try:
            self._launch_or_split(job)
        except Exception as error:
            self._fail(job, error)
        ahead = _LAUNCHED_AHEAD if self.device.type == "cuda" else 0
        while len(self._launched) > ahead:
            self._finish_oldest()

    def _launch_or_split(self, job: Job) -> None:
        indices = job.pending.take(self.budget.tokens)
        batch = self._try_launch(job, indices)
        if batch is None and len(indices) == 1:
            # Now it has the device to itself.
            batch = self._try_launch(job, indices)
        if batch is not None:
            self._launched.append(batch)
        elif len(indices) == 1:
            self._refuse_large(job, int(indices[0]))
        else:
            job.pending.put_back(len(indices))
            job.stats.oomSplits += 1
            self.budget.shrink(len(indices) * int(job.lengths[indices[0]]))

    def _try_launch(self, job: Job, indices: Indices) -> _Batch | None:
        """None if there is not enough memory; all that can be freed has been freed then."""
        try:
            return self._launch(job, indices)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Outside of the handler: the traceback holds the tensors of the batch.
        self._make_room()
        return None

    def _launch(self, job: Job, indices: Indices) -> _Batch:
        lengths = job.lengths[indices]
        padded_tokens = len(indices) * int(lengths.max())
        self.faults.before_batch(job.record_ids(indices), padded_tokens)
        timer = Timer(self.device)
        output = to_host(self.model.embed_tokens(*self._inputs(job, indices)))
        timer.stop()
        return _Batch(job, indices, output, padded_tokens, timer)

    def _inputs(self, job: Job, indices: Indices) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
        lengths = job.lengths[indices]
        ids = torch.from_numpy(job.token_ids(indices, self.model.encoder.pad_id))
        return to_device(ids, self.device), to_device(torch.from_numpy(lengths), self.device), lengths.tolist()

    def _finish_oldest(self) -> None:
        batch = self._launched.popleft()
        job = batch.job
        try:
            job.stats.deviceMs += batch.timer.wait()
            if job.is_over:
                return
            self._take_rows(batch)
        except Exception as error:
            self._fail(job, error)
            return
        self.budget.succeeded()
        job.stats.batches += 1
        job.stats.paddedTokens += batch.padded_tokens
        job.stats.tokens += int(job.lengths[batch.indices].sum())
        self._count(job, len(batch.indices))

    def _take_rows(self, batch: _Batch) -> None:
        job, indices = batch.job, batch.indices
        rows: Rows = batch.output.numpy()
        self.faults.spoil(job.record_ids(indices), rows, float32=False)
        job.rows[indices] = rows
        finite = np.isfinite(rows).all(axis=1)
        for index in indices[~finite]:
            self._repair(job, int(index))

    def _repair(self, job: Job, index: int) -> None:
        """Computes a row that is not finite again, alone and in float32."""
        job.stats.float32Rows += 1
        row = self._compute_float32(job, index)
        if row is None:
            reason = "its embedding is not finite, and there is too little memory to compute it in float32"
            job.reject(index, "numeric", reason)
        elif np.isfinite(row).all():
            job.rows[index] = row
        else:
            job.reject(index, "numeric", "its embedding is not finite, even when it is computed in float32")

    def _compute_float32(self, job: Job, index: int) -> Rows | None:
        """float32 ``[dim]``; None if there is not enough memory, even with the device to itself."""
        for _attempt in range(2):
            try:
                return self._compute_float32_once(job, np.array([index]))
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            self._make_room()
        return None

    def _compute_float32_once(self, job: Job, indices: Indices) -> Rows:
        rows: Rows = self.model.embed_tokens_float32(*self._inputs(job, indices)).cpu().numpy()
        self.faults.spoil(job.record_ids(indices), rows, float32=True)
        row: Rows = rows[0]
        return row

    def _make_room(self) -> None:
        while self._launched:
            self._finish_oldest()
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _refuse_large(self, job: Job, index: int) -> None:
        tokens = job.lengths[index]
        job.reject(index, "too_large", f"its {tokens} tokens do not fit into the device's memory, even alone")
        self._count(job, 1)

    def _count(self, job: Job, records: int) -> None:
        job.unfinished -= records
        self.pulse(job.id, job.done)
        if job.unfinished == 0 and not job.is_over:
            self.answer(job.close())

    def _fail(self, job: Job, error: Exception) -> None:
        """
        :raises PoisonedError: if nothing more can be computed in this process
        """
        if isinstance(error, PoisonedError):
            raise error
        if is_poisoned(error):
            suspects = {job.id, *(batch.job.id for batch in self._launched)}
            raise PoisonedError(str(error), sorted(suspects)) from error
        if job.is_over:
            return
        job.closed = True
        type_ = OUT_OF_MEMORY if is_out_of_memory(error) else EMBEDDER
        self.fail(job.id, SidecarError(type_, f"{type(error).__name__}: {error}"))
