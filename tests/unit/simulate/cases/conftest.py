from __future__ import annotations

from typing import NamedTuple

import pytest

from vedette.simulate.calls import Call, Reply
from vedette.simulate.cases import KINDS
from vedette.simulate.play import play
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World


class Seen(NamedTuple):
    """One call as it was answered, and where its client was at that time."""

    call: Call
    reply: Reply
    address: str
    country: str
    ja4: str
    language: str


@pytest.fixture
def cases():
    """Play one case; gives the world and what was seen."""

    def run(kind, count=60, *, seed=901, lasts_s=86_400.0, **scenario):
        part = Part(section="cases", kind=kind, name=f"my {kind}", count=count)
        world = World(Scenario(name="mine", parts=(part,), lasts_s=lasts_s, **scenario), seed)
        found = []
        for call, reply in play(KINDS[kind](world, part), world.shop.answer, world.end):
            client = call.client
            found.append(Seen(call, reply, client.address, client.country, client.ja4, client.language))
        return world, found

    return run


@pytest.fixture
def by_session():
    """Group what was seen by its true session."""

    def group(found):
        sessions = {}
        for seen in found:
            sessions.setdefault(seen.call.truth.session, []).append(seen)
        return sessions

    return group
