"""The settings of a sidecar: one JSON object, the process's only argument. Unknown keys are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import EMBEDDER, SidecarError
from .faults import FaultSettings

DTYPES = ("auto", "float32", "bfloat16", "float16")
DEVICES = ("auto", "cpu", "cuda")
TOO_LONG = ("reject", "truncate")
UNKNOWN = ("reject", "replace")
SDPA = ("auto", "flash", "efficient", "cudnn", "math")

_MAX_SEED = 2**63 - 1
_MAX_LENGTH = 2**28
_MAX_TOKEN_BUDGET = 2**24


@dataclass(frozen=True)
class Settings:
    """How one sidecar is set up; the comments name the JSON keys that differ."""

    embedder: str
    #: A local folder or a Hugging Face id; None: the published one.
    weights: str | None
    #: `randomInit`: seed of random weights instead of published ones.
    random_init: int | None
    #: Overrides of the architecture (layers, hidden, heads, intermediate, …), for tests; only with `random_init`.
    tiny: Mapping[str, int] | None
    dtype: str
    device: str
    #: `tokenBudget`: most tokens of a batch on the device, padding included.
    token_budget: int
    #: `maxLength`: longest sequence, in letters; None: that of the model's catalog entry.
    max_length: int | None
    #: `tooLong`
    too_long: str
    unknown: str
    #: Which attention path; the model knows which there are.
    attention: str
    #: torch's implementation of scaled dot product attention; auto: torch chooses for each call.
    sdpa: str
    compile: bool
    faults: FaultSettings

    @staticmethod
    def parse(text: str) -> Settings:
        """
        :param text: the JSON object
        :raises SidecarError: ``EmbeddingError.Embedder``, naming the key, what was found and what is expected
        """
        values = _Values(_object(text))
        settings = Settings(
            embedder=values.required("embedder", "the name of a model"),
            weights=values.optional("weights", str, "a folder or a Hugging Face id", lambda text: text != ""),
            random_init=values.optional("randomInit", int, "a seed from 0", lambda seed: 0 <= seed <= _MAX_SEED),
            tiny=values.optional("tiny", dict, "an object of whole numbers above 0", _is_whole_numbers),
            dtype=values.choice("dtype", DTYPES, "auto"),
            device=values.choice("device", DEVICES, "auto"),
            token_budget=values.count("tokenBudget", _MAX_TOKEN_BUDGET) or 16_384,
            max_length=values.count("maxLength", _MAX_LENGTH),
            too_long=values.choice("tooLong", TOO_LONG, "reject"),
            unknown=values.choice("unknown", UNKNOWN, "reject"),
            attention=values.optional("attention", str, "the name of an attention path") or "auto",
            sdpa=values.choice("sdpa", SDPA, "auto"),
            compile=values.optional("compile", bool, "true or false") or False,
            faults=FaultSettings.parse(values.optional("faults", dict, "an object") or {}),
        )
        values.refuse_rest()
        _check_weights(settings)
        return settings


def _check_weights(settings: Settings) -> None:
    if settings.random_init is None:
        if settings.tiny is not None or settings.faults != FaultSettings():
            raise SidecarError(EMBEDDER, "settings: tiny and faults are for tests, with randomInit only")
    elif settings.weights is not None:
        raise SidecarError(EMBEDDER, "settings: weights and randomInit exclude each other")


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise SidecarError(EMBEDDER, f"settings: expected a JSON object: {error}") from error
    if not isinstance(value, dict):
        raise SidecarError(EMBEDDER, f"settings: expected a JSON object, found {text[:80]}")
    return value


def _is_whole_numbers(value: Mapping[str, Any]) -> bool:
    return all(type(number) is int and number > 0 for number in value.values())


class _Values:
    """Takes values out of an object, so that what is left is what nobody knows. A null counts as left out."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = dict(values)
        self._known: list[str] = []

    def optional(self, key: str, type_: type, expected: str, accepts: Callable[[Any], bool] = lambda _: True) -> Any:
        self._known.append(key)
        value = self._values.pop(key, None)
        # bool is a subclass of int.
        if value is None or (type(value) is type_ and accepts(value)):
            return value
        raise SidecarError(EMBEDDER, f"settings: {key}: expected {expected}, found {json.dumps(value)}")

    def required(self, key: str, expected: str) -> str:
        value: str | None = self.optional(key, str, expected)
        if value is None:
            raise SidecarError(EMBEDDER, f"settings: {key} is missing; expected {expected}")
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        value: str | None = self.optional(key, str, f"one of {', '.join(choices)}", lambda text: text in choices)
        return default if value is None else value

    def count(self, key: str, most: int) -> int | None:
        value: int | None = self.optional(
            key, int, f"a whole number from 1 to {most}", lambda number: 1 <= number <= most
        )
        return value

    def refuse_rest(self) -> None:
        if self._values:
            unknown = ", ".join(sorted(self._values))
            raise SidecarError(EMBEDDER, f"settings: unknown: {unknown}; known are {', '.join(self._known)}")
