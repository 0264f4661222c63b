"""Application-layer floods: whatever is dear to answer, from many sides at once."""

from __future__ import annotations

import random
from typing import Any

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.campaigns.bouts import draw_rate, run_in_bouts
from vedette.simulate.campaigns.manners import come, rest, wander
from vedette.simulate.campaigns.toolkit import Toolkit
from vedette.simulate.people.journey import go_to
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["application_flood"]

_MIXES: tuple[dict[str, float], ...] = (
    {"search": 1.0},
    {"search": 0.6, "listing": 0.4},
    {"graphql": 1.0},
    {"export": 1.0},
    {"search": 0.3, "suggest": 0.2, "listing": 0.2, "reviews": 0.1, "graphql": 0.2},
    {"home": 0.5, "search": 0.5},
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_RATES = {1: (20.0, 150.0), 2: (10.0, 80.0), 3: (3.0, 30.0)}
_BATCHES = {1: (10, 40), 2: (2, 10), 3: (1, 4)}


def application_flood(world: World, part: Part) -> Arrivals:
    """Ask for what is expensive: searches that no cache has, deep pages, large queries, exports. Option ``rate``."""
    rng = world.rng(f"{part.name}/plan")
    mix = rng.choice(_MIXES)
    if part.level == 3 and "export" in mix:  # which answers 401 at once: not worth homes to come from
        mix = _MIXES[1]
    names, shares = tuple(mix), tuple(mix.values())
    is_terse = part.level == 3 and rng.random() < 0.5  # no pages around the calls: more addresses for the same budget
    fields, (low, high) = rng.randint(3, 12), _BATCHES[part.level]

    def strike(visit: Visit, rng: random.Random, name: str) -> Script:
        how: dict[str, Any] = {}
        if name in ("search", "suggest"):
            noise = "".join(rng.choices(_LETTERS, k=rng.randint(3, 9)))
            how = {"q": f"{visit.shop.words(rng)} {noise}" if rng.random() < 0.5 else noise}
            go_to(visit, "/search?q=" + how["q"].replace(" ", "+"))
            if name == "search":
                how["page"] = 1 + int(60 * rng.random() ** 3)
        elif name == "listing":
            how = {"category": visit.shop.category(rng), "page": rng.randint(20, 500)}
            go_to(visit, f"/c/{how['category']}")
        elif name == "reviews":
            number = visit.shop.popular_product(rng)
            how = {"number": number, "page": rng.randint(5, 80)}
            go_to(visit, f"/p/{visit.shop.slug(number)}-{visit.shop.product_id(number)}")
        elif name == "graphql":
            inner = {f"f{place}": {"first": 100 + rng.randrange(900)} for place in range(fields)}
            how = {"body": {"operationName": "products", "variables": inner}}
        elif name == "export":
            how = {"page": rng.randrange(10**6), "is_right": False}
        elif name == "home":
            how = {"kind": "navigate" if visit.kind == "fetch" else ""}
        yield from visit.do(name, **how)

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        if is_terse:
            go_to(visit, "/")
        else:
            yield from come(kit, visit, rng)
            yield from wander(kit, visit, int(rng.random() * 1.5))
        for _ in range(rng.randint(low, high)):
            yield from strike(visit, rng, rng.choices(names, shares)[0])
            if kit.level > 1:
                rest(kit, visit, rng)

    rate = draw_rate(rng, *_RATES[part.level])
    how: dict[str, Any] = {"activity": "steady" if rng.random() < 0.7 else "swings"}
    if part.level < 3:
        how["workers"] = max(4, int(rate / (4 if part.level == 1 else 1)))
    return run_in_bouts(world, part, "OAT-015", act, rng, rate, bouts=rng.choice((1, 1, 2)), **how)
