"""Accounts under strain: forgotten passwords, and sellers who run a business through one account."""

from __future__ import annotations

import random

from vedette.simulate.calls import Arrivals, Script, Word
from vedette.simulate.cases.shoppers import account, app, arrive, browser, hours_of, moments, requests, visit
from vedette.simulate.clients import Client
from vedette.simulate.people.journey import (
    bearer,
    browse,
    log_in,
    look_around_account,
    look_at_product,
    open_shop,
    open_tabs,
    pause,
)
from vedette.simulate.robots.stacks import own_stack
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["forgotten_passwords", "power_seller"]

_WAVE = 0.5
"""Share who come because of a mail that asks everybody for a new password."""
_SPREADSHEETS = (
    "Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "LibreOffice 25.2.6.2 denylistedbackend/8.14.1 OpenSSL/3.5.2",
)


def forgotten_passwords(world: World, part: Part) -> Arrivals:
    """Sign in with wrong passwords until a new one is asked for; half of them after a mail that forces everybody to."""
    rng = world.rng(part.name)
    begin, end = world.span(part)
    mailed = begin + 0.4 * (end - begin)
    count = world.count(part)
    waves = round(count * _WAVE)
    times = list(world.times(rng, count - waves, begin, end)) if count > waves else []
    planned = [(at, False) for at in times]
    hurry = min(1.0, (end - mailed) / 14_400.0)
    wave = moments(waves, lambda: mailed + hurry * rng.lognormvariate(7.6, 1.1), mailed, end)
    planned += [(at, True) for at in wave]
    planned.sort()
    for number, (at, is_forced) in enumerate(planned):
        yield at, _forgetful(world, part, world.rng(f"{part.name}/{number}"), number, at, is_forced)


def _forgetful(world: World, part: Part, rng: random.Random, number: int, at: float, is_forced: bool) -> Script:
    client = app(world, rng) if rng.random() < 0.3 else world.person(rng)
    name = account(world, rng)
    visits = visit(world, part, rng, client, number, at)
    if is_forced and rng.random() < 0.55:  # straight from the mail: set a new one, then sign in with it
        path = "/account/recover/set"
        if visits.kind == "fetch":
            yield from visits.do("home", kind="navigate", path=path, query=f"code={rng.getrandbits(64):016x}")
        for is_right in (rng.random() > 0.2, True):
            visits.now += rng.lognormvariate(3.0, 0.5)
            yield from visits.do("reset_confirm", is_right=is_right, body={"code": "-" * 16, "password": "-" * 12})
            if is_right:
                break
        wrong = int(rng.random() * 2.2)
        signed_in = yield from log_in(visits, name, attempts=(wrong, True, False))
    else:
        yield from open_shop(visits)
        pause(visits, 0.4)
        wrong = 1 + int(rng.expovariate(0.45))
        saved = rng.random() < 0.5  # the browser fills in the old password first
        signed_in = yield from log_in(visits, name, attempts=(min(wrong, 9), True, True), is_autofilled=saved)
    if signed_in:
        if rng.random() < 0.5:
            yield from look_around_account(visits)
        yield from browse(visits, requests=visits.made + requests(world, rng, 25))


def power_seller(world: World, part: Part) -> Arrivals:
    """Work through one account: hundreds of products, prices and orders by hand, and a spreadsheet that refreshes."""
    rng = world.rng(part.name)
    begin, end = world.span(part)
    mornings = hours_of(begin, end, 8.0, 0.1)
    times = moments(world.count(part), lambda: rng.choice(mornings) + abs(rng.gauss(0.0, 14_400.0)), begin, end)
    return arrive(world, part, times, _sell)


def _sell(world: World, part: Part, rng: random.Random, number: int, at: float) -> Script:
    stack = world.stacks.draw(rng, "browser", is_mobile=False, without=world.without)
    client = browser(world, rng, stack, world.address(rng, "home" if rng.random() < 0.7 else "office"), known=1.0)
    visits = visit(world, part, rng, client, number, at)
    yield from open_shop(visits, is_warm=True)
    yield from log_in(visits, account(world, rng), attempts=(0, True, False), is_autofilled=True)
    sheet = _spreadsheet(world, rng, client)
    watched = [world.shop.popular_product(rng) for _ in range(15 + rng.randrange(60))]
    most = 150 + rng.randrange(350)
    while visits.made < most:
        chance = rng.random()
        if chance < 0.3:
            yield from _look_through_orders(visits)
        elif chance < 0.5:
            yield from open_tabs(visits, 4 + int(rng.random() * 12))
        elif chance < 0.62:
            yield from _refresh(visits, sheet, watched)
        elif chance < 0.7:
            yield from look_around_account(visits)
        else:
            for product in rng.sample(watched, 6):
                visits.now += 1.5 + rng.expovariate(0.25)
                yield from look_at_product(visits, product)
        pause(visits, 1.5)


def _look_through_orders(visit: Visit) -> Script:
    """Page through orders and open one after the other, as somebody does who packs parcels."""
    rng = visit.rng
    newest = rng.randrange(100_000, 2_000_000)
    for page in range(1, 2 + int(rng.random() * 5)):
        yield from visit.do("orders", page=page, after=0.6 + rng.expovariate(0.8))
        for place in range(int(rng.random() * 9)):
            order = visit.shop.order_id(newest - page * 10 - place)
            yield from visit.do("order", order=order, after=0.8 + rng.expovariate(0.4))
    if rng.random() < 0.3:
        words = (Word("conversion", 5.0),) if rng.random() < 0.5 else ()
        yield from visit.do("profile_change", after=4.0, body={"note": "-" * 20}, words=words)


def _spreadsheet(world: World, rng: random.Random, client: Client) -> Client:
    stack = own_stack(world.stacks, "spreadsheet", rng.choice(_SPREADSHEETS), "python-requests")
    sheet = Client.make(stack, world.networks.draw(rng, client.network, client.country), rng)
    sheet.address, sheet.asn = client.address, client.asn
    sheet.authorization = bearer(rng)
    return sheet


def _refresh(visit: Visit, sheet: Client, watched: list[int]) -> Script:
    """Refresh all rows of a spreadsheet, one price after the other and without a pause."""
    browser, visit.client = visit.client, sheet
    for product in watched:
        yield from visit.do("price", kind="api", number=product, after=0.02 + 0.05 * visit.rng.random())
    visit.client = browser
