"""Campaigns that live from accounts: opening false ones (OAT-019), and reading those of customers who let them."""

from __future__ import annotations

import random

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.campaigns.logins import look_inside, register, try_login
from vedette.simulate.campaigns.toolkit import Toolkit, run
from vedette.simulate.campaigns.walks import make_walk
from vedette.simulate.people.errands import run_errand
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["account_aggregation", "account_creation", "false_name"]

_DISPOSABLE = "mailinator.test tempmail.test 10minutes.test trash-mail.test dropmail.test yopmail.test".split()
"""Invented; real ones are many and change."""
_NAMES = 3_000_000
"""So many are made up: fewer than there are pairs of names, beyond which names get a number that nobody's has."""


def false_name(kit: Toolkit, rng: random.Random) -> str:
    """Make up a mail address: a random one at a disposable domain, or at level 3 one like anybody's."""
    if kit.level < 3 and rng.random() < 0.7:
        letters = "".join(chr(97 + int(26 * rng.random())) for _ in range(rng.randint(8, 12)))
        return f"{letters}{rng.randrange(1000)}@{_DISPOSABLE[int(len(_DISPOSABLE) * rng.random())]}"
    return kit.shop.account(kit.shop.accounts + rng.randrange(_NAMES))


def account_creation(world: World, part: Part) -> Arrivals:
    """Open accounts for discounts and later fraud; option ``refused`` is the share that the shop does not accept."""
    kit = Toolkit(world, part, "OAT-019")
    own = world.rng(f"campaigns/{part.name}/names")
    refused = part.option("refused", own.uniform(0.02, 0.15))
    collects = own.random() < 0.5

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        yield from kit.arrive(visit, rng)
        account = false_name(kit, rng)
        is_right = kit.level == 3 or rng.random() >= refused
        yield from register(kit, visit, rng, account, is_right=is_right)
        if not (is_right and collects and rng.random() < 0.5):
            return
        if kit.level == 3:
            yield from run_errand(visit, errand="coupon")
        else:
            yield from visit.do(
                "coupon",
                after=kit.gap(rng),
                is_right=rng.random() < 0.8,
                body={"code": f"WELCOME{rng.randrange(10**4)}"},
            )

    return run(world, part, "OAT-019", act, kit)


def account_aggregation(world: World, part: Part) -> Arrivals:
    """Sign in with the right passwords of customers who gave them away, at fixed hours, and read what is there."""
    kit = Toolkit(world, part, "OAT-020", activity="hours")
    own = world.rng(f"campaigns/{part.name}/customers")
    rounds = own.randint(1, 6)
    customers = min(world.shop.accounts, max(5, kit.left // (5 * rounds)))
    walk = make_walk("shuffled", own, world.shop.accounts)
    pages = own.choice((1, 1, 2, 5))
    logs_out = own.random() < 0.5
    turn = 0

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        nonlocal turn
        number = walk(turn % customers)
        turn += 1
        has_changed = number * 40_503 % 100 < 4  # a new password that the aggregator was not told
        yield from kit.arrive(visit, rng)
        account = world.shop.account(number)
        if not (yield from try_login(kit, visit, rng, account, is_right=not has_changed, noticed=0.0)):
            return
        if kit.level == 3:
            yield from look_inside(kit, visit, rng, pays=False)
        else:
            for page in range(1, pages + 1):
                yield from visit.do("orders", after=kit.gap(rng), page=page)
            yield from visit.do("profile", after=kit.gap(rng))
        if logs_out:
            yield from visit.do("logout", after=kit.gap(rng))
        visit.account = visit.client.authorization = ""

    return run(world, part, "OAT-020", act, kit)
