"""Addresses by level: a few, a pool in rotation, homes without end."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from vedette.simulate.campaigns.exits import Exits
from vedette.simulate.campaigns.traits import draw_traits
from vedette.simulate.scenario import Scenario
from vedette.simulate.world import World

MIDNIGHT = 1_790_553_600.0


@pytest.fixture(scope="module")
def world():
    return World(Scenario(name="day", start=MIDNIGHT), 901)


def make(world, level, seed=1, **traits):
    rng = random.Random(seed)
    return rng, Exits(world, rng, level, replace(draw_traits(rng, level), **traits))


def test_a_plain_script_has_one_to_five_addresses_and_each_worker_keeps_his(world):
    sizes = set()
    for seed in range(60):
        _, exits = make(world, 1, seed)
        sizes.add(exits.size)
        assert exits.kind in ("datacentre", "home", "vpn", "tor")
        assert [exits.home(worker) for worker in range(8)] == [exits.home(worker) for worker in range(8)]
        assert exits.rented == len({exits.home(worker) for worker in range(8)}) <= exits.size
    assert sizes == {1, 2, 3, 4, 5}


def test_a_pool_is_rented_and_goes_round(world):
    sizes = []
    for seed in range(40):
        rng, exits = make(world, 2, seed)
        first = [exits.draw(rng) for _ in range(exits.size)]
        assert exits.kind in ("datacentre", "vpn", "relay")
        assert [exits.draw(rng) for _ in range(exits.size)] == first
        assert exits.rented == exits.size
        sizes.append(exits.size)
    assert min(sizes) >= 30
    assert max(sizes) <= 600
    assert max(sizes) > 5 * min(sizes)


def test_homes_are_new_each_time_and_in_the_country_where_they_were_bought(world):
    rng, exits = make(world, 3, is_abroad=False, mobile=0.0)
    places = [exits.draw(rng) for _ in range(500)]
    assert len({place.address for place in places}) > 495
    assert sum(place.country == world.scenario.country for place in places) > 450
    assert 30 < sum(place.kind == "office" for place in places) < 100
    assert exits.rented == 500
    assert exits.size == 0


def test_exits_abroad_are_in_many_countries(world):
    rng, exits = make(world, 3, is_abroad=True, mobile=0.0)
    assert len({exits.draw(rng).country for _ in range(500)}) > 20


def test_phones_are_behind_the_few_addresses_of_their_carrier(world):
    rng, exits = make(world, 3, is_abroad=False, mobile=1.0)
    assert len({exits.draw(rng).address for _ in range(500)}) < 60
