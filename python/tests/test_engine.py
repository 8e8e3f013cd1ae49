"""Requests computed in this process, with a model that knows how much memory there is."""

from __future__ import annotations

import random
from collections import deque
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from fake_model import DIM, FakeModel

from virnucpro_sidecar import engine as engine_module
from virnucpro_sidecar.batching import TokenBudget
from virnucpro_sidecar.engine import Engine, PoisonedError
from virnucpro_sidecar.errors import EMBEDDER, OUT_OF_MEMORY, SidecarError
from virnucpro_sidecar.faults import Faults, FaultSettings
from virnucpro_sidecar.jobs import Answer
from virnucpro_sidecar.requests import EncodedRequest, Request, encode_request


class Bench:
    """An engine and what came out of it."""

    def __init__(self, model: FakeModel | None = None, budget: int = 64, **faults: Any) -> None:
        self.model = FakeModel(seed=1) if model is None else model
        self.answers: dict[int, Answer] = {}
        self.errors: dict[int, SidecarError] = {}
        self.pulses: list[tuple[int, int]] = []
        self.engine = Engine(
            model=self.model,
            device=torch.device("cpu"),
            budget=TokenBudget(budget),
            faults=Faults(FaultSettings(**faults)),
            answer=lambda answer: self.answers.update({answer.request_id: answer}),
            fail=lambda id, error: self.errors.update({id: error}),
            pulse=lambda id, done: self.pulses.append((id, done)),
        )

    def compute(self, sequences: list[str], id: int = 1, dropped: bool = False) -> Answer | None:
        request = Request(id, [f"r{index}" for index in range(len(sequences))], list(sequences))
        if dropped:
            request.dropped.set()
        self.engine.compute(encode_request(request, self.model.encoder))
        return self.answers.get(id)

    def check(self, answer: Answer | None, sequences: list[str], bad: dict[int, str] | None = None) -> None:
        """Every row is that of its sequence computed alone, and exactly these records are bad."""
        assert answer is not None
        assert {item["index"]: item["status"] for item in answer.bad} == (bad or {})
        assert answer.rows.shape == (len(sequences), DIM)
        for index, (row, sequence) in enumerate(zip(answer.rows, sequences, strict=True)):
            if index in (bad or {}):
                assert np.isnan(row).all()
            else:
                np.testing.assert_allclose(row, self.model.expected(sequence), atol=1e-6)


def sequences_of(count: int, longest: int = 20, seed: int = 3) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices("ACDEFGHIKLMNPQRSTVWY", k=rng.randint(1, longest))) for _ in range(count)]


def test_shuffled_lengths_give_rows_in_the_order_of_the_request_in_sorted_batches():
    bench, sequences = Bench(), sequences_of(200)
    bench.check(bench.compute(sequences), sequences)
    longest = [shape[1] for shape in bench.model.shapes]
    assert longest == sorted(longest, reverse=True)
    assert all(rows * length <= 64 for rows, length in bench.model.shapes)


def test_stats_count_tokens_padding_and_batches_and_pulses_count_records():
    bench = Bench(budget=8)
    answer = bench.compute(["AAAA", "AA", "AAA", "-"])
    assert answer is not None
    stats = answer.header["stats"]
    assert (stats["tokens"], stats["paddedTokens"], stats["batches"]) == (9, 10, 2)
    assert (stats["oomSplits"], stats["float32Rows"]) == (0, 0)
    assert stats["deviceMs"] > 0
    assert bench.pulses == [(1, 3), (1, 4)]


def test_request_without_records_is_answered_with_no_rows():
    bench = Bench()
    bench.check(bench.compute([]), [])
    assert bench.model.shapes == []


def test_sequences_that_cannot_be_encoded_are_bad_and_the_others_are_rows():
    sequences = ["ACD", "", "A-C", "A" * 1001, "WY"]
    bench = Bench()
    bench.check(bench.compute(sequences), sequences, {1: "invalid", 2: "invalid", 3: "too_long"})


def test_request_of_bad_sequences_only_is_answered_without_computing():
    bench = Bench()
    bench.check(bench.compute(["", "-"]), ["", "-"], {0: "invalid", 1: "invalid"})
    assert bench.model.shapes == []


