"""Drives a sidecar from Python, for benchmarks and tests; workers have their own client, in src/embedders."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .errors import SidecarError
from .frames import Frame, read_frame, write_frame

# Puts the descriptor that was inherited under another number on 3, and becomes the sidecar.
_TRAMPOLINE: Final = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)
_PACKAGE_FOLDER: Final = Path(__file__).resolve().parent.parent


class SidecarProcess:
    """A sidecar that this process started. Reading and writing block."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        program: Sequence[str] = ("-m", "virnucpro_sidecar"),
        output: int | None = None,
    ) -> None:
        """
        :param program: arguments of Python before the settings
        :param output: where stdout and stderr of the process go, e.g. ``subprocess.PIPE``; None: to this process's own
        """
        self.answers, theirs = socket.socketpair()
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(_PACKAGE_FOLDER), os.environ.get("PYTHONPATH", "")]),
        }
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _TRAMPOLINE, str(theirs.fileno()), *program, json.dumps(dict(settings))],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                env=environment,
            )
        assert self.process.stdin is not None
        self.stdin = self.process.stdin

    def read(self, seconds: float = 120) -> Frame | None:
        """
        The next frame; None once the process has closed its end.

        :raises TimeoutError: if nothing comes for that long
        """
        if not select.select([self.answers], [], [], seconds)[0]:
            raise TimeoutError(f"the sidecar has said nothing for {seconds} s")
        return read_frame(self.answers.fileno())

    def read_no_pulse(self, seconds: float = 120) -> Frame | None:
        """The next frame that is no pulse; raises as :meth:`read` does."""
        while (frame := self.read(seconds)) is not None and "pulse" in frame.header:
            pass
        return frame

    def wait_ready(self) -> dict[str, Any]:
        """
        Waits for the model.

        :returns: the handshake
        :raises SidecarError: if the start fails
        """
        frame = self.read_no_pulse()
        if frame is None:
            raise EOFError(f"the sidecar ended with exit code {self.process.wait()}")
        if "fatal" in frame.header:
            raise SidecarError(**frame.header["fatal"])
        return frame.header

    def send(self, request_id: int, records: Sequence[tuple[str, str]]) -> None:
        """
        :param records: ids and sequences
        """
        items = [{"id": id, "ordinal": at, "length": len(sequence)} for at, (id, sequence) in enumerate(records)]
        letters = "".join(sequence for _, sequence in records).encode("latin-1")
        header = {"id": request_id, "task": {"file": "records.fa", "scratchFolder": "."}, "items": items}
        write_frame(self.stdin.fileno(), header, memoryview(letters))

    def embed(
        self, records: Sequence[tuple[str, str]], request_id: int = 1
    ) -> tuple[dict[str, Any], npt.NDArray[np.float32]]:
        """
        One request and its answer.

        :returns: the header, and float32 ``[n, dim]``
        :raises SidecarError: if the request fails as a whole
        """
        self.send(request_id, records)
        frame = self.read_no_pulse()
        if frame is None:
            raise EOFError(f"the sidecar ended with exit code {self.process.wait()}")
        if "error" in frame.header:
            raise SidecarError(**frame.header["error"])
        return frame.header, rows_of(frame, len(records))

    def close(self) -> int:
        """Ends the sidecar by ending its stdin. Returns its exit code."""
        if not self.stdin.closed:
            self.stdin.close()
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()
            self.answers.close()
            if self.process.stdout is not None:
                self.process.stdout.close()

    def __enter__(self) -> SidecarProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def rows_of(frame: Frame, count: int) -> npt.NDArray[np.float32]:
    """float32 ``[count, dim]`` of an answer."""
    return np.frombuffer(frame.payload, dtype="<f4").reshape(count, -1)
