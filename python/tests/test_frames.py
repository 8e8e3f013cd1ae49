"""Frames over real descriptors."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading

import pytest

from virnucpro_sidecar.frames import MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, ProtocolError, read_frame, write_frame


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def prefix(header: int, payload: int, magic: bytes = b"VNF1") -> bytes:
    return struct.pack("<4sII", magic, header, payload)


def test_frame_written_is_the_documented_bytes(ends):
    write_frame(ends[0].fileno(), {"id": 7}, memoryview(b"ACGT"))
    assert ends[1].recv(100) == b"VNF1" + bytes([8, 0, 0, 0, 4, 0, 0, 0]) + b'{"id":7}ACGT'


def test_frame_that_comes_byte_by_byte_is_read_whole(ends):
    header = json.dumps({"id": 1, "text": "é"}).encode()
    data = prefix(len(header), 3) + header + b"xyz"

    def trickle():
        for byte in data:
            ends[0].send(bytes([byte]))

    thread = threading.Thread(target=trickle)
    thread.start()
    frame = read_frame(ends[1].fileno())
    thread.join()
    assert frame is not None
    assert frame.header == {"id": 1, "text": "é"}
    assert frame.payload == b"xyz"


def test_large_frames_survive_short_writes_of_a_blocking_and_a_non_blocking_descriptor(ends):
    payload = os.urandom(20_000_003)
    for blocking in (True, False):
        os.set_blocking(ends[0].fileno(), blocking)
        os.set_blocking(ends[1].fileno(), blocking)
        thread = threading.Thread(target=write_frame, args=(ends[0].fileno(), {"id": 1}, memoryview(payload)))
        thread.start()
        frame = read_frame(ends[1].fileno())
        thread.join()
        assert frame is not None
        assert frame.payload == payload


def test_frames_one_after_the_other_are_read_in_order(ends):
    for id in range(3):
        write_frame(ends[0].fileno(), {"id": id}, memoryview(bytes(id)))
    frames = [read_frame(ends[1].fileno()) for _ in range(3)]
    assert [(frame.header["id"], len(frame.payload)) for frame in frames if frame] == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("sent", [b"", b"VNF1", prefix(2, 0) + b"{", prefix(2, 5) + b"{}abc"])
def test_stream_that_ends_anywhere_is_over(ends, sent):
    ends[0].send(sent)
    ends[0].close()
    assert read_frame(ends[1].fileno()) is None


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "expected a frame, found bytes 474554"),
        (prefix(2, 0, b"VNF2") + b"{}", "expected a frame"),
        (prefix(MAX_HEADER_BYTES + 1, 0), "too large"),
        (prefix(2, MAX_PAYLOAD_BYTES + 1), "too large"),
        (prefix(2, 0) + b"{x", "expected JSON"),
        (prefix(2, 0) + b"\xff\xfe", "expected JSON"),
        (prefix(2, 0) + b"[]", "expected a JSON object"),
    ],
)
def test_what_is_no_frame_is_refused(ends, sent, message):
    ends[0].send(sent)
    with pytest.raises(ProtocolError, match=message):
        read_frame(ends[1].fileno())


def test_frame_over_the_limits_is_not_written(ends):
    with pytest.raises(ProtocolError, match="too large"):
        write_frame(ends[0].fileno(), {"x": "y" * MAX_HEADER_BYTES})
    ends[0].close()
    assert ends[1].recv(1) == b""


def test_write_to_nobody_is_an_error_of_the_system(ends):
    ends[1].close()
    with pytest.raises(BrokenPipeError):
        write_frame(ends[0].fileno(), {"id": 1})
