"""Amino acids → token ids, over every byte."""

from __future__ import annotations

import numpy as np
import pytest

from virnucpro_sidecar.models import Rejected, TokenIds
from virnucpro_sidecar.models.esm_encoder import ESM_TOKENS, EsmEncoder

KNOWN = "LAGVSERTIDPKQNFYMHWCXBUZO"


def encoder(max_length: int = 1024, too_long: str = "reject", unknown: str = "reject") -> EsmEncoder:
    return EsmEncoder(max_length, too_long, unknown)


def ids(found: TokenIds | Rejected) -> list[int]:
    assert isinstance(found, np.ndarray), found
    assert found.dtype == np.int32
    return found.tolist()


def tokens(found: TokenIds | Rejected) -> list[str]:
    return [ESM_TOKENS[number] for number in ids(found)]


def test_every_residue_has_the_id_of_the_published_vocabulary() -> None:
    assert ids(encoder().encode(KNOWN)) == [0, *range(4, 29), 2]


def test_every_byte_inside_a_sequence_is_a_residue_or_refused_by_name() -> None:
    for letter in map(chr, range(256)):
        found = encoder().encode(f"MK{letter}L")
        if letter.isascii() and letter.upper() in KNOWN:
            assert tokens(found) == ["<cls>", "M", "K", letter.upper(), "L", "<eos>"]
        else:
            assert isinstance(found, Rejected)
            assert found.status == "invalid"
            assert f"{letter!r} at position 3" in found.reason


def test_unknown_replace_makes_x_of_whatever_is_no_residue() -> None:
    lenient = encoder(unknown="replace")
    for letter in map(chr, range(256)):
        expected = letter.upper() if letter.isascii() and letter.upper() in KNOWN else "X"
        assert tokens(lenient.encode(f"MK{letter}L")) == ["<cls>", "M", "K", expected, "L", "<eos>"]


def test_letters_outside_of_latin_1_are_unknown() -> None:
    found = encoder().encode("MKΩ")
    assert isinstance(found, Rejected)
    assert "'Ω' at position 3" in found.reason
    assert tokens(encoder(unknown="replace").encode("MKΩ"))[3] == "X"


def test_one_trailing_stop_is_dropped_and_no_other() -> None:
    assert encoder().encode("MKL*").tolist() == encoder().encode("MKL").tolist()  # type: ignore[union-attr]
    for sequence, position in (("M*KL", 2), ("*MKL", 1), ("MKL**", 4)):
        found = encoder().encode(sequence)
        assert isinstance(found, Rejected)
        assert f"'*' at position {position}" in found.reason


@pytest.mark.parametrize("sequence", ["", "*"])
def test_a_sequence_without_residues_is_refused(sequence: str) -> None:
    assert encoder(unknown="replace").encode(sequence) == Rejected("invalid", "the sequence is empty")


def test_length_counts_residues_without_the_stop() -> None:
    assert len(ids(encoder(max_length=5).encode("MKLMK*"))) == 7
    found = encoder(max_length=5).encode("MKLMKL")
    assert isinstance(found, Rejected)
    assert found.status == "too_long"
    assert "6 residues, more than maxLength=5" in found.reason


def test_truncate_keeps_the_first_residues() -> None:
    assert tokens(encoder(max_length=3, too_long="truncate").encode("MKLAAA*")) == ["<cls>", "M", "K", "L", "<eos>"]


def test_encode_many_keeps_order_and_refusals_in_place() -> None:
    found = encoder().encode_many(["M", "", "J", "kl"])
    assert [isinstance(item, Rejected) for item in found] == [False, True, True, False]
    assert tokens(found[3]) == ["<cls>", "K", "L", "<eos>"]


def test_agrees_with_the_tokenizer_of_transformers(tmp_path: object) -> None:
    transformers = pytest.importorskip("transformers", reason="the golden reference needs transformers")
    path = f"{tmp_path}/vocab.txt"
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(ESM_TOKENS))
    reference = transformers.EsmTokenizer(vocab_file=path)
    assert reference(KNOWN)["input_ids"] == ids(encoder().encode(KNOWN))
