"""Cuts and curves against counting by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.replay.judge.ranking import area, curve, cut_at, recall_at
from vedette.replay.judge.shares import Share

SCORES = st.lists(st.integers(0, 20).map(lambda n: n / 20), min_size=1, max_size=60)


def sorted_scores(values: list[float]) -> np.ndarray:
    return np.sort(np.array(values, np.float32))


@given(SCORES, SCORES, st.sampled_from([0.0001, 0.01, 0.1, 0.25, 0.5, 1.0]))
def test_a_cut_is_the_smallest_score_that_keeps_to_the_target(
    humans: list[float], bots: list[float], target: float
) -> None:
    cut = cut_at(target, sorted_scores(humans), sorted_scores(humans + bots))
    allowed = [t for t in sorted({*humans, *bots}) if sum(h >= t for h in humans) / len(humans) <= target]
    assert cut.threshold == (pytest.approx(allowed[0]) if allowed else math.inf)
    assert cut.humans.hits == sum(h >= t for h in humans for t in allowed[:1])
    recall = recall_at(cut, np.array(bots, np.float32))
    assert recall == Share(sum(b >= t for b in bots for t in allowed[:1]), len(bots))


def test_ties_at_the_edge_are_left_to_people() -> None:
    humans = sorted_scores([0.1] * 90 + [0.9] * 10)
    cut = cut_at(0.05, humans, sorted_scores([*humans, 0.9, 0.95]))
    assert cut.threshold == pytest.approx(0.95), "ten people share 0.9: taking it would hit 10 %"
    assert cut.humans == Share(0, 100)
    assert not cut.is_too_few


def test_too_few_people_are_said_so() -> None:
    humans = sorted_scores([n / 1000 for n in range(1000)])
    assert cut_at(0.0001, humans, humans).is_too_few
    assert cut_at(0.0001, humans, humans).threshold == math.inf
    assert not cut_at(0.001, humans, humans).is_too_few
    assert cut_at(0.001, humans, humans).humans == Share(1, 1000)


@given(SCORES, SCORES)
def test_area_is_the_share_of_pairs_in_order(humans: list[float], bots: list[float]) -> None:
    pairs = [(b > h) + (b == h) / 2 for b in bots for h in humans]
    assert area(sorted_scores(humans), np.array(bots, np.float32)) == pytest.approx(sum(pairs) / len(pairs))


def test_area_of_nothing_is_unknown() -> None:
    assert math.isnan(area(sorted_scores([]), sorted_scores([0.5])))


def test_the_curve_rises_to_everything() -> None:
    humans, bots = sorted_scores([n / 100 for n in range(100)]), sorted_scores([0.5, 0.7, 0.995])
    points = curve(humans, bots, [0.001, 0.01, 0.35, 1.0])
    assert points == pytest.approx([1 / 3, 1 / 3, 2 / 3, 1.0])
