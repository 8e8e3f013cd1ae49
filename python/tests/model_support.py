"""What the tests of models share: settings, batches, letters, checkpoints of tiny models."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from virnucpro_sidecar.models import EmbeddingModel, prepare_model
from virnucpro_sidecar.models.catalog import CatalogEntry, Shape
from virnucpro_sidecar.models.random_tokenizer import random_tokenizer_json

# The machine that tests share with others is small; more threads would only wait for each other.
torch.set_num_threads(1)

CPU = torch.device("cpu")
RESIDUES = "LAGVSERTIDPKQNFYMHWCXBUZO"
TINY_ESM = CatalogEntry("esm2-tiny", "facebook/esm2_tiny", "esm2", Shape(3, 48, 4, 96, 33), 1024)
#: Six heads: the slopes of a number that is no power of two.
TINY_DNABERT = CatalogEntry("dnabert-tiny", "zhihan1996/tiny", "dnabert", Shape(3, 48, 6, 80, 4096), 10_000)


@dataclass(frozen=True)
class Options:
    """The settings that models read, with their defaults."""

    embedder: str = "esm2-8m"
    weights: str | None = None
    random_init: int | None = None
    tiny: Mapping[str, int] | None = None
    max_length: int | None = None
    too_long: str = "reject"
    unknown: str = "reject"
    attention: str = "auto"
    compile: bool = False


def load_folder(
    entry: CatalogEntry, folder: Path, dtype: torch.dtype = torch.float32, attention: str = "auto"
) -> EmbeddingModel:
    return prepare_model(Options(weights=str(folder), attention=attention), entry).load(CPU, dtype, lambda _: None)


def load_random(
    entry: CatalogEntry, dtype: torch.dtype = torch.float32, options: Options | None = None
) -> EmbeddingModel:
    options = replace(options or Options(), random_init=(options or Options()).random_init or 7)
    return prepare_model(options, entry).load(CPU, dtype, lambda _: None)


def make_batch(model: EmbeddingModel, sequences: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
    encoded = model.encoder.encode_many(sequences)
    assert all(isinstance(ids, np.ndarray) for ids in encoded)
    lengths = [len(ids) for ids in encoded]
    batch = torch.full((len(encoded), max(lengths)), model.encoder.pad_id)
    for row, ids in zip(batch, encoded, strict=True):
        row[: len(ids)] = torch.from_numpy(ids)
    return batch, torch.tensor(lengths), lengths


def embed(model: EmbeddingModel, sequences: Sequence[str]) -> torch.Tensor:
    return model.embed_tokens(*make_batch(model, sequences))


def random_sequences(letters: str, lengths: Sequence[int], seed: int = 0) -> list[str]:
    source = random.Random(seed)
    return ["".join(source.choices(letters, k=length)) for length in lengths]


def cosines(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cosine_similarity(a, b)


def random_tensors(shapes: Mapping[str, Sequence[int]], seed: int = 0) -> dict[str, torch.Tensor]:
    """Values that make every tensor matter: no bias is 0, no norm is 1."""
    generator = torch.Generator().manual_seed(seed)

    def make(name: str, shape: Sequence[int]) -> torch.Tensor:
        values = torch.randn(tuple(shape), generator=generator)
        if len(shape) > 1:
            return values if "embeddings" in name else values / shape[-1] ** 0.5
        return values * 0.3 + (0 if name.endswith("bias") else 1)

    return {name: make(name, shape) for name, shape in shapes.items()}


def esm_tensors(entry: CatalogEntry = TINY_ESM) -> dict[str, torch.Tensor]:
    """By the names of a published checkpoint, without a head."""
    hidden, intermediate = entry.shape.hidden, entry.shape.intermediate
    shapes: dict[str, Sequence[int]] = {"embeddings.word_embeddings.weight": (33, hidden)}
    for index in range(entry.shape.layers):
        layer = f"encoder.layer.{index}"
        for name, outputs, inputs in (
            *((f"attention.self.{part}", hidden, hidden) for part in ("query", "key", "value")),
            ("attention.output.dense", hidden, hidden),
            ("intermediate.dense", intermediate, hidden),
            ("output.dense", hidden, intermediate),
        ):
            shapes |= {f"{layer}.{name}.weight": (outputs, inputs), f"{layer}.{name}.bias": (outputs,)}
        for name in ("attention.LayerNorm", "LayerNorm"):
            shapes |= {f"{layer}.{name}.weight": (hidden,), f"{layer}.{name}.bias": (hidden,)}
    shapes |= {f"encoder.emb_layer_norm_after.{part}": (hidden,) for part in ("weight", "bias")}
    return random_tensors(shapes)


def dnabert_tensors(entry: CatalogEntry = TINY_DNABERT) -> dict[str, torch.Tensor]:
    hidden, intermediate = entry.shape.hidden, entry.shape.intermediate
    shapes: dict[str, Sequence[int]] = {
        "embeddings.word_embeddings.weight": (4096, hidden),
        "embeddings.token_type_embeddings.weight": (2, hidden),
        "embeddings.LayerNorm.weight": (hidden,),
        "embeddings.LayerNorm.bias": (hidden,),
    }
    for index in range(entry.shape.layers):
        layer = f"encoder.layer.{index}"
        shapes |= {
            f"{layer}.attention.self.Wqkv.weight": (3 * hidden, hidden),
            f"{layer}.attention.self.Wqkv.bias": (3 * hidden,),
            f"{layer}.attention.output.dense.weight": (hidden, hidden),
            f"{layer}.attention.output.dense.bias": (hidden,),
            f"{layer}.attention.output.LayerNorm.weight": (hidden,),
            f"{layer}.attention.output.LayerNorm.bias": (hidden,),
            f"{layer}.mlp.gated_layers.weight": (2 * intermediate, hidden),
            f"{layer}.mlp.wo.weight": (hidden, intermediate),
            f"{layer}.mlp.wo.bias": (hidden,),
            f"{layer}.mlp.layernorm.weight": (hidden,),
            f"{layer}.mlp.layernorm.bias": (hidden,),
        }
    return random_tensors(shapes)


def config_of(entry: CatalogEntry) -> dict[str, object]:
    shape = entry.shape
    sizes = {
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.intermediate,
        "vocab_size": shape.vocabulary,
    }
    if entry.family == "dnabert":
        return {**sizes, "model_type": "bert", "layer_norm_eps": 1e-12}
    return {
        **sizes,
        "model_type": "esm",
        "layer_norm_eps": 1e-5,
        "position_embedding_type": "rotary",
        "token_dropout": True,
        "emb_layer_norm_before": False,
    }


def write_model(
    folder: Path, entry: CatalogEntry, tensors: Mapping[str, torch.Tensor], *, pickled: bool = False
) -> Path:
    """A folder like a published one."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config_of(entry)))
    if entry.family == "dnabert":
        (folder / "tokenizer.json").write_text(random_tokenizer_json(entry.shape.vocabulary))
    if pickled:
        torch.save(dict(tensors), folder / "pytorch_model.bin")
    else:
        save_file(dict(tensors), folder / "model.safetensors")
    return folder
