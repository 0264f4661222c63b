from __future__ import annotations

import random
from collections import Counter

import pytest

from vedette.simulate.robots.runs import choose, in_order, runs, shares, sum_of, truth_of
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World


@pytest.mark.parametrize(("total", "parts"), [(1, 1), (7, 3), (1000, 40), (5, 9)])
def test_shares_add_up_and_leave_nobody_out(total, parts):
    found = shares(random.Random(1), total, parts)
    assert sum(found) == total
    assert len(found) == min(total, parts)
    assert min(found) >= 1


def test_shares_differ():
    assert len(set(shares(random.Random(1), 1000, 20))) > 10


def test_runs_are_in_order_make_every_call_and_have_the_time_for_it():
    part = Part(section="robots", kind="search_engine", name="engine", count=3000)
    world = World(Scenario(name="mine", lasts_s=86_400.0), 3)
    found = list(runs(world, part, random.Random(2), calls=100, gap=6.0))
    assert sum(run.calls for run in found) == 3000
    assert [run.number for run in found] == list(range(len(found)))
    assert [run.at for run in found] == sorted(run.at for run in found)
    assert all(run.at + run.calls * run.gap <= world.end for run in found)


def test_runs_hurry_where_there_is_no_time():
    part = Part(section="robots", kind="search_engine", name="engine", count=1000)
    world = World(Scenario(name="mine", lasts_s=60.0), 3)
    assert all(run.gap < 1.0 for run in runs(world, part, random.Random(2), calls=1000, gap=6.0))


def test_arrivals_that_overlap_come_in_order():
    def script():
        yield from ()

    groups = [
        (0.0, [(0.0, script()), (50.0, script())]),
        (10.0, [(10.0, script()), (11.0, script())]),
        (60.0, [(60.0, script())]),
    ]
    assert [at for at, _ in in_order(iter(groups))] == [0.0, 10.0, 11.0, 50.0, 60.0]


def test_choice_follows_the_weights():
    rng = random.Random(5)
    found = Counter(choose(rng, ("a", "b"), (3.0, 1.0)) for _ in range(4000))
    assert 2800 < found["a"] < 3200


def test_truth_is_of_a_good_bot_in_the_segment_of_its_section():
    robot = truth_of(Part(section="robots", kind="monitor", name="mine", count=1), 4)
    case = truth_of(Part(section="cases", kind="nightly_sync", name="mine", count=1), 4)
    assert (robot.actor, robot.session, robot.segment) == ("good_bot", "mine-4", "monitor")
    assert (case.actor, case.session, case.segment) == ("good_bot", "mine-4", "mine")
    assert sum_of([0.5, 0.25]) == 0.75
