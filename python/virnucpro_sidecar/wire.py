"""The descriptors that a sidecar talks over, and the thread that writes."""

from __future__ import annotations

import fcntl
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

from .errors import EXIT_SOFTWARE, EXIT_WORKER_GONE, SidecarError
from .frames import write_frame

#: Where answers go; not stdout, which any library may print to.
_ANSWERS: Final = 3
#: Descriptors from here on are not handed out by accident, e.g. to whoever opens a file after closing 0 to 2.
_HIGH: Final = 64
#: Pulses of batches are told no more often.
_PULSE_SECONDS: Final = 1.0


def take_over_descriptors() -> tuple[int, int]:
    """
    Moves the descriptors of the frames to where nobody else looks for them: what reads stdin then finds it empty, and what
    prints to stdout prints to stderr. Processes started later inherit none of them.

    :returns: the descriptors to read requests from and to write answers to
    :raises OSError: if there is no descriptor 3
    """
    answers = fcntl.fcntl(_ANSWERS, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    os.close(_ANSWERS)
    requests = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdout.flush()
    os.dup2(2, 1)
    return requests, answers


def start_thread(name: str, target: Callable[[], None]) -> None:
    """Runs a thread without which the process is of no use: an error in it ends the process."""

    def guarded() -> None:
        try:
            target()
        except BaseException:
            traceback.print_exc()
            os._exit(EXIT_SOFTWARE)

    threading.Thread(target=guarded, name=name, daemon=True).start()


class AnswerWriter:
    """Writes frames in a thread of its own, so that the device need not wait for the reader at the other end."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._frames: queue.SimpleQueue[tuple[Mapping[str, Any], memoryview | None] | bytes | threading.Event]
        self._frames = queue.SimpleQueue()
        self._last_pulse = 0.0
        start_thread("answers", self._write_all)

    def send(self, header: Mapping[str, Any], payload: memoryview | None = None) -> None:
        """
        :param payload: contiguous bytes, not to be changed any more
        """
        self._frames.put((header, payload))

    def send_raw(self, data: bytes) -> None:
        """Bytes that are no frame; a fault for tests."""
        self._frames.put(data)

    def pulse(self, doing: str) -> None:
        """Says that the start makes progress."""
        self.send({"pulse": doing})

    def pulse_batch(self, request_id: int, done: int) -> None:
        """Says that a batch was computed; at most once a second."""
        now = time.monotonic()
        if now - self._last_pulse >= _PULSE_SECONDS:
            self._last_pulse = now
            self.send({"pulse": "embed", "id": request_id, "done": done})

    def fail(self, request_id: int, error: SidecarError) -> None:
        self.send({"id": request_id, "error": _describe(error)})

    def fatal(self, error: SidecarError) -> None:
        """Says why there will be no ready."""
        self.send({"fatal": _describe(error)})

    def flush(self, seconds: float) -> None:
        """Waits until everything sent so far was written, but no longer than that."""
        flushed = threading.Event()
        self._frames.put(flushed)
        flushed.wait(seconds)

    def _write_all(self) -> None:
        while True:
            frame = self._frames.get()
            try:
                if isinstance(frame, threading.Event):
                    frame.set()
                elif isinstance(frame, bytes):
                    os.write(self._fd, frame)
                else:
                    write_frame(self._fd, *frame)
            except OSError:
                # EPIPE: nobody reads any longer.
                os._exit(EXIT_WORKER_GONE)


def _describe(error: SidecarError) -> dict[str, str]:
    return {"type": error.type, "message": error.message}
