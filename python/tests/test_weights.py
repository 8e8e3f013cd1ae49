"""Where weights are found, what is refused and with which words, and their digest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from model_support import (
    CPU,
    RESIDUES,
    TINY_DNABERT,
    TINY_ESM,
    Options,
    config_of,
    dnabert_tensors,
    embed,
    esm_tensors,
    load_folder,
    random_sequences,
    write_model,
)

from virnucpro_sidecar.errors import EMBEDDER, EXIT_CONFIG, OUT_OF_MEMORY, SidecarError
from virnucpro_sidecar.models import memory, prepare_model
from virnucpro_sidecar.models.catalog import CATALOG, CatalogEntry

Tensors = dict[str, torch.Tensor]


def refusal(entry: CatalogEntry, folder: Path) -> str:
    with pytest.raises(SidecarError) as caught:
        load_folder(entry, folder)
    assert caught.value.type == EMBEDDER
    assert caught.value.exit_code == EXIT_CONFIG
    return caught.value.message


def prepare_elsewhere(settings: dict[str, object], **environment: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: prints the folder that was found or the refusal, and whether torch was imported."""
    program = (
        "import sys\n"
        "from types import SimpleNamespace\n"
        "from virnucpro_sidecar.errors import SidecarError\n"
        "from virnucpro_sidecar.models import prepare_model\n"
        "try:\n"
        f"    found = prepare_model(SimpleNamespace(**{settings!r}))._files.folder\n"
        "except SidecarError as error:\n"
        "    found = error.message\n"
        "print(found, 'torch' in sys.modules, sep='\\n')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), **environment},
        capture_output=True,
        text=True,
        check=True,
    )


SETTINGS: dict[str, object] = {
    "embedder": "esm2-8m",
    "weights": None,
    "random_init": None,
    "tiny": None,
    "max_length": None,
    "too_long": "reject",
    "unknown": "reject",
    "attention": "auto",
    "compile": False,
}


def test_weights_that_are_not_in_the_cache_are_refused_without_torch_and_with_the_way_out(tmp_path: Path) -> None:
    answer, torch_imported = prepare_elsewhere(SETTINGS, HF_HOME=str(tmp_path)).stdout.splitlines()
    assert torch_imported == "False"
    assert f"facebook/esm2_t6_8M_UR50D is not in the Hugging Face cache {tmp_path / 'hub'}" in answer
    assert "download facebook/esm2_t6_8M_UR50D`" in answer
    for way_out in ("--embedder-option weights=FOLDER", "HF_HOME", "--random-init"):
        assert way_out in answer


@pytest.mark.parametrize("offline", ["0", "1"])
def test_weights_in_the_cache_are_found_by_the_catalogs_id(tmp_path: Path, offline: str) -> None:
    snapshot = tmp_path / "hub" / "models--facebook--esm2_t6_8M_UR50D" / "snapshots" / ("a" * 40)
    refs = snapshot.parent.parent / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text("a" * 40)
    write_model(snapshot, CATALOG["esm2-8m"], {})
    found = prepare_elsewhere(SETTINGS, HF_HOME=str(tmp_path), HF_HUB_OFFLINE=offline).stdout.splitlines()
    assert found == [str(snapshot), "False"]


@pytest.mark.parametrize("weights", ["/no/such/folder", "./missing", "missing", "a/b/c", "~/no-such-model"])
def test_a_folder_that_is_not_there_is_refused_by_its_full_path(weights: str) -> None:
    with pytest.raises(SidecarError, match="no weights for esm2-8m: there is no folder /"):
        prepare_model(Options(weights=weights))


def test_an_id_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(SidecarError, match="neither a folder nor a Hugging Face id"):
        prepare_model(Options(weights="some one/.."))


def test_no_model_of_that_name() -> None:
    with pytest.raises(SidecarError, match="no model is called 'esm3'; there are esm2-3b, esm2-650m"):
        prepare_model(Options(embedder="esm3"))


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json"])
def test_a_folder_without_one_of_the_files_is_refused(tmp_path: Path, missing: str) -> None:
    write_model(tmp_path, TINY_DNABERT, dnabert_tensors())
    (tmp_path / missing).unlink()
    assert f"{tmp_path} has no {missing}" in refusal(TINY_DNABERT, tmp_path)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path, TINY_ESM, {})
    (tmp_path / "model.safetensors").unlink()
    assert f"{tmp_path} has none of model.safetensors, pytorch_model.bin" in refusal(TINY_ESM, tmp_path)


