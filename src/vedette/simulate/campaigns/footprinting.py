"""Footprinting: going through the ids of orders, or of products that are not listed, to see what answers."""

from __future__ import annotations

import random
from collections.abc import Generator

from vedette.simulate.calls import Arrivals, Call, Reply, Script
from vedette.simulate.campaigns.bouts import draw_rate, run_in_bouts
from vedette.simulate.campaigns.manners import come, rest, wander
from vedette.simulate.campaigns.toolkit import Toolkit
from vedette.simulate.campaigns.walks import draw_walk, make_walk
from vedette.simulate.people.journey import go_to, log_in
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["OBJECTS", "footprinting"]

OBJECTS = ("order", "product")
_ORDERS = 2_000_000
_OPEN = 0.03
"""Share of orders that the shop shows to whoever knows the number: invented."""
_BATCHES = {1: (5, 50), 2: (1, 8), 3: (1, 3)}
_BEYOND = 0.6
"""Ids beyond the catalogue that a walk over products covers, as a share of it."""


def footprinting(world: World, part: Part) -> Arrivals:
    """Go through ids. Options: ``walk``, one of ``ordered``, ``shuffled`` and ``sampled``; ``object``; ``rate``.

    The shop answers for somebody else's order with 404 or, in worlds where it is less careful, 403.
    """
    rng, shop = world.rng(f"{part.name}/plan"), world.shop
    walk_name = part.options.get("walk", "") or draw_walk(rng)
    chosen = part.options.get("object", "") or ("product" if rng.random() < 0.3 else "order")
    if chosen not in OBJECTS:
        raise ValueError(f"no object {chosen[:40]!r}; name one of {', '.join(OBJECTS)}")
    refused = world.rng("orders").choice((403, 404))
    size = int(shop.products * (1 + _BEYOND)) if chosen == "product" else rng.choice((5_000, 50_000, _ORDERS))
    first = 0 if chosen == "product" else rng.randrange(_ORDERS)
    at, low, high = make_walk(walk_name, rng, size), *_BATCHES[part.level]
    signs_in = chosen == "order" and rng.random() < 0.5
    step = 0

    def look(visit: Visit) -> Generator[Call, Reply, None]:
        nonlocal step
        number = first + at(step)
        step += 1
        if chosen == "product":
            id = shop.product_id(number)
            go_to(visit, f"/p/{shop.slug(number)}-{id}")
            yield from visit.do("product", number=number, is_right=number < shop.products, prize=f"object:{id}")
            return
        id = shop.order_id(number)
        go_to(visit, "/account/order")
        is_open = number * 2654435761 % 65_536 < _OPEN * 65_536
        yield from visit.do("order", order=id, is_right=is_open, status=0 if is_open else refused, prize=f"object:{id}")

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        yield from come(kit, visit, rng)
        yield from wander(kit, visit, int(rng.random() * 2.5))
        if kit.level == 3 and signs_in:
            rest(kit, visit, rng)
            account = shop.account(shop.accounts - 1 - rng.randrange(max(1, shop.accounts // 5)))  # nobody else's
            yield from log_in(visit, account, attempts=(0, True, False))
            rest(kit, visit, rng)
            go_to(visit, "/account/orders")
            yield from visit.do("orders", page=1)
            rest(kit, visit, rng)
        for _ in range(rng.randint(low, high)):
            yield from look(visit)
            rest(kit, visit, rng)

    rate = draw_rate(rng, 0.5, 10.0) if part.level == 1 or (part.level == 2 and rng.random() < 0.5) else 0.0
    return run_in_bouts(world, part, "OAT-018", act, rng, rate, bouts=rng.choice((1, 1, 3)))
