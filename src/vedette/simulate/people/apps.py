"""Shoppers with the shop's own apps: a device id, a bearer token, batched events, several visits a day.

Apps send no cookies. Who is signed in stays so for weeks: the token is renewed when the app opens, twice a day at most.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.clients import Client, Stack
from vedette.simulate.people.accounts import bearer
from vedette.simulate.people.journey import (
    Habits,
    Steps,
    leave_after,
    look_around_account,
    look_at_listing,
    look_at_product,
    open_shop,
    pause,
    report,
    shop_around,
)
from vedette.simulate.people.persons import Person, Persons, mixed
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["android", "app_client", "device_id", "ios", "open_app"]

_FAMILIES = {"android": ("okhttp", "dart"), "ios": ("cfnetwork",)}
_TOKEN_S = 43_200.0
_FEW = 24
_PUSHED = 0.18
"""Share of visits that a push message begins; invented."""


def _apps(world: World, part: Part, platform: str) -> Arrivals:
    persons = Persons(
        world, part, returning=part.option("returning", 0.5), known=part.option("known", 0.75), accounts=0.7
    )
    begin, end = world.span(part)
    for session, at in enumerate(world.times(world.rng(part.name), persons.count, begin, end)):
        yield at, _visit(world, part, persons, session, at, platform)


def android(world: World, part: Part) -> Arrivals:
    """Visits with the shop's Android app; ``returning`` and ``known`` are shares that the scenario may set."""
    return _apps(world, part, "android")


def ios(world: World, part: Part) -> Arrivals:
    """Visits with the shop's iOS app; ``returning`` and ``known`` are shares that the scenario may set."""
    return _apps(world, part, "ios")


def device_id(rng: random.Random) -> str:
    """Make the id that an app keeps on its device, a random UUID."""
    bits = f"{rng.getrandbits(128):032x}"
    return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-{'89ab'[int(bits[16], 16) & 3]}{bits[17:20]}-{bits[20:]}"


def app_client(persons: Persons, rng: random.Random, person: Person, stack: Stack, line: str) -> Client:
    """An app on a person's phone."""
    client = persons.client(rng, person, stack, persons.place(rng, person, line))
    client.device = device_id(person.rng(8))
    client.extra = (("x-device-id", client.device),)
    return client


def _visit(world: World, part: Part, persons: Persons, session: int, at: float, platform: str) -> Script:
    rng, person = persons.rng(session), persons.who(session)
    lasting = person.rng(5)
    stack = world.stacks.draw(lasting, "app", families=_FAMILIES[platform], without=world.without)
    pace = 0.4 if lasting.random() < 0.04 else 2.5 if lasting.random() < 0.01 else 1.0
    line = persons.line(rng, at, is_mobile=True)
    client = app_client(persons, rng, person, stack, line)
    visit = Visit(world.shop, client, world.truth(part, session), rng, at)
    requests = int(world.shapes["session_requests"].draw(rng))
    habits = Habits(
        account=person.account,
        has_account=person.has_account,
        logs_in=0.5,
        is_autofilled=rng.random() < 0.6,
        pace=pace,
        tabs=0.0,
        move=_mover(persons, rng, person, client, line),
    )
    steps = _come_and_go(visit, requests, person, at, habits)
    yield from (leave_after(visit, steps, requests) if requests < _FEW else steps)


def _come_and_go(visit: Visit, requests: int, person: Person, at: float, habits: Habits) -> Steps:
    rng, is_member = visit.rng, person.is_known and person.has_account
    if is_member:
        yield from _renew(visit, person, at)
    yield from open_app(visit)
    if is_member and rng.random() < 0.15:
        pause(visit, habits.pace)
        yield from look_around_account(visit)
    yield from shop_around(visit, requests, habits)
    yield from report(visit, 0.4)  # what was left when the app went to the background


def open_app(visit: Visit, number: int | None = None, category: str = "") -> Steps:
    """Start the app: a push message leads straight to a product, else there is the home screen before anything."""
    rng = visit.rng
    yield from open_shop(visit)
    if category or rng.random() >= _PUSHED:
        yield from visit.do("graphql", body={"operationName": "Home", "variables": {"first": 24}})
        yield from report(visit, 0.5)
        if category:
            pause(visit)
            yield from look_at_listing(visit, category)
        if number is None:
            return
        pause(visit)
    yield from look_at_product(visit, visit.shop.popular_product(rng) if number is None else number)


def _renew(visit: Visit, person: Person, at: float) -> Script:
    """Renew the token when the last one is over; the call itself carries none."""
    if visit.rng.random() < 0.4:
        reply = yield from visit.do("refresh", after=0.02)
        if reply.status != 200:
            return
    visit.client.authorization = bearer(random.Random(mixed(person.seed, int(at // _TOKEN_S))))
    visit.account = person.account


def _mover(persons: Persons, rng: random.Random, person: Person, client: Client, line: str) -> Callable[[], None]:
    """Phones change between home, carrier and the carrier's other addresses."""
    chance = 0.5 if line == "mobile" else 0.2
    others = ("mobile", "mobile", "home")

    def move() -> None:
        if rng.random() < chance:
            client.move(persons.place(rng, person, rng.choice(others)))
            client.reconnect(rng)

    return move
