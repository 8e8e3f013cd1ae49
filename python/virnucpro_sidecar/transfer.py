"""Moves a batch to the device and its rows back, without anyone waiting; and tells how long the device took."""

from __future__ import annotations

import time

import torch


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Queues the copy; the tensor may be let go at once."""
    if device.type == "cpu":
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)


def to_host(rows: torch.Tensor) -> torch.Tensor:
    """
    Queues the copy behind what computes the rows, on the same stream: a megabyte takes tens of microseconds there, and the
    next batch is queued behind it before anyone waits.

    :returns: float32 in pinned memory, to be read once a :class:`Timer` stopped after it has been waited for
    """
    if rows.device.type == "cpu":
        return rows
    output = torch.empty(rows.shape, dtype=torch.float32, pin_memory=True)
    return output.copy_(rows, non_blocking=True)


class Timer:
    """Time between its making and :meth:`stop`, on the device. Waiting sleeps: other threads need the processor."""

    def __init__(self, device: torch.device) -> None:
        self._events: tuple[torch.cuda.Event, torch.cuda.Event] | None = None
        if device.type == "cuda":
            start = torch.cuda.Event(enable_timing=True, blocking=True)
            self._events = (start, torch.cuda.Event(enable_timing=True, blocking=True))
            start.record()
        self._started = self._stopped = time.perf_counter()

    def stop(self) -> None:
        """Everything launched so far belongs to the batch."""
        if self._events is not None:
            self._events[1].record()
        self._stopped = time.perf_counter()

    def wait(self) -> float:
        """Waits for the device to come as far as :meth:`stop`. Returns milliseconds."""
        if self._events is None:
            return (self._stopped - self._started) * 1000
        start, stop = self._events
        stop.synchronize()
        return float(start.elapsed_time(stop))
