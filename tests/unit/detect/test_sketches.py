"""Counters and bounds against plain computation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vedette.detect.sketches import bits, bump, decay, distinct, entropy, lower_bound, mark, seen, tainted, turn


def items(count: int) -> np.ndarray:
    return np.random.default_rng(7).integers(1, 2**63, count, dtype=np.uint64)


@pytest.mark.parametrize(("size", "count", "tolerance"), [(1, 10, 0.35), (1, 60, 0.3), (4, 40, 0.2), (4, 300, 0.2)])
def test_distinct_is_near_the_truth(size: int, count: int, tolerance: float) -> None:
    words = np.zeros(size, np.uint64)
    for item in items(count):
        mark(words, 0, size, item)
        mark(words, 0, size, item)
    assert distinct(words, size, 1) == pytest.approx(count, rel=tolerance)


@pytest.mark.parametrize(
    ("taint", "weight", "vouched", "after"),
    [
        (0.0, 0.0, False, 0.0),
        (0.0, 0.25, False, 0.25),
        (0.25, 0.25, False, 0.25),
        (2.5, 0.25, False, 2.5),
        (0.25, 1.0, False, 1.25),
        (1.0, 1.0, False, 2.0),
        (0.0, 1.0, True, 0.5),
        (0.5, 1.0, True, 0.5),
        (2.0, 1.0, True, 2.0),
    ],
)
def test_only_certain_touches_add_up(taint: float, weight: float, vouched: bool, after: float) -> None:
    assert tainted(taint, weight, vouched) == after


def test_a_full_counter_stays_finite() -> None:
    words = np.full(4, 2**64 - 1, np.uint64)
    assert distinct(words, 4, 1) == pytest.approx(256 * math.log(256))


def test_window_forgets_after_two_half_windows() -> None:
    words = np.zeros(2, np.uint64)
    mark(words, 0, 1, np.uint64(12345 << 20))
    turn(words, 1, 10.0, 30.0)
    assert distinct(words, 1, 2) > 0.5
    turn(words, 1, 31.0, 30.0)
    assert distinct(words, 1, 2) > 0.5
    assert not seen(words, 0, 1, np.uint64(12345 << 20))
    turn(words, 1, 31.0, 30.0)
    assert distinct(words, 1, 2) == 0.0
    mark(words, 0, 1, np.uint64(12345 << 20))
    turn(words, 1, 61.0, 30.0)
    assert distinct(words, 1, 2) == 0.0


def test_bits() -> None:
    assert [bits(np.uint64(n)) for n in (0, 1, 255, 2**64 - 1)] == [0, 1, 8, 64]


def test_decay_halves_in_its_half_life() -> None:
    assert decay(8.0, 10.0 * math.log(2), 10.0) == pytest.approx(4.0)


def test_entropy() -> None:
    assert entropy(np.zeros(8, np.uint8)) == 0.0
    assert entropy(np.array([5, 0, 0, 0], np.uint8)) == 0.0
    assert entropy(np.array([3, 3, 3, 3], np.uint8)) == pytest.approx(2.0)


def test_histogram_never_overflows() -> None:
    histogram = np.zeros(8, np.uint8)
    for _ in range(1000):
        bump(histogram, 2, 64)
        assert histogram.sum() <= 64


@pytest.mark.parametrize(("k", "n", "bound"), [(0, 0, 0.0), (0, 10, 0.0), (10, 10, 0.787), (50, 100, 0.419)])
def test_wilson_lower_bound(k: float, n: float, bound: float) -> None:
    assert lower_bound(k, n) == pytest.approx(bound, abs=2e-3)
