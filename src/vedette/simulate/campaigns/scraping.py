"""Scraping: the prices of the whole catalogue again and again, or everything that is written about it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.campaigns.bouts import draw_rate, run_in_bouts
from vedette.simulate.campaigns.manners import come, rest, wander, winning
from vedette.simulate.campaigns.toolkit import Act, Toolkit
from vedette.simulate.campaigns.walks import make_walk
from vedette.simulate.people.journey import go_to, look_at_article, look_at_listing, look_at_product
from vedette.simulate.scenario import Part
from vedette.simulate.shop import Shop
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["ORDERS", "Catalogue", "content_scraping", "price_scraping"]

ORDERS = ("sitemap", "popular", "categories", "ordered", "sampled")
"""How a catalogue is gone through: as a sitemap lists it, best sellers first, by category, by id, at random."""
_ORDER_SHARES = (0.35, 0.2, 0.25, 0.1, 0.1)
_WALKS = {"sitemap": "shuffled", "ordered": "ordered", "sampled": "sampled"}
_ON_A_PAGE = 24
_OAT = "OAT-011"
_PICTURES = 24


class Catalogue:
    """A scraper's way through the products, round after round.

    Attributes:
        order: One of :data:`ORDERS`.
    """

    def __init__(self, shop: Shop, rng: random.Random, order: str = "") -> None:
        self.order = order or rng.choices(ORDERS, _ORDER_SHARES)[0]
        if self.order not in ORDERS:
            raise ValueError(f"no walk {order[:40]!r}; name one of {', '.join(ORDERS)}")
        self._shop = shop
        self._step = 0
        self._each = math.ceil(shop.products / len(shop.categories))
        self._first = rng.randrange(len(shop.categories)) * self._each
        walk = _WALKS.get(self.order)
        self._number = make_walk(walk, rng, shop.products) if walk else shop.ranked_product
        if self.order == "categories":
            self._number = self._listed

    def _place(self, step: int) -> tuple[int, int]:
        """The category of a step, and its place there, both from 0."""
        category, place = divmod(self._first + step, self._each)
        return category % len(self._shop.categories), place

    def _listed(self, step: int) -> int:
        category, place = self._place(step)
        return self._shop.ranked_product(category + len(self._shop.categories) * place)

    def next(self) -> int:
        """Give the next product."""
        number = self._number(self._step)
        self._step += 1
        return number

    def page(self) -> tuple[str, int] | None:
        """The category and page that list the next products, where the way leads over lists and a new one is due."""
        if self.order != "categories":
            return None
        category, place = self._place(self._step)
        return None if place % _ON_A_PAGE else (self._shop.categories[category], 1 + place // _ON_A_PAGE)


Read = Callable[[Toolkit, Visit, int], Script]
"""What is wanted of one product."""


def price_scraping(world: World, part: Part) -> Arrivals:
    """Read the price of every product. Options: ``walk`` and ``rate``."""
    rng = world.rng(f"{part.name}/plan")
    catalogue = Catalogue(world.shop, rng, part.options.get("walk", ""))
    reads = rng.choices((("product", "price"), ("price",), ("product",), ("graphql",)), (0.4, 0.3, 0.2, 0.1))[0]

    def read(kit: Toolkit, visit: Visit, number: int) -> Script:
        yield from _ask(kit, visit, number, reads)

    return _scrape(world, part, rng, catalogue, read)


def content_scraping(world: World, part: Part) -> Arrivals:
    """Copy descriptions, reviews, pictures and articles. Options: ``walk`` and ``rate``."""
    rng = world.rng(f"{part.name}/plan")
    catalogue = Catalogue(world.shop, rng, part.options.get("walk", ""))
    reviews, pictures, articles = rng.choice((1, 2, 5)), rng.choice((0, 0, 2, 4)), rng.choice((0.05, 0.1, 0.4))

    def read(kit: Toolkit, visit: Visit, number: int) -> Script:
        yield from _ask(kit, visit, number, ("product",))

    def more(kit: Toolkit, visit: Visit, number: int) -> Script:
        rng, prize = kit.rng, f"object:{visit.shop.product_id(number)}"
        for page in range(1, 1 + int((reviews + 1) * rng.random())):
            rest(kit, visit, rng)
            yield from visit.do("reviews", number=number, page=page, prize=prize)
        for place in range(pictures if kit.level < 3 else 0):
            kind = "asset" if "asset" in visit.client.stack.headers else ""
            file = visit.shop.file(_PICTURES + number * 6 + place)
            yield from visit.do("asset", after=0.02 * rng.random(), kind=kind, file=file, dest="image")
        if rng.random() < articles:
            rest(kit, visit, rng)
            yield from look_at_article(visit, visit.shop.slug(number))

    return _scrape(world, part, rng, catalogue, read, more)


def _ask(kit: Toolkit, visit: Visit, number: int, reads: tuple[str, ...]) -> Script:
    id = visit.shop.product_id(number)
    for place, name in enumerate(reads):
        if place and kit.level < 3:
            rest(kit, visit, kit.rng)
        body = {"operationName": "product", "variables": {"id": id}} if name == "graphql" else None
        after = place * (0.002 + 0.02 * kit.rng.random())
        yield from visit.do(name, after=after, number=number, body=body, prize=f"object:{id}")


def _nothing(kit: Toolkit, visit: Visit, number: int) -> Script:
    return
    yield


def _scrape(
    world: World, part: Part, rng: random.Random, catalogue: Catalogue, read: Read, more: Read = _nothing
) -> Arrivals:
    """Go through the catalogue: fast and in bouts, or slowly from many addresses.

    Args:
        read: Calls that give a product away.
        more: Calls that follow it.
    """
    if part.level == 3:
        is_terse = rng.random() < 0.3
        act = _terse(catalogue, read, more, rng) if is_terse else _looking(catalogue, more, rng)
        how: dict[str, Any] = {"activity": "steady"} if rng.random() < (0.7 if is_terse else 0.2) else {}
        return run_in_bouts(world, part, _OAT, act, rng, 0.0, **how)
    act = _asking(catalogue, read, more)
    if part.level == 1 or rng.random() < 0.5:
        return run_in_bouts(world, part, _OAT, act, rng, draw_rate(rng, 1.0, 20.0), bouts=rng.choice((1, 1, 2, 4)))
    # PRIDE: bot locations make 3.6 downloads a user and day, round the clock.
    return run_in_bouts(world, part, _OAT, act, rng, 0.0, activity="steady", calls=rng.choice((3, 4)))


def _asking(catalogue: Catalogue, read: Read, more: Read) -> Act:
    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        yield from come(kit, visit, rng)
        listed = catalogue.page()
        if listed is not None:
            yield from visit.do("listing", category=listed[0], page=listed[1])
            rest(kit, visit, rng)
        number = catalogue.next()
        yield from read(kit, visit, number)
        yield from more(kit, visit, number)

    return act


def _terse(catalogue: Catalogue, read: Read, more: Read, rng: random.Random) -> Act:
    """The calls of one product page or a few, without the page: as little from one address as there can be."""
    most = rng.choice((1, 1, 3, 4))

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        for _ in range(most):
            number = catalogue.next()
            go_to(visit, f"/p/{visit.shop.slug(number)}-{visit.shop.product_id(number)}")
            yield from read(kit, visit, number)
            yield from more(kit, visit, number)
            rest(kit, visit, rng)

    return act


def _looking(catalogue: Catalogue, more: Read, rng: random.Random) -> Act:
    """One short visit from one address, with all that a person's has."""
    most, strays = rng.choice((1, 2, 4)), rng.random() * 0.6

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        shop, listed, number = visit.shop, catalogue.page(), catalogue.next()
        prize = f"object:{shop.product_id(number)}"
        if listed is not None:
            yield from come(kit, visit, rng, category=listed[0])
        else:
            yield from winning(prize, come(kit, visit, rng, number=number))
        if number not in visit.seen:
            yield from winning(prize, look_at_product(visit, number))
        yield from more(kit, visit, number)
        for _ in range(int(rng.random() * most)):
            rest(kit, visit, rng)
            if rng.random() < strays:
                yield from look_at_listing(visit)
                rest(kit, visit, rng)
            number = catalogue.next()
            yield from winning(f"object:{shop.product_id(number)}", look_at_product(visit, number))
            yield from more(kit, visit, number)
        if rng.random() < strays:
            yield from wander(kit, visit, 1)

    return act
