"""Programs that the shop itself wants: a partner's nightly read of the catalogue, and the owner's tests."""

from __future__ import annotations

import random
from dataclasses import dataclass

from vedette.simulate.calls import Arrivals, Script, Word
from vedette.simulate.clients import Client, Stack
from vedette.simulate.people.journey import bearer, session_cookie
from vedette.simulate.robots.crawling import polite
from vedette.simulate.robots.partners import partner_clients
from vedette.simulate.robots.runs import truth_of
from vedette.simulate.robots.stacks import library
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["nightly_sync", "test_automation"]

_PAGE = 100
"""Products on one page of the partner's list."""
_CHANGED = 0.1
"""Share of the catalogue that changed since yesterday and is read one by one."""


def nightly_sync(world: World, part: Part) -> Arrivals:
    """Read the whole catalogue by night with a partner's key: every page of the list, then what changed."""
    begin, end = world.span(part)
    clients = partner_clients(world, part.name)
    count = world.count(part)
    for number in range(count):
        at = begin + (end - begin) * number / count + 5.0
        own = world.rng(f"{part.name}/{number}")
        until = begin + (end - begin) * (number + 1) / count
        yield at, _read_all(world, part, own, clients[number % len(clients)], number, at, until)


def _read_all(
    world: World, part: Part, rng: random.Random, client: Client, number: int, at: float, until: float
) -> Script:
    products = world.shop.products
    pages = -(-products // _PAGE)
    changed = max(10, round(products * _CHANGED * min(1.0, world.scale)))
    gap = min(0.25, 0.8 * (until - at) / (pages + 2 * changed))
    visit = Visit(world.shop, client, truth_of(part, number), rng, at)
    rest = 0.0
    for page in range(1, pages + 1):
        reply = yield from visit.do("export", kind="api", after=rest + gap * rng.uniform(0.9, 1.1), page=page)
        rest = polite(reply, rng, gap)
    step = products // changed
    for place in range(changed):  # upward by number, as a table is read
        product = min(products - 1, place * step + rng.randrange(max(1, step)))
        for name in ("product", "price"):
            reply = yield from visit.do(name, kind="api", after=rest + gap * rng.uniform(0.9, 1.1), number=product)
            rest = polite(reply, rng, gap)


@dataclass(frozen=True)
class _Suite:
    """The owner's tests: what drives them and as whom."""

    browser: Stack
    library: Stack
    account: str


def test_automation(world: World, part: Part) -> Arrivals:
    """Run the owner's tests: a headless browser and a library go through the shop at fixed times, as one account."""
    rng = world.rng(part.name)
    begin, end = world.span(part)
    suite = _Suite(
        world.stacks.draw(rng, "headless", without=world.without), library(world, rng), world.shop.account(7)
    )
    count = world.count(part)
    office = world.address(rng, "office")
    for number in range(count):
        at = begin + (end - begin) * number / count + 2.0
        own = world.rng(f"{part.name}/{number}")
        where = office if number % 3 == 0 else world.networks.draw(own, "datacentre")
        yield at, _test(world, part, own, suite, number, at, Client.make(suite.browser, where, own))


def _test(
    world: World, part: Part, rng: random.Random, suite: _Suite, number: int, at: float, client: Client
) -> Script:
    visit = Visit(world.shop, client, truth_of(part, number), rng, at)
    yield from _through_browser(visit, suite.account)
    other = Client.make(suite.library, world.networks.draw(rng, client.network, client.country), rng)
    other.address, other.asn, other.country = client.address, client.asn, client.country
    visit.client, visit.kind, visit.page = other, "api", ""
    yield from _through_library(visit, suite.account)


def _through_browser(visit: Visit, name: str) -> Script:
    rng, shop = visit.rng, visit.shop
    visit.client.cookie = session_cookie(shop, rng)
    yield from visit.do("home", kind="navigate")
    for file in range(6):
        yield from visit.do("asset", kind="asset", file=shop.file(file), waits=False, after=0.01)
    yield from visit.do("bootstrap", after=0.03)
    steps: tuple[tuple[str, dict[str, object]], ...] = (
        ("search", {"q": "tent", "page": 1}),
        ("listing", {"category": "tents", "page": 1}),
        ("product", {"number": 17}),
        ("price", {"number": 17}),
        ("cart_add", {"number": 17}),
        ("cart", {}),
        ("login", {"account": name, "is_right": False, "words": (Word("login_failed", 0.2),)}),
        ("login", {"account": name, "words": (Word("login_succeeded", 0.2),)}),
        ("orders", {"page": 1}),
        ("profile", {}),
        ("checkout", {"body": {"shipping": "standard", "items": 1}}),
        ("payment", {"is_right": False, "body": {"method": "card", "token": "0" * 24}}),
        ("payment", {"body": {"method": "card", "token": "1" * 24}}),
        ("logout", {}),
    )
    for endpoint, how in steps:
        if endpoint == "login":
            how = {**how, "body": {"email": name, "password": "correct-1" if how.get("is_right", True) else "wrong-1"}}
        yield from visit.do(endpoint, after=0.05 + 0.12 * rng.random(), **how)  # type: ignore[arg-type]  # ids


def _through_library(visit: Visit, name: str) -> Script:
    """Check each endpoint of the contract once: also what must be refused."""
    rng, shop = visit.rng, visit.shop
    body = {"email": name, "password": "correct-1"}
    yield from visit.do("health")
    yield from visit.do("login", after=0.02, account=name, body=body, words=(Word("login_succeeded", 0.2),))
    visit.client.authorization = bearer(rng)
    for number in (17, 18, 19, shop.products + 999):
        yield from visit.do("product", number=number, is_right=number < shop.products, after=0.01 + 0.02 * rng.random())
    yield from visit.do("signup", is_right=False, after=0.02, body={"email": "not-an-address", "password": "x"})
    yield from visit.do("coupon", is_right=False, after=0.02, body={"code": "NOSUCH"})
    yield from visit.do("gift_card", is_right=False, after=0.02, body={"number": "0000000000000000"})
    yield from visit.do("reset", after=0.02, body={"email": name})
    yield from visit.do("graphql", after=0.02, body={"operationName": "Smoke", "variables": {}})
    yield from visit.do("", after=0.02, path="/api/no-such-thing", is_right=False)
    yield from visit.do("export", after=0.02, page=1, is_right=False)
