"""Which configurations are measured, and how what came out is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from .bare import Speed

#: A configuration within this share of the fastest is as good, and a simpler one is taken then.
_AS_GOOD: Final = 0.01


@dataclass(frozen=True)
class Configuration:
    attention: str
    #: torch's backend of scaled dot product attention; the varlen path calls its kernel itself.
    sdpa: str
    compile: bool
    #: Tokens of a batch.
    budget: int

    @property
    def cost(self) -> tuple[bool, bool, int]:
        """Less is simpler: without compiling, with torch's own choice, with less memory."""
        return self.compile, self.sdpa != "auto", self.budget


@dataclass(frozen=True)
class Measurement:
    configuration: Configuration
    #: None if it did not run.
    speed: Speed | None
    peak_share: float | None
    #: Seconds until the model was loaded or compiled, or why it did not run.
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self.configuration),
            **({} if self.speed is None else speed_json(self.speed)),
            "peakShare": self.peak_share,
            "note": self.note,
        }


def speed_json(speed: Speed) -> dict[str, float]:
    return {
        "tokensPerSecond": speed.tokens_per_second,
        "sequencesPerSecond": speed.sequences_per_second,
        "paddingShare": speed.padding_share,
        "seconds": speed.seconds,
    }


def attention_variants(family: str, device: str) -> list[tuple[str, tuple[str, ...]]]:
    """
    Attention paths, each with the backends of torch that are worth a try.

    :param family: of the catalog
    :param device: type of a torch device
    """
    if device == "cpu":
        return [("grouped", ("auto",)), ("masked", ("auto",))]
    if family == "dnabert":
        # Biases keep flash attention out.
        return [("masked", ("auto", "efficient", "cudnn")), ("grouped", ("auto",))]
    return [
        ("grouped", ("auto", "flash", "cudnn", "efficient")),
        ("masked", ("auto", "efficient", "cudnn")),
        ("varlen", ("auto",)),
    ]


def choose_best(measurements: Iterable[Measurement]) -> Measurement:
    """
    The fastest, or the simplest of those that are as fast.

    :raises ValueError: if none ran
    """
    ran = [
        (measurement, measurement.speed.tokens_per_second)
        for measurement in measurements
        if measurement.speed is not None
    ]
    fastest = max(speed for _, speed in ran)
    good = [measurement for measurement, speed in ran if speed >= fastest * (1 - _AS_GOOD)]
    return min(good, key=lambda measurement: measurement.configuration.cost)


HEADER: Final = ("attention", "sdpa", "compile", "budget", "tokens/s", "sequences/s", "of peak", "padding", "")


def cells(measurement: Measurement) -> tuple[str, ...]:
    configuration, speed = measurement.configuration, measurement.speed
    named = (
        configuration.attention,
        configuration.sdpa,
        "yes" if configuration.compile else "no",
        f"{configuration.budget:,}",
    )
    if speed is None:
        return (*named, "-", "-", "-", "-", measurement.note)
    figures = (f"{speed.tokens_per_second:,.0f}", f"{speed.sequences_per_second:,.1f}")
    return (*named, *figures, percent(measurement.peak_share), percent(speed.padding_share), measurement.note)


def format_table(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns side by side."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.1%}"
