"""The bare loop that everything else is compared with: batches that lie ready, one after the other, no process between."""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ..batching import PendingRows
from ..models.base import Rejected
from ..settings import Settings
from ..start import Loaded, load_model, prepare_model
from ..transfer import Timer, to_device, to_host

Records = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Batch:
    #: int32 ``[rows, longest]`` and int64 ``[rows]``, in the host's memory
    ids: torch.Tensor
    lengths: torch.Tensor

    @property
    def tokens(self) -> int:
        return int(self.lengths.sum())


@dataclass(frozen=True)
class Speed:
    """Of a stretch of work."""

    seconds: float
    sequences: int
    tokens: int
    padded_tokens: int

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds

    @property
    def sequences_per_second(self) -> float:
        return self.sequences / self.seconds

    @property
    def padding_share(self) -> float:
        """Of all tokens in the batches; whether padding is computed depends on the attention path."""
        return 1 - self.tokens / self.padded_tokens


def make_batches(loaded: Loaded, records: Records, budget: int) -> list[Batch]:
    """Sorts the records of one request into batches, as the engine does."""
    encoder = loaded.model.encoder
    encoded = [ids for ids in encoder.encode_many([text for _, text in records]) if not isinstance(ids, Rejected)]
    lengths = np.array([len(ids) for ids in encoded], dtype=np.int64)
    pending = PendingRows(lengths, np.arange(len(encoded)))
    batches = []
    while len(pending) > 0:
        rows = pending.take(budget)
        padded = np.full((len(rows), int(lengths[rows].max())), encoder.pad_id, dtype=np.int32)
        for at, row in enumerate(rows):
            padded[at, : lengths[row]] = encoded[row]
        batches.append(Batch(torch.from_numpy(padded), torch.from_numpy(lengths[rows])))
    return batches


@torch.inference_mode()
def measure(loaded: Loaded, batches: Sequence[Batch], seconds: float) -> Speed:
    """
    Goes round the batches, in whole rounds, for at least that long; before that it computes the largest and the smallest.

    :raises RuntimeError: e.g. if a batch does not fit into memory
    """
    _compute(loaded, (batches[0], batches[-1]))
    started = time.perf_counter()
    rounds = 0
    while rounds == 0 or time.perf_counter() - started < seconds:
        _compute(loaded, batches)
        rounds += 1
    return Speed(
        seconds=time.perf_counter() - started,
        sequences=rounds * sum(len(batch.lengths) for batch in batches),
        tokens=rounds * sum(batch.tokens for batch in batches),
        padded_tokens=rounds * sum(batch.ids.numel() for batch in batches),
    )


def _compute(loaded: Loaded, batches: Sequence[Batch]) -> None:
    """Keeps the next batch launched while one is computed, and waits for the last."""
    launched: deque[tuple[Timer, torch.Tensor]] = deque()
    for batch in batches:
        timer = Timer(loaded.device.device)
        output = _embed(loaded, batch)
        timer.stop()
        launched.append((timer, output))
        if len(launched) > 1:
            launched.popleft()[0].wait()
    while launched:
        launched.popleft()[0].wait()


def _embed(loaded: Loaded, batch: Batch) -> torch.Tensor:
    device = loaded.device.device
    ids, lengths = to_device(batch.ids, device), to_device(batch.lengths, device)
    return to_host(loaded.model.embed_tokens(ids, lengths, batch.lengths.tolist()))


@torch.inference_mode()
def cosines_with_float32(loaded: Loaded, batches: Sequence[Batch]) -> npt.NDArray[np.float32]:
    """float32 ``[n]``: of every row, between the model's number format and float32."""
    found = []
    for batch in batches:
        ids = to_device(batch.ids, loaded.device.device)
        lengths = to_device(batch.lengths, loaded.device.device)
        rows = loaded.model.embed_tokens(ids, lengths, batch.lengths.tolist())
        exact = loaded.model.embed_tokens_float32(ids, lengths, batch.lengths.tolist())
        found.append(torch.nn.functional.cosine_similarity(rows.double(), exact.double()).float().cpu().numpy())
    return np.concatenate(found)


def load(settings: Settings) -> Loaded:
    """
    Loads a model into this process.

    :raises SidecarError: e.g. for an attention path that the device does not have
    """
    return load_model(prepare_model(settings), settings, lambda _doing: None)


def release() -> None:
    """Gives back the memory of models and batches that nobody holds any longer."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
