"""What surrounds a unit of attack: coming as a person does, looking around, resting, and what is won on the way."""

from __future__ import annotations

import random
from typing import Any

from vedette.simulate.calls import Call, Script
from vedette.simulate.campaigns.toolkit import Toolkit
from vedette.simulate.people.journey import browse
from vedette.simulate.visit import Visit

__all__ = ["OBJECTS", "come", "rest", "wander", "winning"]

OBJECTS = frozenset({"product", "price", "reviews"})
"""Endpoints whose answer holds what a scraper is after."""
_LONGEST_S = 180.0


def winning(prize: str, script: Script) -> Script:
    """Take a person's steps for what their answers about an object are worth."""
    call: Call | None = next(script, None)
    while call is not None:
        if call.endpoint in OBJECTS:
            call.prize = prize
        reply = yield call
        try:
            call = script.send(reply)
        except StopIteration:
            return


def come(kit: Toolkit, visit: Visit, rng: random.Random, **where: Any) -> Script:
    """Open the shop as a campaign of this level does; only one that hides well chooses ``where``."""
    made = visit.made
    yield from kit.arrive(visit, rng, **(where if kit.level == 3 else {}))
    if visit.made > made:
        rest(kit, visit, rng)


def wander(kit: Toolkit, visit: Visit, pages: int) -> Script:
    """Look around as a person does, where the campaign hides that well."""
    if kit.level == 3 and pages > 0:
        yield from browse(visit, pages=pages, carts=0.0)


def rest(kit: Toolkit, visit: Visit, rng: random.Random) -> None:
    """Pause between two steps of an act; not for long, or the address would be somebody else's by then."""
    gap = kit.gap(rng)
    visit.now += gap if gap < _LONGEST_S else _LONGEST_S * rng.random()
