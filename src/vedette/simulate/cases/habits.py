"""Unusual ways to use the shop: sixty tabs, helpers in the browser, text browsers, and journeys abroad."""

from __future__ import annotations

import random
from functools import lru_cache

from vedette.simulate.calls import Arrivals, Script, Word
from vedette.simulate.cases.shoppers import account, arrive, browser, requests, visit
from vedette.simulate.clients import Client, Stack, Stacks
from vedette.simulate.languages import draw_language
from vedette.simulate.networks import Address
from vedette.simulate.people.journey import (
    add_to_cart,
    browse,
    buy,
    log_in,
    look_at_listing,
    look_at_product,
    open_shop,
    pause,
    search,
)
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World
from vedette.types import Headers

__all__ = ["assistive", "many_tabs", "traveller"]

_TABS = 60
_ABROAD = ("AT", "CH", "FR", "IT", "ES", "NL", "GB", "PL", "US", "GR", "TR", "TH")


def many_tabs(world: World, part: Part) -> Arrivals:
    """Open sixty products in tabs within a minute, then read them one by one."""
    rng = world.rng(part.name)
    return arrive(world, part, world.times(rng, world.count(part), *world.span(part)), _with_tabs)


def _with_tabs(world: World, part: Part, rng: random.Random, number: int, at: float) -> Script:
    stack = world.stacks.draw(rng, "browser", is_mobile=False, without=world.without)
    client = browser(world, rng, stack, world.address(rng, world.line(rng, stack)), known=0.8)
    visits = visit(world, part, rng, client, number, at)
    category = world.shop.category(rng)
    yield from open_shop(visits, category=category, is_warm=True)
    opened: list[int] = []
    page, wanted = 1, round(_TABS * (0.75 + 0.5 * rng.random()))
    while len(opened) < wanted:
        pause(visits, 0.25)
        some = min(wanted - len(opened), 16 + int(rng.random() * 9))
        yield from _click_through(visits, some, opened)
        page += 1
        yield from look_at_listing(visits, category, page)
    for product in opened:
        if rng.random() < 0.5:
            continue  # closed unread
        pause(visits, 1.2)
        if rng.random() < 0.4:
            yield from visits.do("reviews", number=product, page=1)
        if rng.random() < 0.06:
            yield from add_to_cart(visits, product)
    if visits.cart and rng.random() < 0.5:
        yield from buy(visits)


def _click_through(visit: Visit, count: int, opened: list[int]) -> Script:
    """Open the products of a list with the middle button, about two in a second, while the earlier ones still load."""
    rng, page = visit.rng, visit.page
    for _ in range(count):
        visit.now += 0.2 + rng.expovariate(3.0)
        product = visit.shop.popular_product(rng)
        visit.page = page
        opened.append(product)
        if rng.random() < 0.5:
            yield from visit.do("home", kind="navigate", path=_path(visit, product), waits=False)
        yield from visit.do("product", number=product, waits=False, after=0.02 + 0.05 * rng.random())
        if rng.random() < 0.6:
            yield from visit.do("price", number=product, waits=False, after=0.01)


def _path(visit: Visit, number: int) -> str:
    return f"/p/{visit.shop.slug(number)}-{visit.shop.product_id(number)}"


def traveller(world: World, part: Part) -> Arrivals:
    """Go abroad within one session: home, train, roaming, hotel; language, cookie and account stay."""
    rng = world.rng(part.name)
    begin, end = world.span(part)
    latest = begin + 0.6 * (end - begin)
    return arrive(world, part, world.times(rng, world.count(part), begin, latest), _travel)


