"""The same work through a real sidecar process: frames, encoding, batches, copies, answers; two requests in flight."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from ..client import SidecarProcess
from ..errors import SidecarError
from .bare import Records, Speed

_IN_FLIGHT: Final = 2


class Sidecar:
    """A sidecar that stays for several measurements."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._process = SidecarProcess(settings)
        #: The first frame.
        self.handshake = self._process.wait_ready()
        self._next_id = 1

    def measure(self, records: Records, seconds: float) -> Speed:
        """
        Keeps two requests for the same records in flight, and counts from one answer to a later one.

        :raises SidecarError: if a request fails
        """
        for _ in range(_IN_FLIGHT):
            self._send(records)
        self._receive()
        self._send(records)
        started = time.perf_counter()
        answers: list[dict[str, Any]] = []
        while len(answers) < 2 or time.perf_counter() - started < seconds:
            answers.append(self._receive())
            self._send(records)
        elapsed = time.perf_counter() - started
        for _ in range(_IN_FLIGHT):
            self._receive()
        return Speed(
            seconds=elapsed,
            sequences=len(answers) * len(records),
            tokens=sum(stats["tokens"] for stats in answers),
            padded_tokens=sum(stats["paddedTokens"] for stats in answers),
        )

    def close(self) -> None:
        """Ends the process."""
        self._process.close()

    def _send(self, records: Records) -> None:
        self._process.send(self._next_id, records)
        self._next_id += 1

    def _receive(self) -> dict[str, Any]:
        """Statistics of the next answer."""
        frame = self._process.read_no_pulse()
        if frame is None:
            raise EOFError("the sidecar has ended")
        if "error" in frame.header:
            raise SidecarError(**frame.header["error"])
        stats: dict[str, Any] = frame.header["stats"]
        return stats
