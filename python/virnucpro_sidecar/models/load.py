"""Allocates a network, fills it, and proves the attention path that was asked for."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812

from ..errors import EMBEDDER, SidecarError
from .base import ModelInfo, ModelSettings, Progress
from .catalog import CatalogEntry
from .checkpoint import load_checkpoint
from .dnabert import MosaicBert
from .dnabert_encoder import DnabertEncoder
from .esm2 import Esm2
from .esm_encoder import EsmEncoder
from .files import ModelFiles
from .memory import check_memory
from .parameters import Parameters
from .random_init import fill_randomly
from .resident import BatchRunner, ResidentModel

#: 1 - cosine between two attention paths in 16 bits; a wrong one is off by far more.
_VARLEN_TOLERANCE = 2e-3


def load_resident(
    entry: CatalogEntry,
    settings: ModelSettings,
    files: ModelFiles | None,
    encoder: EsmEncoder | DnabertEncoder,
    device: torch.device,
    dtype: torch.dtype,
    progress: Progress,
) -> ResidentModel:
    """files: None for random weights. Raises SidecarError."""
    check_memory(entry, _count_parameters(entry), device, dtype)
    parameters = Parameters(device, dtype)
    network = _build(entry, parameters, compile=settings.compile)
    if files is not None:
        weights = load_checkpoint(entry, files, parameters.places, progress)
    else:
        assert settings.random_init is not None
        fill_randomly(parameters.places, entry.shape, settings.random_init, device, progress)
        weights = f"random-init:{settings.random_init}"
    attention = _attention(settings.attention, device)
    if settings.compile:
        progress("compiling, which can take minutes")
        _run_sample(network, "masked", device, dtype)
    if attention == "varlen":
        progress("comparing attention paths")
        assert isinstance(network, Esm2)
        _prove_varlen(network, device, dtype)
    return ResidentModel(
        BatchRunner(network, attention, device, dtype),
        encoder,
        ModelInfo(entry.model_id, weights, parameters.count, encoder.digest, attention),
        entry.shape.hidden,
        entry.pooling,
        dtype,
    )


def _build(entry: CatalogEntry, parameters: Parameters, *, compile: bool) -> Esm2 | MosaicBert:
    if entry.family == "esm2":
        return Esm2(entry.shape, parameters, compile=compile)
    return MosaicBert(entry.shape, parameters, compile=compile)


def _count_parameters(entry: CatalogEntry) -> int:
    """Without allocating them. Calls no operator on the meta device, which would import a compiler for seconds."""
    parameters = Parameters(torch.device("meta"), torch.float32)
    _build(entry, parameters, compile=False)
    return parameters.count


def _attention(asked: str, device: torch.device) -> str:
    if asked != "auto":
        return asked
    return "grouped" if device.type == "cpu" else "masked"


def _run_sample(network: Esm2 | MosaicBert, attention: str, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """A small batch with padding; ids that both vocabularies have."""
    host_lengths = [3, 17, 17, 64, 99]
    lengths = torch.tensor(host_lengths, device=device)
    ids = torch.arange(len(host_lengths) * max(host_lengths), device=device) * 7 % 20 + 4
    runner = BatchRunner(network, attention, device, dtype)
    return runner.run(ids.view(len(host_lengths), -1), lengths, host_lengths, dtype).cpu()


def _prove_varlen(network: Esm2, device: torch.device, dtype: torch.dtype) -> None:
    """Raises SidecarError if sequences laid end to end get other embeddings than padded ones."""
    found, expected = (_run_sample(network, attention, device, dtype) for attention in ("varlen", "masked"))
    difference = float((1 - F.cosine_similarity(found, expected)).max())
    if not difference <= _VARLEN_TOLERANCE:
        raise SidecarError(
            EMBEDDER,
            f"attention=varlen gives other embeddings than attention=masked on this device (1 - cosine up to "
            f"{difference:.1e}, expected at most {_VARLEN_TOLERANCE:.0e}); use attention=auto",
        )
