"""Real sidecar processes with a fake model."""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_model import FakeModel

from virnucpro_sidecar.client import SidecarProcess, rows_of
from virnucpro_sidecar.errors import DEVICE_LOST, EMBEDDER, OUT_OF_MEMORY, SidecarError
from virnucpro_sidecar.frames import ProtocolError, write_frame

FAKE = (str(Path(__file__).parent / "fake_sidecar.py"),)
SEED = 5
expected = functools.cache(FakeModel(SEED).expected)


def settings(**more: Any) -> dict[str, Any]:
    return {"embedder": "fake", "randomInit": SEED, "device": "cpu", "tokenBudget": 64, **more}


@pytest.fixture(scope="module")
def started():
    """A sidecar, what it said that it did until it was ready, and its first frame after that."""
    faults = {"slowLoadMs": 2000, "oomOn": ["full"], "nanOn": ["nan"], "nanAlways": ["never"]}
    with SidecarProcess(settings(faults=faults), FAKE, subprocess.DEVNULL) as process:
        pulses = []
        while "pulse" in (header := process.read().header):
            pulses.append(header["pulse"])
        yield process, pulses, header


@pytest.fixture
def shared(started):
    """A sidecar that is ready; tests leave it so."""
    return started[0]


@pytest.fixture(scope="module")
def slow():
    """A sidecar that takes its time for each batch; tests leave it ready."""
    with SidecarProcess(settings(tiny={"msPerBatch": 100}), FAKE, subprocess.DEVNULL) as process:
        process.wait_ready()
        yield process


@pytest.fixture
def sidecar(request):
    """A sidecar of its own for a test, ready; its settings are the parameter of the test."""
    with SidecarProcess(settings(**getattr(request, "param", {})), FAKE, subprocess.DEVNULL) as process:
        process.wait_ready()
        yield process


def records_of(count: int, seed: int = 3, longest: int = 20) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    return [(f"r{index}", "".join(rng.choices("ACDEFGHIKL", k=rng.randint(1, longest)))) for index in range(count)]


def check(rows: np.ndarray, records: list[tuple[str, str]], bad: tuple[int, ...] = ()) -> None:
    for index, (row, (_, sequence)) in enumerate(zip(rows, records, strict=True)):
        if index in bad:
            assert np.isnan(row).all()
        else:
            np.testing.assert_allclose(row, expected(sequence), atol=1e-6)