def test_weights_of_another_size_are_refused_by_their_config(tmp_path: Path) -> None:
    write_model(tmp_path, CATALOG["esm2-150m"], {})
    message = refusal(CATALOG["esm2-8m"], tmp_path)
    assert "config.json does not describe facebook/esm2_t6_8M_UR50D: num_hidden_layers is 30, expected 6" in message
    assert "choose the embedder that these weights belong to" in message


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"token_dropout": False}, "token_dropout is False, expected True"),
        ({"position_embedding_type": "absolute"}, "position_embedding_type is 'absolute', expected 'rotary'"),
        ({"emb_layer_norm_before": True}, "emb_layer_norm_before is True, expected False"),
        ({"model_type": "bert"}, "model_type is 'bert', expected 'esm'"),
        ({"hidden_size": None}, "hidden_size is None, expected 48"),
    ],
)
def test_a_config_that_computes_something_else_is_refused(
    tmp_path: Path, change: dict[str, object], found: str
) -> None:
    write_model(tmp_path, TINY_ESM, esm_tensors())
    (tmp_path / "config.json").write_text(json.dumps({**config_of(TINY_ESM), **change}))
    assert found in refusal(TINY_ESM, tmp_path)


def without(name: str) -> Callable[[Tensors], None]:
    return lambda tensors: tensors.__delitem__(name)


def adding(name: str, *shape: int) -> Callable[[Tensors], None]:
    return lambda tensors: tensors.__setitem__(name, torch.zeros(shape))


@pytest.mark.parametrize("pickled", [False, True], ids=["safetensors", "bin"])
@pytest.mark.parametrize(
    ("change", "found"),
    [
        (without("encoder.layer.1.output.dense.bias"), "missing: encoder.layer.1.output.dense.bias."),
        (adding("encoder.layer.7.output.dense.bias", 48), "unexpected: encoder.layer.7.output.dense.bias."),
        (
            adding("encoder.layer.1.output.dense.bias", 47),
            "of another shape: encoder.layer.1.output.dense.bias [47] instead of [48].",
        ),
    ],
    ids=["missing", "unexpected", "shape"],
)
def test_tensors_that_do_not_match_are_named(
    tmp_path: Path, change: Callable[[Tensors], None], found: str, pickled: bool
) -> None:
    tensors = esm_tensors()
    change(tensors)
    message = refusal(TINY_ESM, write_model(tmp_path, TINY_ESM, tensors, pickled=pickled))
    assert f"the weights in {tmp_path} are not those of facebook/esm2_tiny: {found}" in message
    assert "--embedder-option weights=FOLDER" in message


def test_a_long_list_of_missing_tensors_is_cut(tmp_path: Path) -> None:
    message = refusal(TINY_ESM, write_model(tmp_path, TINY_ESM, {}))
    assert "and 46 more" in message
    assert len(message) < 1000


def test_a_stock_bert_given_as_dnabert_s_is_refused_with_the_reason(tmp_path: Path) -> None:
    tensors = dnabert_tensors()
    for name in [name for name in tensors if "Wqkv" in name or ".mlp." in name]:
        del tensors[name]
    for part in ("query", "key", "value"):
        for index in range(TINY_DNABERT.shape.layers):
            tensors[f"encoder.layer.{index}.attention.self.{part}.weight"] = torch.zeros(48, 48)
    message = refusal(TINY_DNABERT, write_model(tmp_path, TINY_DNABERT, tensors))
    assert "missing: encoder.layer.0.attention.self.Wqkv.bias" in message
    assert "These are a stock BERT's" in message


@pytest.mark.parametrize(
    ("entry", "prefix", "extra"),
    [
        (TINY_ESM, "esm.", {"lm_head.bias", "esm.contact_head.regression.weight", "esm.embeddings.position_ids"}),
        (TINY_DNABERT, "bert.", {"cls.predictions.bias", "bert.pooler.dense.weight", "bert.embeddings.position_ids"}),
    ],
)
def test_heads_and_prefixes_change_neither_values_nor_digest(
    tmp_path: Path, entry: CatalogEntry, prefix: str, extra: set[str]
) -> None:
    tensors = esm_tensors() if entry.family == "esm2" else dnabert_tensors()
    plain = load_folder(entry, write_model(tmp_path / "plain", entry, tensors))
    prefixed = {prefix + name: tensor for name, tensor in tensors.items()} | {name: torch.zeros(2, 2) for name in extra}
    other = load_folder(entry, write_model(tmp_path / "head", entry, prefixed, pickled=True))
    sequences = random_sequences("ACGT", (9, 30))
    assert torch.equal(embed(plain, sequences), embed(other, sequences))
    assert plain.info == other.info
    assert plain.info.weights.startswith("sha256:")


