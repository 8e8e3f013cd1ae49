"""DNABERT-S against a straightforward MosaicBERT forward, one sequence at a time in float32."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from model_support import (
    TINY_DNABERT,
    Options,
    cosines,
    dnabert_tensors,
    embed,
    load_folder,
    load_random,
    make_batch,
    random_sequences,
    write_model,
)
from torch.nn.functional import gelu, layer_norm

from virnucpro_sidecar.errors import SidecarError
from virnucpro_sidecar.models import EmbeddingModel
from virnucpro_sidecar.models.alibi import slopes
from virnucpro_sidecar.models.catalog import Shape

LENGTHS = (300, 7, 1, 120, 300, 64, 500, 33)


def alibi_slopes(heads: int) -> list[float]:
    """Written down from the paper, for 4, 6 and 8 heads."""
    eight = [2.0**-power for power in range(1, 9)]
    four = [2.0**-power for power in (2, 4, 6, 8)]
    return {8: eight, 4: four, 6: [*four, eight[0], eight[2]]}[heads]


def straightforward(tensors: Mapping[str, torch.Tensor], ids: torch.Tensor) -> torch.Tensor:
    """ids: [T] → the mean of the last hidden states of all T tokens"""
    shape = TINY_DNABERT.shape
    width = shape.hidden // shape.heads

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        return layer_norm(x, (shape.hidden,), tensors[f"{name}.weight"], tensors[f"{name}.bias"], 1e-12)

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return x @ tensors[f"{name}.weight"].T + tensors.get(f"{name}.bias", torch.zeros(()))

    positions = torch.arange(len(ids))
    distances = (positions[:, None] - positions[None, :]).abs()
    words = tensors["embeddings.word_embeddings.weight"][ids]
    x = norm(words + tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for index in range(shape.layers):
        layer = f"encoder.layer.{index}"
        q, k, v = linear(x, f"{layer}.attention.self.Wqkv").split(shape.hidden, -1)
        heads = []
        for head, slope in enumerate(alibi_slopes(shape.heads)):
            part = slice(head * width, (head + 1) * width)
            scores = q[:, part] @ k[:, part].T / width**0.5 - slope * distances
            heads.append(scores.softmax(-1) @ v[:, part])
        attended = linear(torch.cat(heads, -1), f"{layer}.attention.output.dense")
        x = norm(attended + x, f"{layer}.attention.output.LayerNorm")
        gate, value = linear(x, f"{layer}.mlp.gated_layers").split(shape.intermediate, -1)
        x = norm(linear(gelu(gate) * value, f"{layer}.mlp.wo") + x, f"{layer}.mlp.layernorm")
    return x.mean(0)


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    return dnabert_tensors()


@pytest.fixture(scope="module")
def folder(tensors: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("dnabert"), TINY_DNABERT, tensors)


def one_by_one(tensors: Mapping[str, torch.Tensor], model: EmbeddingModel, sequences: list[str]) -> torch.Tensor:
    return torch.stack([straightforward(tensors, make_batch(model, [sequence])[0][0]) for sequence in sequences])


@pytest.mark.parametrize("attention", ["masked", "grouped"])
def test_padded_batch_of_mixed_lengths_gives_what_each_gives_alone(
    tensors: dict[str, torch.Tensor], folder: Path, attention: str
) -> None:
    model = load_folder(TINY_DNABERT, folder, attention=attention)
    sequences = random_sequences("ACGTN", LENGTHS)
    assert (embed(model, sequences) - one_by_one(tensors, model, sequences)).abs().max() <= 1e-5


@pytest.mark.parametrize("attention", ["masked", "grouped"])
def test_equal_lengths_without_padding_give_what_each_gives_alone(
    tensors: dict[str, torch.Tensor], folder: Path, attention: str
) -> None:
    model = load_folder(TINY_DNABERT, folder, attention=attention)
    sequences = ["ACGTTGCA" * 30] * 3
    assert (embed(model, sequences) - one_by_one(tensors, model, sequences)).abs().max() <= 1e-5


@pytest.mark.parametrize("attention", ["masked", "grouped"])
def test_sequences_wider_than_any_table_of_biases_give_what_each_gives_alone(
    tensors: dict[str, torch.Tensor], folder: Path, attention: str
) -> None:
    model = load_folder(TINY_DNABERT, folder, attention=attention)
    sequences = ["N" * 2100, *random_sequences("ACGT", (4000,))]
    assert make_batch(model, sequences)[0].shape[1] > 2048
    assert (embed(model, sequences) - one_by_one(tensors, model, sequences)).abs().max() <= 1e-5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("attention", ["masked", "grouped"])
def test_16_bits_point_where_float32_points(dtype: torch.dtype, attention: str) -> None:
    entry = replace(TINY_DNABERT, shape=Shape(8, 96, 6, 192, 4096))
    sequences = random_sequences("ACGT", (300, 33, 7))
    expected = embed(load_random(entry), sequences)
    model = load_random(entry, dtype, Options(attention=attention))
    assert cosines(embed(model, sequences), expected).min() >= 0.999


def test_float32_recomputation_of_a_16_bit_model_is_closer_than_its_own_pass() -> None:
    sequences = random_sequences("ACGT", LENGTHS)
    expected = embed(load_random(TINY_DNABERT), sequences)
    model = load_random(TINY_DNABERT, torch.bfloat16)
    batch = make_batch(model, sequences)
    error = (model.embed_tokens_float32(*batch) - expected).norm()
    assert error < (model.embed_tokens(*batch) - expected).norm()


def test_order_of_rows_does_not_change_rows() -> None:
    model = load_random(TINY_DNABERT)
    sequences = random_sequences("ACGT", LENGTHS)
    order = [3, 0, 7, 1, 2, 5, 4, 6]
    shuffled = embed(model, [sequences[row] for row in order])
    assert (shuffled - embed(model, sequences)[order]).abs().max() <= 1e-5


def test_special_tokens_count_in_the_mean(tensors: dict[str, torch.Tensor], folder: Path) -> None:
    model = load_folder(TINY_DNABERT, folder)
    assert model.pooling == "mean-all-tokens"
    ids, _, lengths = make_batch(model, ["A"])
    assert lengths == [3]
    assert (embed(model, ["A"])[0] - straightforward(tensors, ids[0])).abs().max() <= 1e-5


@pytest.mark.parametrize("heads", [4, 6, 8])
def test_slopes_are_those_of_the_paper(heads: int) -> None:
    assert slopes(heads) == pytest.approx(alibi_slopes(heads))


def test_varlen_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(SidecarError, match="ALiBi"):
        load_random(TINY_DNABERT, options=Options(attention="varlen"))
