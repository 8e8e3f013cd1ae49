"""Random weights: the same for the same seed, in every dtype, and sizes of the settings."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from model_support import CPU, RESIDUES, TINY_ESM, Options, embed, load_random, random_sequences

from virnucpro_sidecar.errors import SidecarError
from virnucpro_sidecar.models import prepare_model
from virnucpro_sidecar.models.catalog import Shape
from virnucpro_sidecar.models.esm2 import Esm2
from virnucpro_sidecar.models.parameters import Parameters
from virnucpro_sidecar.models.random_init import fill_randomly

SEQUENCES = random_sequences(RESIDUES, (20, 166, 3))
#: The start of layer 0's query for seed 5; a change of the recipe would change every rehearsal's embeddings.
QUERY = [-0.232231349, -0.247880831, -0.0823558867]
TINY = {"layers": 2, "hidden": 32, "heads": 2, "intermediate": 64}


def filled(dtype: torch.dtype, seed: int = 5, shape: Shape = TINY_ESM.shape) -> dict[str, torch.Tensor]:
    parameters = Parameters(CPU, dtype)
    Esm2(shape, parameters)
    fill_randomly(parameters.places, shape, seed, CPU, lambda _: None)
    return {name: place.view for name, place in parameters.places.items()}


def test_the_same_seed_gives_the_same_model_and_another_seed_another() -> None:
    first, again, other = (
        embed(load_random(TINY_ESM, options=Options(random_init=seed)), SEQUENCES) for seed in (3, 3, 4)
    )
    assert torch.equal(first, again)
    assert not torch.allclose(first, other, atol=0.1)


def test_values_are_those_that_were_worked_out_once() -> None:
    weight = filled(torch.float32)["encoder.layer.0.attention.self.query.weight"]
    assert weight[0, :3].tolist() == pytest.approx(QUERY, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_16_bits_are_the_rounded_float32(dtype: torch.dtype) -> None:
    exact = filled(torch.float32)
    assert all(torch.equal(tensor, exact[name].to(dtype)) for name, tensor in filled(dtype).items())


def test_a_matrix_larger_than_the_block_of_random_numbers_repeats_no_row() -> None:
    shape = Shape(layers=1, hidden=1024, heads=16, intermediate=5000, vocabulary=33)
    matrix = filled(torch.float32, shape=shape)["encoder.layer.0.output.dense.weight"]
    assert matrix.numel() > 4_194_319
    assert len(torch.unique(matrix[:, :4], dim=0)) == 1024


def test_different_sequences_get_different_embeddings_of_moderate_size() -> None:
    found = embed(load_random(TINY_ESM), SEQUENCES)
    assert torch.isfinite(found).all()
    assert 0.05 < found.abs().mean() < 2
    assert torch.cdist(found, found).fill_diagonal_(9).min() > 0.1


@pytest.mark.parametrize("embedder", ["esm2-3b", "dnabert-s"])
def test_tiny_sizes_of_the_settings_are_taken(embedder: str) -> None:
    model = prepare_model(Options(embedder, random_init=2, tiny=TINY)).load(CPU, torch.float32, lambda _: None)
    assert model.dim == 32
    assert model.info.weights == "random-init:2"
    assert embed(model, ["ACGT" * 9, "A"]).shape == (2, 32)


@pytest.mark.parametrize(
    ("tiny", "message"),
    [
        ({"vocabulary": 9}, "tiny: vocabulary=9 is none of layers, hidden, heads, intermediate"),
        ({"layers": 0}, "layers=0"),
        ({"hidden": 30, "heads": 4}, "hidden=30 cannot be split into 4 heads"),
        ({"hidden": 6, "heads": 2}, "hidden=6 cannot be split into 2 heads of even width"),
    ],
)
def test_sizes_that_cannot_be_are_refused(tiny: dict[str, int], message: str) -> None:
    with pytest.raises(SidecarError, match=message):
        prepare_model(Options(random_init=2, tiny=tiny))


@pytest.mark.parametrize(
    "options",
    [Options(tiny=TINY), Options(weights="some/model", random_init=1), Options(random_init=1, attention="flash")],
    ids=["tiny without randomInit", "weights and randomInit", "unknown attention"],
)
def test_settings_that_exclude_each_other_are_refused(options: Options) -> None:
    with pytest.raises(SidecarError):
        prepare_model(replace(options, embedder="esm2-8m"))
