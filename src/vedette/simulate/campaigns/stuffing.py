"""Credential stuffing (OAT-008): pairs that leaked elsewhere, each tried once."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from itertools import islice

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.campaigns.logins import look_inside, try_login
from vedette.simulate.campaigns.toolkit import Toolkit, run
from vedette.simulate.campaigns.walks import make_walk
from vedette.simulate.scenario import Part
from vedette.simulate.settings import CANARY_ACCOUNTS
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["Pair", "credential_stuffing", "leaked_pairs"]

Pair = tuple[str, bool]
"""A login name, and whether the password that leaked with it is the one that it has here."""
_CHUNK = 400
_MOST_LATER = 2000


def leaked_pairs(kit: Toolkit, rng: random.Random, right: float, exists: float) -> Iterator[Pair]:
    """Give pairs without end, no account twice before all were tried.

    Args:
        right: Share of pairs that are right; ``exists``: share of login names that the shop has.
    """
    shop = kit.shop
    walk = make_walk("shuffled", rng, shop.accounts)
    known = unknown = 0
    canaries = rng.choice((0, 2, 4)) / max(1, kit.left)
    while True:
        chance = rng.random()
        if chance < canaries:
            yield rng.choice(CANARY_ACCOUNTS), False
        elif chance < canaries + exists:
            yield shop.account(walk(known)), rng.random() < right / exists
            known += 1
        else:
            yield shop.account(shop.accounts + unknown * 7 % 90_000_000), False
            unknown += 1


def credential_stuffing(world: World, part: Part) -> Arrivals:
    """Try leaked pairs; options ``right`` and ``exists`` replace the shares that are drawn."""
    kit = Toolkit(world, part, "OAT-008")
    rng = world.rng(f"campaigns/{part.name}/pairs")
    right = part.option("right", 0.001 * 20 ** rng.random())
    exists = part.option("exists", rng.uniform(0.2, 0.6))
    pairs = leaked_pairs(kit, rng, right, max(exists, right))
    later: deque[Pair] = deque(maxlen=_MOST_LATER)
    ready: list[Pair] = []
    looks = part.level >= 2 or rng.random() < 0.3

    def upcoming() -> Pair:
        if later and rng.random() < 0.2:
            return later.popleft()
        if not kit.traits.in_order:
            return next(pairs)
        if not ready:
            ready.extend(sorted(islice(pairs, _CHUNK), reverse=True))
        return ready.pop()

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        account, is_right = pair = upcoming()
        is_in = None
        try:
            yield from kit.arrive(visit, rng)
            is_in = yield from try_login(kit, visit, rng, account, is_right=is_right)
        finally:
            if is_in is None:
                later.append(pair)
        if is_in and looks:
            yield from look_inside(kit, visit, rng)

    return run(world, part, "OAT-008", act, kit)