def with_fault(**faults: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sidecar", [{"faults": faults}], indirect=True)


def test_first_frame_after_pulses_tells_what_is_served(started):
    _, pulses, header = started
    assert "import torch" in pulses
    assert "load the fake model" in pulses
    assert pulses.count("load slowly (injected)") >= 2
    told = {"ready": True, "protocol": 1, "embedder": "fake", "model": "fake/model", "dim": 8, "device": "cpu"}
    told |= {"weights": "random-init:5", "dtype": "float32", "pooling": "mean", "maxLength": 1000}
    assert {key: header[key] for key in told} == told
    assert header["deviceMemoryBytes"] > 0
    assert {"deviceName", "attention", "torch", "tokenizer", "parameters"} <= set(header)


def test_shuffled_lengths_come_back_in_the_order_of_the_request(shared):
    records = records_of(500)
    header, rows = shared.embed(records)
    assert header["bad"] == []
    assert header["stats"]["batches"] > 10
    check(rows, records)


def test_bad_records_have_a_status_and_the_others_a_row(shared):
    records = [("a", "ACD"), ("b", ""), ("c", "A.C"), ("d", "A" * 1001), ("e", "acd")]
    header, rows = shared.embed(records)
    assert [(item["index"], item["status"]) for item in header["bad"]] == [
        (1, "invalid"),
        (2, "invalid"),
        (3, "too_long"),
    ]
    assert all(item["reason"] for item in header["bad"])
    check(rows, records, bad=(1, 2, 3))


def test_request_without_records_is_answered(shared):
    shared.send(4, [])
    frame = shared.read_no_pulse()
    assert frame.header["id"] == 4
    assert frame.payload == b""


def test_two_requests_in_flight_are_answered_each_with_its_rows(shared):
    requests = {id: records_of(100, seed=id) for id in range(1, 7)}
    shared.send(1, requests[1])
    for id in range(2, 7):
        shared.send(id, requests[id])
        frame = shared.read_no_pulse()
        assert frame.header["id"] == id - 1
        check(rows_of(frame, 100), requests[id - 1])
    assert shared.read_no_pulse().header["id"] == 6


def test_large_frames_read_slowly_arrive_whole(shared):
    records = records_of(10_000, longest=3)
    thread = threading.Thread(target=shared.send, args=(1, records))
    thread.start()
    time.sleep(0.2)
    frame = shared.read_no_pulse()
    thread.join()
    check(rows_of(frame, 10_000), records)


def test_batches_of_a_long_request_send_pulses_before_its_answer(slow):
    slow.send(1, records_of(200, longest=40))
    done = []
    while "pulse" in (header := slow.read().header):
        assert (header["pulse"], header["id"]) == ("embed", 1)
        done.append(header["done"])
    assert done == sorted(done)
    assert len(done) >= 2
    assert header["id"] == 1


def test_dropped_request_is_not_answered_and_the_next_one_is(slow):
    slow.send(1, records_of(2000))
    slow.send(2, records_of(2000))
    for id in (1, 2):
        write_frame(slow.stdin.fileno(), {"drop": id})
    records = records_of(2)
    header, rows = slow.embed(records, request_id=3)
    assert header["id"] == 3
    check(rows, records)


def test_injected_full_memory_of_one_record_splits_batches_and_makes_that_record_too_large(shared):
    records = [*records_of(20), ("full", "ACD"), *records_of(20)]
    header, rows = shared.embed(records)
    assert [(item["index"], item["status"]) for item in header["bad"]] == [(20, "too_large")]
    assert header["stats"]["oomSplits"] > 0
    check(rows, records, bad=(20,))


def test_row_that_float32_cures_is_sound_and_the_other_numeric(shared):
    records = [("nan", "ACD"), ("never", "EF"), *records_of(5)]
    header, rows = shared.embed(records)
    assert [(item["index"], item["status"]) for item in header["bad"]] == [(1, "numeric")]
    assert header["stats"]["float32Rows"] == 2
    check(rows, records, bad=(1,))


@with_fault(poisonOn=["r3"])
def test_lost_context_is_told_and_ends_the_process_with_86(sidecar):
    sidecar.embed([("a", "ACD")])
    with pytest.raises(SidecarError, match="illegal memory access") as caught:
        sidecar.embed(records_of(10), request_id=2)
    assert caught.value.type == EMBEDDER
    assert sidecar.read() is None
    assert sidecar.process.wait(30) == 86


@with_fault(crashOn=["r3"])
def test_killed_process_closes_the_answers(sidecar):
    sidecar.send(1, records_of(10))
    assert sidecar.read_no_pulse() is None
    assert sidecar.process.wait(30) == -signal.SIGKILL


@with_fault(hangOn=["r0"])
def test_end_of_stdin_ends_a_process_that_hangs(sidecar):
    sidecar.send(1, records_of(10))
    sidecar.send(2, records_of(10))
    with pytest.raises(TimeoutError):
        sidecar.read_no_pulse(seconds=1)
    assert sidecar.close() == 0


def test_termination_ends_a_process_that_loads():
    with SidecarProcess(settings(faults={"slowLoadMs": 600_000}), FAKE, subprocess.DEVNULL) as process:
        process.read()
        process.process.terminate()
        assert process.process.wait(30) == -signal.SIGTERM


def test_end_of_stdin_in_the_middle_of_a_frame_or_while_loading_ends_the_process():
    with SidecarProcess(settings(faults={"slowLoadMs": 600_000}), FAKE, subprocess.DEVNULL) as process:
        process.read()
        process.stdin.write(b"VNF1\x08")
        assert process.close() == 0


def test_worker_that_reads_no_answers_any_more_ends_the_process(sidecar):
    sidecar.answers.shutdown(socket.SHUT_RDWR)
    sidecar.answers.close()
    sidecar.send(1, records_of(10))
    assert sidecar.process.wait(30) == 0


def test_version_noise_and_garbage_can_be_faked_and_noise_is_output_and_no_frame():
    faults = {"protocol": 99, "stdoutNoise": True, "garbage": True}
    with SidecarProcess(settings(faults=faults), FAKE, subprocess.PIPE) as process:
        assert process.wait_ready()["protocol"] == 99
        process.send(1, [("a", "ACD")])
        with pytest.raises(ProtocolError, match="expected a frame"):
            process.read_no_pulse()
        process.stdin.close()
        output = process.process.stdout.read().decode()
        assert "noise of a library" in output
        assert "noise of native code" in output
        assert process.close() == 0


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"GET / HTTP/1.1\r\n", "expected a frame"),
        (b"VNF1\x02\0\0\0\0\0\0\0{}", "expected id to be the number"),
        (b'VNF1\x0c\0\0\0\0\0\0\0{"drop":"x"}', "expected drop to be the number"),
        (b"VNF1\xff\xff\xff\xff\0\0\0\0", "too large"),
    ],
)
def test_stream_that_is_not_one_of_frames_is_told_and_ends_the_process_even_while_it_loads(sent, message):
    with SidecarProcess(settings(), FAKE, subprocess.DEVNULL) as process:
        process.stdin.write(sent)
        process.stdin.flush()
        with pytest.raises(SidecarError, match=message) as caught:
            process.wait_ready()
        assert caught.value.type == EMBEDDER
        assert process.process.wait(30) == 76


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([{"id": "a", "length": 5}], "the items have 5 letters, the payload 3"),
        ([{"id": "a", "length": -3}], "expected items"),
        ([{"id": 1, "length": 3}], "expected items"),
        ({"id": "a", "length": 3}, "expected items"),
        (None, "expected items"),
    ],
)
def test_request_that_does_not_fit_together_fails_alone(shared, items, message):
    write_frame(shared.stdin.fileno(), {"id": 1, "items": items}, memoryview(b"ACD"))
    error = shared.read_no_pulse().header["error"]
    assert error["type"] == EMBEDDER
    assert message in error["message"]
    check(shared.embed([("a", "ACD")], request_id=2)[1], [("a", "ACD")])


