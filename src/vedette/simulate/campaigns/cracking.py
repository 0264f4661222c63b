"""Guessing passwords (OAT-007): many on a few accounts, or a few popular ones on many accounts."""

from __future__ import annotations

import random

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.campaigns.logins import look_inside, try_login
from vedette.simulate.campaigns.toolkit import Toolkit, run
from vedette.simulate.campaigns.walks import make_walk
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["credential_cracking", "password_spraying"]

_THREAT = "OAT-007"
_CALLS = {1: 1.0, 2: 1.5, 3: 8.0}
"""Calls of a try by level, about."""


def credential_cracking(world: World, part: Part) -> Arrivals:
    """Try many passwords on a few accounts. Options: ``accounts`` at a time, ``weak``, the share that falls."""
    kit = Toolkit(world, part, _THREAT)
    rng = world.rng(f"campaigns/{part.name}/targets")
    passwords = world.shapes.words["passwords"]
    walk = make_walk("shuffled", rng, world.shop.accounts)
    width = int(part.option("accounts", rng.choice((1, 3, 8, 20, 40))))
    share = part.option("weak", 0.35)
    chosen = 0
    targets: list[tuple[str, int]] = []
    tried: dict[str, int] = {}

    def choose() -> None:
        nonlocal chosen
        while len(targets) < width:
            falls_at = rng.randrange(20, 20 + max(40, kit.left // width)) if rng.random() < share else -1
            targets.append((world.shop.account(walk(chosen)), falls_at))
            chosen += 1

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        choose()
        place = int(rng.random() * len(targets))
        account, falls_at = targets[place]
        yield from kit.arrive(visit, rng)
        for attempt in range(1 if kit.level < 3 else rng.choice((1, 1, 2, 3))):
            number = tried[account] = tried.get(account, 0) + 1
            if attempt:
                visit.wait(kit.gap(rng))
            is_right = number == falls_at
            is_in = yield from try_login(
                kit,
                visit,
                rng,
                account,
                is_right=is_right,
                noticed=0.5,
                password=passwords[number % len(passwords)],
            )
            if is_in is None:
                tried[account] = number - 1
                return
            if is_in or number >= 5000:
                targets[:] = [target for target in targets if target[0] != account]
                tried.pop(account, None)
                if is_in:
                    yield from look_inside(kit, visit, rng)
                return

    return run(world, part, _THREAT, act, kit)


def password_spraying(world: World, part: Part) -> Arrivals:
    """Try one popular password on many accounts, then the next. Options: ``rounds``, ``exists``, ``right``."""
    kit = Toolkit(world, part, _THREAT)
    rng = world.rng(f"campaigns/{part.name}/list")
    passwords = world.shapes.words["passwords"]
    rounds = int(part.option("rounds", rng.choice((1, 2, 3, 5))))
    length = min(world.shop.accounts, max(20, int(kit.left / _CALLS[kit.level] / rounds)))
    walk = make_walk("shuffled", rng, world.shop.accounts)
    exists = part.option("exists", rng.uniform(0.6, 0.95))
    right = part.option("right", 0.002 * 5 ** rng.random())
    place = 0

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        nonlocal place
        turn, at = divmod(place, length)
        place += 1
        number = walk(at)
        is_there = (number * 40_503 & 0xFFFF) / 0x10000 < exists
        account = world.shop.account(number if is_there else world.shop.accounts + number)
        yield from kit.arrive(visit, rng)
        is_in = yield from try_login(
            kit,
            visit,
            rng,
            account,
            is_right=is_there and rng.random() < right,
            password=passwords[turn % len(passwords)],
        )
        if is_in and part.level >= 2:
            yield from look_inside(kit, visit, rng)

    return run(world, part, _THREAT, act, kit)
