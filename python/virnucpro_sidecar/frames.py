"""
Frames between a worker and its sidecar; the other end is src/embedders/process/frames.ts. Numbers are unsigned 32-bit
little-endian.

    0  4  magic "VNF1"
    4  4  bytes of the header
    8  4  bytes of the payload
   12     header: a JSON object in UTF-8
    …     payload: letters of sequences one way, float32 little-endian the other
"""

from __future__ import annotations

import json
import os
import select
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_PREFIX: Final = struct.Struct("<4sII")
_MAGIC: Final = b"VNF1"
#: The same limits as at the other end.
MAX_HEADER_BYTES: Final = 64 * 2**20
MAX_PAYLOAD_BYTES: Final = 2**30


class ProtocolError(Exception):
    """What came is not a frame; the stream cannot be read on."""


@dataclass(frozen=True)
class Frame:
    header: dict[str, Any]
    payload: bytearray


def read_frame(fd: int) -> Frame | None:
    """
    Reads the next frame from a blocking descriptor.

    :returns: None at the end of the stream, even in the middle of a frame: whoever wrote it has gone
    :raises ProtocolError: on a wrong magic, a length over its limit, or a header that is no JSON object
    """
    prefix = _read(fd, _PREFIX.size)
    if prefix is None:
        return None
    magic, header_bytes, payload_bytes = _PREFIX.unpack(prefix)
    if magic != _MAGIC:
        raise ProtocolError(f"expected a frame, found bytes {prefix.hex()}")
    if header_bytes > MAX_HEADER_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        raise ProtocolError(f"a frame of {header_bytes} + {payload_bytes} bytes is too large")
    header = _read(fd, header_bytes)
    payload = _read(fd, payload_bytes)
    if header is None or payload is None:
        return None
    return Frame(_decode_header(header), payload)


def write_frame(fd: int, header: Mapping[str, Any], payload: memoryview | None = None) -> None:
    """
    Writes one frame, however many calls of the system it takes. One thread at a time.

    :param payload: bytes, contiguous
    :raises ProtocolError: if header or payload are over their limits; nothing has been written then
    :raises OSError: e.g. EPIPE, when nobody reads any longer
    """
    json_bytes = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    payload_bytes = 0 if payload is None else payload.nbytes
    if len(json_bytes) > MAX_HEADER_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        raise ProtocolError(f"a frame of {len(json_bytes)} + {payload_bytes} bytes is too large")
    head = _PREFIX.pack(_MAGIC, len(json_bytes), payload_bytes) + json_bytes
    pieces = [memoryview(head)]
    if payload is not None and payload_bytes > 0:
        pieces.append(payload.cast("B"))
    while pieces:
        pieces = _without(pieces, _write_some(fd, pieces))


def _read(fd: int, length: int) -> bytearray | None:
    """None if the stream ends before."""
    data = bytearray(length)
    view = memoryview(data)
    while len(view) > 0:
        try:
            count = os.readv(fd, [view])
        except BlockingIOError:
            select.select([fd], [], [])
            continue
        except ConnectionResetError:
            return None
        if count == 0:
            return None
        view = view[count:]
    return data


def _write_some(fd: int, pieces: list[memoryview]) -> int:
    try:
        return os.writev(fd, pieces)
    except BlockingIOError:
        select.select([], [fd], [])
        return 0


def _without(pieces: list[memoryview], written: int) -> list[memoryview]:
    """What is left of the pieces once their first bytes are gone."""
    rest = []
    for piece in pieces:
        gone = min(written, len(piece))
        written -= gone
        if gone < len(piece):
            rest.append(piece[gone:])
    return rest


def _decode_header(data: bytearray) -> dict[str, Any]:
    try:
        header = json.loads(data)
    except ValueError as error:
        raise ProtocolError(f"expected JSON as the header of a frame: {error}") from error
    if not isinstance(header, dict):
        raise ProtocolError("expected a JSON object as the header of a frame")
    return header
