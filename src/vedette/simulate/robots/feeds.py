"""Feed readers: the shop's feed every quarter of an hour to an hour, mostly answered that nothing has changed."""

from __future__ import annotations

import random
from collections.abc import Iterator

from vedette.simulate.calls import Arrival, Arrivals, Script
from vedette.simulate.clients import Client
from vedette.simulate.robots.claims import claims_of
from vedette.simulate.robots.runs import choose, truth_of
from vedette.simulate.robots.stacks import bot, field, own_stack
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["feed_reader"]

_EVERY_S = (900.0, 1800.0, 1800.0, 3600.0, 3600.0, 3600.0)
_CHANGES_S = 4 * 3600.0
"""The feed changes that often."""
_AT_HOME = ("NetNewsWire (RSS Reader; https://netnewswire.com/)", "Mozilla/5.0 (Linux; Android) Feeder / 2.10.9(3531)")
"""Readers on people's own devices."""


def feed_reader(world: World, part: Part) -> Arrivals:
    """Poll the feed: each reader at its own interval for the whole part, services from their servers, apps at home."""
    return iter(sorted(_readers(world, part), key=lambda arrival: arrival[0]))


def _readers(world: World, part: Part) -> Iterator[Arrival]:
    rng = world.rng(part.name)
    begin, end = world.span(part)
    owed, number = world.count(part), 0
    while owed > 0:
        every = min(rng.choice(_EVERY_S), end - begin)
        calls = min(owed, max(1, int((end - begin) / every)))
        at = begin + every * rng.random()
        yield at, _read(world, part, world.rng(f"{part.name}/{number}"), number, at, every, calls)
        owed -= calls
        number += 1


def _read(world: World, part: Part, rng: random.Random, number: int, at: float, every: float, calls: int) -> Script:
    if rng.random() < 0.3:
        stack = own_stack(world.stacks, "feed app", rng.choice(_AT_HOME), "curl")
        client = Client.make(stack, world.address(rng, "home"), rng)
    else:
        claims = claims_of("feed")
        client = bot(world, rng, choose(rng, claims, [claim.weight for claim in claims]))
    visit = Visit(world.shop, client, truth_of(part, number), rng, at)
    seen = -1 if rng.random() < 0.5 else int(at / _CHANGES_S)
    for turn in range(calls):
        visit.now = at + turn * every + 8.0 * rng.random()
        current = int(visit.now / _CHANGES_S)
        client.extra = (field(client, "If-None-Match", f'"{seen:x}"'),) if seen >= 0 else ()
        reply = yield from visit.do(
            "feed", waits=False, kind="api", accept="application/rss+xml", status=304 if seen == current else 0
        )
        if reply.status in (200, 304):
            seen = current
