"""Honest programmers: back offices of small shops and hobby scripts that use the API through a library.

Each has one program that lasts: a *watcher* asks for some products by the clock, a *reseller* copies stock and prices
of its own assortment and looks at its orders, a *hobbyist* tries things out by hand. All have a key or a token, wait
between calls, and wait longer when they are told to.
"""

from __future__ import annotations

import random

from vedette.simulate.calls import Arrivals, Reply, Script, Word
from vedette.simulate.people.accounts import bearer
from vedette.simulate.people.persons import Person, Persons
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["PROGRAMS", "integrator"]

PROGRAMS = {"watcher": 0.4, "reseller": 0.3, "hobbyist": 0.3}
"""Shares of persons; invented."""
_PERIODS_S = (900.0, 1800.0, 3600.0, 3600.0, 21_600.0)


def integrator(world: World, part: Part) -> Arrivals:
    """Runs of programs, most of them started by a clock."""
    persons = Persons(
        world, part, returning=part.option("returning", 0.75), known=part.option("known", 0.9), accounts=1.0
    )
    begin, end = world.span(part)
    moments = world.times(world.rng(part.name), persons.count, begin, end, steady=True)
    for session, at in enumerate(moments):
        yield at, _run(world, part, persons, session, at)


def _run(world: World, part: Part, persons: Persons, session: int, at: float) -> Script:
    rng, person = persons.rng(session), persons.who(session)
    lasting = person.rng(5)
    stack = world.stacks.draw(lasting, "library", without=world.without)
    chance = lasting.random()
    line = "datacentre" if chance < 0.5 else "office" if chance < 0.75 else "home"
    place = persons.home(person) if line == "home" else world.address(person.rng(9), line)
    client = persons.client(rng, person, stack, place)
    visit = Visit(world.shop, client, world.truth(part, session), rng, at)
    has_key = lasting.random() < 0.6
    program, left = "hobbyist", lasting.random()
    for name, share in PROGRAMS.items():
        left -= share
        if left < 0.0:
            program = name
            break
    if program != "hobbyist":
        _wait_for_the_clock(visit, lasting, rng)
    if has_key:
        client.extra = (("x-api-key", f"{lasting.getrandbits(128):032x}"),)
    elif program != "watcher":
        yield from _sign_in(visit, person)
    if program == "watcher":
        yield from _watch(visit, lasting)
    elif program == "reseller":
        yield from _resell(visit, lasting, has_key=has_key)
    else:
        yield from _try_out(visit)


def _wait_for_the_clock(visit: Visit, lasting: random.Random, rng: random.Random) -> None:
    """Begin when a timer fires: on the full hour, or at odd minutes that somebody chose."""
    period = lasting.choice(_PERIODS_S)
    shift = 0.0 if lasting.random() < 0.6 else float(lasting.randrange(1, 15) * 60)
    visit.now += period - (visit.now - shift) % period + rng.lognormvariate(-0.3, 0.6)


def _sign_in(visit: Visit, person: Person) -> Script:
    body = {"email": person.account, "password": "-" * 16}
    words = (Word("login_succeeded", 0.2),)
    reply = yield from visit.do("login", account=person.account, body=body, words=words)
    if reply.status == 200:
        visit.client.authorization = bearer(visit.rng)


def _goes_on(visit: Visit, reply: Reply, gap_s: float) -> bool:
    """Wait as a decent program does; say whether it goes on at all."""
    if reply.status in (401, 403):
        return False
    if reply.status in (0, 429) or reply.status >= 500:
        visit.now += reply.retry_after_s or 5.0 + 25.0 * visit.rng.random()
    visit.now += gap_s * (0.95 + 0.1 * visit.rng.random())
    return True


def _watch(visit: Visit, lasting: random.Random) -> Script:
    """Ask for the prices of the same few products."""
    gap_s = 0.2 + 2.0 * lasting.random()
    numbers = [visit.shop.popular_product(lasting) for _ in range(1 + int(lasting.expovariate(0.15)))]
    for number in numbers[:60]:
        reply = yield from visit.do("price", number=number)
        if not _goes_on(visit, reply, gap_s):
            return


def _resell(visit: Visit, lasting: random.Random, *, has_key: bool) -> Script:
    """Copy an assortment page by page, then its changes, then look at the orders."""
    gap_s = 0.3 + 1.2 * lasting.random()
    category = visit.shop.category(lasting)
    for page in range(1, 2 + int(lasting.random() * 4)):
        reply = yield from visit.do("listing", category=category, page=page)
        if not _goes_on(visit, reply, gap_s):
            return
    first = visit.shop.popular_product(lasting)
    for at in range(5 + int(lasting.random() * 30)):
        number = (first + at * at * 13) % visit.shop.products
        reply = yield from visit.do("product" if at % 3 else "price", number=number, is_right=visit.rng.random() > 0.01)
        if not _goes_on(visit, reply, gap_s):
            return
    if not has_key:
        reply = yield from visit.do("orders", page=1)
        if _goes_on(visit, reply, gap_s):
            order = visit.shop.order_id(visit.rng.randrange(2_000_000))
            yield from visit.do("order", order=order)


def _try_out(visit: Visit) -> Script:
    """Write a script and run it again and again, with mistakes."""
    rng, shop = visit.rng, visit.shop
    for _ in range(2 + int(rng.expovariate(0.12))):
        chance = rng.random()
        if chance < 0.35:
            reply = yield from visit.do("search", q=shop.words(rng), page=1 + int(rng.random() * 2))
        elif chance < 0.75:
            reply = yield from visit.do("product", number=shop.popular_product(rng), is_right=rng.random() > 0.08)
        elif chance < 0.85:
            reply = yield from visit.do("listing", category=shop.category(rng), page=1)
        elif chance < 0.93:
            body = {"query": "{ products(first: 10) { id name price } }"}
            reply = yield from visit.do("graphql", body=body, status=200 if rng.random() > 0.15 else 400)
        else:
            reply = yield from visit.do("", path="/api", is_right=False)
        if not _goes_on(visit, reply, rng.lognormvariate(2.2, 1.6)):
            return
