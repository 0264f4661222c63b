from __future__ import annotations

import inspect
import itertools

import pytest

from vedette.simulate.play import play
from vedette.simulate.populations import POPULATIONS
from vedette.simulate.scenario import Part, Scenario, find, names, read_scenario
from vedette.simulate.world import World

EVERY = [(section, kind) for section, kinds in POPULATIONS.items() for kind in kinds]
CODES = {f"OAT-{number:03d}" for number in range(1, 22)}


def calls(section, kind, level, count=40, seed=901):
    part = Part(section=section, kind=kind, name=f"{kind}-{level}", count=count, level=level, lasts_s=7200.0)
    world = World(Scenario(name="mine", parts=(part,), outages=((0.0, 7200.0, 0.3),)), seed)
    return [call for call, _ in itertools.islice(play(world.arrivals(), world.shop.answer, world.end), 3000)]


@pytest.mark.parametrize(("section", "kind"), EVERY, ids=[kind for _, kind in EVERY])
def test_every_population_calls_and_tells_the_truth_about_itself(section, kind):
    for level in (1, 2, 3) if section == "campaigns" else (0,):
        made = calls(section, kind, level)
        assert made
        actors = {call.truth.actor for call in made}
        attackers = [call.truth for call in made if call.truth.actor == "bad_bot"]
        if section == "campaigns":
            assert attackers
            assert {truth.campaign for truth in attackers} == {f"{kind}-{level}"}
            assert {truth.level for truth in attackers} == {level}
            assert {truth.threat for truth in attackers} <= CODES
            assert {truth.segment for truth in attackers} == {kind}
        else:
            assert not attackers
            assert actors <= {"human", "good_bot"}
            assert all(not call.truth.campaign and not call.prize for call in made)
        assert all(call.truth.session and call.truth.segment for call in made)


@pytest.mark.parametrize(("section", "kind"), EVERY, ids=[kind for _, kind in EVERY])
def test_every_population_repeats_itself(section, kind):
    first, again = ([(c.at, c.path, c.headers) for c in calls(section, kind, 2, 10)] for _ in range(2))
    assert first == again


def test_every_population_says_who_it_is():
    for kinds in POPULATIONS.values():
        for kind, population in kinds.items():
            assert len((population.__doc__ or "").strip()) > 20, kind


@pytest.mark.parametrize("name", names())
def test_every_world_that_ships_can_be_read(name):
    scenario = read_scenario(find(name), POPULATIONS)
    assert len(scenario.description) > 20
    assert scenario.parts


def test_together_the_worlds_use_every_population():
    used = {(part.section, part.kind) for name in names() for part in read_scenario(find(name), POPULATIONS).parts}
    assert used == set(EVERY)


def test_the_day_has_every_family_at_every_level():
    parts = [part for part in read_scenario(find("shop-day"), POPULATIONS).parts if part.section == "campaigns"]
    assert {(part.kind, part.level) for part in parts} == {
        (family, level) for family in POPULATIONS["campaigns"] for level in (1, 2, 3)
    }


def test_the_benign_world_has_every_case_and_no_campaign():
    parts = read_scenario(find("benign-only"), POPULATIONS).parts
    assert {part.kind for part in parts if part.section == "cases"} == set(POPULATIONS["cases"])
    assert not [part for part in parts if part.section == "campaigns"]


def test_every_population_says_what_it_does():
    for kinds in POPULATIONS.values():
        for population in kinds.values():
            assert inspect.isfunction(population), "or its documentation is that of its class"
            assert population.__doc__