def _travel(world: World, part: Part, rng: random.Random, number: int, at: float) -> Script:
    home = world.scenario.country
    stack = world.stacks.draw(rng, "browser", is_mobile=rng.random() < 0.8, without=world.without)
    client = browser(world, rng, stack, world.address(rng, "home"), known=1.0)
    visits = visit(world, part, rng, client, number, at)
    yield from open_shop(visits, is_warm=True)
    yield from log_in(visits, account(world, rng), attempts=(0, True, False), is_autofilled=True)
    longest = 0.3 * max(600.0, world.end - at)
    for where in _route(world, rng, home):
        yield from browse(visits, requests=visits.made + requests(world, rng, 20))
        visits.now += min(longest, rng.lognormvariate(8.7, 0.8))
        client.move(where)
        client.reconnect(rng)
        if rng.random() < 0.3:  # the shop asks again, because the address is new to it
            wrong = 1 if rng.random() < 0.25 else 0
            yield from log_in(visits, visits.account, attempts=(wrong, True, False), is_autofilled=True)
    yield from browse(visits, requests=visits.made + requests(world, rng, 25))
    if visits.cart and rng.random() < 0.4:
        yield from buy(visits)


def _route(world: World, rng: random.Random, home: str) -> list[Address]:
    there = [country for country in _ABROAD if country != home]
    found = [world.networks.carrier(rng, home)]
    for _ in range(1 + int(rng.random() * 2.4)):
        country = rng.choice(there)
        chance = rng.random()
        if chance < 0.4:  # roaming: the traffic leaves where the contract is
            found.append(world.networks.carrier(rng, home))
        elif chance < 0.55:
            found.append(_in(world, rng, "mobile", country))
        if rng.random() < 0.2:
            found.append(world.networks.draw(rng, "vpn"))
        found.append(_in(world, rng, "home", country))
    return found


def _in(world: World, rng: random.Random, kind: str, country: str) -> Address:
    """An address abroad, or of the kind's usual mix where that country has none."""
    return world.networks.draw(rng, kind, country if country in world.networks.countries(kind) else "")


def assistive(world: World, part: Part) -> Arrivals:
    """Use help: password managers, extensions that prefetch or watch prices, regular scripts, text browsers."""
    rng = world.rng(part.name)
    return arrive(world, part, world.times(rng, world.count(part), *world.span(part)), _helped)


def _helped(world: World, part: Part, rng: random.Random, number: int, at: float) -> Script:
    helper = _HELPERS[number % len(_HELPERS)]
    if helper is _in_text:
        where = world.address(rng, "home")
        language = draw_language(rng, where.country, "")[:2]
        client = Client.make(_text_browser(world.stacks, rng.randrange(2)), where, rng, f"{language},en;q=0.5")
    else:
        stack = world.stacks.draw(rng, "browser", is_mobile=False, without=world.without)
        client = browser(world, rng, stack, world.address(rng, world.line(rng, stack)), known=0.8)
    return helper(world, visit(world, part, rng, client, number, at))


def _with_manager(world: World, visit: Visit) -> Script:
    """Open the shop from a password manager, which fills in and submits the form as soon as it is there."""
    rng, name = visit.rng, account(world, visit.rng)
    yield from open_shop(visit, is_warm=True)
    is_old = rng.random() < 0.15  # the stored password is an old one; the manager's second try is right
    for is_right in (False, True) if is_old else (True,):
        word = Word("login_succeeded" if is_right else "login_failed", 0.1 + 0.4 * rng.random())
        body = {"email": name, "password": "-" * 20}
        yield from visit.do(
            "login", after=0.08 + 0.2 * rng.random(), account=name, is_right=is_right, body=body, words=(word,)
        )
    visit.account = name
    yield from browse(visit, requests=visit.made + requests(world, rng, 25))


def _with_prefetch(world: World, visit: Visit) -> Script:
    """Browse with an extension that loads every product of a list before anybody points at one."""
    rng = visit.rng
    yield from open_shop(visit, is_warm=True)
    for _ in range(2 + int(rng.random() * 4)):
        pause(visit)
        if rng.random() < 0.6:
            yield from look_at_listing(visit)
        else:
            yield from search(visit)
        shown = [world.shop.popular_product(rng) for _ in range(12 + rng.randrange(12))]
        for product in shown:
            yield from visit.do("product", number=product, waits=False, after=0.005 + 0.02 * rng.random())
        pause(visit)
        yield from look_at_product(visit, rng.choice(shown))


