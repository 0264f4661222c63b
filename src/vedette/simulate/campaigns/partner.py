"""A stolen partner key (OAT-011): the catalogue read with somebody else's key, from elsewhere and faster."""

from __future__ import annotations

import random

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.campaigns.toolkit import Toolkit, run
from vedette.simulate.clients import Client
from vedette.simulate.networks import Address
from vedette.simulate.robots.keys import PARTNER, partner_key
from vedette.simulate.robots.partners import partner_clients
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["stolen_partner_key"]

_ITEMS = 20


def stolen_partner_key(world: World, part: Part) -> Arrivals:
    """Read lists and what is on them with the key of a partner of this world.

    At level 3 the thief has the partner's own program as well, so that only the network and the volume differ.
    """
    own = world.rng(f"campaigns/{part.name}/key")
    victims = [other.name for other in world.scenario.parts if other.kind == "partner"] or [PARTNER]
    victim = own.choice(victims)
    key = partner_key(world, victim)
    program = partner_clients(world, victim)[0].stack
    kit = Toolkit(world, part, "OAT-011", is_app=False)
    first = own.randrange(world.shop.products)
    names = own.choice((("product",), ("product", "price"), ("price",)))
    page = 0

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        nonlocal page
        page += 1
        mine = page
        if part.level == 3:
            there = visit.client
            place = Address(there.address, there.asn, there.country, there.network)
            visit.client = Client.make(program, place, rng, there.language)
            visit.kind = "api"
        client = visit.client
        client.extra = (("x-api-key" if client.protocol == "2" else "X-Api-Key", key),)
        yield from visit.do("export", page=mine)
        for place_ in range(_ITEMS if kit.level < 3 else rng.randint(2, 6)):
            number = (first + mine * _ITEMS + place_) % world.shop.products
            for name in names:
                prize = f"object:{world.shop.product_id(number)}"
                yield from visit.do(name, after=_gap(kit, rng), number=number, prize=prize)

    return run(world, part, "OAT-011", act, kit)


def _gap(kit: Toolkit, rng: random.Random) -> float:
    """As the partner's program does at level 3; it is a program there as well."""
    return rng.uniform(0.2, 0.8) if kit.level == 3 else kit.gap(rng)
