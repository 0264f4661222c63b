"""A budget lasts as long as it should, in the course that was drawn."""

from __future__ import annotations

import random

import pytest

from vedette.simulate.campaigns.pacing import Curve, Pacer
from vedette.simulate.campaigns.traits import Traits, draw_traits
from vedette.simulate.shapes import load_shapes

BEGIN, END = 1_790_553_600.0, 1_790_553_600.0 + 10 * 3600.0
ACTIVITIES = ("steady", "bouts", "night", "ramp", "swings", "day", "hours")


def curve(activity, seed=1):
    return Curve.draw(random.Random(seed), activity, BEGIN, END, load_shapes())


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_what_is_to_come_falls_from_all_to_nothing(activity):
    for seed in range(20):
        found = curve(activity, seed)
        moments = [BEGIN + share * (END - BEGIN) / 50 for share in range(51)]
        rests = [found.rest(at) for at in moments]
        assert rests == sorted(rests, reverse=True)
        assert rests[0] > 0.0
        assert rests[-1] == 0.0


def test_there_is_no_other_course():
    with pytest.raises(AssertionError, match="waves"):
        curve("waves")


def test_it_resumes_when_it_works():
    found = curve("bouts", 3)
    idle = [edge for edge, weight in zip(found.edges, found.weights, strict=False) if not weight]
    assert idle
    for at in idle:
        assert found.resumed(at) > at
        assert found.weight(found.resumed(at)) > 0.0
    assert found.resumed(found.edges[-1]) == found.edges[-1]


def test_people_s_hours_and_the_night():
    by_day, by_night = (
        Curve.draw(random.Random(1), activity, BEGIN, BEGIN + 86_400, load_shapes()) for activity in ("day", "night")
    )
    evening, night = BEGIN + 19 * 3600.0, BEGIN + 3 * 3600.0
    assert by_day.weight(evening) > 1.5 * by_day.weight(night)
    assert by_night.weight(night) > 3 * by_night.weight(evening)


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("seed", range(6))
def test_workers_spend_the_budget_in_the_time(level, seed):
    rng = random.Random(seed)
    traits = draw_traits(rng, level)
    pacer = Pacer(rng, level, traits, BEGIN, END, load_shapes())
    left, workers = 5000, [BEGIN] * traits.workers
    while left and workers[0] < END:
        now = workers.pop(0) + 0.4
        left -= 2
        pacer.learn(2, 0.4)
        workers = sorted([*workers, now + pacer.pause(rng, now, left, len(workers) + 1)])
    assert left == 0
    assert workers[0] > BEGIN + 0.6 * (END - BEGIN)


def test_a_script_sleeps_the_same_between_corrections():
    traits = Traits(workers=2, acts=0, calls=0, activity="steady", jitter=0.0, gap_s=0.0)
    rng = random.Random(1)
    pacer = Pacer(rng, 1, traits, BEGIN, END, load_shapes())
    for _ in range(8):
        pacer.learn(1, 0.2)
    sleeps = {pacer.pause(rng, BEGIN + 100 + at, 1000, 2) for at in range(20)}
    assert len(sleeps) == 1
    assert f"{sleeps.pop():g}".strip("0.") == f"{pacer.pause(rng, BEGIN + 120, 1000, 2):.2g}".strip("0.")


def test_too_few_workers_are_noticed():
    traits = Traits(workers=1, acts=0, calls=0, activity="steady", jitter=0.0, gap_s=0.0)
    rng = random.Random(1)
    pacer = Pacer(rng, 1, traits, BEGIN, END, load_shapes())
    for _ in range(10):
        pacer.learn(1, 2.0)
    assert pacer.pause(rng, BEGIN + 60, 100_000, 1) == 0.0
    assert pacer.lacks >= 4
