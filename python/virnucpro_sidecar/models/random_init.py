"""Random weights for rehearsals and benchmarks: the same on every device, in every version of torch, and fast for 3B.

One block of random numbers is made; every parameter is a stretch of it from a place that its name decides. The block's length
is a prime, so that no two rows of a matrix get the same stretch.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from .base import Progress
from .catalog import Shape
from .parameters import Place

_BLOCK: Final = 4_194_319
_PLACES_PER_REPORT: Final = 50


def fill_randomly(
    places: Mapping[str, Place], shape: Shape, seed: int, device: torch.device, progress: Progress
) -> None:
    """Fills all places with values that keep activations near 1 through all layers."""
    block = torch.from_numpy(_uniform_block(seed)).to(device)
    for count, (name, place) in enumerate(places.items()):
        if count % _PLACES_PER_REPORT == 0:
            progress(f"making random weights: {count} of {len(places)}")
        mean, deviation = _distribution(name, place.view, shape)
        _fill(place, block, _start(name, seed), mean, deviation)


def _uniform_block(seed: int) -> npt.NDArray[np.float32]:
    """SplitMix64 of a counter, as float32 in [-√3, √3): mean 0, variance 1."""
    with np.errstate(over="ignore"):
        z = np.arange(1, _BLOCK + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    unit: npt.NDArray[np.float32] = (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)
    unit *= np.float32(math.sqrt(3))
    return unit


def _start(name: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "little") % _BLOCK


def _distribution(name: str, view: torch.Tensor, shape: Shape) -> tuple[float, float]:
    """(mean, standard deviation)"""
    if name.endswith("_embeddings.weight"):
        return 0.0, 1.0
    if view.dim() == 1:
        return (0.0, 0.05) if name.endswith(".bias") else (1.0, 0.05)
    gain = 1 / math.sqrt(2 * shape.layers) if name.endswith(("output.dense.weight", "mlp.wo.weight")) else 1.0
    return 0.0, gain / math.sqrt(view.shape[1])


def _fill(place: Place, block: torch.Tensor, start: int, mean: float, deviation: float) -> None:
    flat = place.view.view(-1)
    done = 0
    while done < flat.numel():
        count = min(_BLOCK - start, flat.numel() - done)
        values, target = block[start : start + count], flat[done : done + count]
        if mean == 0:
            torch.mul(values, deviation * place.factor, out=target)
        else:
            target.copy_(values * (deviation * place.factor) + mean * place.factor)
        done += count
        start = 0