def test_shards_load_to_the_same_digest(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    tensors = esm_tensors()
    whole = load_folder(TINY_ESM, write_model(tmp_path / "whole", TINY_ESM, tensors))
    folder = write_model(tmp_path / "shards", TINY_ESM, {})
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    files = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, part in files.items():
        save_file({name: tensors[name] for name in part}, folder / file)
    index = {"weight_map": {name: file for file, part in files.items() for name in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert load_folder(TINY_ESM, folder).info == whole.info
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert "has no model-00002-of-00002.safetensors, which its index names" in refusal(TINY_ESM, folder)
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../../etc/passwd"}}')
    assert "names files outside of its folder" in refusal(TINY_ESM, folder)


def test_the_digest_tells_values_and_dtypes_apart(tmp_path: Path) -> None:
    tensors = esm_tensors()
    changed = {name: tensor.clone() for name, tensor in tensors.items()}
    changed["encoder.layer.2.output.dense.bias"][3] += 1e-3
    half = {name: tensor.half() for name, tensor in tensors.items()}
    digests = {
        load_folder(TINY_ESM, write_model(tmp_path / str(number), TINY_ESM, variant)).info.weights
        for number, variant in enumerate((tensors, changed, half))
    }
    assert len(digests) == 3


def test_the_dtype_to_compute_in_does_not_change_the_digest(tmp_path: Path) -> None:
    folder = write_model(tmp_path, TINY_ESM, esm_tensors())
    assert load_folder(TINY_ESM, folder, torch.bfloat16).info == load_folder(TINY_ESM, folder).info


def test_weights_stored_in_16_bits_load_into_float32(tmp_path: Path) -> None:
    stored = {name: tensor.bfloat16() for name, tensor in esm_tensors().items()}
    model = load_folder(TINY_ESM, write_model(tmp_path / "16", TINY_ESM, stored))
    rounded = {name: tensor.float() for name, tensor in stored.items()}
    expected = load_folder(TINY_ESM, write_model(tmp_path / "32", TINY_ESM, rounded))
    sequences = random_sequences(RESIDUES, (9, 30))
    assert torch.equal(embed(model, sequences), embed(expected, sequences))


def test_weights_that_are_whole_numbers_are_refused(tmp_path: Path) -> None:
    tensors = esm_tensors()
    name = "encoder.layer.1.output.dense.bias"
    tensors[name] = tensors[name].to(torch.int8)
    assert f"{name} is stored as torch.int8" in refusal(TINY_ESM, write_model(tmp_path, TINY_ESM, tensors))


@pytest.mark.parametrize("pickled", [False, True], ids=["safetensors", "bin"])
def test_a_file_cut_short_is_refused(tmp_path: Path, pickled: bool) -> None:
    write_model(tmp_path, TINY_ESM, esm_tensors(), pickled=pickled)
    path = tmp_path / ("pytorch_model.bin" if pickled else "model.safetensors")
    os.truncate(path, path.stat().st_size // 2)
    message = refusal(TINY_ESM, tmp_path)
    assert f"{path} cannot be read as weights" in message
    assert "download the model again" in message


def test_a_bin_of_the_old_format_loads(tmp_path: Path) -> None:
    tensors = esm_tensors()
    expected = load_folder(TINY_ESM, write_model(tmp_path / "new", TINY_ESM, tensors)).info
    folder = write_model(tmp_path / "old", TINY_ESM, tensors, pickled=True)
    torch.save(tensors, folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    assert load_folder(TINY_ESM, folder).info == expected


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path, TINY_ESM, {}, pickled=True)
    torch.save({"a": Path("/")}, tmp_path / "pytorch_model.bin")
    assert "cannot be read as weights" in refusal(TINY_ESM, tmp_path)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "run `git lfs pull`"),
        (b"", "is empty; download the model again"),
    ],
)
def test_a_file_that_only_stands_for_weights_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    write_model(tmp_path, TINY_ESM, {})
    (tmp_path / "model.safetensors").write_bytes(content)
    assert found in refusal(TINY_ESM, tmp_path)


def test_a_tokenizer_larger_than_the_vocabulary_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path, TINY_DNABERT, dnabert_tensors())
    path = tmp_path / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["vocab"]["ACGTACGTACGT"] = 4096
    path.write_text(json.dumps(content))
    assert "has 4097 tokens, the model 4096" in refusal(TINY_DNABERT, tmp_path)


def test_too_little_memory_is_told_before_anything_is_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda _: 3 * 2**30)
    with pytest.raises(SidecarError) as caught:
        prepare_model(Options("esm2-3b", random_init=1)).load(CPU, torch.bfloat16, lambda _: None)
    assert caught.value.type == OUT_OF_MEMORY
    assert "esm2-3b needs 5.8 GiB in bfloat16, and cpu has 3.0 GiB free" in caught.value.message


def test_available_memory_of_this_machine_is_known() -> None:
    available = memory.available_memory(CPU)
    assert available is None or available > 0


def test_loading_reports_progress(tmp_path: Path) -> None:
    said: list[str] = []
    folder = write_model(tmp_path, TINY_ESM, esm_tensors())
    prepare_model(Options(weights=str(folder)), TINY_ESM).load(CPU, torch.float32, said.append)
    assert said[0] == "reading weights"
