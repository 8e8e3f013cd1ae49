"""Settings of a sidecar."""

from __future__ import annotations

import json

import pytest

from virnucpro_sidecar.errors import EMBEDDER, SidecarError
from virnucpro_sidecar.faults import FaultSettings
from virnucpro_sidecar.settings import Settings


def test_name_of_a_model_alone_gives_the_defaults():
    settings = Settings.parse('{"embedder": "esm2-3b"}')
    assert (settings.embedder, settings.weights, settings.random_init, settings.tiny) == ("esm2-3b", None, None, None)
    assert (settings.dtype, settings.device, settings.attention, settings.compile) == ("auto", "auto", "auto", False)
    assert (settings.token_budget, settings.max_length) == (16_384, None)
    assert (settings.too_long, settings.unknown, settings.faults) == ("reject", "reject", FaultSettings())


def test_every_key_is_taken_and_null_is_left_out():
    given = {
        "embedder": "esm2-8m",
        "weights": None,
        "randomInit": 0,
        "tiny": {"layers": 2, "hidden": 64},
        "dtype": "bfloat16",
        "device": "cuda",
        "tokenBudget": 4096,
        "maxLength": 100,
        "tooLong": "truncate",
        "unknown": "replace",
        "attention": "masked",
        "sdpa": "flash",
        "compile": True,
        "faults": {"oomAbove": 100, "nanOn": ["a", "b"], "garbage": True},
    }
    settings = Settings.parse(json.dumps(given))
    assert settings.random_init == 0
    assert settings.tiny == {"layers": 2, "hidden": 64}
    assert (settings.token_budget, settings.max_length) == (4096, 100)
    assert (settings.sdpa, settings.compile) == ("flash", True)
    assert settings.faults == FaultSettings(oomAbove=100, nanOn=("a", "b"), garbage=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a JSON object"),
        ("[]", "expected a JSON object"),
        ("{}", "embedder is missing"),
        ('{"embedder": 3}', "embedder: expected the name of a model, found 3"),
        ('{"embedder": "e", "weight": "x"}', "unknown: weight; known are embedder, weights"),
        ('{"embedder": "e", "dtype": "fp16"}', "dtype: expected one of auto, float32"),
        ('{"embedder": "e", "tokenBudget": 0}', "tokenBudget: expected a whole number from 1"),
        ('{"embedder": "e", "tokenBudget": 1.5}', "tokenBudget: expected a whole number"),
        ('{"embedder": "e", "maxLength": true}', "maxLength: expected a whole number"),
        ('{"embedder": "e", "compile": 1}', "compile: expected true or false"),
        ('{"embedder": "e", "randomInit": -1}', "randomInit: expected a seed"),
        ('{"embedder": "e", "randomInit": 1, "weights": "f"}', "exclude each other"),
        ('{"embedder": "e", "randomInit": 1, "tiny": {"layers": 0}}', "tiny: expected an object of whole numbers"),
        ('{"embedder": "e", "tiny": {"layers": 1}}', "for tests, with randomInit only"),
        ('{"embedder": "e", "faults": {"garbage": true}}', "for tests, with randomInit only"),
        ('{"embedder": "e", "randomInit": 1, "faults": {"oom": 1}}', "faults: oom: unknown"),
        ('{"embedder": "e", "randomInit": 1, "faults": {"oomOn": "r1"}}', "faults: oomOn"),
        ('{"embedder": "e", "randomInit": 1, "faults": {"garbage": 1}}', "faults: garbage"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_what_is_expected(text: str, message: str):
    with pytest.raises(SidecarError, match=message) as caught:
        Settings.parse(text)
    assert caught.value.type == EMBEDDER
    assert caught.value.exit_code == 78
