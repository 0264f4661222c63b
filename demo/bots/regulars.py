"""Honest clients that look like bots at first sight: an office behind one address, a partner's script, an old app."""

from __future__ import annotations

import asyncio
import time

from demo.bots.attackers import send, session
from demo.bots.field import Field
from demo.bots.people import BROWSERS, Person
from demo.shop import catalogue

__all__ = ["office", "old_app", "partner"]

OFFICE = 30


def office(field: Field) -> None:
    """Thirty people with browsers of their own behind one address; a few of them mistype their passwords."""
    asyncio.run(_office(field))


async def _office(field: Field) -> None:
    people = [
        Person(field, 100 + number, browser=BROWSERS[number % len(BROWSERS)], address=field.address)
        for number in range(OFFICE)
    ]
    await asyncio.gather(*(person.live() for person in people))


def partner(field: Field) -> None:
    """A price comparison's script: ``python-requests``, one product every four seconds, all day."""
    web, rng = session(field.address), field.rng(5)
    numbers = [product.id for product in catalogue.products()]
    while not field.is_over():
        send(field, web, field.address, "GET", f"/api/products/{rng.choice(numbers)}/price")
        time.sleep(rng.uniform(3.0, 5.0))


def old_app(field: Field) -> None:
    """The shop's own app of some years ago: okhttp, a kept session, API calls only, a person's pace."""
    rng = field.rng(6)
    web = session(field.address, {"user-agent": "okhttp/3.12.13", "accept": "application/json", "x-app-version": "4.1"})
    numbers = [product.id for product in catalogue.products()]
    email, password = catalogue.account(700)
    send(field, web, field.address, "GET", "/api/bootstrap")
    send(field, web, field.address, "POST", "/api/login", json={"email": email, "password": password})
    while not field.is_over():
        number = rng.choice(numbers)
        for path in (f"/api/products/{number}", f"/api/products/{number}/price", f"/api/products/{number}/reviews"):
            send(field, web, field.address, "GET", path)
        if rng.random() < 0.2:
            send(field, web, field.address, "GET", rng.choice(("/api/cart", "/api/orders", "/api/products?page=2")))
        time.sleep(min(field.longest_pause, max(1.5, rng.lognormvariate(2.37, 1.2))))
