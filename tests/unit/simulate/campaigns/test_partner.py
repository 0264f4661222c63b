"""A partner's key in other hands."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from vedette.simulate.campaigns import FAMILIES
from vedette.simulate.play import play
from vedette.simulate.robots.keys import partner_key
from vedette.simulate.robots.partners import partner, partner_clients
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

MIDNIGHT = 1_790_553_600.0


def make(level, seed=901):
    thief = Part(
        section="campaigns", kind="stolen_partner_key", name="thief", count=1500, level=level, at_s=3600, lasts_s=36_000
    )
    honest = Part(section="robots", kind="partner", name="warehouse-feed", count=800)
    scenario = Scenario(name="day", start=MIDNIGHT, parts=(honest, thief))
    return World(scenario, seed), honest, thief


def key_of(call):
    return next((value for name, value in call.headers if name.lower() == "x-api-key"), "")


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_key_is_the_partner_s_and_the_network_is_not(level):
    world, honest, thief = make(level)
    theirs = [call for call, _ in play(partner(world, honest), world.shop.answer, world.end)]
    mine = [call for call, _ in play(FAMILIES["stolen_partner_key"](world, thief), world.shop.answer, world.end)]
    assert {key_of(call) for call in theirs} == {key_of(call) for call in mine} == {partner_key(world, honest.name)}
    assert not {call.client.address for call in theirs} & {call.client.address for call in mine}
    assert {call.truth.threat for call in mine} == {"OAT-011"}
    assert 1500 - 41 <= len(mine) <= 1500


def test_at_the_third_level_the_program_is_the_partner_s():
    world, honest, thief = make(3)
    program = partner_clients(world, honest.name)[0].stack
    for call, _ in play(FAMILIES["stolen_partner_key"](world, thief), world.shop.answer, world.end):
        assert call.client.stack.name == program.name
        assert [name for name, _ in call.headers if name.lower() == "user-agent"]


def test_what_is_read_is_won():
    world, _, thief = make(1)
    for call, reply in play(FAMILIES["stolen_partner_key"](world, thief), world.shop.answer, world.end):
        world.ledger.add(call, reply)
        assert (call.endpoint == "export") == (not call.prize)
    assert world.ledger.accounts["thief"].prizes["object"] > 500


def test_a_world_without_partners_has_a_key_all_the_same():
    world, _, thief = make(1)
    world = World(replace(world.scenario, parts=(thief,)), 901)
    call, _ = next(iter(play(FAMILIES["stolen_partner_key"](world, thief), world.shop.answer, world.end)))
    assert key_of(call) == partner_key(world, "warehouse")
