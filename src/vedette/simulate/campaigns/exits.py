"""Where the calls of a campaign come from: a few addresses, a rented pool, or homes all over."""

from __future__ import annotations

import random

from vedette.simulate.campaigns.traits import Traits
from vedette.simulate.networks import Address
from vedette.simulate.world import World

__all__ = ["Exits"]

_PLAIN = (("datacentre", "home", "vpn", "tor"), (0.55, 0.2, 0.15, 0.1))
_RENTED = (("datacentre", "vpn", "relay"), (0.75, 0.15, 0.1))
_AT_WORK = 0.12
"""Share of residential proxies that run on a computer in an office; invented."""


class Exits:
    """The addresses of one campaign with one set of tools.

    At levels 1 and 2 there is a pool, at level 3 each draw is another home or a phone behind its carrier.

    Attributes:
        rented: Addresses that have come into use.
        kind: The network that most of them are in.
    """

    def __init__(self, world: World, rng: random.Random, level: int, traits: Traits) -> None:
        self.rented = 0
        self._world = world
        self._traits = traits
        self._pool: list[Address] = []
        self._next = 0
        self._carriers = frozenset(world.networks.countries("mobile"))
        self.kind = "proxy"
        if level == 1:
            self.kind = rng.choices(*_PLAIN)[0]
            self._fill(rng, rng.randint(1, 5))
        elif level == 2:
            self.kind = rng.choices(*_RENTED)[0]
            self._fill(rng, int(30 * 20 ** rng.random()))

    def _fill(self, rng: random.Random, count: int) -> None:
        country = self._world.scenario.country if self.kind == "home" and rng.random() < 0.7 else ""
        networks = self._world.networks
        found = [networks.draw(rng, self.kind, country)]
        near = rng.random() < 0.5  # a block from one provider, or a list from many
        for _ in range(4 * count):
            if len(found) == count:
                break
            draw = networks.in_same_network(rng, found[0]) if near else networks.draw(rng, self.kind, country)
            if draw not in found:
                found.append(draw)
        self._pool = found

    @property
    def size(self) -> int:
        """Addresses in the pool, 0 where there is none."""
        return len(self._pool)

    def home(self, worker: int) -> Address:
        """Give the address that a worker of a plain script keeps."""
        place = worker % len(self._pool)
        if place >= self.rented:
            self.rented = place + 1
        return self._pool[place]

    def draw(self, rng: random.Random) -> Address:
        """Give the next address."""
        if self._pool:
            place = self._next % len(self._pool)
            self._next += 1
            if self._next <= len(self._pool):
                self.rented = max(self.rented, self._next)
            return self._pool[place]
        self.rented += 1
        world, traits = self._world, self._traits
        networks = world.networks
        if traits.is_abroad:
            place_ = networks.draw(rng, "proxy")
            is_mobile = rng.random() < traits.mobile and place_.country in self._carriers
            return networks.carrier(rng, place_.country) if is_mobile else place_
        chance = rng.random()
        if chance < traits.mobile:
            return world.address(rng, "mobile")
        return world.address(rng, "office" if chance > 1.0 - _AT_WORK else "home")
