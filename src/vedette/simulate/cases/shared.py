"""Many people behind one address or one device: office, carrier, household, kiosk and classroom."""

from __future__ import annotations

import random
from typing import NamedTuple

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.cases.shoppers import account, app, arrive, browser, hours_of, moments, shop, visit
from vedette.simulate.clients import Handshake, Stack
from vedette.simulate.networks import Address
from vedette.simulate.people.journey import (
    browse,
    log_in,
    look_around_account,
    open_shop,
    pause,
    session_cookie,
    sign_up,
)
from vedette.simulate.people.proxies import behind_proxy
from vedette.simulate.scenario import Part
from vedette.simulate.world import World

__all__ = ["carrier", "household", "office", "shared_device"]

_MANAGED = ("chrome", "edge")
"""Browsers that administrators install."""
_OFFICE = 400
"""People of one office that shop in a day."""
_AT_NINE = 0.4
_CARRIER = 150
"""Sessions of a day behind one address of a carrier's translation."""
_DEVICE, _CLASS, _FAMILY = 40, 25, 4


def office(world: World, part: Part) -> Arrivals:
    """Shop from offices: hundreds behind one address with one build of one browser; two of five sign in at nine."""
    rng = world.rng(part.name)
    begin, end = world.span(part)
    mornings = hours_of(begin, end, 9.0, at_work=True)

    def draw() -> float:
        chance, nine = rng.random(), rng.choice(mornings)
        if chance < _AT_NINE:
            return nine + rng.lognormvariate(4.2, 0.9)
        if chance < 0.6:
            return nine + min(0.5 * (end - nine), 3.3 * 3600) + rng.gauss(0.0, 1500.0)  # the lunch break
        return nine + rng.random() * min(9 * 3600.0, end - nine)

    count = world.count(part)
    offices = [_office(world, part, number) for number in range(max(1, round(count / len(mornings) / _OFFICE)))]

    def script(world: World, part: Part, rng: random.Random, number: int, at: float) -> Script:
        own = offices[number % len(offices)]
        stack = own.stack if rng.random() < 0.88 else world.stacks.draw(rng, "browser", without=world.without)
        client = browser(world, rng, stack, own.where)
        if own.handshake and stack is own.stack:
            client.replace_tls(own.handshake, rng)
        is_rush = any(nine <= at < nine + 1200.0 for nine in mornings)
        return shop(world, visit(world, part, rng, client, number, at), begins=0.85 if is_rush else 0.1)

    return arrive(world, part, moments(count, draw, begin, end), script)


class _Office(NamedTuple):
    """Where it is, the browser that its administrators install, and the handshake of its proxy, if it has one."""

    where: Address
    stack: Stack
    handshake: Handshake | None


def _office(world: World, part: Part, number: int) -> _Office:
    own = world.rng(f"{part.name}/office/{number}")
    stack = world.stacks.draw(own, "browser", is_mobile=False, families=_MANAGED, without=world.without)
    where, proxy, handshake = world.address(own, "office"), own.randrange(64), None
    if number % 2 == 0:
        handshake = own.choice(world.stacks.replaced_tls)
        stack = behind_proxy(stack, proxy, handshake)
    return _Office(where, stack, handshake)


def carrier(world: World, part: Part) -> Arrivals:
    """Shop from phones of one carrier: hundreds behind each of a few addresses, which change on the way."""
    rng = world.rng(part.name)
    count = world.count(part)
    places = [world.networks.carrier(rng, world.scenario.country) for _ in range(max(2, round(count / _CARRIER)))]

    def script(world: World, part: Part, rng: random.Random, number: int, at: float) -> Script:
        where = rng.choice(places)
        if rng.random() < 0.45:
            client = app(world, rng, where)
        else:
            stack = world.stacks.draw(rng, "browser", is_mobile=True, without=world.without)
            client = browser(world, rng, stack, where)

        def move() -> None:
            if rng.random() < 0.3:
                client.move(rng.choice(places))
                client.reconnect(rng)

        return shop(world, visit(world, part, rng, client, number, at), move=move)

    return arrive(world, part, world.times(rng, count, *world.span(part)), script)


