"""Calibration against figures made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vedette.replay.judge.calibration import LEAST, Calibration, calibrate


def told(scores: list[float], bad: list[bool], low: float = 0.0, high: float = 1.0, purposes: int = 1) -> Calibration:
    count = len(scores)
    return calibrate(
        np.array(scores, np.float32),
        np.full(count, low, np.float32),
        np.full(count, high, np.float32),
        np.array(bad),
        (np.arange(count) % purposes).astype(np.uint8),
    )


def test_by_hand() -> None:
    found = told([0.1, 0.1, 0.9, 0.9], [False, False, True, False])
    assert found.ece == pytest.approx((2 * 0.1 + 2 * 0.4) / 4)
    assert found.ece_equal_mass == pytest.approx((2 * 0.1 + 2 * 0.4) / 4)
    assert found.brier == pytest.approx((0.01 + 0.01 + 0.01 + 0.81) / 4)
    assert found.log_loss == pytest.approx(-(3 * math.log(0.9) + math.log(0.1)) / 4, rel=1e-5)
    assert [one.requests for one in found.bins] == [2, 2]
    assert found.malicious == 0.25


def test_a_calibrated_score_has_no_error_and_certain_mistakes_cost_a_bounded_amount() -> None:
    rng = np.random.default_rng(1)
    scores = rng.random(200_000)
    found = told(scores.tolist(), (rng.random(200_000) < scores).tolist())
    assert found.ece < 0.01
    assert found.ece_equal_mass < 0.01
    assert len(found.bins) == 15
    assert [one.requests for one in found.deciles] == pytest.approx([20_000] * 10, abs=5)
    assert told([1.0], [False]).log_loss == pytest.approx(-math.log(1e-6))


def test_equal_scores_share_a_bin() -> None:
    found = told([0.2] * 900 + [0.8] * 100, [False] * 1000)
    assert [one.requests for one in found.deciles] == [900, 100]


def test_coverage_counts_requests_of_cells_that_hold_the_truth() -> None:
    # two purposes with equal scores: one half malicious, one not at all; the interval holds only the first
    bad = [n % 4 == 0 for n in range(8 * LEAST)]
    found = told([0.3] * (8 * LEAST), bad, low=0.2, high=0.6, purposes=2).coverage
    assert (found.cells, found.requests, found.left_out) == (2, 8 * LEAST, 0)
    assert found.by_request == found.by_cell == 0.5
    assert found.by_request_or_chance == 0.5
    assert found.width == pytest.approx(0.4)


def test_what_chance_explains_is_told_apart() -> None:
    found = told([0.02] * 200, [False] * 200, low=0.01, high=0.05).coverage
    assert (found.by_request, found.by_request_or_chance) == (0.0, 1.0), "none of 200 where 2 to 10 were expected"
    many = told([0.02] * 2000, [False] * 2000, low=0.01, high=0.05).coverage
    assert (many.by_request, many.by_request_or_chance) == (0.0, 0.0), "none of 2,000 is no accident"


def test_small_cells_say_nothing() -> None:
    found = told([0.3] * (LEAST - 1), [True] * (LEAST - 1)).coverage
    assert (found.cells, found.left_out) == (0, LEAST - 1)
    assert math.isnan(found.by_request)


def test_a_bound_that_is_met_exactly_holds() -> None:
    assert told([0.99] * 200, [True] * 200, low=0.95, high=1.0).coverage.by_request == 1.0
    assert told([0.01] * 200, [False] * 200, low=0.0, high=0.02).coverage.by_request == 1.0


def test_of_nothing() -> None:
    assert told([], []).requests == 0
