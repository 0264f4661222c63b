"""Monitors: whether the shop answers, asked at fixed intervals by services and by the shop's owner."""

from __future__ import annotations

import random
from collections.abc import Sequence
from heapq import merge
from operator import itemgetter

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.clients import Client
from vedette.simulate.robots.claims import CLAIMS
from vedette.simulate.robots.runs import truth_of
from vedette.simulate.robots.stacks import bot, own_stack
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["CHECKS", "INTERVALS_S", "monitor"]

INTERVALS_S = (5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600)
CHECKS = (
    ("pingdom", "home"),
    ("owner", "health"),
    ("statuscake", "home"),
    ("uptime-kuma", "health"),
    ("uptimerobot", "login page"),
    ("owner", "login page"),
    ("statuscake", "health"),
    ("pingdom", "health"),
)
"""Who checks what; ``owner`` is a probe of the shop's own, from the cloud."""
_PROBES = {"pingdom": 12, "statuscake": 8}
"""Places that one check is made from in turn; others have one."""


def monitor(world: World, part: Part) -> Arrivals:
    """Check at fixed intervals; as many checks as the part's requests are enough for at a minute's interval."""
    begin, end = world.span(part)
    count = world.count(part)
    checks = max(1, min(len(CHECKS), round(count * 60.0 / (end - begin)), count))
    interval = _interval((end - begin) * checks / count)
    each = []
    left = count
    for number in range(checks):
        calls = min(left, round(count / checks)) if number + 1 < checks else left
        left -= calls
        own = world.rng(f"{part.name}/{number}")
        at = begin + interval * own.random()
        each.append(iter([(at, _check(world, part, own, number, at, interval, calls))]))
    return merge(*each, key=itemgetter(0))


def _interval(wanted: float) -> float:
    """Give the longest usual interval that is not longer than wanted."""
    return max((interval for interval in INTERVALS_S if interval <= wanted), default=wanted)


def _probes(world: World, rng: random.Random, who: str) -> Sequence[Client]:
    if who == "owner":
        stack = own_stack(world.stacks, "owner", "blackbox-probe/0.25", "curl")
        return (Client.make(stack, world.networks.draw(rng, "datacentre", world.scenario.country), rng),)
    return tuple(bot(world, rng, CLAIMS[who]) for _ in range(_PROBES.get(who, 1)))


def _check(world: World, part: Part, rng: random.Random, number: int, at: float, interval: float, calls: int) -> Script:
    who, what = CHECKS[number]
    probes = _probes(world, rng, who)
    visit = Visit(world.shop, probes[0], truth_of(part, number), rng, at)
    for turn in range(calls):
        visit.client = probes[turn % len(probes)]
        visit.now = at + turn * interval + 0.03 * rng.random()
        if what == "login page":
            yield from visit.do("", waits=False, path="/login", kind="navigate")
        else:
            yield from visit.do(what, waits=False, kind="navigate" if what == "home" else "api")
