"""Real sidecar processes with real models of random weights; tests of the models themselves are elsewhere."""

from __future__ import annotations

import json
import random
import subprocess
from typing import Any

import numpy as np
import pytest
import torch

from virnucpro_sidecar.client import SidecarProcess
from virnucpro_sidecar.errors import EMBEDDER, SidecarError
from virnucpro_sidecar.settings import Settings
from virnucpro_sidecar.start import Loaded, load_model, prepare_model

TINY = {
    "esm2-8m": {"layers": 2, "hidden": 32, "heads": 4, "intermediate": 64},
    "dnabert-s": {"layers": 2, "hidden": 48, "heads": 12, "intermediate": 96},
}
LETTERS = {"esm2-8m": "ACDEFGHIKLMNPQRSTVWY", "dnabert-s": "ACGT"}


def settings(embedder: str, **more: Any) -> dict[str, Any]:
    return {"embedder": embedder, "randomInit": 3, "tiny": TINY[embedder], "device": "cpu", "tokenBudget": 512, **more}


def records_of(embedder: str, count: int, longest: int = 150) -> list[tuple[str, str]]:
    rng = random.Random(4)
    return [(f"r{at}", "".join(rng.choices(LETTERS[embedder], k=rng.randint(1, longest)))) for at in range(count)]


def embed_alone(loaded: Loaded, sequence: str) -> np.ndarray:
    """One sequence, in this process, without batches."""
    ids = torch.from_numpy(np.asarray(loaded.model.encoder.encode(sequence)))[None]
    return loaded.model.embed_tokens(ids, torch.tensor([ids.shape[1]]))[0].numpy()


@pytest.mark.parametrize("embedder", list(TINY))
def test_batches_of_shuffled_lengths_give_the_row_of_each_sequence_alone(embedder):
    parsed = Settings.parse(json.dumps(settings(embedder)))
    loaded = load_model(prepare_model(parsed), parsed, lambda _doing: None)
    records = records_of(embedder, 100)
    with SidecarProcess(settings(embedder, faults={"nanOn": ["r5"]}), output=subprocess.DEVNULL) as process:
        handshake = process.wait_ready()
        header, rows = process.embed(records)
    assert handshake["dim"] == rows.shape[1] == TINY[embedder]["hidden"]
    assert handshake["weights"] == "random-init:3"
    assert header["bad"] == []
    assert header["stats"]["float32Rows"] == 1
    for row, (_, sequence) in zip(rows, records, strict=True):
        np.testing.assert_allclose(row, embed_alone(loaded, sequence), atol=1e-5)


def test_letters_that_have_no_token_and_long_sequences_are_bad_records():
    records = [("a", "mkv*"), ("b", "MKJ"), ("c", ""), ("d", "A" * 11)]
    with SidecarProcess(settings("esm2-8m", maxLength=10), output=subprocess.DEVNULL) as process:
        process.wait_ready()
        header, rows = process.embed(records)
    assert [(item["index"], item["status"]) for item in header["bad"]] == [
        (1, "invalid"),
        (2, "invalid"),
        (3, "too_long"),
    ]
    assert "'J' at position 3" in header["bad"][0]["reason"]
    assert np.isfinite(rows[0]).all()


def test_end_of_stdin_ends_a_process_in_the_middle_of_computing():
    given = {**settings("esm2-8m"), "tiny": {"layers": 2, "hidden": 1280, "heads": 20, "intermediate": 5120}}
    with SidecarProcess(given, output=subprocess.DEVNULL) as process:
        process.wait_ready()
        process.send(1, [(f"r{at}", "A" * 1000) for at in range(500)])
        frame = process.read()
        assert frame is not None
        assert frame.header["pulse"] == "embed"
        assert process.close() == 0


def test_model_that_nobody_knows_fails_the_start_before_torch_is_imported():
    with SidecarProcess({"embedder": "esm3", "randomInit": 1}, output=subprocess.DEVNULL) as process:
        with pytest.raises(SidecarError, match="esm3"):
            process.wait_ready()
        assert process.process.wait(30) == 78


@pytest.mark.parametrize("package", ["torch", "numpy"])
def test_package_that_is_missing_fails_the_start_with_the_way_out(package, tmp_path, monkeypatch):
    text = f"raise ModuleNotFoundError(\"No module named '{package}'\", name='{package}')\n"
    (tmp_path / f"{package}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with SidecarProcess(settings("esm2-8m"), output=subprocess.DEVNULL) as process:
        with pytest.raises(SidecarError, match=f"cannot import {package}.*virnucpro setup-models") as caught:
            process.wait_ready()
        assert caught.value.type == EMBEDDER
        assert process.process.wait(30) == 78
