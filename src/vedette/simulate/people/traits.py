"""What lasts about a person with a browser: which devices, which caution, which speed."""

from __future__ import annotations

import random
from functools import lru_cache

from msgspec import Struct

from vedette.simulate.clients import Stack, Stacks
from vedette.simulate.people.persons import Person
from vedette.simulate.world import World

__all__ = ["SEGMENTS", "Traits", "draw_traits"]

SEGMENTS = {"privacy": 0.06, "old_device": 0.04, "office_proxy": 0.04}
"""Shares of persons; all others are of segment ``web``. Invented, on the generous side so that harm to them shows."""
_PRIVATE = {"brave": 6, "firefox": 4, "tor": 1}
"""Browsers that people choose for their privacy, with weights; invented."""
_IN_PHONES = frozenset({"webview_ios"})
"""Pages inside of apps: no computer has these, even where the User-Agent does not say that it is a phone's."""


class Traits(Struct, frozen=True):
    """A person with browsers.

    Attributes:
        segment: ``web``, or one of :data:`SEGMENTS`.
        is_phone_first: Comes with the phone more often than with the computer.
        manner: Of privacy people: ``strict`` refuses cookies and so cannot sign in, ``shy`` sends no referrer,
            ``vpn``, ``relay``, ``tor``.
        pace: Factor on pauses: power users 0.35, users of screen readers 2.5.
        tabs: Likelihood of opening several products at once.
        logs_in: Likelihood of signing in without need; some do at every visit, most hardly ever.
    """

    segment: str
    computer: Stack
    phone: Stack
    is_phone_first: bool
    manner: str
    pace: float
    tabs: float
    logs_in: float
    is_autofilled: bool


def draw_traits(world: World, person: Person) -> Traits:
    """Draw the traits of a person; equal at every visit."""
    rng = person.rng(5)
    segment, left = "web", rng.random()
    for name, share in SEGMENTS.items():
        left -= share
        if left < 0.0:
            segment = name
            break
    kind = rng.random()
    pace = 0.35 if kind < 0.04 else 2.5 if kind < 0.05 else 1.0
    manner = ""
    computer, phone = (_stack(world, rng, segment, is_mobile) for is_mobile in (False, True))
    is_phone_first = rng.random() < 0.55
    if computer.family == "tor":
        segment, manner, is_phone_first, phone = "privacy", "tor", False, computer
    elif segment == "privacy":
        manner = rng.choice(("strict", "shy", "vpn", "relay", "strict", "shy"))
    elif segment == "office_proxy":
        is_phone_first, phone = False, computer
    return Traits(
        segment=segment,
        computer=computer,
        phone=phone,
        is_phone_first=is_phone_first,
        manner=manner,
        pace=pace,
        tabs=0.3 if rng.random() < 0.06 else 0.015,
        logs_in=0.8 if rng.random() < 0.2 else 0.06,
        is_autofilled=rng.random() < 0.5,
    )


def _stack(world: World, rng: random.Random, segment: str, is_mobile: bool) -> Stack:
    stacks, without = world.stacks, world.without if is_mobile else world.without | _IN_PHONES
    if segment == "privacy":
        families = _private(stacks, without, is_mobile)
        if families and rng.random() < 0.75:
            return stacks.draw(rng, "browser", families={rng.choice(families)}, is_mobile=is_mobile, without=without)
    if segment == "old_device":
        return rng.choice(_old(stacks, without, is_mobile))
    return stacks.draw(rng, "browser", is_mobile=is_mobile, without=without)


@lru_cache(maxsize=8)
def _private(stacks: Stacks, without: frozenset[str], is_mobile: bool) -> tuple[str, ...]:
    """Families that people choose for their privacy, among those there are; each as often as it weighs."""
    return tuple(
        family
        for family, weight in _PRIVATE.items()
        if family not in without and any(stack.is_mobile == is_mobile for stack in stacks.family(family))
        for _ in range(weight)
    )


@lru_cache(maxsize=8)
def _old(stacks: Stacks, without: frozenset[str], is_mobile: bool) -> tuple[Stack, ...]:
    """The oldest sixth of the browsers, measured against their family's newest release."""
    found = [
        stack
        for stack in stacks.all
        if stack.kind == "browser" and stack.is_mobile == is_mobile and stack.family not in without and stack.major
    ]
    newest: dict[str, int] = {}
    for stack in found:
        newest[stack.family] = max(newest.get(stack.family, 0), stack.major)
    found.sort(key=lambda stack: (stack.major / max(1, newest[stack.family]), stack.name))
    return tuple(found[: max(1, len(found) // 6)])
