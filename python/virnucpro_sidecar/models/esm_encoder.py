"""Amino acids → token ids of ESM-2, by a table of 256 bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from . import rejections
from .base import Rejected, TokenIds

#: Every token in the order of its id, as in the vocab.txt of the published models.
ESM_TOKENS: Final = ("<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYMHWCXBUZO.-", "<null_1>", "<mask>")
CLS: Final = 0
PAD: Final = 1
EOS: Final = 2
_RESIDUES: Final = "LAGVSERTIDPKQNFYMHWCXBUZO"
_NO_TOKEN: Final = -1


def _token_table() -> npt.NDArray[np.int32]:
    table = np.full(256, _NO_TOKEN, dtype=np.int32)
    for letter in _RESIDUES:
        table[ord(letter)] = table[ord(letter.lower())] = ESM_TOKENS.index(letter)
    return table


class EsmEncoder:
    """Upper-cases, drops one trailing `*` (a stop codon), and then knows the 20 residues and X B U Z O."""

    pad_id: Final = PAD

    def __init__(self, max_length: int, too_long: str, unknown: str) -> None:
        self.max_length = max_length
        self._truncate = too_long == "truncate"
        self._table = _token_table()
        if unknown == "replace":
            self._table[self._table == _NO_TOKEN] = ESM_TOKENS.index("X")

    @property
    def digest(self) -> str:
        return "sha256:" + hashlib.sha256("\n".join(ESM_TOKENS).encode()).hexdigest()

    def encode(self, sequence: str) -> TokenIds | Rejected:
        residues = sequence.removesuffix("*")
        if not residues:
            return rejections.empty()
        if len(residues) > self.max_length:
            if not self._truncate:
                return rejections.too_long(len(residues), self.max_length, "residues")
            residues = residues[: self.max_length]
        # A letter outside of Latin-1 becomes '?', which has no token either.
        letters = np.frombuffer(residues.encode("latin-1", "replace"), dtype=np.uint8)
        ids = np.empty(letters.size + 2, dtype=np.int32)
        ids[0] = CLS
        ids[-1] = EOS
        np.take(self._table, letters, out=ids[1:-1])
        if ids.min() == _NO_TOKEN:
            position = int(ids.argmin()) - 1
            return rejections.bad_letter(residues[position], position, "the protein alphabet (20 residues, X B U Z O)")
        return ids

    def encode_many(self, sequences: Sequence[str]) -> list[TokenIds | Rejected]:
        return [self.encode(sequence) for sequence in sequences]
