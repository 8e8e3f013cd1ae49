"""Options of the benchmark."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any, Final

_DESCRIPTION: Final = """
Measures a model with random weights on one device, with VirNucPro's lengths (proteins of at most 166 residues, 81 % of them of
exactly 166): tokens per second and share of the device's peak for token budgets, attention paths, torch's attention backends and
torch.compile; then the path through a sidecar process against a bare loop; then bfloat16 against float32.
Needs a Python with torch and numpy; no weights, no network.
"""
_EPILOG: Final = """
Nobody has run this on a GPU yet: it was written and tried on a CPU only (--embedder esm2-8m --device cpu --quick). Take its first
figures from a GPU, and what it does there, with that in mind. Results differ by the device's clock and temperature; nothing else
should run on it.
"""
#: The goals are for esm2-3b on an H100.
GOAL_TOKENS_PER_SECOND: Final = 60_000
GOAL_RATIO: Final = 0.97
GOAL_COSINE: Final = 0.999


@dataclass(frozen=True)
class Options:
    embedder: str
    device: str
    dtype: str
    budgets: tuple[int, ...]
    compile: tuple[bool, ...]
    #: Everything has to be over after that many seconds.
    seconds: float
    #: Of one measurement of the table; whole rounds over its batches, so it may be longer.
    seconds_each: float
    #: Bare loop and sidecar take turns.
    rounds: int
    #: Sizes of a smaller model, for tests.
    tiny: dict[str, int] | None
    json: str | None


def parse_options(argv: list[str]) -> Options:
    """Exits with a message on what cannot be."""
    parser = argparse.ArgumentParser(
        prog="npm run bench:gpu --",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--embedder", default="esm2-3b", help="default esm2-3b")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--dtype", default="auto", choices=("auto", "float32", "bfloat16", "float16"))
    parser.add_argument("--budgets", type=_counts, help="token budgets (default 4096,8192,16384,32768,65536)")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--quick", action="store_true", help="at most 3 minutes instead of 10, with fewer measurements")
    parser.add_argument("--json", metavar="FILE", help="write every figure to FILE, again after each step")
    parser.add_argument("--tiny", type=_sizes, help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    quick = bool(given.quick)
    on_cpu = given.device == "cpu"
    return Options(
        embedder=given.embedder,
        device=given.device,
        dtype=given.dtype,
        budgets=given.budgets or _default_budgets(quick=quick, on_cpu=on_cpu),
        compile=(False,) if given.no_compile or on_cpu else (False, True),
        seconds=140 if quick else 480,
        seconds_each=1 if quick else 2,
        rounds=2 if quick else 4,
        tiny=given.tiny,
        json=given.json,
    )


def _default_budgets(*, quick: bool, on_cpu: bool) -> tuple[int, ...]:
    if on_cpu:
        return (1024, 4096)
    return (8192, 16_384, 32_768) if quick else (4096, 8192, 16_384, 32_768, 65_536)


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(int(part) for part in text.split(","))
    if min(counts) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected numbers above 0")
    return counts


def _sizes(text: str) -> dict[str, Any]:
    return {key: int(value) for key, value in (part.split("=") for part in text.split(","))}
