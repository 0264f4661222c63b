"""Shares and their intervals against published values."""

from __future__ import annotations

import math

import pytest

from vedette.replay.judge.shares import Z95, Share, wilson


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"), [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634)]
)
def test_wilson_interval(hits: int, total: int, low: float, high: float) -> None:
    assert wilson(hits, total, Z95) == pytest.approx((low, high), abs=1e-4)
    assert Share(hits, total).within_95 == pytest.approx((low, high), abs=1e-4)


def test_the_narrower_interval_lies_within_the_wider_one() -> None:
    share = Share(3, 50)
    assert share.within_95[0] < share.within_90[0] < share.value < share.within_90[1] < share.within_95[1]


def test_nothing_has_no_share() -> None:
    assert math.isnan(Share(0, 0).value)
    assert Share(0, 0).within_95 == (0.0, 1.0)
    assert wilson(0, 0, Z95) == (0.0, 1.0)
