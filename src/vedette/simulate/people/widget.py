"""Shoppers on other people's sites: a widget there asks the shop for products and prices, without any cookie."""

from __future__ import annotations

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.people.journey import look_at_product, pause, search
from vedette.simulate.people.persons import Persons
from vedette.simulate.people.traits import draw_traits
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["widget"]

_SITES = 40
_WORDS = ("outdoor", "bergwelt", "campfans", "trail", "familie", "reise", "test", "wander", "rad", "sport")


def widget(world: World, part: Part) -> Arrivals:
    """Visits of some pages of a third-party site with the shop's widget on them."""
    persons = Persons(
        world, part, returning=part.option("returning", 0.3), known=part.option("known", 0.3), accounts=0.0
    )
    begin, end = world.span(part)
    for session, at in enumerate(world.times(world.rng(part.name), persons.count, begin, end)):
        yield at, _visit(world, part, persons, session, at)


def site(number: int) -> str:
    """The address of a third-party site, as browsers tell other origins of it."""
    return f"https://www.{_WORDS[number % 10]}-{_WORDS[number // 10 * 3 % 10]}{number // 7 or ''}.example/"


def _visit(world: World, part: Part, persons: Persons, session: int, at: float) -> Script:
    rng, person, shop = persons.rng(session), persons.who(session), world.shop
    traits = draw_traits(world, person)
    stack = traits.phone if traits.is_phone_first else traits.computer
    line = persons.line(rng, at, is_mobile=stack.is_mobile)
    client = persons.client(rng, person, stack, persons.place(rng, person, line))
    visit = Visit(shop, client, world.truth(part, session), rng, at)
    visit.kind, visit.keeps_cookies = "cross", False
    visit.page = site(int(_SITES * rng.random() ** 2))
    theme = shop.popular_product(rng)
    pages = 1 + int(rng.expovariate(0.35))
    for page in range(pages):
        if page:
            pause(visit, traits.pace)
        if rng.random() < 0.1:
            yield from search(visit)
            continue
        if rng.random() < 0.3:
            yield from visit.do("listing", category=shop.category(rng), page=1)
        for place in range(1 + int(rng.random() * 3)):  # the products that an article is about
            number = (theme + page * 31 + place * 7) % shop.products
            yield from look_at_product(visit, number)
