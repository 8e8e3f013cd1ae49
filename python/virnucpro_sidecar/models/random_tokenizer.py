"""A tokenizer.json for DNABERT-S with random weights: the recipe of the published one, with a vocabulary that is worked out
instead of learnt. Like the published one it makes about one token of five bases (0.22 tokens for each base)."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import Any, Final

_SPECIAL: Final = ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]")
_LONGEST_WORD: Final = 6


def random_tokenizer_json(vocabulary: int) -> str:
    """vocabulary: how many tokens there are, special ones included (4096: all words of 1 to 5 bases, 2727 of 6)."""
    words = list(itertools.islice(_words(), vocabulary - len(_SPECIAL)))
    return json.dumps(_tokenizer({token: number for number, token in enumerate((*_SPECIAL, *words))}, _merges(words)))


def _words() -> itertools.chain[str]:
    """By length; those of a length in an order that only looks random, so that a cut leaves no base out."""
    return itertools.chain.from_iterable(
        sorted(map("".join, itertools.product("ACGT", repeat=length)), key=_scattered)
        for length in range(1, _LONGEST_WORD + 1)
    )


def _scattered(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


def _merges(words: list[str]) -> list[str]:
    """Every way to make a word of two shorter ones. Even lengths come first, which leaves fewer single bases over."""
    ordered = sorted((word for word in words if len(word) > 1), key=lambda word: (len(word) % 2, len(word)))
    return [f"{word[:cut]} {word[cut:]}" for word in ordered for cut in _cuts(len(word))]


def _cuts(length: int) -> list[int]:
    return sorted(range(1, length), key=lambda cut: abs(2 * cut - length))


def _tokenizer(vocabulary: dict[str, int], merges: list[str]) -> dict[str, Any]:
    def special(token: str) -> dict[str, Any]:
        return {"id": token, "ids": [vocabulary[token]], "tokens": [token]}

    ends = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
    sequence = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added_token(token, vocabulary[token]) for token in _SPECIAL],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [ends[0], sequence, ends[1]],
            "pair": [ends[0], sequence, ends[1]],
            "special_tokens": {token: special(token) for token in ("[CLS]", "[SEP]")},
        },
        "decoder": None,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "[UNK]",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "vocab": vocabulary,
            "merges": merges,
        },
    }


def _added_token(content: str, number: int) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": content, **flags, "special": True}