def test_memory_for_less_than_the_budget_splits_batches_and_the_budget_stays_low():
    bench, sequences = Bench(FakeModel(seed=1, memory=50), budget=1000), sequences_of(100)
    answer = bench.compute(sequences)
    bench.check(answer, sequences)
    assert answer is not None
    assert answer.stats.oomSplits > 0
    failures = answer.stats.oomSplits
    answer = bench.compute(sequences, id=2)
    bench.check(answer, sequences)
    assert answer is not None
    assert answer.stats.oomSplits <= failures // 2
    assert bench.engine.budget.tokens <= 62


def test_record_that_does_not_fit_alone_is_too_large_and_the_others_are_rows():
    sequences = ["A" * 60, *sequences_of(50), "C" * 51, "D" * 50]
    bench = Bench(FakeModel(seed=1, memory=50), budget=1000)
    bench.check(bench.compute(sequences), sequences, {0: "too_large", 51: "too_large"})


def test_injected_full_memory_of_one_record_makes_that_record_too_large():
    sequences = sequences_of(30)
    bench = Bench(oomOn=("r7",))
    bench.check(bench.compute(sequences), sequences, {7: "too_large"})


def test_injected_full_memory_above_a_number_of_tokens_splits():
    sequences = sequences_of(30)
    bench = Bench(budget=400, oomAbove=40)
    answer = bench.compute(sequences)
    bench.check(answer, sequences)
    assert answer is not None
    assert answer.stats.oomSplits > 0


def test_rows_that_are_not_finite_are_computed_again_alone_in_float32():
    sequences = sequences_of(30)
    bench = Bench(nanOn=("r3", "r20"))
    answer = bench.compute(sequences)
    bench.check(answer, sequences)
    assert answer is not None
    assert answer.stats.float32Rows == 2
    assert sorted(bench.model.float32_shapes) == sorted([(1, len(sequences[3])), (1, len(sequences[20]))])


def test_row_that_is_never_finite_is_numeric():
    sequences = sequences_of(30)
    bench = Bench(nanAlways=("r3",), nanOn=("r4",))
    bench.check(bench.compute(sequences), sequences, {3: "numeric"})


def test_no_memory_for_float32_makes_the_row_numeric_and_says_so():
    bench = Bench(nanOn=("r0",))

    def full(*_: object) -> torch.Tensor:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    bench.model.embed_tokens_float32 = full  # type: ignore[method-assign]
    answer = bench.compute(["ACD", "EF"])
    bench.check(answer, ["ACD", "EF"], {0: "numeric"})
    assert answer is not None
    assert "too little memory" in answer.bad[0]["reason"]


def test_error_of_the_model_fails_its_request_only():
    bench = Bench()
    embed = bench.model.embed_tokens

    def broken(*_: object) -> torch.Tensor:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    bench.model.embed_tokens = broken  # type: ignore[method-assign]
    assert bench.compute(["ACD"]) is None
    assert bench.errors[1].type == EMBEDDER
    assert "mat1 and mat2" in bench.errors[1].message
    bench.model.embed_tokens = embed  # type: ignore[method-assign]
    bench.check(bench.compute(["ACD"], id=2), ["ACD"])


@pytest.mark.parametrize(
    "message",
    [
        "CUDA error: an illegal memory access was encountered",
        "CUDA error: device-side assert triggered",
        "CUDA error: misaligned address",
        "CUDA error: unspecified launch failure",
        "CUBLAS_STATUS_EXECUTION_FAILED when calling cublasGemmEx",
    ],
)
def test_lost_context_ends_the_engine_and_names_the_request(message: str):
    bench = Bench()

    def lost(*_: object) -> torch.Tensor:
        raise RuntimeError(message)

    bench.model.embed_tokens = lost  # type: ignore[method-assign]
    with pytest.raises(PoisonedError, match=message) as caught:
        bench.compute(["ACD"], id=9)
    assert caught.value.request_ids == [9]


@pytest.mark.parametrize(
    "message",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "[enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't allocate memory",
    ],
)
def test_full_memory_by_any_name_is_no_lost_context(message: str):
    bench = Bench()
    embed = bench.model.embed_tokens

    def once(*arguments: Any) -> torch.Tensor:
        bench.model.embed_tokens = embed  # type: ignore[method-assign]
        raise RuntimeError(message)

    bench.model.embed_tokens = once  # type: ignore[method-assign]
    sequences = sequences_of(10)
    answer = bench.compute(sequences)
    bench.check(answer, sequences)
    assert answer is not None
    assert answer.stats.oomSplits == 1


