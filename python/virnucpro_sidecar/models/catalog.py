"""The models that can be served, and how their published weights are recognised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from ..errors import EMBEDDER, SidecarError


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a transformer encoder."""

    layers: int
    hidden: int
    heads: int
    #: Width between the two matrices of the feed-forward part; DNABERT-S's first matrix makes two of them (GLU).
    intermediate: int
    vocabulary: int

    @property
    def head_width(self) -> int:
        return self.hidden // self.heads


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    name: str
    #: On the Hugging Face hub.
    model_id: str
    family: Literal["esm2", "dnabert"]
    shape: Shape
    #: Letters of the longest sequence, unless the settings say otherwise.
    max_length: int

    @property
    def pooling(self) -> str:
        """What the mean runs over: ESM-2 leaves `<cls>` and `<eos>` out, DNABERT-S's authors take every token."""
        return "mean-residues" if self.family == "esm2" else "mean-all-tokens"


def _esm2(name: str, model_id: str, layers: int, hidden: int, heads: int) -> CatalogEntry:
    shape = Shape(layers, hidden, heads, intermediate=4 * hidden, vocabulary=33)
    return CatalogEntry(name, model_id, "esm2", shape, max_length=1024)


CATALOG: Final[Mapping[str, CatalogEntry]] = {
    entry.name: entry
    for entry in (
        _esm2("esm2-3b", "facebook/esm2_t36_3B_UR50D", layers=36, hidden=2560, heads=40),
        _esm2("esm2-650m", "facebook/esm2_t33_650M_UR50D", layers=33, hidden=1280, heads=20),
        _esm2("esm2-150m", "facebook/esm2_t30_150M_UR50D", layers=30, hidden=640, heads=20),
        _esm2("esm2-8m", "facebook/esm2_t6_8M_UR50D", layers=6, hidden=320, heads=20),
        CatalogEntry(
            "dnabert-s", "zhihan1996/DNABERT-S", "dnabert", Shape(12, 768, 12, 3072, vocabulary=4096), max_length=10_000
        ),
    )
}


def catalog_entry(name: str) -> CatalogEntry:
    """Raises SidecarError if no model has this name."""
    entry = CATALOG.get(name)
    if entry is None:
        raise SidecarError(EMBEDDER, f"no model is called {name!r}; there are {', '.join(CATALOG)}")
    return entry


_OVERRIDES: Final = ("layers", "hidden", "heads", "intermediate")


def tiny_entry(entry: CatalogEntry, overrides: Mapping[str, int]) -> CatalogEntry:
    """The same model with other sizes, for tests with random weights. Raises SidecarError for sizes that cannot be."""
    for key, value in overrides.items():
        if key not in _OVERRIDES or not isinstance(value, int) or value < 1:
            raise SidecarError(
                EMBEDDER, f"tiny: {key}={value!r} is none of {', '.join(_OVERRIDES)} with a number from 1"
            )
    shape = replace(entry.shape, **overrides)
    if shape.hidden % shape.heads != 0 or shape.head_width % 2 != 0:
        raise SidecarError(
            EMBEDDER, f"tiny: hidden={shape.hidden} cannot be split into {shape.heads} heads of even width"
        )
    return replace(entry, shape=shape)


def check_config(entry: CatalogEntry, config: Mapping[str, Any], where: str) -> None:
    """Compares config.json with what the catalog says of the model. Raises SidecarError naming every difference."""
    wrong = [
        f"{key} is {_found(config, key)}, expected {expected!r}"
        for key, expected in _expected_config(entry).items()
        if not _equal(config.get(key), expected)
    ]
    if wrong:
        raise SidecarError(
            EMBEDDER,
            f"{where} does not describe {entry.model_id}: {'; '.join(wrong)}. "
            f"Give the folder of {entry.model_id} itself with --embedder-option weights=FOLDER, or choose the embedder "
            f"that these weights belong to.",
        )


def _found(config: Mapping[str, Any], key: str) -> str:
    return repr(config[key]) if key in config else "absent"


def _equal(found: Any, expected: object) -> bool:
    if expected is False:
        return found is None or found is False
    if isinstance(expected, float):
        return isinstance(found, float) and abs(found - expected) <= 1e-3 * expected
    return type(found) is type(expected) and bool(found == expected)


def _expected_config(entry: CatalogEntry) -> dict[str, object]:
    shape = entry.shape
    sizes: dict[str, object] = {
        "num_hidden_layers": shape.layers,
        "hidden_size": shape.hidden,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.intermediate,
        "vocab_size": shape.vocabulary,
    }
    if entry.family == "dnabert":
        return {"model_type": "bert", **sizes, "layer_norm_eps": 1e-12}
    return {
        "model_type": "esm",
        **sizes,
        "layer_norm_eps": 1e-5,
        "position_embedding_type": "rotary",
        "token_dropout": True,
        "emb_layer_norm_before": False,
    }
