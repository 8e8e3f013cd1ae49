"""
Serves a worker. One thread reads requests, so that the end of stdin is seen whatever the others do; one encodes; the main
thread computes; one writes answers.
"""

from __future__ import annotations

import os
import queue
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NoReturn

import numpy as np

from .batching import TokenBudget
from .errors import DEVICE_LOST, EMBEDDER, EXIT_DEVICE, EXIT_PROTOCOL, EXIT_WORKER_GONE, SidecarError
from .faults import Faults
from .frames import Frame, ProtocolError, read_frame
from .models.base import Encoder, Rejected
from .requests import EncodedRequest, Request, encode_request, parse_request, request_id
from .settings import Settings
from .start import Loaded, Prepare, describe_start, inject_start_faults, load_model
from .wire import AnswerWriter, start_thread

if TYPE_CHECKING:
    from .engine import Engine
    from .jobs import Answer

#: For last words to a worker that may not be reading.
_FLUSH_SECONDS: Final = 2.0
#: Number of a request that no worker has sent.
_WARM_UP: Final = -1
#: Residues of a window of 500 nucleotides.
_WARM_UP_LETTERS: Final = 166
_GARBAGE: Final = b"these bytes are no frame\n"


class Server:
    """The requests that are open, from their frame to their answer."""

    def __init__(self, requests_fd: int, writer: AnswerWriter) -> None:
        self._fd = requests_fd
        self._writer = writer
        self._open: dict[int, Request] = {}
        self._to_encode: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._encoded: queue.SimpleQueue[EncodedRequest] = queue.SimpleQueue()
        self._garbage = False

    def start_reading(self) -> None:
        """From here on the end of stdin ends the process."""
        start_thread("requests", self._read_all)

    def serve(self, settings: Settings, prepare: Prepare) -> NoReturn:
        """
        Loads the model, says so, and computes until the process ends.

        :raises SidecarError: if the start fails
        """
        pulse = self._writer.pulse
        pulse("check the model's files")
        prepared = prepare(settings)
        start_thread("encoder", lambda: self._encode_all(prepared.encoder))
        inject_start_faults(settings, pulse)
        loaded = load_model(prepared, settings, pulse)
        engine = self._make_engine(loaded, settings)
        if loaded.device.device.type == "cuda" or settings.compile:
            pulse("warm up")
            self._run(lambda: engine.compute(_warm_up_request(engine)))
        self._garbage = settings.faults.garbage
        self._writer.send(describe_start(loaded, settings))
        self._run(lambda: engine.run(self._take))
        raise AssertionError("an engine runs for good")

    def _make_engine(self, loaded: Loaded, settings: Settings) -> Engine:
        from .devices import limit_budget
        from .engine import Engine

        device, model = loaded.device.device, loaded.model
        return Engine(
            model=model,
            device=device,
            budget=TokenBudget(limit_budget(settings.token_budget, device, model.info.parameters)),
            faults=Faults(settings.faults),
            answer=self._answer,
            fail=self._fail,
            pulse=self._writer.pulse_batch,
        )

    def _run(self, compute: Callable[[], None]) -> None:
        from .engine import PoisonedError

        try:
            compute()
        except PoisonedError as error:
            text = f"the device's context is lost, and this process ends: {error}"
            if error.request_ids == [_WARM_UP]:
                raise SidecarError(DEVICE_LOST, text, EXIT_DEVICE) from error
            for id in error.request_ids:
                self._writer.fail(id, SidecarError(EMBEDDER, text))
            self._writer.flush(_FLUSH_SECONDS)
            os._exit(EXIT_DEVICE)

    def _read_all(self) -> None:
        try:
            while (frame := read_frame(self._fd)) is not None:
                self._read(frame)
        except ProtocolError as error:
            self._writer.fatal(SidecarError(EMBEDDER, f"the worker broke the protocol: {error}"))
            self._writer.flush(_FLUSH_SECONDS)
            os._exit(EXIT_PROTOCOL)
        os._exit(EXIT_WORKER_GONE)

    def _read(self, frame: Frame) -> None:
        if "drop" in frame.header:
            dropped = self._open.pop(request_id(frame.header, "drop"), None)
            if dropped is not None:
                dropped.dropped.set()
            return
        id = request_id(frame.header, "id")
        try:
            request = parse_request(frame)
        except SidecarError as error:
            self._writer.fail(id, error)
            return
        self._open[id] = request
        self._to_encode.put(request)

    def _encode_all(self, encoder: Encoder) -> None:
        while True:
            request = self._to_encode.get()
            if request.dropped.is_set():
                continue
            try:
                self._encoded.put(encode_request(request, encoder))
            except Exception as error:
                text = f"the sequences cannot be encoded: {type(error).__name__}: {error}"
                self._fail(request.id, SidecarError(EMBEDDER, text))

    def _take(self, wait: bool) -> EncodedRequest | None:
        try:
            return self._encoded.get(block=wait)
        except queue.Empty:
            return None

    def _answer(self, answer: Answer) -> None:
        if self._open.pop(answer.request_id, None) is None:
            return
        if self._garbage:
            self._garbage = False
            self._writer.send_raw(_GARBAGE)
        self._writer.send(answer.header, answer.rows.view(np.uint8).data)

    def _fail(self, request_id: int, error: SidecarError) -> None:
        if request_id == _WARM_UP:
            raise error
        if self._open.pop(request_id, None) is not None:
            self._writer.fail(request_id, error)


def _warm_up_request(engine: Engine) -> EncodedRequest:
    """A full batch, and another one that is smaller and padded: what is made at the first use is there afterwards."""
    encoder = engine.model.encoder
    longest = "A" * min(_WARM_UP_LETTERS, encoder.max_length)
    ids = encoder.encode(longest)
    tokens = 1 if isinstance(ids, Rejected) else len(ids)
    full = max(1, engine.budget.tokens // tokens)
    sequences = [longest] * (full + 1) + [longest[: len(longest) // 2 + 1]] * (full // 2)
    return encode_request(Request(_WARM_UP, [""] * len(sequences), sequences), encoder)
