"""Vulnerability scanning: paths that the shop lacks, odd input for the endpoints it has, odd methods."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import quote

from vedette.simulate.calls import Arrivals, Script, Word
from vedette.simulate.campaigns.bouts import draw_rate, run_in_bouts
from vedette.simulate.campaigns.manners import come, rest, wander
from vedette.simulate.campaigns.probes import INJECTIONS, METHODS, draw_probe
from vedette.simulate.campaigns.toolkit import Toolkit
from vedette.simulate.people.journey import go_to
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["vulnerability_scanning"]

_BATCHES = {1: (20, 80), 2: (3, 20), 3: (1, 3)}
_FORBIDDEN = 0.06
"""Share of probes that a proxy in front of the shop refuses with 403 rather than 404."""


def vulnerability_scanning(world: World, part: Part) -> Arrivals:
    """Look for what is left open. Options: ``classics`` and ``decoys``, shares of well-known paths and of honeypots."""
    rng = world.rng(f"{part.name}/plan")
    classics = part.option("classics", rng.choice((0.05, 0.15, 0.4)))
    decoys = part.option("decoys", rng.choice((0.0, 0.004, 0.02)))
    injected, odd = rng.choice((0.05, 0.2, 0.5)), rng.choice((0.0, 0.03, 0.1))
    low, high = _BATCHES[part.level]

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        yield from come(kit, visit, rng)
        yield from wander(kit, visit, int(rng.random() * 2))
        for _ in range(rng.randint(low, high)):
            chance = rng.random()
            if chance < injected:
                yield from _inject(visit, rng)
            elif chance < injected + odd:
                yield from _ask_oddly(visit, rng)
            else:
                probe = draw_probe(rng, classics, decoys)
                status = 403 if rng.random() < _FORBIDDEN else 0
                kind = "navigate" if probe.method == "GET" and visit.kind == "fetch" else ""
                yield from visit.do(
                    "", kind=kind, is_right=False, status=status,
                    path=probe.path, query=probe.query, method=probe.method,
                )  # fmt: skip
            rest(kit, visit, rng)

    rate = draw_rate(rng, 1.0, 40.0) if part.level == 1 else draw_rate(rng, 0.2, 5.0) if part.level == 2 else 0.0
    return run_in_bouts(world, part, "OAT-014", act, rng, rate, bouts=rng.choice((1, 2, 5)))


def _inject(visit: Visit, rng: random.Random) -> Script:
    """Put something into a field that does not belong there."""
    payload, shop = rng.choice(INJECTIONS), visit.shop
    where = rng.choice(("search", "search", "suggest", "product", "price", "listing", "login", "contact"))
    status = rng.choices((0, 400, 500), (0.55, 0.4, 0.05))[0]
    if where in ("search", "suggest"):
        q = shop.words(rng) + payload if rng.random() < 0.5 else payload
        go_to(visit, "/search")
        yield from visit.do(where, q=q, status=status, is_right=not status)
    elif where == "listing":
        category = quote(payload, safe="")
        yield from visit.do(where, category=category, status=status or 404, is_right=False)
    elif where in ("product", "price"):
        number = shop.popular_product(rng)
        path, query = shop.url(where, {"number": number})
        odd = quote(payload, safe="")
        path, query = (path, query + odd) if query else (path + odd, "")
        yield from visit.do(where, path=path, query=query, status=status or 404, is_right=False)
    elif where == "login":
        body: dict[str, Any] = {"email": payload, "password": rng.choice(INJECTIONS)}
        go_to(visit, "/account/login")
        words = (Word("login_failed", 0.1 + 0.5 * rng.random()),)
        yield from visit.do(where, account=payload, is_right=False, body=body, words=words)
    else:
        go_to(visit, "/contact")
        yield from visit.do(where, is_right=False, body={"topic": "contact", "email": payload, "message": payload})


def _ask_oddly(visit: Visit, rng: random.Random) -> Script:
    """Ask an endpoint in a way it has no answer to."""
    where, method = rng.choice(("home", "cart", "profile", "search", "product", "bootstrap")), rng.choice(METHODS)
    number = visit.shop.popular_product(rng)
    path, query = visit.shop.url(where, {"number": number, "q": visit.shop.words(rng)})
    yield from visit.do(
        where, method=method, path=path, query=query, is_right=False, status=rng.choice((405, 405, 405, 400, 501))
    )
