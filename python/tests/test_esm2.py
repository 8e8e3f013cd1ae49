"""ESM-2 against transformers (4 or 5, whichever is installed), one sequence at a time in float32."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from model_support import (
    CPU,
    RESIDUES,
    TINY_ESM,
    Options,
    cosines,
    embed,
    load_folder,
    load_random,
    make_batch,
    random_sequences,
)

from virnucpro_sidecar.models import EmbeddingModel, prepare_model
from virnucpro_sidecar.models.catalog import Shape
from virnucpro_sidecar.models.rotary import RotaryTables, rotate

LENGTHS = (5, 166, 1, 77, 166, 120, 2, 33, 166, 400)


@pytest.fixture(scope="module")
def transformers() -> Any:
    return pytest.importorskip("transformers", reason="the golden reference needs transformers")


@pytest.fixture(scope="module")
def reference(transformers: Any) -> Any:
    shape = TINY_ESM.shape
    torch.manual_seed(3)
    config = transformers.EsmConfig(
        vocab_size=33,
        mask_token_id=32,
        pad_token_id=1,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=1026,
        position_embedding_type="rotary",
        token_dropout=True,
        emb_layer_norm_before=False,
        layer_norm_eps=1e-5,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = transformers.EsmForMaskedLM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * (0.3 if parameter.dim() == 1 else 0.1))
    return model


@pytest.fixture(scope="module")
def folder(reference: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("esm")
    reference.save_pretrained(path)
    return path


def one_by_one(reference: Any, model: EmbeddingModel, sequences: list[str]) -> torch.Tensor:
    means = []
    with torch.inference_mode():
        for sequence in sequences:
            ids, _, _ = make_batch(model, [sequence])
            hidden = reference.esm(ids, attention_mask=torch.ones_like(ids)).last_hidden_state
            means.append(hidden[0, 1:-1].mean(0))
    return torch.stack(means)


@pytest.mark.parametrize("attention", ["masked", "grouped"])
def test_padded_batch_of_mixed_lengths_gives_what_transformers_gives_alone(
    reference: Any, folder: Path, attention: str
) -> None:
    model = load_folder(TINY_ESM, folder, attention=attention)
    sequences = random_sequences(RESIDUES, LENGTHS)
    assert (embed(model, sequences) - one_by_one(reference, model, sequences)).abs().max() <= 1e-5


def test_equal_lengths_without_padding_give_what_transformers_gives(reference: Any, folder: Path) -> None:
    model = load_folder(TINY_ESM, folder)
    sequences = random_sequences(RESIDUES, (166,) * 5)
    assert (embed(model, sequences) - one_by_one(reference, model, sequences)).abs().max() <= 1e-5


def test_a_sequence_of_1024_residues_gives_what_transformers_gives(reference: Any, folder: Path) -> None:
    model = load_folder(TINY_ESM, folder)
    sequences = random_sequences(RESIDUES, (1024, 600))
    assert (embed(model, sequences) - one_by_one(reference, model, sequences)).abs().max() <= 1e-5


@pytest.mark.parametrize("head", [False, True], ids=["EsmModel", "EsmForMaskedLM"])
@pytest.mark.parametrize("pickled", [False, True], ids=["safetensors", "bin"])
@pytest.mark.parametrize("sharded", [False, True], ids=["one file", "shards"])
def test_every_way_that_transformers_saves_loads_to_the_same_model(
    reference: Any, folder: Path, tmp_path: Path, head: bool, pickled: bool, sharded: bool
) -> None:
    saved = reference if head else reference.esm
    size = "60KB" if sharded else "1GB"
    try:
        saved.save_pretrained(tmp_path, safe_serialization=not pickled, max_shard_size=size)
    except (TypeError, ValueError):
        pytest.skip("this version of transformers writes no .bin files")
    if pickled and not list(tmp_path.glob("*.bin")):
        pytest.skip("this version of transformers writes no .bin files")
    assert (len(list(tmp_path.glob("*.index.json"))) == 1) == sharded
    model = load_folder(TINY_ESM, tmp_path)
    expected = load_folder(TINY_ESM, folder)
    sequences = random_sequences(RESIDUES, (30, 12))
    assert torch.equal(embed(model, sequences), embed(expected, sequences))
    assert model.info.weights == expected.info.weights


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_16_bits_point_where_float32_points(dtype: torch.dtype) -> None:
    entry = replace(TINY_ESM, shape=Shape(8, 160, 10, 640, 33))
    sequences = random_sequences(RESIDUES, (5, 166, 33))
    expected = embed(load_random(entry), sequences)
    assert cosines(embed(load_random(entry, dtype), sequences), expected).min() >= 0.999


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_float32_recomputation_of_a_16_bit_model_is_closer_than_its_own_pass(dtype: torch.dtype) -> None:
    sequences = random_sequences(RESIDUES, LENGTHS)
    expected = embed(load_random(TINY_ESM), sequences)
    model = load_random(TINY_ESM, dtype)
    batch = make_batch(model, sequences)
    recomputed = model.embed_tokens_float32(*batch)
    assert recomputed.dtype == torch.float32
    error = (recomputed - expected).norm()
    assert error < (model.embed_tokens(*batch) - expected).norm()


def test_float32_recomputation_of_a_float32_model_changes_nothing() -> None:
    model = load_random(TINY_ESM)
    batch = make_batch(model, random_sequences(RESIDUES, LENGTHS))
    assert torch.equal(model.embed_tokens_float32(*batch), model.embed_tokens(*batch))


def test_rotary_tables_are_float32_and_right_to_the_last_position() -> None:
    cos, sin = RotaryTables(64, CPU).up_to(1026)
    assert cos.dtype == sin.dtype == torch.float32
    exact = torch.arange(1026).double()[:, None] / 10_000 ** (torch.arange(0, 64, 2).double() / 64)
    assert (cos[:1026] - exact.cos()).abs().max() < 1e-4
    assert (sin[:1026] - exact.sin()).abs().max() < 1e-4


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_rotation_of_16_bit_values_is_the_rounded_float32_rotation(dtype: torch.dtype) -> None:
    x = torch.randn(50, 2, 4, 16).to(dtype)
    cos, sin = (table[:50, None, None, :] for table in RotaryTables(16, CPU).up_to(50))
    expected = rotate(x.float(), cos, sin).to(dtype)
    assert torch.allclose(rotate(x, cos, sin).float(), expected.float(), rtol=1e-2, atol=1e-6)


def test_order_of_rows_does_not_change_rows() -> None:
    model = load_random(TINY_ESM)
    sequences = random_sequences(RESIDUES, LENGTHS)
    order = [3, 9, 0, 7, 1, 2, 8, 5, 4, 6]
    shuffled = embed(model, [sequences[row] for row in order])
    assert (shuffled - embed(model, sequences)[order]).abs().max() <= 1e-5


@pytest.mark.parametrize("attention", ["masked", "grouped"])
def test_padding_that_holds_any_token_changes_nothing(attention: str) -> None:
    model = load_random(TINY_ESM, options=Options(attention=attention))
    ids, lengths, host_lengths = make_batch(model, random_sequences(RESIDUES, (5, 60, 20)))
    other = ids.where(ids != model.encoder.pad_id, torch.full_like(ids, 9))
    assert torch.equal(model.embed_tokens(ids, lengths), model.embed_tokens(other, lengths, host_lengths))


def test_int32_ids_and_numpy_lengths_do_as_well() -> None:
    model = load_random(TINY_ESM)
    ids, lengths, _ = make_batch(model, random_sequences(RESIDUES, (5, 60, 20)))
    assert torch.equal(model.embed_tokens(ids.int(), lengths, lengths.numpy()), model.embed_tokens(ids, lengths))


def test_varlen_on_a_cpu_is_refused_with_the_way_out() -> None:
    with pytest.raises(Exception, match="attention=auto"):
        load_random(TINY_ESM, options=Options(attention="varlen"))


def test_info_tells_sizes_of_the_published_8m_model() -> None:
    model = prepare_model(Options(random_init=1)).load(CPU, torch.float32, lambda _: None)
    assert model.dim == 320
    assert model.pooling == "mean-residues"
    assert model.info.model == "facebook/esm2_t6_8M_UR50D"
    assert model.info.parameters == 7_408_960
    assert model.info.weights == "random-init:1"
