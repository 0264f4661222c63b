from __future__ import annotations

import itertools

import pytest

from vedette.simulate.play import play
from vedette.simulate.populations import POPULATIONS
from vedette.simulate.scenario import Part, Scenario, find, read_scenario
from vedette.simulate.world import FIRST_TEST_SEED, HELD_OUT_FAMILIES, World

WEB = Part(section="people", kind="web", name="web", count=40)


def world(*parts, seed=1, scale=1.0, **scenario):
    return World(Scenario(name="mine", lasts_s=7200.0, parts=parts or (WEB,), **scenario), seed, scale)


def tiny(seed=1, scale=0.3):
    return World(read_scenario(find("tiny"), POPULATIONS), seed, scale)


def played(made):
    return list(play(made.arrivals(), made.shop.answer, made.end))


def test_chance_depends_on_seed_and_name_alone():
    assert world().rng("a").random() == world().rng("a").random()
    assert world().rng("a").random() != world().rng("b").random()
    assert world(seed=1).rng("a").random() != world(seed=2).rng("a").random()


def test_a_world_repeats_itself():
    first, again, other = (
        [(c.at, c.path, c.headers, c.client.address, r.status) for c, r in played(tiny(seed))] for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_calls_are_in_order_and_inside_the_world():
    made = tiny()
    times = [call.at for call, _ in played(made)]
    assert times == sorted(times)
    assert made.start <= times[0]
    assert times[-1] < made.end


@pytest.mark.parametrize("steady", [False, True])
def test_times_are_as_many_as_asked_and_in_order(steady):
    made = world()
    times = list(made.times(made.rng("t"), 1000, made.start, made.start + 86_400, steady=steady))
    assert len(times) == 1000
    assert times == sorted(times)
    assert made.start <= times[0]
    assert times[-1] <= made.start + 86_400


def test_people_come_by_day_and_programs_round_the_clock():
    made = world()
    start = made.start - made.start % 86_400
    spans = {}
    for steady in (False, True):
        hours = [
            int(at % 86_400 // 3600) for at in made.times(made.rng("t"), 5000, start, start + 86_400, steady=steady)
        ]
        counts = [hours.count(hour) for hour in range(24)]
        spans[steady] = max(counts) / max(1, min(counts))
    assert spans[False] > 3
    assert spans[True] < 2


def test_arrivals_are_not_made_before_they_are_asked_for():
    made = world(Part(section="people", kind="web", name="web", count=50_000_000))
    assert len(list(itertools.islice(made.arrivals(), 5))) == 5


def test_scale_multiplies_and_leaves_at_least_one():
    assert world(scale=0.5).count(WEB) == 20
    assert world(scale=0.0001).count(WEB) == 1


def test_what_is_held_out_is_absent_below_the_first_test_seed():
    parts = [
        Part(section="campaigns", kind=kind, name=f"{kind}-1", count=20, level=1)
        for kind in (*sorted(HELD_OUT_FAMILIES), "carding")
    ]
    tuning, test = world(*parts, seed=FIRST_TEST_SEED - 1), world(*parts, seed=FIRST_TEST_SEED)
    assert [part.kind for part in tuning.parts()] == ["carding"]
    assert len(test.parts()) == 4


def test_held_out_stacks_are_in_nobodys_hands_below_the_first_test_seed():
    def agents(seed):
        made = World(read_scenario(find("tiny"), POPULATIONS), seed, 1.0)
        return {call.client.stack.family for call, _ in itertools.islice(play(made.arrivals(), made.shop.answer), 4000)}

    assert not agents(5) & {"firefox", "go"}
    assert "firefox" in agents(FIRST_TEST_SEED)


@pytest.mark.parametrize("kind", ["home", "mobile", "office", "vpn", "datacentre", "tor", "relay", "proxy"])
def test_every_kind_of_network_has_addresses(kind):
    made = world()
    assert made.address(made.rng("a"), kind).address
