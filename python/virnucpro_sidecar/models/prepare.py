"""From settings to a loaded model, in two steps: what can be checked without torch, and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import EMBEDDER, SidecarError
from .base import Encoder, ModelSettings, PreparedModel, Progress
from .catalog import CatalogEntry, catalog_entry, tiny_entry
from .dnabert_encoder import DnabertEncoder
from .esm_encoder import EsmEncoder
from .files import ModelFiles, find_files
from .random_tokenizer import random_tokenizer_json

if TYPE_CHECKING:
    import torch

    from .resident import ResidentModel

ATTENTION = ("auto", "masked", "grouped", "varlen")


def prepare_model(settings: ModelSettings, entry: CatalogEntry | None = None) -> PreparedModel:
    """Finds and checks the files, makes the encoder; imports no torch. entry: instead of the catalog's, for tests.
    Raises SidecarError: no such model, no weights, those of another model, options that exclude each other."""
    entry = entry or catalog_entry(settings.embedder)
    if settings.attention not in ATTENTION:
        raise SidecarError(EMBEDDER, f"attention={settings.attention} is none of {', '.join(ATTENTION)}")
    if settings.attention == "varlen" and entry.family == "dnabert":
        raise SidecarError(EMBEDDER, "attention=varlen has no ALiBi, which DNABERT-S needs; use attention=auto")
    if settings.random_init is None:
        if settings.tiny is not None:
            raise SidecarError(EMBEDDER, "tiny sizes are for random weights: give randomInit too")
        files = find_files(entry, settings.weights)
        return Prepared(entry, settings, files, _read_encoder(entry, settings, files))
    if settings.weights is not None:
        raise SidecarError(EMBEDDER, "weights and randomInit exclude each other")
    entry = tiny_entry(entry, settings.tiny or {})
    return Prepared(entry, settings, None, _random_encoder(entry, settings))


class Prepared:
    """A `PreparedModel`."""

    def __init__(
        self,
        entry: CatalogEntry,
        settings: ModelSettings,
        files: ModelFiles | None,
        encoder: EsmEncoder | DnabertEncoder,
    ) -> None:
        self._entry = entry
        self._settings = settings
        self._files = files
        self._encoder = encoder

    @property
    def encoder(self) -> Encoder:
        return self._encoder

    @property
    def dim(self) -> int:
        return self._entry.shape.hidden

    @property
    def pooling(self) -> str:
        return self._entry.pooling

    def load(self, device: torch.device, dtype: torch.dtype, progress: Progress) -> ResidentModel:
        """Raises SidecarError: wrong weights, too little memory."""
        from .load import load_resident

        return load_resident(self._entry, self._settings, self._files, self._encoder, device, dtype, progress)


def load_model(settings: ModelSettings, device: torch.device, dtype: torch.dtype, progress: Progress) -> ResidentModel:
    """Both steps at once. Raises SidecarError."""
    prepared = prepare_model(settings)
    assert isinstance(prepared, Prepared)
    return prepared.load(device, dtype, progress)


def _read_encoder(entry: CatalogEntry, settings: ModelSettings, files: ModelFiles) -> EsmEncoder | DnabertEncoder:
    if files.tokenizer is None:
        return _esm_encoder(entry, settings)
    try:
        text = files.tokenizer.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SidecarError(EMBEDDER, f"{files.tokenizer} cannot be read: {error}") from error
    return _dnabert_encoder(entry, settings, text, str(files.tokenizer))


def _random_encoder(entry: CatalogEntry, settings: ModelSettings) -> EsmEncoder | DnabertEncoder:
    if entry.family == "esm2":
        return _esm_encoder(entry, settings)
    return _dnabert_encoder(entry, settings, random_tokenizer_json(entry.shape.vocabulary), "the tokenizer made here")


def _esm_encoder(entry: CatalogEntry, settings: ModelSettings) -> EsmEncoder:
    return EsmEncoder(settings.max_length or entry.max_length, settings.too_long, settings.unknown)


def _dnabert_encoder(entry: CatalogEntry, settings: ModelSettings, tokenizer: str, where: str) -> DnabertEncoder:
    max_length = settings.max_length or entry.max_length
    encoder = DnabertEncoder(tokenizer, where, max_length, settings.too_long, settings.unknown)
    if encoder.vocabulary_size > entry.shape.vocabulary:
        raise SidecarError(
            EMBEDDER,
            f"{where} has {encoder.vocabulary_size} tokens, the model {entry.shape.vocabulary}: they do not belong together",
        )
    return encoder
