"""Nucleotides → token ids of DNABERT-S, by the BPE of its tokenizer.json."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from ..errors import EMBEDDER, SidecarError
from . import rejections
from .base import Rejected, TokenIds

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_BASES: Final = "ACGT"
_AMBIGUITY_CODES: Final = "NRYSWKMBDHV"
_OTHER_LETTER: Final = re.compile(f"[^{_BASES}{_AMBIGUITY_CODES}]")
_ALPHABET: Final = "the nucleotide alphabet (A C G T U and the IUPAC ambiguity codes)"
#: Latin-1 has letters whose upper case is no single Latin-1 letter; only ASCII letters mean nucleotides.
_UPPER: Final = {ord(letter.lower()): letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} | {
    ord("U"): "T",
    ord("u"): "T",
}


class DnabertEncoder:
    """Upper-cases, reads U as T; an ambiguity code has no token in the vocabulary and so becomes [UNK], one per letter."""

    def __init__(self, tokenizer_json: str, where: str, max_length: int, too_long: str, unknown: str) -> None:
        """tokenizer_json: text of a tokenizer.json; where: its name in errors. Raises SidecarError if it is another one."""
        self.max_length = max_length
        self._truncate = too_long == "truncate"
        self._replace = unknown == "replace"
        self._tokenizer = _read_tokenizer(tokenizer_json, where)
        self.pad_id = _check_tokenizer(self._tokenizer, where)
        self.digest = _digest(tokenizer_json)

    @property
    def vocabulary_size(self) -> int:
        size: int = self._tokenizer.get_vocab_size(with_added_tokens=True)
        return size

    def encode(self, sequence: str) -> TokenIds | Rejected:
        return self.encode_many([sequence])[0]

    def encode_many(self, sequences: Sequence[str]) -> list[TokenIds | Rejected]:
        checked = [self._check(sequence) for sequence in sequences]
        encodings = iter(self._tokenizer.encode_batch([item for item in checked if isinstance(item, str)]))
        return [
            item if isinstance(item, Rejected) else np.array(next(encodings).ids, dtype=np.int32) for item in checked
        ]

    def _check(self, sequence: str) -> str | Rejected:
        if not sequence:
            return rejections.empty()
        if len(sequence) > self.max_length:
            if not self._truncate:
                return rejections.too_long(len(sequence), self.max_length, "nucleotides")
            sequence = sequence[: self.max_length]
        letters = sequence.translate(_UPPER)
        other = _OTHER_LETTER.search(letters)
        if other is None:
            return letters
        if not self._replace:
            return rejections.bad_letter(sequence[other.start()], other.start(), _ALPHABET)
        return _OTHER_LETTER.sub("N", letters)


def _read_tokenizer(text: str, where: str) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises bare Exception
        raise SidecarError(EMBEDDER, f"{where} is no tokenizer that the tokenizers library reads: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    # Its cache keeps whole sequences, which hardly ever come twice.
    if hasattr(tokenizer.model, "_resize_cache"):
        tokenizer.model._resize_cache(0)
    return tokenizer


def _digest(text: str) -> str:
    """Of the parsed JSON without what is not used of it, so that the file's layout does not matter."""
    content = json.loads(text)
    used = {key: value for key, value in content.items() if key not in ("version", "truncation", "padding")}
    return "sha256:" + hashlib.sha256(json.dumps(used, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _check_tokenizer(tokenizer: Tokenizer, where: str) -> int:
    """Returns the id of [PAD]."""
    special = {token: tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]", "[PAD]", "[UNK]")}
    absent = [token for token, number in special.items() if number is None]
    if absent:
        raise SidecarError(EMBEDDER, f"{where} has no {', '.join(absent)}: it is not the tokenizer of DNABERT-S")
    encoding = tokenizer.encode("ACGTACGT")
    ids = encoding.ids
    if len(ids) < 3 or ids[0] != special["[CLS]"] or ids[-1] != special["[SEP]"] or special["[UNK]"] in ids:
        raise SidecarError(
            EMBEDDER,
            f"{where} turns ACGTACGT into {encoding.tokens}, expected [CLS] … [SEP] around tokens of A C G T: "
            f"it is not the tokenizer of DNABERT-S",
        )
    pad: int = special["[PAD]"]
    return pad
