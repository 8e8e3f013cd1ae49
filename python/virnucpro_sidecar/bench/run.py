"""The steps of the benchmark."""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..devices import choose_sdpa, open_device
from ..errors import EMBEDDER, SidecarError, is_out_of_memory, is_poisoned
from ..models.catalog import catalog_entry, tiny_entry
from ..settings import Settings
from ..start import Loaded
from . import bare
from .options import GOAL_COSINE, GOAL_RATIO, GOAL_TOKENS_PER_SECOND, Options
from .peaks import flop_per_token, peak_tflops
from .table import (
    HEADER,
    Configuration,
    Measurement,
    attention_variants,
    cells,
    choose_best,
    format_table,
    percent,
    speed_json,
)
from .through import Sidecar
from .workload import make_records

#: Records of a request, as workers send them; fewer where these would take too long.
_RECORDS: Final = 1024
_FEWEST_RECORDS: Final = 32
_SEED: Final = 1
#: Share of the time that the table may take; the rest is for the two other parts.
_TABLE_SHARE: Final = 0.6
#: Share of the time after which no more rounds of bare loop and sidecar are begun.
_ROUNDS_SHARE: Final = 0.85
#: Records that are compared between number formats.
_COMPARED: Final = 128


@dataclass
class Bench:
    """Measures step by step; `figures` is what is known so far."""

    options: Options
    figures: dict[str, Any] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        entry = catalog_entry(self.options.embedder)
        self.entry = entry if self.options.tiny is None else tiny_entry(entry, self.options.tiny)
        self.records = make_records(self.options.embedder, _RECORDS, _SEED)
        self.device_type = open_device(self.options.device).device.type

    def run(self) -> None:
        self.make_table()
        if all(measurement.speed is None for measurement in self.measurements):
            raise SidecarError(EMBEDDER, "nothing could be measured; the table says why")
        best = choose_best(self.measurements).configuration
        say(f"as fast as any, and the simplest: {best}")
        loaded = self.load(best)
        self.compare_with_sidecar(loaded, best)
        self.compare_formats(loaded, best)
        self.judge()

    def make_table(self) -> None:
        """Every configuration that there is time for; those without torch.compile first."""
        try:
            for compile in self.options.compile:
                for attention, backends in attention_variants(self.entry.family, self.device_type):
                    self.measure_attention(attention, backends, compile)
        finally:
            # Also when the device is lost on the way.
            print(format_table([HEADER, *(cells(measurement) for measurement in self.measurements)]), flush=True)

    def measure_attention(self, attention: str, backends: tuple[str, ...], compile: bool) -> None:
        first = Configuration(attention, backends[0], compile, self.options.budgets[0])
        if self.is_late(_TABLE_SHARE):
            say(f"no time for {attention}, compile {compile}")
            return
        try:
            loaded = self.load(first)
        except SidecarError as error:
            self.note(Measurement(first, None, None, error.message))
            return
        if "device" not in self.figures:
            self.describe(loaded)
        for sdpa in backends:
            for budget in self.options.budgets:
                if not self.is_late(_TABLE_SHARE):
                    self.measure(loaded, Configuration(attention, sdpa, compile, budget))
        del loaded
        bare.release()

    def load(self, configuration: Configuration) -> Loaded:
        started = time.monotonic()
        loaded = bare.load(Settings.parse(json.dumps(self.settings(configuration))))
        say(f"loaded {self.options.embedder} with {configuration.attention} in {time.monotonic() - started:.1f} s")
        return loaded

    def settings(self, configuration: Configuration) -> dict[str, Any]:
        return {
            "embedder": self.options.embedder,
            "randomInit": _SEED,
            "tiny": self.options.tiny,
            "device": self.options.device,
            "dtype": self.options.dtype,
            "tokenBudget": configuration.budget,
            "attention": configuration.attention,
            "sdpa": configuration.sdpa,
            "compile": configuration.compile,
        }

    def describe(self, loaded: Loaded) -> None:
        """Says what is measured, and takes as many records as there is time for."""
        import torch

        device = loaded.device
        peak = peak_tflops(device.name, loaded.dtype_name)
        self.figures["device"] = {"type": device.device.type, "name": device.name, "memoryBytes": device.memory_bytes}
        self.figures |= {"torch": torch.__version__, "dtype": loaded.dtype_name, "peakTflops": peak}
        few = bare.make_batches(loaded, self.records[:_FEWEST_RECORDS], self.options.budgets[0])
        speed = bare.measure(loaded, few, 0)
        count = int(min(_RECORDS, max(_FEWEST_RECORDS, speed.sequences_per_second * self.options.seconds_each)))
        self.records = self.records[:count]
        known = f"{peak} TFLOP/s at best" if peak is not None else "its peak is unknown here"
        say(f"{device.name} ({known}), {loaded.dtype_name}, torch {torch.__version__}; {count} records a request")

    def measure(self, loaded: Loaded, configuration: Configuration) -> None:
        choose_sdpa(configuration.sdpa)
        started = time.monotonic()
        try:
            batches = bare.make_batches(loaded, self.records, configuration.budget)
            speed = bare.measure(loaded, batches, self.options.seconds_each)
        except Exception as error:
            if is_poisoned(error):
                raise
            self.note(Measurement(configuration, None, None, explain(error)))
        else:
            warm_up = max(0.0, time.monotonic() - started - speed.seconds)
            note = f"{warm_up:.0f} s to warm up" if warm_up >= 1 else ""
            self.note(Measurement(configuration, speed, self.peak_share(speed), note))
        bare.release()

    def peak_share(self, speed: bare.Speed) -> float | None:
        peak = self.figures["peakTflops"]
        if peak is None:
            return None
        flop = flop_per_token(self.entry, speed.tokens / speed.sequences)
        return float(speed.tokens_per_second * flop / (peak * 1e12))

    def note(self, measurement: Measurement) -> None:
        self.measurements.append(measurement)
        say("  ".join(cells(measurement)))
        self.figures["table"] = [entry.to_json() for entry in self.measurements]
        self.save()

    def compare_with_sidecar(self, loaded: Loaded, best: Configuration) -> None:
        """The two take turns, so that a device that slows down slows both."""
        choose_sdpa(best.sdpa)
        batches = bare.make_batches(loaded, self.records, best.budget)
        say("starting a sidecar")
        sidecar = Sidecar(self.settings(best))
        seconds = 2 * self.options.seconds_each
        rounds: list[tuple[bare.Speed, bare.Speed]] = []
        try:
            for _ in range(self.options.rounds):
                if rounds and self.is_late(_ROUNDS_SHARE):
                    break
                rounds.append((bare.measure(loaded, batches, seconds), sidecar.measure(self.records, seconds)))
                say(
                    f"bare {rounds[-1][0].tokens_per_second:,.0f}, sidecar {rounds[-1][1].tokens_per_second:,.0f} tokens/s"
                )
        finally:
            sidecar.close()
        ratio = statistics.median(through.tokens_per_second / alone.tokens_per_second for alone, through in rounds)
        speed = max((through for _, through in rounds), key=lambda one: one.tokens_per_second)
        self.figures["best"] = self.settings(best)
        self.figures["rounds"] = [
            {"bare": speed_json(alone), "sidecar": speed_json(through)} for alone, through in rounds
        ]
        self.figures |= {"ratio": ratio, "sidecar": {**speed_json(speed), "peakShare": self.peak_share(speed)}}
        self.save()
        print(
            f"sidecar: {speed.tokens_per_second:,.0f} tokens/s, {speed.sequences_per_second:,.1f} sequences/s, "
            f"{percent(self.peak_share(speed))} of the peak, padding {percent(speed.padding_share)}; "
            f"{ratio:.1%} of the bare loop (median of {len(rounds)} rounds)",
            flush=True,
        )

    def compare_formats(self, loaded: Loaded, best: Configuration) -> None:
        """The model's rows, or those of bfloat16 if it is in float32, against float32."""
        if loaded.dtype_name == "float32":
            options = replace(self.options, dtype="bfloat16")
            loaded = Bench(options).load(replace(best, attention="auto", compile=False))
        batches = bare.make_batches(loaded, self.records[:_COMPARED], best.budget)
        cosines = bare.cosines_with_float32(loaded, batches)
        least, median = float(np.min(cosines)), float(np.median(cosines))
        self.figures["cosine"] = {"dtype": loaded.dtype_name, "min": least, "median": median, "rows": len(cosines)}
        self.save()
        print(
            f"{loaded.dtype_name} against float32: cosine at least {least:.6f}, median {median:.6f} ({len(cosines)} rows)"
        )

    def judge(self) -> None:
        goals = [
            ("sidecar against bare loop", self.figures["ratio"], GOAL_RATIO),
            (f"cosine of {self.figures['cosine']['dtype']} and float32", self.figures["cosine"]["min"], GOAL_COSINE),
        ]
        if self.options.embedder == "esm2-3b" and "H100" in self.figures["device"]["name"]:
            goals.append(("tokens/s", self.figures["sidecar"]["tokensPerSecond"], GOAL_TOKENS_PER_SECOND))
        self.figures["goals"] = [
            {"goal": name, "found": found, "atLeast": least, "met": found >= least} for name, found, least in goals
        ]
        self.figures["seconds"] = time.monotonic() - self.started
        self.save()
        for name, found, least in goals:
            print(f"goal: {name} at least {least:,}: {found:,.4f} {'met' if found >= least else 'NOT met'}")

    def is_late(self, share: float) -> bool:
        return time.monotonic() - self.started > self.options.seconds * share

    def save(self) -> None:
        if self.options.json is not None:
            Path(self.options.json).write_text(json.dumps(self.figures, indent=2) + "\n", encoding="utf-8")


def explain(error: Exception) -> str:
    """One line."""
    return "does not fit" if is_out_of_memory(error) else f"{type(error).__name__}: {str(error).splitlines()[0][:90]}"


def say(line: str) -> None:
    """Progress."""
    print(f"> {line}", file=sys.stderr, flush=True)
