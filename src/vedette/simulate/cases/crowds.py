"""Everybody at once, and with something new: a push message, and a new version of the app."""

from __future__ import annotations

import math
import random
import re
from functools import lru_cache

from msgspec.structs import replace

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.cases.shoppers import account, app, arrive, browser, moments, shop, visit, with_device
from vedette.simulate.clients import Client, Stack, Stacks
from vedette.simulate.networks import Address
from vedette.simulate.people.journey import (
    add_to_cart,
    bearer,
    browse,
    buy,
    log_in,
    look_at_product,
    open_shop,
    pause,
)
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["app_release", "flash_crowd", "newer_app"]

_NEXT = "5.0.0"
_PUSH_AFTER = 0.1
"""The message goes out after this share of the part."""


def flash_crowd(world: World, part: Part) -> Arrivals:
    """Open the app because of a push message: most within minutes, all at one product, many straight to checkout.

    Option ``stock``: pieces there are for each session, default 0.25.
    """
    rng = world.rng(part.name)
    begin, end = world.span(part)
    pushed = begin + _PUSH_AFTER * (end - begin)
    count = world.count(part)
    product = world.shop.ranked_product(5 + rng.randrange(200))
    stock = max(5, round(count * part.option("stock", 0.25)))
    times = moments(count, lambda: pushed + 3.0 + rng.lognormvariate(4.6, 1.0), begin, end)
    left = [stock]

    def script(world: World, part: Part, rng: random.Random, number: int, at: float) -> Script:
        if rng.random() < 0.85:
            client = app(world, rng)
        else:
            client = browser(world, rng, world.stacks.draw(rng, "browser", without=world.without), _line(world, rng))
        return _rush(world, visit(world, part, rng, client, number, at), product, left)

    return arrive(world, part, times, script)


def _line(world: World, rng: random.Random) -> Address:
    return world.address(rng, "mobile" if rng.random() < 0.4 else "home")


def _rush(world: World, visit: Visit, product: int, left: list[int]) -> Script:
    rng = visit.rng
    is_signed_in = rng.random() < 0.7
    if is_signed_in:
        visit.account = account(world, rng)
        if visit.kind == "api":
            visit.client.authorization = bearer(rng)
            if rng.random() < 0.6:
                yield from visit.do("refresh")
    yield from open_shop(visit, number=product, is_warm=True)
    if rng.random() < 0.35:
        pause(visit, 0.3)
        yield from browse(visit, pages=1 + int(rng.random() * 4), pace=0.6)
        return
    visit.now += 0.8 + rng.lognormvariate(1.2, 0.6)
    for _ in range(1 + int(rng.random() * 2.5)):  # who gets nothing tries again
        is_there = left[0] > 0
        reply = yield from visit.do("cart_add", number=product, is_right=is_there)
        if 200 <= reply.status < 300:
            left[0] -= 1
            visit.cart.append(product)
            break
        visit.now += rng.lognormvariate(0.7, 0.6)
        yield from visit.do("product", number=product)
    if visit.cart:
        if not visit.account:
            yield from log_in(visit, account(world, rng), is_autofilled=True)
        yield from buy(visit)
    elif rng.random() < 0.4:
        yield from visit.do("waitlist", number=product, after=3.0, body={"email": visit.account or "-"})
        other = world.shop.popular_product(rng)
        yield from look_at_product(visit, other)
        if rng.random() < 0.2:
            yield from add_to_cart(visit, other)


def app_release(world: World, part: Part) -> Arrivals:
    """Use the app while a version with another HTTP stack replaces the old one within hours and signs people out."""
    rng = world.rng(part.name)
    begin, end = world.span(part)
    middle, width = begin + 0.35 * (end - begin), max(60.0, 0.1 * (end - begin))

    def script(world: World, part: Part, rng: random.Random, number: int, at: float) -> Script:
        client = app(world, rng, families=("okhttp", "cfnetwork"))
        is_new = rng.random() < 0.92 / (1.0 + math.exp((middle - at) / width))
        if is_new:
            client = _updated(world, rng, client)
        return _after_update(world, visit(world, part, rng, client, number, at), is_new)

    return arrive(world, part, world.times(rng, world.count(part), begin, end), script)


def _updated(world: World, rng: random.Random, old: Client) -> Client:
    client = Client(
        stack=newer_app(world.stacks, old.stack.name),
        address=old.address,
        language=old.language,
        protocol=old.protocol,
        country=old.country,
        asn=old.asn,
        network=old.network,
    )
    client.tls_version = client.stack.tls.version
    client.reconnect(rng)
    return with_device(client, rng)


@lru_cache(maxsize=64)
def newer_app(stacks: Stacks, name: str) -> Stack:
    """Give the next version of an app.

    On Android it brings Chrome's network library, and so today's Chrome's handshake; on iOS the system's stays.
    """
    old = stacks.named(name)
    agent = re.sub(r"(?<=/)\d+\.\d+\.\d+", _NEXT, old.user_agent, count=1)
    chrome = max((s for s in stacks.family("chrome") if s.is_mobile), key=lambda stack: (stack.weight, stack.name))
    if old.family == "okhttp":
        agent = re.sub(r"okhttp/[\d.]+", f"Cronet/{chrome.major}", agent)
    headers = {
        kind: tuple((field, agent if value == old.user_agent else value) for field, value in fields)
        for kind, fields in old.headers.items()
    }
    newer = old.dressed(headers, user_agent=agent)
    return replace(newer, name=f"{old.name} next", tls=chrome.tls if old.family == "okhttp" else old.tls)


def _after_update(world: World, visit: Visit, is_new: bool) -> Script:
    rng = visit.rng
    had_account = rng.random() < 0.65
    if had_account:
        visit.client.authorization = bearer(rng)
        if is_new and rng.random() < 0.5:  # the first start after the update: the stored token has another form
            yield from visit.do("refresh", is_right=False)
            visit.client.authorization = ""
            yield from visit.do("bootstrap", after=0.3)
            yield from log_in(visit, account(world, rng), is_autofilled=rng.random() < 0.7)
        else:
            visit.account = account(world, rng)
            yield from visit.do("refresh")
    yield from shop(world, visit)
