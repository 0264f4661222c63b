"""Shoppers with browsers, on computers and phones, and those among them who are careful, old-fashioned or at work."""

from __future__ import annotations

import random
from collections.abc import Callable

from vedette.simulate.calls import Arrivals, Script, Truth
from vedette.simulate.clients import Client
from vedette.simulate.people.cookies import session_cookie
from vedette.simulate.people.entries import draw_entry
from vedette.simulate.people.journey import Habits, Steps, leave_after, open_shop, shop_around
from vedette.simulate.people.persons import Person, Persons
from vedette.simulate.people.proxies import behind_proxy
from vedette.simulate.people.traits import Traits, draw_traits
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["web"]

_FEW = 16
"""Visits of fewer calls end wherever they are."""


def web(world: World, part: Part) -> Arrivals:
    """Visits of people with browsers; ``returning`` and ``known`` are shares that the scenario may set."""
    persons = Persons(
        world, part, returning=part.option("returning", 0.4), known=part.option("known", 0.15), accounts=0.55
    )
    begin, end = world.span(part)
    for session, at in enumerate(world.times(world.rng(part.name), persons.count, begin, end)):
        yield at, _visit(world, part, persons, session, at)


def _visit(world: World, part: Part, persons: Persons, session: int, at: float) -> Script:
    rng, person = persons.rng(session), persons.who(session)
    traits = draw_traits(world, person)
    is_phone = traits.is_phone_first == (rng.random() < 0.8)
    client, line = _client(world, persons, rng, person, traits, is_phone, at)
    truth = world.truth(part, session)
    if traits.segment != "web":
        truth = Truth("human", truth.session, traits.segment)
    visit = Visit(world.shop, client, truth, rng, at)
    can_sign_in = visit.keeps_cookies = traits.manner != "strict"
    visit.sends_referer = traits.manner != "shy"
    cookie = session_cookie(world.shop, person.rng(7 if is_phone else 6))
    is_back = person.is_known and visit.keeps_cookies and traits.manner != "tor" and rng.random() < 0.85
    if is_back:
        client.cookie = cookie
        if person.has_account and rng.random() < 0.45:
            visit.account = person.account
    elif person.is_known:
        cookie = ""  # deleted or expired; the shop gives a new one
    requests = int(world.shapes["session_requests"].draw(rng))
    habits = Habits(
        account=person.account,
        has_account=person.has_account and can_sign_in,
        buys=0.33 if can_sign_in else 0.0,
        logs_in=traits.logs_in,
        is_autofilled=traits.is_autofilled,
        pace=traits.pace,
        tabs=traits.tabs,
        move=_mover(persons, rng, person, client, line, is_phone),
    )
    steps = _come_and_go(visit, requests, cookie, is_back, habits)
    yield from (leave_after(visit, steps, requests) if requests < _FEW else steps)


def _come_and_go(visit: Visit, requests: int, cookie: str, is_back: bool, habits: Habits) -> Steps:
    yield from _arrive(visit, requests, cookie, is_back)
    yield from shop_around(visit, requests, habits)


def _client(
    world: World, persons: Persons, rng: random.Random, person: Person, traits: Traits, is_phone: bool, at: float
) -> tuple[Client, str]:
    stack = traits.phone if is_phone else traits.computer
    line = persons.line(rng, at, is_mobile=stack.is_mobile)
    if traits.manner in ("vpn", "relay", "tor"):
        line = traits.manner
    if traits.segment != "office_proxy":
        return persons.client(rng, person, stack, persons.place(rng, person, line)), line
    handshakes = world.stacks.replaced_tls
    handshake = handshakes[person.seed % len(handshakes)]
    stack = behind_proxy(stack, person.seed >> 8, handshake)
    client = persons.client(rng, person, stack, persons.place(rng, person, "office"))
    client.replace_tls(handshake, rng)
    return client, "office"


def _mover(
    persons: Persons, rng: random.Random, person: Person, client: Client, line: str, is_phone: bool
) -> Callable[[], None] | None:
    """What changes a client's address on the way: relays and carriers often, phones that leave home or come back."""
    chance, others = 0.0, (line, line, line)
    if line in ("relay", "tor"):
        chance = 0.5
    elif line == "mobile":  # carriers give connections different addresses of theirs
        chance, others = 0.5, ("mobile", "mobile", "home")
    elif line == "home" and is_phone:
        chance, others = 0.2, ("mobile", "mobile", "home")
    elif line == "vpn":
        chance, others = 0.08, ("vpn", "vpn", "home")
    if not chance:
        return None

    def move() -> None:
        if rng.random() < chance:
            client.move(persons.place(rng, person, rng.choice(others)))
            client.reconnect(rng)

    return move


def _arrive(visit: Visit, requests: int, cookie: str, is_back: bool) -> Steps:
    """Enter the shop where people enter it; those who leave at once load little."""
    rng, shop = visit.rng, visit.shop
    is_warm = is_back and rng.random() < 0.75
    where = draw_entry(shop, rng)
    yield from open_shop(visit, **where, cookie=cookie, is_warm=is_warm, files=requests // 4)
