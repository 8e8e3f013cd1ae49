"""Reads the tensors of a published checkpoint into a network's parameters, strictly, and digests what was read."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import torch

from ..errors import EMBEDDER, SidecarError
from .base import Progress
from .catalog import CatalogEntry
from .files import ModelFiles
from .parameters import Place

#: Prefixes that a model with a head puts before the names of its encoder.
_PREFIX: Final = {"esm2": "esm.", "dnabert": "bert."}
#: Tensors of heads, and buffers that are computed here. A name, or the start of one that ends with a dot.
_NOT_USED: Final = {
    "esm2": ("lm_head.", "contact_head.", "pooler.", "embeddings.position_ids", "embeddings.position_embeddings."),
    "dnabert": ("cls.", "pooler.", "embeddings.position_ids"),
}
_NOT_USED_ENDS: Final = (".rotary_embeddings.inv_freq",)
#: transformers 5 still writes them.
_OLD_ENDS: Final = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
_HASH_STEP: Final = 16 * 1024 * 1024
_NAMED_AT_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor in a file, not read yet."""

    shape: tuple[int, ...]
    read: Callable[[], torch.Tensor]


def load_checkpoint(entry: CatalogEntry, files: ModelFiles, places: Mapping[str, Place], progress: Progress) -> str:
    """Fills all places. Returns `sha256:<hex>` over the tensors used, as they are in the files. Raises SidecarError naming
    what is missing, unexpected or of another shape."""
    stored = {_encoder_name(name, entry): tensor for name, tensor in _open(files).items()}
    used = {name: tensor for name, tensor in stored.items() if not _is_not_used(name, entry)}
    _check_names(entry, files, used, places)
    return _Loader(used, places, progress).run()


def _open(files: ModelFiles) -> dict[str, StoredTensor]:
    opened: dict[str, StoredTensor] = {}
    for path in files.weights:
        try:
            opened.update(_open_safetensors(path) if files.safetensors else _open_pickled(path))
        except Exception as error:  # each library has its own
            raise SidecarError(
                EMBEDDER,
                f"{path} cannot be read as weights ({type(error).__name__}: {str(error)[:300]}); if the file is "
                f"incomplete, download the model again",
            ) from error
    return opened


def _open_safetensors(path: Path) -> dict[str, StoredTensor]:
    import safetensors

    file: Any = safetensors.safe_open(str(path), framework="pt", device="cpu")

    def reader(name: str) -> Callable[[], torch.Tensor]:
        return lambda: cast(torch.Tensor, file.get_tensor(name))

    return {name: StoredTensor(tuple(file.get_slice(name).get_shape()), reader(name)) for name in file.keys()}  # noqa: SIM118


def _open_pickled(path: Path) -> dict[str, StoredTensor]:
    """Mapped, so that a tensor's pages are read when it is; the format before torch 1.6 is no ZIP and is read whole."""
    content = torch.load(str(path), map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    if not isinstance(content, dict):
        raise TypeError(f"expected a dict of tensors, found {type(content).__name__}")

    def reader(tensor: torch.Tensor) -> Callable[[], torch.Tensor]:
        return lambda: tensor

    return {
        name: StoredTensor(tuple(tensor.shape), reader(tensor))
        for name, tensor in content.items()
        if isinstance(tensor, torch.Tensor)
    }


def _encoder_name(name: str, entry: CatalogEntry) -> str:
    """The name without the prefix of a model with a head. TensorFlow's names of layer norms have come down to some files."""
    name = name.removeprefix(_PREFIX[entry.family])
    for old, new in _OLD_ENDS.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def _is_not_used(name: str, entry: CatalogEntry) -> bool:
    return name.startswith(_NOT_USED[entry.family]) or name.endswith(_NOT_USED_ENDS)


def _check_names(
    entry: CatalogEntry, files: ModelFiles, used: Mapping[str, StoredTensor], places: Mapping[str, Place]
) -> None:
    problems = [
        _listed("missing", [name for name in places if name not in used]),
        _listed("unexpected", [name for name in used if name not in places]),
        _listed(
            "of another shape",
            [
                f"{name} {list(used[name].shape)} instead of {list(place.view.shape)}"
                for name, place in places.items()
                if name in used and used[name].shape != tuple(place.view.shape)
            ],
        ),
    ]
    found = "; ".join(problem for problem in problems if problem)
    if found:
        raise SidecarError(
            EMBEDDER,
            f"the weights in {files.folder} are not those of {entry.model_id}: {found}.{_hint(entry, used)} "
            f"Give the folder of {entry.model_id} with --embedder-option weights=FOLDER, or download it again.",
        )


def _hint(entry: CatalogEntry, used: Mapping[str, StoredTensor]) -> str:
    if entry.family == "dnabert" and "encoder.layer.0.attention.self.query.weight" in used:
        return (
            " These are a stock BERT's; transformers writes such a file, with random layers, when DNABERT-S is loaded "
            "without its own code and saved again."
        )
    return ""


def _listed(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED_AT_MOST} more" if len(names) > _NAMED_AT_MOST else ""
    return f"{what}: {', '.join(sorted(names)[:_NAMED_AT_MOST])}{more}"


class _Loader:
    """Threads read and digest tensors while the caller's thread copies those that are done to their places."""

    def __init__(self, tensors: Mapping[str, StoredTensor], places: Mapping[str, Place], progress: Progress) -> None:
        self._tensors = tensors
        self._places = places
        self._progress = progress
        self._lock = threading.Lock()
        self._bytes_read = 0
        self._reported = time.monotonic()

    def run(self) -> str:
        names = sorted(self._tensors)
        digest = hashlib.sha256()
        self._progress("reading weights")
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="weights") as threads:
            for name, (values, description) in zip(names, threads.map(self._read, names), strict=True):
                self._places[name].fill(values)
                digest.update(description)
        return f"sha256:{digest.hexdigest()}"

    def _read(self, name: str) -> tuple[torch.Tensor, bytes]:
        """The tensor and what the digest of all says of it: name, dtype, shape and the digest of its bytes."""
        values = self._tensors[name].read().detach().contiguous()
        if not values.is_floating_point():
            raise SidecarError(
                EMBEDDER, f"{name} is stored as {values.dtype}; weights of float32, float16 or bfloat16 are expected"
            )
        digest = hashlib.sha256()
        for part in self._parts(values):
            digest.update(part)
            self._count(len(part))
        shape = "x".join(map(str, values.shape))
        dtype = str(values.dtype).removeprefix("torch.")
        return values, f"{name}\t{dtype}\t{shape}\t{digest.hexdigest()}\n".encode()

    def _parts(self, values: torch.Tensor) -> Iterable[memoryview]:
        content = memoryview(values.reshape(-1).view(torch.uint8).numpy().data)
        return (content[start : start + _HASH_STEP] for start in range(0, len(content), _HASH_STEP))

    def _count(self, size: int) -> None:
        with self._lock:
            self._bytes_read += size
            if time.monotonic() - self._reported < 1:
                return
            self._reported = time.monotonic()
            read = self._bytes_read
        self._progress(f"reading weights: {read / 2**20:.0f} MiB")
