from __future__ import annotations

from vedette.simulate.robots.keys import PARTNER, partner_key, partners
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World


def part(section, kind, name=""):
    return Part(section=section, kind=kind, name=name or kind, count=1)


def test_a_key_lasts_and_belongs_to_one_partner_of_one_seed():
    first, second = World(Scenario(name="mine"), 1), World(Scenario(name="mine"), 2)
    assert partner_key(first, "a") == partner_key(World(Scenario(name="other"), 1), "a")
    assert len({partner_key(first, "a"), partner_key(first, "b"), partner_key(second, "a")}) == 3
    assert len(partner_key(first, "a")) == 40


def test_partners_are_those_that_hold_keys():
    parts = (
        part("robots", "partner", "east"),
        part("cases", "nightly_sync"),
        part("robots", "price_comparison"),
        part("people", "web"),
    )
    world = World(Scenario(name="mine", parts=parts))
    assert partners(world) == (PARTNER, "east", "nightly_sync", "price_comparison-0", "price_comparison-2")
    assert partners(World(Scenario(name="mine"))) == (PARTNER,)
