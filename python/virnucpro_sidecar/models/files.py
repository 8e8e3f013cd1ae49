"""Finds the files of a model in a local folder or in the Hugging Face cache. No torch, nothing is downloaded."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from ..errors import EMBEDDER, SidecarError
from .catalog import CatalogEntry, check_config

#: In the order in which they are looked for.
_SINGLE: Final = ("model.safetensors", "pytorch_model.bin")
_SHARDED: Final = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_GIT_LFS_POINTER: Final = b"version https://git-lfs"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    folder: Path
    #: Files with tensors, all of one format.
    weights: tuple[Path, ...]
    #: tokenizer.json; None where the model's tokenizer is built in.
    tokenizer: Path | None

    @property
    def safetensors(self) -> bool:
        return self.weights[0].suffix == ".safetensors"


def find_files(entry: CatalogEntry, weights: str | None) -> ModelFiles:
    """weights: folder or Hugging Face id (`id@revision` too); None: the published ones.
    Raises SidecarError: not there, incomplete, or of another model."""
    folder = _find_folder(entry, weights)
    check_config(entry, _read_json(folder / "config.json", entry), str(folder / "config.json"))
    files = ModelFiles(folder, _find_weights(folder, entry), _find_tokenizer(folder, entry))
    for path in files.weights:
        _check_readable(path, entry)
    return files


def _find_folder(entry: CatalogEntry, weights: str | None) -> Path:
    if weights is None:
        return _find_cached(entry, entry.model_id)
    folder = Path(weights).expanduser()
    if folder.is_dir():
        return folder
    if weights.startswith(("/", ".", "~", os.sep)) or weights.count("/") != 1:
        _refuse(entry, f"there is no folder {folder.absolute()}")
    return _find_cached(entry, weights)


def _find_cached(entry: CatalogEntry, model: str) -> Path:
    """Of one or several snapshots, the one that the cache says is current."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.constants import HF_HUB_CACHE
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise SidecarError(
            EMBEDDER, f"the Python package huggingface_hub cannot be imported ({error}): run virnucpro setup-models"
        ) from error
    name, _, revision = model.partition("@")
    try:
        return Path(snapshot_download(name, revision=revision or None, local_files_only=True))
    except LocalEntryNotFoundError:
        _refuse(entry, f"{model} is not in the Hugging Face cache {HF_HUB_CACHE}", name)
    except HFValidationError:
        _refuse(entry, f"{model!r} is neither a folder nor a Hugging Face id")


def _refuse(entry: CatalogEntry, found: str, model: str | None = None) -> NoReturn:
    raise SidecarError(
        EMBEDDER,
        f"no weights for {entry.name}: {found}. Download them where there is a network with "
        f"`{_download_command()} {model or entry.model_id}` (this process downloads nothing; HF_HOME says where the cache "
        f"is and has to be the same here), or give a folder with config.json and the weights: "
        f"--embedder-option weights=FOLDER. For a rehearsal without weights use --random-init.",
    )


def _download_command() -> str:
    """The name of the command has changed between versions of huggingface_hub."""
    beside = Path(sys.executable).parent
    for name in ("hf", "huggingface-cli"):
        if (beside / name).exists():
            return f"{beside / name} download"
    return "hf download"


def _find_weights(folder: Path, entry: CatalogEntry) -> tuple[Path, ...]:
    for single, index in zip(_SINGLE, _SHARDED, strict=True):
        if (folder / single).is_file():
            return (folder / single,)
        if (folder / index).is_file():
            return _shards(folder / index, entry)
    return _refuse(entry, f"{folder} has none of {', '.join((*_SINGLE, *_SHARDED))}")


def _shards(index: Path, entry: CatalogEntry) -> tuple[Path, ...]:
    weight_map = _read_json(index, entry).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise SidecarError(EMBEDDER, f"{index} has no weight_map of tensors to files; download the model again")
    shards = tuple(index.parent / name for name in sorted(set(weight_map.values())))
    if any(shard.parent != index.parent for shard in shards) or not shards:
        raise SidecarError(EMBEDDER, f"{index} names files outside of its folder; download the model again")
    return shards


def _find_tokenizer(folder: Path, entry: CatalogEntry) -> Path | None:
    if entry.family != "dnabert":
        return None
    path = folder / "tokenizer.json"
    if not path.is_file():
        _refuse(entry, f"{folder} has no tokenizer.json")
    return path


def _read_json(path: Path, entry: CatalogEntry) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        _refuse(entry, f"{path.parent} has no {path.name}")
    except OSError as error:
        raise SidecarError(EMBEDDER, f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SidecarError(EMBEDDER, f"{path} is no JSON: {error}; download the model again") from error
    if not isinstance(value, dict):
        raise SidecarError(EMBEDDER, f"{path}: expected a JSON object; download the model again")
    return value


def _check_readable(path: Path, entry: CatalogEntry) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(len(_GIT_LFS_POINTER))
    except FileNotFoundError:
        _refuse(entry, f"{path.parent} has no {path.name}, which its index names")
    except OSError as error:
        raise SidecarError(EMBEDDER, f"{path} cannot be read: {error.strerror}") from error
    if start == _GIT_LFS_POINTER:
        raise SidecarError(
            EMBEDDER, f"{path} is a Git LFS pointer, not the weights: run `git lfs pull` in {path.parent}"
        )
    if not start:
        raise SidecarError(EMBEDDER, f"{path} is empty; download the model again")
