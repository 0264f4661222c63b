"""A backend that fails: clients that try again, politely and otherwise, while an outage lasts."""

from __future__ import annotations

import random
from collections.abc import Sequence

from msgspec.structs import replace

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.cases.shoppers import app, arrive, shop, visit
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["PATIENCE", "flaky_backend", "retried"]

PATIENCE: Sequence[tuple[float, tuple[float, ...]]] = (
    (0.45, (0.5, 1.0, 2.0, 4.0)),
    (0.25, (1.0, 1.0, 1.0)),
    (0.15, (0.05,) * 12),
    (0.15, (2.0, 3.0, 2.5, 8.0, 6.0)),
)
"""Shares of clients, and how long each waits before every next try: back-off, fixed, a storm, a person who reloads."""
_IN_OUTAGE = 0.7


def flaky_backend(world: World, part: Part) -> Arrivals:
    """Shop while the backend fails now and then: who gets no answer or an error from it asks again."""
    rng = world.rng(part.name)
    begin, end = world.span(part)
    count = world.count(part)
    outages = [
        (max(begin, world.start + at - 30.0), min(end, world.start + at + lasts))
        for at, lasts, _ in world.scenario.outages
        if world.start + at < end and world.start + at + lasts > begin
    ]
    struck = round(count * _IN_OUTAGE) if outages else 0
    times = list(world.times(rng, count - struck, begin, end)) if count > struck else []
    for _ in range(struck):
        first, last = rng.choice(outages)
        times.append(first + rng.random() * (last - first))
    times.sort()
    return arrive(world, part, times, _persistent)


def _persistent(world: World, part: Part, rng: random.Random, number: int, at: float) -> Script:
    client = app(world, rng) if rng.random() < 0.6 else world.person(rng)
    visits = visit(world, part, rng, client, number, at)
    waits = rng.choices([waits for _, waits in PATIENCE], [share for share, _ in PATIENCE])[0]
    return retried(visits, shop(world, visits, most=40), waits)


def retried(visit: Visit, steps: Script, waits: Sequence[float]) -> Script:
    """Make the calls of a script, each again after every wait until the backend answers."""
    rng = visit.rng
    call = next(steps, None)
    while call is not None:
        reply = yield call
        if call.endpoint != "events":
            for wait in waits:
                if 0 < reply.status < 500:
                    break
                again = replace(call, at=reply.ended + wait * rng.uniform(0.75, 1.25))
                visit.made += 1
                reply = yield again
        try:
            call = steps.send(reply)
        except StopIteration:
            return
