"""Nucleotides → token ids, over every byte, with a tokenizer of the published recipe built in memory."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from virnucpro_sidecar.errors import SidecarError
from virnucpro_sidecar.models import Rejected, TokenIds
from virnucpro_sidecar.models.dnabert_encoder import DnabertEncoder
from virnucpro_sidecar.models.random_tokenizer import random_tokenizer_json

tokenizers = pytest.importorskip("tokenizers")

UNK, CLS, SEP, PAD = 0, 1, 2, 3
AMBIGUITY_CODES = "NRYSWKMBDHV"


def learnt_tokenizer_json() -> str:
    """The recipe of the published tokenizer, learnt from random bases."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=128, special_tokens=["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"], show_progress=False
    )
    source = random.Random(0)
    tokenizer.train_from_iterator(("".join(source.choices("ACGT", k=60)) for _ in range(200)), trainer)
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)]
    )
    tokenizer.enable_truncation(16)
    tokenizer.enable_padding(length=32, pad_id=PAD, pad_token="[PAD]")
    text: str = tokenizer.to_str()
    return text


TOKENIZERS = {"learnt": learnt_tokenizer_json(), "worked out": random_tokenizer_json(4096)}


def encoder(
    max_length: int = 10_000, too_long: str = "reject", unknown: str = "reject", tokenizer: str = "learnt"
) -> DnabertEncoder:
    return DnabertEncoder(TOKENIZERS[tokenizer], "tokenizer.json", max_length, too_long, unknown)


def ids(found: TokenIds | Rejected) -> list[int]:
    assert isinstance(found, np.ndarray), found
    assert found.dtype == np.int32
    return found.tolist()


@pytest.fixture(scope="module", params=TOKENIZERS)
def strict(request: pytest.FixtureRequest) -> DnabertEncoder:
    return encoder(tokenizer=request.param)


def test_every_byte_inside_a_sequence_is_a_base_a_code_or_refused_by_name(strict: DnabertEncoder) -> None:
    for byte in range(256):
        letter = chr(byte)
        found = strict.encode(f"ACG{letter}TT")
        upper = letter.upper() if byte < 128 else letter
        if upper in "ACGTU":
            assert ids(found) == ids(strict.encode(f"ACG{upper.replace('U', 'T')}TT"))
            assert UNK not in ids(found)
        elif upper in AMBIGUITY_CODES:
            assert ids(found).count(UNK) == 1
        else:
            assert isinstance(found, Rejected)
            assert found.status == "invalid"
            assert f"{letter!r} at position 4" in found.reason


def test_unknown_replace_makes_n_of_whatever_is_no_nucleotide() -> None:
    lenient = encoder(unknown="replace")
    for byte in range(256):
        upper = chr(byte).upper() if byte < 128 else chr(byte)
        expected = upper.replace("U", "T") if upper in "ACGTU" + AMBIGUITY_CODES else "N"
        assert ids(lenient.encode(f"ACG{chr(byte)}TT")) == ids(lenient.encode(f"ACG{expected}TT"))


def test_each_ambiguity_code_is_one_unknown_token(strict: DnabertEncoder) -> None:
    assert ids(strict.encode("NNRYN")) == [CLS, *[UNK] * 5, SEP]
    assert ids(strict.encode("acgnnacg")) == [
        *ids(strict.encode("ACG"))[:-1],
        UNK,
        UNK,
        *ids(strict.encode("ACG"))[1:],
    ]


def test_tokens_spell_the_sequence(strict: DnabertEncoder) -> None:
    words = {number: word for word, number in json.loads(TOKENIZERS["worked out"])["model"]["vocab"].items()}
    sequence = "".join(random.Random(1).choices("ACGT", k=700))
    found = ids(encoder(tokenizer="worked out").encode(sequence))
    assert "".join(words[number] for number in found[1:-1]) == sequence


def test_truncation_and_padding_of_the_file_are_not_used() -> None:
    found = ids(encoder().encode("ACGTGCAT" * 40))
    assert len(found) > 32
    assert PAD not in found


def test_the_made_up_vocabulary_has_about_a_fifth_of_a_token_for_each_base() -> None:
    sequence = "".join(random.Random(2).choices("ACGT", k=10_000))
    assert 0.18 < len(ids(encoder(tokenizer="worked out").encode(sequence))) / 10_000 < 0.25
    assert encoder(tokenizer="worked out").vocabulary_size == 4096


def test_empty_is_refused() -> None:
    assert encoder().encode("") == Rejected("invalid", "the sequence is empty")


def test_longer_than_max_length_is_refused_or_truncated() -> None:
    found = encoder(max_length=8).encode("ACGTACGTA")
    assert isinstance(found, Rejected)
    assert found.status == "too_long"
    assert "9 nucleotides, more than maxLength=8" in found.reason
    short = encoder(max_length=8, too_long="truncate")
    assert ids(short.encode("ACGTACGTAAA")) == ids(short.encode("ACGTACGT"))


def test_encode_many_keeps_order_and_refusals_in_place() -> None:
    found = encoder().encode_many(["A", "", "J", "ca"])
    assert [isinstance(item, Rejected) for item in found] == [False, True, True, False]
    assert ids(found[3]) == ids(encoder().encode("CA"))


def test_digest_is_of_what_is_used_of_the_file() -> None:
    content = json.loads(TOKENIZERS["learnt"])
    relaid = json.dumps({**content, "truncation": None, "padding": None}, indent=2)
    other = json.dumps({**content, "model": {**content["model"], "merges": content["model"]["merges"][:-1]}})
    digests = [
        DnabertEncoder(text, "tokenizer.json", 100, "reject", "reject").digest
        for text in (TOKENIZERS["learnt"], relaid, other)
    ]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.update(post_processor=None), "expected \\[CLS\\]"),
        (lambda content: content["model"]["vocab"].pop("G"), "tokenizer"),
        (lambda content: content.clear(), "no tokenizer that the tokenizers library reads"),
    ],
    ids=["no special tokens", "a base missing", "not a tokenizer"],
)
def test_another_tokenizer_is_refused(change: object, message: str) -> None:
    content = json.loads(random_tokenizer_json(9))
    assert callable(change)
    change(content)
    with pytest.raises(SidecarError, match=message):
        DnabertEncoder(json.dumps(content), "some/tokenizer.json", 100, "reject", "reject")
