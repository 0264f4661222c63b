"""Previews: somebody shares a link, and within seconds the services of those who see it fetch the page."""

from __future__ import annotations

import random
from collections.abc import Iterator

from vedette.simulate.calls import Arrival, Arrivals, Script
from vedette.simulate.clients import Client
from vedette.simulate.robots.claims import Claim, claims_of
from vedette.simulate.robots.runs import choose, in_order, truth_of
from vedette.simulate.robots.stacks import bot, own_stack
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["preview"]

_FROM_PHONES = (
    ("whatsapp", ("WhatsApp/2.25.29.77 A", "WhatsApp/2.25.30.74 i"), 4.0),
    (
        "imessage",
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1"
            " Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
        ),
        2.0,
    ),
)
"""Apps that fetch the preview on the sender's own phone: from a person's address, under the name of a bot."""
_SERVICES: tuple[Claim | tuple[str, tuple[str, ...], float], ...] = (*claims_of("preview"), *_FROM_PHONES)
_WEIGHTS = [one[2] if isinstance(one, tuple) else one.weight for one in _SERVICES]
_CALLS = (0.7, 0.2, 0.1)
"""Shares of fetches of one, two and three calls: the page alone, with its picture, with robots.txt."""


def preview(world: World, part: Part) -> Arrivals:
    """Fetch what people share; now and then a link goes round, and one product is fetched dozens of times."""
    return in_order(_links(world, part))


def _links(world: World, part: Part) -> Iterator[tuple[float, list[Arrival]]]:
    rng = world.rng(part.name)
    owed = world.count(part)
    sizes: list[list[int]] = []
    while owed > 0:
        calls = [rng.choices((1, 2, 3), _CALLS)[0] for _ in range(min(60, int(rng.paretovariate(1.2))))]
        while sum(calls) > owed:
            calls.pop()
        sizes.append(calls or [owed])
        owed -= sum(sizes[-1])
    number = 0
    for at, fetches in zip(world.times(rng, len(sizes), *world.span(part)), sizes, strict=True):
        product, waits = world.shop.popular_product(rng), 1.0
        found = []
        for size in fetches:
            found.append((at, _fetch(world, part, world.rng(f"{part.name}/{number}"), number, at, product, size)))
            number += 1
            waits = min(waits * 1.15, 120.0)
            at += rng.expovariate(1.0 / waits)
        yield found[0][0], found


def _fetch(world: World, part: Part, rng: random.Random, number: int, at: float, product: int, calls: int) -> Script:
    chosen = choose(rng, _SERVICES, _WEIGHTS)
    if isinstance(chosen, tuple):
        name, agents, _ = chosen
        stack = own_stack(world.stacks, name, rng.choice(agents), "safari" if name == "imessage" else "curl")
        where = world.address(rng, "mobile" if rng.random() < 0.5 else "home")
        client = Client.make(stack, where, rng)
    else:
        client = bot(world, rng, chosen)
    visit = Visit(world.shop, client, truth_of(part, number), rng, at)
    if calls == 3:
        yield from visit.do("robots", kind="navigate")
    yield from visit.do("product", kind="navigate", after=0.02 + 0.2 * rng.random(), number=product)
    if calls > 1:
        yield from visit.do("asset", kind="asset", after=0.05, file=world.shop.file(24 + product))