def test_request_that_nobody_waits_for_is_not_computed():
    bench = Bench()
    assert bench.compute(["ACD"], dropped=True) is None
    assert bench.model.shapes == []
    assert bench.errors == {}


def test_answer_over_the_limit_of_a_frame_asks_for_smaller_batches():
    bench = Bench()
    bench.model.dim = 2**28  # type: ignore[misc]
    assert bench.compute(["A", "C"]) is None
    assert bench.errors[1].type == OUT_OF_MEMORY
    assert "smaller batches" in bench.errors[1].message


class FakeTimer:
    """Time of a GPU: what was launched has no result before someone waits. Fails when told so."""

    events: ClassVar[list[str]] = []
    error: str | None = None

    def __init__(self, _device: torch.device) -> None:
        self.events.append("launch")

    def stop(self) -> None:
        pass

    def wait(self) -> float:
        self.events.append("wait")
        if FakeTimer.error is not None:
            raise RuntimeError(FakeTimer.error)
        return 1.0


@pytest.fixture
def gpu(monkeypatch) -> Bench:
    """An engine that launches ahead, as on a GPU."""
    monkeypatch.setattr(engine_module, "Timer", FakeTimer)
    monkeypatch.setattr(engine_module, "to_device", lambda tensor, _: tensor)
    monkeypatch.setattr(engine_module, "to_host", lambda tensor: tensor)
    monkeypatch.setattr(FakeTimer, "events", [])
    monkeypatch.setattr(FakeTimer, "error", None)
    bench = Bench(budget=20)
    bench.engine.device = torch.device("cuda")
    return bench


def serve(bench: Bench, requests: dict[int, list[str]]) -> None:
    """Serves requests as they come, until there are no more."""
    encoded = deque(
        encode_request(Request(id, [f"{id}/{index}" for index in range(len(texts))], list(texts)), bench.model.encoder)
        for id, texts in requests.items()
    )

    class NoMore(BaseException):
        pass

    def take(wait: bool) -> EncodedRequest | None:
        if encoded:
            return encoded.popleft()
        if wait:
            raise NoMore
        return None

    with pytest.raises(NoMore):
        bench.engine.run(take)


def test_gpu_gets_its_next_batch_before_the_last_one_is_waited_for_also_between_requests(gpu: Bench):
    requests = {id: ["A" * 20] * 3 for id in (1, 2)}
    serve(gpu, requests)
    assert FakeTimer.events == ["launch", *["launch", "wait"] * 5, "wait"]
    for id, sequences in requests.items():
        gpu.check(gpu.answers[id], sequences)


def test_full_memory_with_a_batch_in_flight_waits_for_it_and_loses_nothing(gpu: Bench):
    gpu.model.memory = 12
    requests = {1: ["A" * 12, *sequences_of(20, longest=10)], 2: sequences_of(20, longest=10)}
    serve(gpu, requests)
    for id, sequences in requests.items():
        gpu.check(gpu.answers[id], sequences)


def test_context_that_is_lost_while_two_requests_are_on_the_gpu_names_both(gpu: Bench):
    FakeTimer.error = "CUDA error: an illegal memory access was encountered"
    with pytest.raises(PoisonedError) as caught:
        serve(gpu, {1: ["AC"], 2: ["DE"], 3: ["FG"]})
    assert caught.value.request_ids == [1, 2]


def test_error_that_shows_when_a_batch_is_waited_for_fails_its_request_once(gpu: Bench):
    FakeTimer.error = "something else"
    serve(gpu, {1: sequences_of(20), 2: ["AC"]})
    assert sorted(gpu.errors) == [1, 2]
    assert gpu.answers == {}


def test_request_dropped_while_it_is_computed_leaves_the_next_one_alone(gpu: Bench):
    gpu.engine.pulse = lambda id, done: request.dropped.set() if id == 1 else None
    request = Request(1, ["r"] * 9, ["A" * 20] * 9)
    encoded = deque([encode_request(request, gpu.model.encoder)])
    encoded.append(encode_request(Request(2, ["r"], ["ACD"]), gpu.model.encoder))
    with pytest.raises(IndexError):
        gpu.engine.run(lambda wait: encoded.popleft() if encoded or wait else None)
    assert sorted(gpu.answers) == [2]
    assert len(gpu.model.shapes) <= 4
    gpu.check(gpu.answers[2], ["ACD"])
