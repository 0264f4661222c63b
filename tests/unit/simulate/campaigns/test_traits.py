"""What campaigns of a level are like, over many of them."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from vedette.simulate.campaigns.traits import draw_traits


def many(level, count=400):
    return [draw_traits(random.Random(seed), level) for seed in range(count)]


def test_plain_scripts_open_no_pages_and_stay_where_they_are():
    for traits in many(1):
        assert not traits.loads_pages
        assert traits.calls == traits.acts == 0
    assert 0.25 < sum(traits.keeps_cookies for traits in many(1)) / 400 < 0.55


def test_copied_headers_come_with_rotation():
    found = many(2)
    assert all(traits.calls for traits in found)
    assert 0.3 < sum(traits.calls == 1 for traits in found) / 400 < 0.5
    assert {True, False} == {traits.keeps_cookies for traits in found}


def test_impersonation_makes_each_act_a_visit_of_its_own():
    assert {traits.acts for traits in many(3)} == {1}
    assert {"day", "swings"} == {traits.activity for traits in many(3)}
    assert 0.2 < sum(traits.is_abroad for traits in many(3)) / 400 < 0.4


def test_some_of_the_best_slip_and_others_never():
    counts = Counter(tell for traits in many(3) for tell in traits.tells)
    assert set(counts) == {"no assets", "carried cookies", "old tls", "even gaps", "in order", "moving"}
    assert 100 < counts.pop("no assets") < 220
    assert all(30 < count < 100 for count in counts.values())
    assert 0.15 < sum(not traits.tells for traits in many(3)) / 400 < 0.5


@pytest.mark.parametrize("level", [1, 2, 3])
def test_no_two_campaigns_are_alike(level):
    found = many(level, 60)
    assert len(set(map(repr, found))) > 50
