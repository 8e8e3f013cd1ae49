"""Is there room for a model? Asked before anything is allocated, since a process that is killed for memory tells nobody why."""

from __future__ import annotations

from pathlib import Path

import torch

from ..errors import OUT_OF_MEMORY, SidecarError
from .catalog import CatalogEntry

#: A batch's activations, the allocator's rounding, and what the libraries of the device take.
_WORKING_SPACE = 512 * 2**20
#: A limit that is none: cgroup v1 writes a number near 2^63.
_NO_LIMIT = 2**60


def check_memory(entry: CatalogEntry, parameters: int, device: torch.device, dtype: torch.dtype) -> None:
    """Raises SidecarError if the parameters do not fit beside what is there already."""
    size = parameters * dtype.itemsize
    needed = size + (min(_WORKING_SPACE, size) if device.type == "cpu" else _WORKING_SPACE)
    free = available_memory(device)
    if free is None or needed <= free:
        return
    kind = str(dtype).removeprefix("torch.")
    way_out = (
        "take a machine with more memory or a smaller model"
        if dtype != torch.float32
        else "take --embedder-option dtype=bfloat16, a device with more memory or a smaller model"
    )
    raise SidecarError(
        OUT_OF_MEMORY,
        f"{entry.name} needs {_gib(needed)} in {kind}, and {device} has {_gib(free)} free: end what else uses it, or "
        f"{way_out}",
    )


def available_memory(device: torch.device) -> int | None:
    """Bytes that can be allocated; None where that cannot be told."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    found = [bytes_ for bytes_ in (_machine(), _cgroup_v2(), _cgroup_v1()) if bytes_ is not None]
    return min(found, default=None)


def _machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _cgroup_v2() -> int | None:
    folder = Path("/sys/fs/cgroup")
    return _below_limit(folder / "memory.max", folder / "memory.current", folder / "memory.stat", "inactive_file")


def _cgroup_v1() -> int | None:
    folder = Path("/sys/fs/cgroup/memory")
    usage = folder / "memory.usage_in_bytes"
    return _below_limit(folder / "memory.limit_in_bytes", usage, folder / "memory.stat", "total_inactive_file")


def _below_limit(limit_file: Path, usage_file: Path, stat_file: Path, reclaimable_key: str) -> int | None:
    """What is left of a container's limit; pages of files that nobody uses count as free."""
    try:
        limit = int(limit_file.read_text())  # "max" where there is none
        usage = int(usage_file.read_text())
        stat = dict(line.split() for line in stat_file.read_text().splitlines())
    except (OSError, ValueError):
        return None
    return None if limit > _NO_LIMIT else limit - usage + int(stat.get(reclaimable_key, 0))


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
