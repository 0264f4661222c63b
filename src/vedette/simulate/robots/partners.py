"""Partners: programs with a key that read the catalogue in bulk, from one or two addresses, mostly by night."""

from __future__ import annotations

import random

from vedette.simulate.calls import Arrivals, Script, Truth
from vedette.simulate.clients import Client
from vedette.simulate.robots.crawling import polite
from vedette.simulate.robots.keys import partner_key
from vedette.simulate.robots.runs import shares, truth_of
from vedette.simulate.robots.stacks import field, library
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["partner", "partner_clients", "sync"]

_NIGHT_H = 1.5
_HOURLY = 0.15
"""Share of the requests that are made by day, for what has changed within the hour; ``_MOST_BY_DAY`` in one hour."""
_MOST_BY_DAY = 200


def partner(world: World, part: Part) -> Arrivals:
    """Read the catalogue each night, and what changed each hour."""
    rng = world.rng(part.name)
    begin, end = world.span(part)
    clients = partner_clients(world, part.name)
    count = world.count(part)
    nights = _nights(begin, end)
    hours = [at for at in _hours(begin, end) if not any(night <= at < night + 3 * 3600 for night in nights)]
    by_day = min(round(count * _HOURLY), _MOST_BY_DAY * len(hours)) if nights else 0
    plan = _planned(rng, nights or [begin], count - by_day, 0.05, 0.4)
    if by_day:
        plan += _planned(rng, hours, by_day, 0.3, 0.8)
    for number, (at, calls, gap) in enumerate(sorted(plan)):
        at += 20.0 * rng.random()
        own = world.rng(f"{part.name}/{number}")
        gap = min(gap, 0.8 * (end - at) / calls)
        client = clients[number % len(clients)]
        yield at, sync(world, truth_of(part, number), own, client, at, calls, gap)


def _planned(
    rng: random.Random, moments: list[float], count: int, spread: float, gap: float
) -> list[tuple[float, int, float]]:
    """Share out calls among moments; where there are fewer calls than moments, the first ones get them."""
    owed = shares(rng, count, len(moments), spread) if count else []
    return [(at, calls, gap) for at, calls in zip(moments, owed, strict=False)]


def partner_clients(world: World, name: str) -> tuple[Client, ...]:
    """Give the one or two machines of a partner: one library, one network, its key."""
    rng = world.rng(f"partner/{name}")
    stack = library(world, rng)
    first = world.networks.draw(rng, "datacentre", "DE")
    places = [first] if rng.random() < 0.5 else [first, world.networks.in_same_network(rng, first)]
    clients = tuple(Client.make(stack, where, rng) for where in places)
    for client in clients:
        client.extra = (field(client, "X-Api-Key", partner_key(world, name)),)
    return clients


def sync(world: World, truth: Truth, rng: random.Random, client: Client, at: float, calls: int, gap: float) -> Script:
    """Read lists of what changed and then each product and price on them, steadily; rest when told to."""
    visit = Visit(world.shop, client, truth, rng, at)
    left, rest, page = calls, 0.0, 0
    first = rng.randrange(world.shop.products)
    while left > 0:
        page += 1
        reply = yield from visit.do("export", kind="api", after=rest + gap * rng.uniform(0.8, 1.2), page=page)
        rest = polite(reply, rng, gap)
        left -= 1
        for name in ("product", "price"):
            for place in range(20):
                if left <= 0:
                    break
                number = (first + page * 20 + place) % world.shop.products
                after = rest + gap * rng.uniform(0.8, 1.2)
                reply = yield from visit.do(name, kind="api", after=after, number=number)
                rest = polite(reply, rng, gap)
                left -= 1


def _nights(begin: float, end: float) -> list[float]:
    first = begin - begin % 86_400 + _NIGHT_H * 3600
    return [at for day in range(int((end - begin) / 86_400) + 2) if begin <= (at := first + day * 86_400) < end - 900]


def _hours(begin: float, end: float) -> list[float]:
    first = begin - begin % 3600 + 3600
    return [first + hour * 3600 for hour in range(max(0, int((end - first - 600) / 3600)))]