def household(world: World, part: Part) -> Arrivals:
    """Shop at home: some people with several devices behind one line, the same evening, and some as one account."""
    rng = world.rng(part.name)
    begin, end = world.span(part)
    count = world.count(part)
    homes = max(1, round(count / _FAMILY))
    days = hours_of(begin, end, 18.5, 0.5)
    evenings = [rng.choice(days) + rng.gauss(0.0, 4000.0) for _ in range(homes)]
    planned = []
    for number in range(count):
        at = evenings[number % homes] + abs(rng.gauss(0.0, 900.0))
        planned.append((at if begin <= at < end else begin + (end - begin) * rng.random(), number % homes))
    planned.sort()
    for number, (at, home) in enumerate(planned):
        yield at, _at_home(world, part, world.rng(f"{part.name}/{number}"), number, at, home)


def _at_home(world: World, part: Part, rng: random.Random, number: int, at: float, home: int) -> Script:
    family = world.rng(f"{part.name}/home/{home}")
    line = world.networks.roam(rng, world.address(family, "home"))
    shared = account(world, family)
    tablet = world.stacks.draw(family, "browser", is_mobile=True, without=world.without)
    cookie = session_cookie(world.shop, family)
    chance = rng.random()
    if chance < 0.25:  # the tablet on the sofa, which everybody takes
        client = browser(world, rng, tablet, line, known=0.0)
        client.cookie = cookie
    elif chance < 0.45:
        client = app(world, rng, line)
    else:
        client = browser(world, rng, world.stacks.draw(rng, "browser", without=world.without), line)
    name = shared if rng.random() < 0.5 else ""
    return shop(world, visit(world, part, rng, client, number, at), logs_in=0.5, name=name)


def shared_device(world: World, part: Part) -> Arrivals:
    """Use a device that others use: kiosks and library computers all day, and classes that sign up together."""
    rng = world.rng(part.name)
    begin, end = world.span(part)
    count = world.count(part)
    devices = max(1, round(count * 0.6 / _DEVICE))
    pupils = min(count - 1, round(count * 0.4)) if count > 1 else 0
    classes = max(1, round(pupils / _CLASS))
    days = hours_of(begin, end, 8.0, 0.0, at_work=True)
    opened = min(12 * 3600.0, end - begin)
    lessons = [rng.choice(days) + opened * 0.5 * rng.random() for _ in range(classes)]
    planned: list[tuple[float, str, int]] = []
    for number in range(pupils):
        at = lessons[number % classes] + rng.lognormvariate(4.0, 0.6)
        planned.append((min(at, end - 1.0), "class", number % classes))
    for number in range(count - pupils):
        at = rng.choice(days) + opened * rng.random()
        planned.append((min(at, end - 1.0), "device", number % devices))
    planned.sort()
    for number, (at, sort, place) in enumerate(planned):
        script = _in_class if sort == "class" else _at_device
        yield at, script(world, part, world.rng(f"{part.name}/{number}"), number, at, place)


def _where(world: World, part: Part, sort: str, place: int) -> tuple[Address, Stack]:
    own = world.rng(f"{part.name}/{sort}/{place}")
    stack = world.stacks.draw(own, "browser", is_mobile=False, families=_MANAGED, without=world.without)
    return world.address(own, "office" if sort == "class" or own.random() < 0.6 else "home"), stack


def _at_device(world: World, part: Part, rng: random.Random, number: int, at: float, place: int) -> Script:
    where, stack = _where(world, part, "device", place)
    visits = visit(world, part, rng, browser(world, rng, stack, where, known=0.0), number, at)
    yield from open_shop(visits)
    if rng.random() < 0.75:
        pause(visits, 0.5)
        if (yield from log_in(visits, account(world, rng))):
            yield from look_around_account(visits)
    yield from browse(visits, pages=1 + int(rng.expovariate(0.4)))
    if visits.account:
        yield from visits.do("logout", after=2.0 + 5.0 * rng.random())


def _in_class(world: World, part: Part, rng: random.Random, number: int, at: float, place: int) -> Script:
    where, stack = _where(world, part, "class", place)
    visits = visit(world, part, rng, browser(world, rng, stack, where, known=0.0), number, at)
    lesson = world.rng(f"{part.name}/lesson/{place}").randrange(world.shop.products)
    yield from open_shop(visits)
    if rng.random() < 0.8:
        yield from sign_up(visits, world.shop.account(world.shop.accounts + rng.randrange(world.shop.accounts)))
    yield from open_shop(visits, number=world.shop.ranked_product(lesson), is_warm=True)
    yield from browse(visits, pages=2 + int(rng.random() * 6))