@pytest.mark.parametrize(
    ("given", "type_", "exit_code", "message"),
    [
        ({"tokenBudgt": 1}, EMBEDDER, 78, "unknown: tokenBudgt"),
        ({"faults": {"startFails": OUT_OF_MEMORY}}, OUT_OF_MEMORY, 78, "injected"),
        ({"faults": {"startFails": DEVICE_LOST}}, DEVICE_LOST, 86, "injected"),
    ],
)
def test_start_that_fails_says_why_and_exits_with_its_code(given, type_, exit_code, message):
    with SidecarProcess(settings(**given), FAKE, subprocess.DEVNULL) as process:
        with pytest.raises(SidecarError, match=message) as caught:
            process.wait_ready()
        assert caught.value.type == type_
        assert process.process.wait(30) == exit_code


def test_gpu_that_was_chosen_and_is_not_there_is_not_replaced_by_the_cpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "63")
    with SidecarProcess(settings(device="auto"), FAKE, subprocess.DEVNULL) as process:
        with pytest.raises(SidecarError, match=r"CUDA_VISIBLE_DEVICES=63|built without CUDA"):
            process.wait_ready()
        assert process.process.wait(30) == 86


def test_program_without_a_worker_says_so():
    started = [sys.executable, "-m", "virnucpro_sidecar", json.dumps(settings())]
    folder = Path(__file__).parent.parent
    done = subprocess.run(started, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 64
    assert "descriptor 3" in done.stderr


def test_killed_worker_leaves_no_sidecar_behind(tmp_path):
    """The process in the middle is the worker; its sidecar hangs in a batch when it is killed."""
    worker = tmp_path / "worker.py"
    worker.write_text(
        "import json, sys, time\n"
        "from virnucpro_sidecar.client import SidecarProcess\n"
        "sidecar = SidecarProcess(json.loads(sys.argv[1]), (sys.argv[2],))\n"
        "sidecar.wait_ready()\n"
        "sidecar.send(1, [('r0', 'ACD')])\n"
        "print(sidecar.process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, str(worker), json.dumps(settings(faults={"hangOn": ["r0"]})), *FAKE]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        pid = int(process.stdout.readline())
        process.kill()
        process.wait()
        # The sidecar holds the other end of this pipe: it ends when the sidecar does.
        assert process.stdout.read() == ""
    assert not is_alive(pid)


def is_alive(pid: int) -> bool:
    """A process that nobody has waited for yet is dead too."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True
