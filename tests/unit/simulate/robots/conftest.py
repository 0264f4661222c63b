from __future__ import annotations

import pytest

from vedette.simulate.play import play
from vedette.simulate.robots import KINDS
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World


@pytest.fixture
def robots():
    """Play one part of good bots; gives the world and each call with its reply and its address at that time."""

    def run(kind, count=200, *, seed=901, answer=None, lasts_s=86_400.0, options=None, **scenario):
        part = Part(section="robots", kind=kind, name=kind, count=count, options=options or {})
        world = World(Scenario(name="mine", parts=(part,), lasts_s=lasts_s, **scenario), seed)
        made = [
            (call, reply, call.client.address, {name.lower(): value for name, value in call.headers})
            for call, reply in play(KINDS[kind](world, part), answer or world.shop.answer, world.end)
        ]
        return world, made

    return run
