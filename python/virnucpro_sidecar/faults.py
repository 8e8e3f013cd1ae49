"""Faults on demand, for tests of whoever drives a sidecar. Real weights never come with faults."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from .errors import EMBEDDER, SidecarError

if TYPE_CHECKING:
    from .jobs import Rows

_NUMBERS = ("oomAbove", "protocol", "slowLoadMs")
_FLAGS = ("garbage", "stdoutNoise")


@dataclass(frozen=True)
class FaultSettings:
    """Field names are the JSON keys. Lists hold ids of records."""

    #: A batch of more tokens than this, padding included, does not fit.
    oomAbove: int | None = None
    #: Does not fit even alone.
    oomOn: tuple[str, ...] = ()
    #: Not finite, except in float32.
    nanOn: tuple[str, ...] = ()
    #: Not finite, in float32 neither.
    nanAlways: tuple[str, ...] = ()
    #: Poisons the device's context.
    poisonOn: tuple[str, ...] = ()
    #: Never comes back.
    hangOn: tuple[str, ...] = ()
    #: Kills the process with SIGKILL.
    crashOn: tuple[str, ...] = ()
    #: Writes bytes that are no frame before the first answer.
    garbage: bool = False
    #: Prints to stdout, as libraries do.
    stdoutNoise: bool = False
    #: Claims to speak another version of the protocol.
    protocol: int | None = None
    #: Loading takes that much longer, and shows that it makes progress.
    slowLoadMs: int | None = None
    #: The start fails with this wire name.
    startFails: str | None = None

    @staticmethod
    def parse(values: Mapping[str, Any]) -> FaultSettings:
        """:raises SidecarError: ``EmbeddingError.Embedder`` on an unknown fault or a value of a wrong type"""
        known = {field.name for field in fields(FaultSettings)}
        for key, value in values.items():
            if key not in known or not _is_valid(key, value):
                raise SidecarError(EMBEDDER, f"settings: faults: {key}: unknown, or not with {json.dumps(value)}")
        checked: dict[str, Any] = {key: tuple(value) if type(value) is list else value for key, value in values.items()}
        return FaultSettings(**checked)


def _is_valid(key: str, value: Any) -> bool:
    if key in _NUMBERS:
        return type(value) is int
    if key in _FLAGS:
        return type(value) is bool
    if key == "startFails":
        return type(value) is str
    return type(value) is list and all(type(id) is str for id in value)


class InjectedOutOfMemoryError(MemoryError):
    """Stands for torch's own; the engine treats both alike."""


class Faults:
    """Makes the faults happen around a batch."""

    def __init__(self, settings: FaultSettings) -> None:
        self.settings = settings

    def before_batch(self, ids: Sequence[str], padded_tokens: int) -> None:
        """Called before a batch is computed; may raise, sleep for good, or kill the process."""
        settings = self.settings
        if not _disjoint(ids, settings.crashOn):
            os.kill(os.getpid(), signal.SIGKILL)
        if not _disjoint(ids, settings.hangOn):
            while True:
                time.sleep(3600)
        if not _disjoint(ids, settings.poisonOn):
            raise RuntimeError("CUDA error: an illegal memory access was encountered (injected)")
        too_many = settings.oomAbove is not None and padded_tokens > settings.oomAbove
        if too_many or not _disjoint(ids, settings.oomOn):
            raise InjectedOutOfMemoryError(f"out of memory with {padded_tokens} tokens (injected)")

    def spoil(self, ids: Sequence[str], rows: Rows, *, float32: bool) -> None:
        """
        Called with the computed rows of a batch.

        :param rows: float32 ``[len(ids), dim]``, changed in place
        :param float32: the rows come from the float32 pass
        """
        spoiled = self.settings.nanAlways if float32 else self.settings.nanOn + self.settings.nanAlways
        if _disjoint(ids, spoiled):
            return
        for row, id in enumerate(ids):
            if id in spoiled:
                rows[row, 0] = float("nan")


def _disjoint(ids: Sequence[str], faulty: tuple[str, ...]) -> bool:
    return not faulty or set(ids).isdisjoint(faulty)