def _with_watch(world: World, visit: Visit) -> Script:
    """Leave a tab open whose extension asks for the prices of the wish list, at fixed intervals for hours."""
    rng = visit.rng
    yield from open_shop(visit, is_warm=True)
    yield from log_in(visit, account(world, rng), attempts=(0, True, False), is_autofilled=True)
    watched = [world.shop.popular_product(rng) for _ in range(4 + rng.randrange(8))]
    for product in watched:
        pause(visit, 0.5)
        yield from look_at_product(visit, product)
        yield from visit.do("wishlist", number=product, after=1.0)
    every = rng.choice((300.0, 600.0, 900.0, 1800.0))
    turn = visit.now
    for _ in range(4 + rng.randrange(8)):
        turn += every
        visit.now = max(visit.now, turn)
        for product in watched:
            yield from visit.do("price", number=product, waits=False, after=0.03)


def _with_switch(world: World, visit: Visit) -> Script:
    """Read with a script that turns the page at a regular pace, for somebody who cannot use the hands."""
    rng = visit.rng
    every = rng.choice((6.0, 8.0, 10.0, 12.0, 15.0))
    yield from open_shop(visit)
    turn = visit.now
    for _ in range(12 + rng.randrange(25)):
        turn += every
        visit.now = max(visit.now, turn)
        if rng.random() < 0.8:
            yield from visit.do("product", number=world.shop.popular_product(rng))
        else:
            yield from look_at_listing(visit)


def _in_text(world: World, visit: Visit) -> Script:
    """Read in a text browser: pages only, no scripts, no pictures."""
    rng = visit.rng
    yield from visit.do("home", kind="navigate")
    for _ in range(3 + int(rng.expovariate(0.15))):
        pause(visit, 1.3)
        chance = rng.random()
        if chance < 0.6:
            yield from visit.do("product", kind="navigate", number=world.shop.popular_product(rng))
        elif chance < 0.8:
            yield from visit.do("listing", kind="navigate", category=world.shop.category(rng), page=1)
        elif chance < 0.9:
            yield from visit.do("search", kind="navigate", q=world.shop.words(rng))
        else:
            yield from visit.do("article", kind="navigate", slug=world.shop.slug(rng.randrange(300)))


_HELPERS = (_with_manager, _with_prefetch, _with_watch, _with_switch, _in_text, _with_manager)

_TEXT_BROWSERS = (
    (
        "lynx",
        "Lynx/2.9.2 libwww-FM/2.14 SSL-MM/1.4.1 OpenSSL/3.5.2",
        "Host Accept Accept-Encoding Accept-Language User-Agent Referer Cookie",
        "text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01",
        "gzip, compress, bzip2",
    ),
    (
        "w3m",
        "w3m/0.5.3+git20230121",
        "User-Agent Accept Accept-Encoding Accept-Language Host Referer Cookie",
        "text/html, text/*;q=0.5, image/*, application/*",
        "gzip, compress, bzip, bzip2, deflate",
    ),
)
_SLOTS = {"Host": "{host}", "Accept-Language": "{language}", "Referer": "{referer}", "Cookie": "{cookie}"}


@lru_cache(maxsize=8)
def _text_browser(stacks: Stacks, which: int) -> Stack:
    """Compose a text browser over the handshake of wget, which is as plain."""
    _, agent, order, accept, encoding = _TEXT_BROWSERS[which]
    values = {**_SLOTS, "User-Agent": agent, "Accept": accept, "Accept-Encoding": encoding}
    fields: Headers = tuple((name, values[name]) for name in order.split())
    return stacks.family("wget")[0].dressed({"navigate": fields, "api": fields}, user_agent=agent)
