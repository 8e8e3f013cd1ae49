"""Which rows are computed together."""

from __future__ import annotations

import numpy as np
import pytest

from virnucpro_sidecar.batching import PendingRows, TokenBudget


def batches(lengths: list[int], budget: int, rows: list[int] | None = None) -> list[list[int]]:
    pending = PendingRows(np.array(lengths, dtype=np.int64), np.array(range(len(lengths)) if rows is None else rows))
    taken = []
    while len(pending) > 0:
        taken.append(pending.take(budget).tolist())
    return taken


def test_lengths_in_any_order_are_taken_longest_first_and_equal_ones_in_order():
    assert batches([3, 5, 3, 9, 5], budget=10) == [[3], [1, 4], [0, 2]]


def test_rows_that_are_not_asked_for_are_left_out():
    assert batches([3, 0, 3, 0], budget=100, rows=[0, 2]) == [[0, 2]]


def test_row_longer_than_the_budget_is_alone():
    assert batches([50, 4, 4], budget=8) == [[0], [1, 2]]


@pytest.mark.parametrize("budget", [1, 7, 64, 1000, 16_384])
def test_every_row_is_taken_once_and_batches_stay_within_the_budget(budget):
    lengths = np.random.default_rng(1).integers(1, 200, size=500).tolist()
    taken = batches(lengths, budget)
    assert sorted(row for batch in taken for row in batch) == list(range(500))
    for batch in taken:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= budget


def test_padding_of_mixed_lengths_stays_below_five_percent():
    rng = np.random.default_rng(2)
    lengths = np.where(rng.random(1024) < 0.81, 168, rng.integers(20, 168, size=1024)).tolist()
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches(lengths, 16_384))
    assert padded / sum(lengths) < 1.05


def test_batch_that_is_put_back_is_taken_again_in_smaller_pieces():
    pending = PendingRows(np.array([4, 4, 4, 4]), np.arange(4))
    pending.put_back(len(pending.take(16)))
    assert [pending.take(8).tolist() for _ in range(2)] == [[0, 1], [2, 3]]


def test_budget_halves_stays_and_grows_slowly_up_to_where_it_was():
    budget = TokenBudget(1000)
    budget.shrink(900)
    assert budget.tokens == 450
    budget.shrink(300)
    assert budget.tokens == 150
    grown = []
    for _ in range(50 * 12):
        budget.succeeded()
        grown.append(budget.tokens)
    assert grown[48] == 150
    assert grown[49] == 187
    assert grown[99] == 233
    assert grown[-1] == 1000
    assert max(grown) == 1000


def test_budget_never_falls_below_one_token():
    budget = TokenBudget(2)
    for _ in range(3):
        budget.shrink(1)
    assert budget.tokens == 1
    for _ in range(50):
        budget.succeeded()
    assert budget.tokens == 2
