"""What the cases share: when people come, who they are, and the usual visit of somebody with a browser or an app."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.clients import Client, Stack
from vedette.simulate.networks import Address
from vedette.simulate.people.apps import device_id
from vedette.simulate.people.journey import (
    Habits,
    log_in,
    look_around_account,
    open_shop,
    pause,
    session_cookie,
    shop_around,
)
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["account", "app", "arrive", "browser", "hours_of", "moments", "requests", "shop", "visit"]

_LINKS = ("https://www.google.com/", "https://www.google.de/", "https://www.bing.com/", "", "", "")


def moments(count: int, draw: Callable[[], float], begin: float, end: float) -> list[float]:
    """Draw moments within a span, in order; those that fall outside are spread over it."""
    found = []
    for number in range(count):
        at = draw()
        found.append(at if begin <= at < end else begin + (end - begin) * (number + 0.5) / count)
    return sorted(found)


def hours_of(begin: float, end: float, hour: float, share: float = 0.3, *, at_work: bool = False) -> list[float]:
    """Give every time that a clock shows this hour within a span, or the moment after this share of it.

    Args:
        at_work: Only from Monday to Friday, if the span has one of them.
    """
    first = begin - begin % 86_400 + hour * 3600
    found = [at for day in range(int((end - begin) / 86_400) + 2) if begin <= (at := first + day * 86_400) < end]
    working = [at for at in found if (int(at // 86_400) + 3) % 7 < 5] if at_work else []
    return working or found or [begin + share * (end - begin)]


def arrive(world: World, part: Part, times: Iterator[float] | list[float], script: _Script) -> Arrivals:
    """Start a script at each moment, with a generator of its own."""
    for number, at in enumerate(times):
        yield at, script(world, part, world.rng(f"{part.name}/{number}"), number, at)


_Script = Callable[[World, Part, random.Random, int, float], Script]


def account(world: World, rng: random.Random) -> str:
    """Name somebody's account."""
    return world.shop.account(rng.randrange(max(1, world.shop.accounts * 4 // 5)))


def requests(world: World, rng: random.Random, most: int = 60) -> int:
    """Draw how many calls a visit takes: as in the real logs, but cut off, so that cases are many rather than long."""
    return max(3, min(most, int(0.7 * world.shapes["session_requests"].draw(rng))))


def browser(world: World, rng: random.Random, stack: Stack, where: Address, known: float = 0.6) -> Client:
    """Make a browser that, as likely as ``known``, was here before and still has its cookie."""
    client = world.client(rng, stack, where)
    if rng.random() < known:
        client.cookie = session_cookie(world.shop, rng)
    return client


def app(
    world: World, rng: random.Random, where: Address | None = None, families: Collection[str] | None = None
) -> Client:
    """Make a phone with the shop's app."""
    stack = world.stacks.draw(rng, "app", families=families, without=world.without)
    client = world.client(rng, stack, where or world.address(rng, "mobile" if rng.random() < 0.5 else "home"))
    return with_device(client, rng)


def with_device(client: Client, rng: random.Random) -> Client:
    """Give an app the id of its device, which it sends with every call."""
    client.device = device_id(rng)
    client.extra = (("x-device-id", client.device),)
    return client


def visit(world: World, part: Part, rng: random.Random, client: Client, number: int, at: float) -> Visit:
    """Begin a session of the part."""
    return Visit(world.shop, client, world.truth(part, number), rng, at)


def shop(
    world: World,
    visit: Visit,
    *,
    most: int = 60,
    logs_in: float = 0.25,
    begins: float = 0.0,
    move: Callable[[], None] | None = None,
    referer: str | None = None,
    name: str = "",
) -> Script:
    """Come in, look around, perhaps sign in, perhaps buy.

    Args:
        most: Longest visit in calls.
        begins: How likely signing in comes first; ``logs_in`` how likely it comes later without need.
        name: Of the account; drawn where it is left out.
    """
    rng = visit.rng
    calls = requests(world, rng, most)
    number = world.shop.popular_product(rng) if rng.random() < 0.6 else None
    where = rng.choice(_LINKS) if referer is None else referer
    yield from open_shop(
        visit, number=number, referer=where, is_warm=bool(visit.client.cookie), files=max(1, calls // 2)
    )
    has_account = rng.random() < 0.7 or bool(name)
    name = name or account(world, rng)
    if rng.random() < begins:
        pause(visit, 0.4)
        if (yield from log_in(visit, name, is_autofilled=rng.random() < 0.6)) and rng.random() < 0.5:
            yield from look_around_account(visit)
    habits = Habits(
        account=name,
        has_account=has_account,
        logs_in=logs_in,
        is_autofilled=rng.random() < 0.6,
        move=move,
    )
    yield from shop_around(visit, calls, habits)
