"""Sentences about sequences that are not embedded; the adapter puts the record's id before them."""

from __future__ import annotations

from .base import Rejected


def empty() -> Rejected:
    return Rejected("invalid", "the sequence is empty")


def bad_letter(letter: str, position: int, alphabet: str) -> Rejected:
    """position: from 0."""
    return Rejected(
        "invalid",
        f"{letter!r} at position {position + 1} is not a letter of {alphabet}; "
        f"correct the sequence, or use --embedder-option unknown=replace",
    )


def too_long(length: int, limit: int, unit: str) -> Rejected:
    return Rejected(
        "too_long",
        f"the sequence has {length} {unit}, more than maxLength={limit}; "
        f"raise --embedder-option maxLength, or use --embedder-option tooLong=truncate",
    )
