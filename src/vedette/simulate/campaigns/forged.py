"""Scraping under the name of a search engine or AI crawler, from anywhere but where those really come from."""

from __future__ import annotations

import random
from typing import Any

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.campaigns.bouts import draw_rate, run_in_bouts
from vedette.simulate.campaigns.manners import rest
from vedette.simulate.campaigns.scraping import Catalogue
from vedette.simulate.campaigns.toolkit import Act, Toolkit
from vedette.simulate.clients import Client, Stack
from vedette.simulate.networks import Address
from vedette.simulate.robots.claims import CLAIMS, Claim, is_true
from vedette.simulate.robots.stacks import own_stack
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World
from vedette.types import Headers

__all__ = ["NAMES", "forged_search_engine"]

NAMES = tuple(claim.name for claim in CLAIMS.values() if claim.sort in ("search", "ai") and claim.ranges)
"""Whose name is taken: those of whom it is known where they come from."""


def forged_search_engine(world: World, part: Part) -> Arrivals:
    """Scrape as somebody who is welcome. Options: ``name``, one of :data:`NAMES`; ``walk``; ``rate``."""
    rng = world.rng(f"{part.name}/plan")
    name = part.options.get("name", "")
    if name and name not in NAMES:
        raise ValueError(f"no name {name[:40]!r}; name one of {', '.join(NAMES)}")
    claims = [CLAIMS[known] for known in ([name] if name else NAMES)]
    weights = [claim.weight for claim in claims]
    chosen = rng.choices(claims, weights, k=1 if part.level < 3 or rng.random() < 0.6 else 3)
    catalogue = Catalogue(world.shop, rng, part.options.get("walk", ""))
    act = _crawl(_Forger(world, part.level, rng, chosen), catalogue, rng)
    rate = draw_rate(rng, 1.0, 20.0) if part.level == 1 or (part.level == 2 and rng.random() < 0.5) else 0.0
    how: dict[str, Any] = {"activity": "steady"} if part.level == 3 else {}  # crawlers do not sleep
    return run_in_bouts(world, part, "OAT-011", act, rng, rate, bouts=rng.choice((1, 2, 4)), is_app=False, **how)


class _Forger:
    """Puts a crawler's name, and at the higher levels its header fields and handshake, on a client.

    At level 1 a library sends its own fields under the name; at level 2 the crawler's fields over the library's
    handshake; at level 3 all of it is the crawler's, and half of the campaigns rent machines rather than homes.
    """

    def __init__(self, world: World, level: int, rng: random.Random, claims: list[Claim]) -> None:
        self._world = world
        self._level = level
        self._claims = claims
        self._library = world.stacks.draw(rng, "library", without=world.without)
        self._is_rented = level == 3 and rng.random() < 0.5
        self._stacks: dict[str, Stack] = {}
        self._worn: dict[str, Claim] = {}
        self._checked = ""

    def dress(self, visit: Visit, rng: random.Random) -> None:
        """Make a visit's client look like a crawler's, unless it does, and keep it away from where that lives."""
        client = visit.client
        claim = self._worn.get(client.stack.user_agent)
        if claim is None:
            claim = rng.choice(self._claims)
            place = Address(client.address, client.asn, client.country, client.network)
            if self._is_rented:
                place = self._world.networks.draw(rng, "datacentre")
            stack = self._stack(claim, rng)
            client = visit.client = Client.make(stack, place, rng, "en-US,en;q=0.5")
            visit.kind, visit.keeps_cookies = "api", False
        if client.address == self._checked:
            return
        while is_true(self._world.networks, claim, client.address):
            client.move(self._world.networks.draw(rng, client.network if rng.random() < 0.9 else "home"))
        self._checked = client.address

    def _stack(self, claim: Claim, rng: random.Random) -> Stack:
        agent = claim.user_agents[0 if rng.random() < 0.6 else rng.randrange(len(claim.user_agents))]
        known = self._stacks.get(agent)
        if known is None:
            real = own_stack(self._world.stacks, claim.name, agent, claim.speaks, claim.sender)
            known = self._stacks[agent] = self._forged(real)
            self._worn[known.user_agent] = claim
        return known

    def _forged(self, real: Stack) -> Stack:
        library = self._library
        if self._level == 3:
            return real
        if self._level == 2:
            lower = library.protocol == "2"
            headers = {
                kind: tuple((name.lower() if lower else name, value) for name, value in fields)
                for kind, fields in real.headers.items()
            }
            return library.dressed(headers, user_agent=real.user_agent)
        headers = {kind: _named(fields, real.user_agent) for kind, fields in library.headers.items()}
        return library.dressed(headers, user_agent=real.user_agent)


def _named(fields: Headers, user_agent: str) -> Headers:
    """Header fields under another name."""
    kept = tuple((name, user_agent if name.lower() == "user-agent" else value) for name, value in fields)
    return kept if any(name.lower() == "user-agent" for name, _ in kept) else (("User-Agent", user_agent), *kept)


def _crawl(forger: _Forger, catalogue: Catalogue, rng: random.Random) -> Act:
    """Pages of products above all, as one who wants those would, with some of the rest for the look of it."""
    products, asks_robots, run_of = rng.uniform(0.75, 1.0), rng.random() < 0.4, rng.choice((1, 3, 8))
    prices = rng.random() < 0.3

    def page(visit: Visit, rng: random.Random) -> Script:
        kind = "navigate" if "navigate" in visit.client.stack.headers else "api"
        if rng.random() < products:
            number = catalogue.next()
            prize = f"object:{visit.shop.product_id(number)}"
            yield from visit.do("product", kind=kind, number=number, prize=prize)
            if prices:
                yield from visit.do("price", kind=kind, number=number, prize=prize, after=0.02)
        elif rng.random() < 0.6:
            yield from visit.do("listing", kind=kind, category=visit.shop.category(rng), page=rng.randint(1, 30))
        else:
            yield from visit.do("article", kind=kind, slug=visit.shop.slug(rng.randrange(300)))

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        forger.dress(visit, rng)
        if asks_robots and not visit.made:
            kind = "navigate" if "navigate" in visit.client.stack.headers else "api"
            yield from visit.do("robots", kind=kind)
        for _ in range(rng.randint(1, run_of) if kit.level == 3 else 1):
            forger.dress(visit, rng)
            yield from page(visit, rng)
            rest(kit, visit, rng)

    return act
