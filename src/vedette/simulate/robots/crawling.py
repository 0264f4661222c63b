"""A crawl: robots.txt, then pages in no order of their ids, at a rate that breathes and that backs off."""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Sequence
from email.utils import formatdate
from typing import Any

from msgspec import Struct

from vedette.simulate.calls import Call, Reply, Script
from vedette.simulate.robots.stacks import field
from vedette.simulate.visit import Visit

__all__ = ["Crawl", "crawl", "polite"]


class Crawl(Struct, frozen=True):
    """What a crawler looks at.

    Attributes:
        pages: Endpoints with their shares.
        gap_s: Median seconds between pages; it breathes by a factor of 2 with a period of some minutes.
        renders: Share of product pages whose price, reviews and pictures are fetched as a browser would.
        gone: Share of pages that it knows from before and that are gone.
        unchanged: Share of pages that it asks for conditionally and that have not changed.
        depth: Popularity is raised to this: 1 takes every product alike, more prefers the popular.
        has_map: Share of crawls that read the sitemap first.
    """

    pages: Sequence[tuple[str, float]]
    gap_s: float
    renders: float = 0.0
    gone: float = 0.02
    unchanged: float = 0.1
    depth: float = 1.3
    has_map: float = 0.3


PAGES = (("product", 0.62), ("listing", 0.2), ("article", 0.13), ("home", 0.05))


def polite(reply: Reply, rng: random.Random, gap: float) -> float:
    """Seconds that a polite program rests after an answer, besides its own gap."""
    if reply.status == 429 or reply.status == 503:
        return reply.retry_after_s or 20.0 + 60.0 * rng.random()
    if reply.status >= 500 or not reply.status:
        return 4.0 * gap
    return 0.0


def crawl(visit: Visit, rng: random.Random, calls: int, plan: Crawl) -> Script:
    """Make ``calls`` calls."""
    left, shop, client = calls, visit.shop, visit.client
    period, phase = 120.0 + 900.0 * rng.random(), 6.28 * rng.random()
    yield from visit.do("robots", kind="navigate")
    left -= 1
    if left > 0 and rng.random() < plan.has_map:
        yield from visit.do("sitemap", kind="navigate", after=0.3 + rng.random())
        left -= 1
    names = [name for name, _ in plan.pages]
    weights = [weight for _, weight in plan.pages]
    plain = client.extra
    rest = 0.0
    while left > 0:
        breath = math.exp(0.7 * math.sin(6.28 * visit.now / period + phase) + 0.5 * rng.gauss(0.0, 1.0))
        after = rest + plan.gap_s * breath
        name = rng.choices(names, weights)[0]
        number = shop.ranked_product(int(shop.products * rng.random() ** plan.depth))
        status, is_right = 0, True
        if name == "product" and rng.random() < plan.gone:
            number, is_right = shop.products + rng.randrange(4000), False
        elif rng.random() < plan.unchanged:
            status = 304
            since = formatdate(visit.now - 86_400 * (1 + 20 * rng.random()), usegmt=True)
            client.extra = (*plain, field(client, "If-Modified-Since", since))
        reply = yield from _page(visit, rng, name, number, after, is_right, status)
        client.extra = plain
        left -= 1
        rest = polite(reply, rng, plan.gap_s)
        if name == "product" and left > 2 and is_right and not status and rng.random() < plan.renders:
            left -= yield from _rendered(visit, number, left)


def _page(
    visit: Visit, rng: random.Random, name: str, number: int, after: float, is_right: bool, status: int
) -> Generator[Call, Reply, Reply]:
    how: dict[str, Any] = {"after": after, "kind": "navigate", "is_right": is_right, "status": status}
    if name == "listing":
        how |= {"category": visit.shop.category(rng), "page": 1 + int(30 * rng.random() ** 3)}
    elif name == "article":
        how["slug"] = visit.shop.slug(number)
    elif name in ("search", "suggest"):
        how["q"] = visit.shop.words(rng)
    else:
        how["number"] = number
    return (yield from visit.do(name, **how))


def _rendered(visit: Visit, number: int, left: int) -> Generator[Call, Reply, int]:
    rng, made = visit.rng, 0
    for name in ("price", "reviews", "asset"):
        if made + 1 >= left:
            break
        at = 0.05 + 0.6 * rng.random()
        how: dict[str, Any] = {"file": visit.shop.file(24 + number)} if name == "asset" else {"number": number}
        yield from visit.do(name, waits=False, after=at, kind="asset" if name == "asset" else "fetch", **how)
        made += 1
    return made
