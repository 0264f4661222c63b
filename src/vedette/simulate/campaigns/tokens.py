"""Stolen and farmed identities: session cookies replayed from elsewhere, app devices that are used from everywhere."""

from __future__ import annotations

import random
from collections import deque
from heapq import merge
from operator import itemgetter

from msgspec import Struct
from msgspec.structs import replace

from vedette.simulate.calls import Arrivals, Script, Truth
from vedette.simulate.campaigns.accounts import false_name
from vedette.simulate.campaigns.logins import abused, look_inside, register, try_login
from vedette.simulate.campaigns.stuffing import leaked_pairs
from vedette.simulate.campaigns.toolkit import Toolkit, run
from vedette.simulate.clients import Client, Stack
from vedette.simulate.networks import Address
from vedette.simulate.people.apps import device_id
from vedette.simulate.people.entries import draw_entry
from vedette.simulate.people.journey import (
    bearer,
    browse,
    go_to,
    log_in,
    look_around_account,
    open_shop,
    session_cookie,
)
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["farmed_tokens", "replayed_cookies"]

_CALLS_PER_COOKIE = {1: 12, 2: 12, 3: 30}
_SOLD_AGAIN = 0.7
_LEAD_S = 7200.0
_KEPT = 5000


class _Cookie(Struct, frozen=True):
    """A session that somebody's browser lost, to malware or to a false Wi-Fi."""

    cookie: str
    account: str
    stack: Stack
    language: str


def replayed_cookies(world: World, part: Part) -> Arrivals:
    """Use stolen session cookies from elsewhere (OAT-008), after their owners' own visits, which are here as well."""
    begin, end = world.span(part)
    lead = min(_LEAD_S, 0.2 * (end - begin))
    stolen: deque[_Cookie] = deque(maxlen=_KEPT)
    later = replace(part, at_s=begin - world.start + lead, lasts_s=end - begin - lead)
    kit = Toolkit(world, later, "OAT-008", is_app=False)
    own = world.rng(f"campaigns/{part.name}/cookies")
    has_owners_browser, expired = own.random(), own.uniform(0.1, 0.5)

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        if not stolen or rng.random() < expired:
            _send(visit, session_cookie(world.shop, rng))
            yield from visit.do("profile", is_right=False)
            _send(visit, "")
            return
        found = stolen.popleft()
        if rng.random() < _SOLD_AGAIN:
            stolen.append(found)
        if kit.level == 3 and rng.random() < has_owners_browser:
            _wear(visit, rng, found)
        _send(visit, found.cookie)
        if kit.level == 3:
            yield from open_shop(visit, is_warm=rng.random() < 0.5)
            go_to(visit, "/account/profile")
        reply = yield from visit.do(
            "profile", after=kit.gap(rng), prize=f"account:{found.account}", words=abused(rng, 0.4)
        )
        if not reply.is_stopped:
            visit.account = found.account
            yield from look_inside(kit, visit, rng)
        _send(visit, "")

    owners = max(3, kit.left // _CALLS_PER_COOKIE[kit.level])
    return merge(_owners(world, part, own, owners, stolen), run(world, later, "OAT-008", act, kit), key=itemgetter(0))


def _owners(world: World, part: Part, rng: random.Random, count: int, stolen: deque[_Cookie]) -> Arrivals:
    begin, end = world.span(part)
    for number, at in enumerate(world.times(rng, count, begin, begin + 0.9 * (end - begin))):
        yield at, _owner(world, part, number, at, stolen)


def _owner(world: World, part: Part, number: int, at: float, stolen: deque[_Cookie]) -> Script:
    """A person's visit, whose session is stolen at its end; the person may come again with the same cookie."""
    rng = world.rng(f"campaigns/{part.name}/owner/{number}")
    client = world.person(rng)
    visit = Visit(world.shop, client, Truth("human", f"{part.name}-owner-{number}", "web"), rng, at)
    account = world.shop.account(rng.randrange(world.shop.accounts))
    yield from open_shop(visit, **draw_entry(world.shop, rng))
    yield from browse(visit, pages=1 + int(rng.expovariate(0.8)))
    if not (yield from log_in(visit, account, attempts=(0, True, False), is_autofilled=rng.random() < 0.5)):
        return
    yield from look_around_account(visit)
    stolen.append(_Cookie(client.cookie, account, client.stack, client.language))
    yield from browse(visit, pages=int(rng.expovariate(0.6)))
    if rng.random() < 0.4:
        visit.now += 3600.0 * rng.lognormvariate(1.0, 0.8)
        visit.truth = Truth("human", f"{part.name}-owner-{number}-again", "web")
        yield from open_shop(visit, is_warm=True)
        yield from browse(visit, pages=1 + int(rng.expovariate(0.3)))


def _wear(visit: Visit, rng: random.Random, found: _Cookie) -> None:
    """Take the owner's own browser and languages, which were stolen with the cookie."""
    there = visit.client
    place = Address(there.address, there.asn, there.country, there.network)
    visit.client = Client.make(found.stack, place, rng, found.language)


def _send(visit: Visit, cookie: str) -> None:
    """Send a cookie, in a field of its own where the program has no jar."""
    client = visit.client
    if any(value == "{cookie}" for _, value in client.stack.headers[visit.kind]):
        client.cookie = cookie
    else:
        client.extra = (("cookie" if client.protocol == "2" else "Cookie", cookie),) if cookie else ()


def farmed_tokens(world: World, part: Part) -> Arrivals:
    """Use ids and tokens of a few ``devices`` from many addresses; option ``use`` is ``signup`` or ``login``.

    OAT-019 or OAT-008; it is drawn where it is left out.

    Raises:
        ValueError: There is no such use.
    """
    own = world.rng(f"campaigns/{part.name}/devices")
    use = part.options.get("use") or own.choice(("signup", "login"))
    if use not in ("signup", "login"):
        raise ValueError(f"no use {use[:40]!r}; name one of signup, login")
    threat = "OAT-019" if use == "signup" else "OAT-008"
    kit = Toolkit(world, part, threat, is_app=True)
    count = int(part.option("devices", own.choice((2, 5, 12, 30))))
    farms: dict[int, list[tuple[str, str]]] = {}
    pairs = leaked_pairs(kit, own, 0.003, 0.5)

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        farm = farms.get(kit.generation)
        if farm is None:
            farm = farms[kit.generation] = [(device_id(own), bearer(own)) for _ in range(count)]
        client = visit.client
        client.device, token = farm[int(len(farm) * rng.random())]
        client.extra = (("x-device-id", client.device),)
        yield from kit.arrive(visit, rng)
        if use == "signup":
            client.authorization = ""
            yield from register(kit, visit, rng, false_name(kit, rng))
            return
        client.authorization = token
        account, is_right = next(pairs)
        if (yield from try_login(kit, visit, rng, account, is_right=is_right)):
            yield from look_inside(kit, visit, rng)

    return run(world, part, threat, act, kit)
