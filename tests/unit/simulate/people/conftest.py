"""A day of one kind of people, and visits to drive by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pytest

from vedette.simulate.calls import Call, Reply, Truth
from vedette.simulate.clients import Client, load_stacks
from vedette.simulate.networks import Address
from vedette.simulate.play import play
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.shop import Shop
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

MIDNIGHT = 1_790_553_600.0
Exchange = tuple[Call, Reply]


@pytest.fixture
def people() -> Callable[..., World]:
    """A day with one part of people in it."""

    def make(kind: str, sessions: int, seed: int = 901, **options: str) -> World:
        part = Part(section="people", kind=kind, name=kind, count=sessions, options=options)
        return World(Scenario(name="day", start=MIDNIGHT, accounts=5000, products=3000, parts=(part,)), seed)

    return make


@pytest.fixture(scope="session")
def day() -> Callable[..., list[Exchange]]:
    """Everything that a number of sessions of one kind call in a day, played once."""

    @lru_cache
    def made(kind: str, sessions: int, seed: int = 901) -> list[Exchange]:
        part = Part(section="people", kind=kind, name=kind, count=sessions)
        world = World(Scenario(name="day", start=MIDNIGHT, accounts=50_000, products=3000, parts=(part,)), seed)
        return list(play(world.arrivals(), world.shop.answer, world.end))

    return made


@pytest.fixture
def visit() -> Callable[..., Visit]:
    """A visit that nobody has begun yet."""

    def make(kind: str = "browser", *families: str, seed: int = 1, dialect: str = "rest") -> Visit:
        rng = random.Random(seed)
        stack = load_stacks().draw(rng, kind, families=families or None)
        client = Client.make(stack, Address("192.0.2.7", 64496, "DE", "home"), rng)
        shop = Shop(random.Random(2), dialect=dialect, products=3000)
        return Visit(shop, client, Truth("human", "web-1", "web"), rng, MIDNIGHT)

    return make


@pytest.fixture
def run() -> Callable[..., tuple[list[Call], Any]]:
    """Drive steps; give what they called and what they returned. Refused calls are answered as the shop does."""

    def drive(visit: Visit, steps: Any, replies: Iterator[Reply] | None = None) -> tuple[list[Call], Any]:
        calls: list[Call] = []
        try:
            call = next(steps)
            while True:
                calls.append(call)
                reply = next(replies, None) if replies is not None else None
                call = steps.send(reply or visit.shop.answer(call))
        except StopIteration as done:
            return calls, done.value

    return drive
