"""A request of the worker: read from a frame, encoded into token ids."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from .errors import EMBEDDER, SidecarError
from .frames import Frame, ProtocolError
from .models.base import Encoder, Rejected, TokenIds


@dataclass
class Request:
    """Records in the order of the request."""

    id: int
    record_ids: list[str]
    sequences: list[str]
    #: Set once nobody waits for the answer any longer.
    dropped: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class EncodedRequest:
    request: Request
    #: Per record, in the order of the request.
    encoded: list[TokenIds | Rejected]


def request_id(header: dict[str, Any], key: str) -> int:
    """:raises ProtocolError: if there is no number of that name: no answer could say what it answers"""
    value = header.get(key)
    if type(value) is int:
        return value
    raise ProtocolError(f"expected {key} to be the number of a request, found {value!r}")


def parse_request(frame: Frame) -> Request:
    """
    :raises ProtocolError: without a number
    :raises SidecarError: ``EmbeddingError.Embedder`` if the items do not match the letters
    """
    id = request_id(frame.header, "id")
    items = frame.header.get("items")
    if not isinstance(items, list) or not all(_is_item(item) for item in items):
        raise SidecarError(EMBEDDER, "request: expected items, each with a text id and a length")
    total = sum(item["length"] for item in items)
    if total != len(frame.payload):
        raise SidecarError(EMBEDDER, f"request: the items have {total} letters, the payload {len(frame.payload)}")
    letters = frame.payload.decode("latin-1")
    sequences = []
    at = 0
    for item in items:
        sequences.append(letters[at : at + item["length"]])
        at += item["length"]
    return Request(id, [item["id"] for item in items], sequences)


def encode_request(request: Request, encoder: Encoder) -> EncodedRequest:
    """Token ids of every record, or why it has none; the letters are let go."""
    encoded = encoder.encode_many(request.sequences)
    request.sequences = []
    return EncodedRequest(request, encoded)


def _is_item(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    id, length = item.get("id"), item.get("length")
    return type(id) is str and type(length) is int and length >= 0
