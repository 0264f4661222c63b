"""What all parts of a world share: chance, the shop, addresses, clients, times of day, and the books."""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import blake2b
from heapq import merge
from itertools import pairwise
from operator import itemgetter

from vedette.simulate.calls import Arrivals, Truth
from vedette.simulate.clients import HELD_OUT_STACKS, Client, Stack, load_stacks
from vedette.simulate.ledger import Ledger
from vedette.simulate.networks import Address, load_networks
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.shapes import load_shapes
from vedette.simulate.shop import Outage, Shop, dialect_of

__all__ = ["FIRST_TEST_SEED", "HELD_OUT_FAMILIES", "World"]

FIRST_TEST_SEED = 900
"""Seeds below are for tuning and know neither these families nor :data:`~vedette.simulate.clients.HELD_OUT_STACKS`."""
HELD_OUT_FAMILIES = frozenset({"gift_card_cracking", "scalping", "account_aggregation"})


class World:
    """A scenario with a seed.

    Attributes:
        start: Unix seconds of the first and ``end`` of the last moment.
        is_test: The seed is set aside for testing: held-out families and stacks take part.
        without: Families of stacks that nobody uses in this world.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int = 0,
        scale: float = 1.0,
        *,
        everything: bool = False,
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.scale = scale
        self.is_test = everything or seed >= FIRST_TEST_SEED
        self.without: frozenset[str] = frozenset() if self.is_test else HELD_OUT_STACKS
        self.stacks = load_stacks()
        self.networks = load_networks()
        self.shapes = load_shapes()
        self.start = scenario.start or self.stacks.present
        self.end = self.start + scenario.lasts_s
        self.ledger = Ledger()
        self._has_offices = scenario.country in self.networks.countries("office")
        self.shop = Shop(
            self.rng("shop"),
            dialect=scenario.dialect or dialect_of(seed),
            host=scenario.host,
            products=scenario.products,
            accounts=scenario.accounts,
            capacity=scenario.capacity,
            names=self.shapes.words["given_names"],
            mail_domains=self.shapes.words["mail_domains"],
            outages=[Outage(self.start + at, self.start + at + lasts, share) for at, lasts, share in scenario.outages],
            paths=scenario.paths,
            first_product=scenario.first_product,
            product_id=scenario.product_id,
        )

    # -- chance and time -------------------------------------------------------------------------------------------

    def rng(self, name: str) -> random.Random:
        """A generator of its own for each name, the same in every run of this seed."""
        return random.Random(blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest())

    def count(self, part: Part) -> int:
        """How many of a part there are at this world's scale, at least one."""
        return max(1, round(part.count * self.scale))

    def span(self, part: Part) -> tuple[float, float]:
        """When a part begins and ends, Unix seconds."""
        at = part.at_s
        if at < 0.0:
            at = self.rng(f"begin/{part.name}").random() * max(0.0, self.end - self.start - part.lasts_s)
            at = at if part.lasts_s else 0.0
        begin = self.start + at
        return begin, min(self.end, begin + part.lasts_s) if part.lasts_s else self.end

    def times(
        self, rng: random.Random, count: int, begin: float, end: float, *, steady: bool = False
    ) -> Iterator[float]:
        """Moments in order, as people come: by the hour of the day; ``steady``: as programs come."""
        if steady:
            return self._steady(rng, count, begin, end)
        return self._by_the_hour(rng, count, begin, end)

    @staticmethod
    def _steady(rng: random.Random, count: int, begin: float, end: float) -> Iterator[float]:
        at, left = begin, count
        while left:  # the smallest of the remaining uniform moments, one after the other
            at += (end - at) * (1.0 - (1.0 - rng.random()) ** (1.0 / left))
            left -= 1
            yield at

    def _by_the_hour(self, rng: random.Random, count: int, begin: float, end: float) -> Iterator[float]:
        edges = [begin]
        while edges[-1] < end:
            edges.append(min(end, edges[-1] - edges[-1] % 3600 + 3600))
        weights = [self.shapes.day_curve(first % 86_400 / 3600) * (last - first) for first, last in pairwise(edges)]
        total, owed, given = sum(weights), 0.0, 0
        for weight, (first, last) in zip(weights, pairwise(edges), strict=True):
            owed += count * weight / total
            here = round(owed) - given
            given += here
            yield from self._steady(rng, here, first, last)

    # -- who ---------------------------------------------------------------------------------------------------------

    def person(self, rng: random.Random, *, is_mobile: bool | None = None, kind: str = "") -> Client:
        """A person's browser behind an address of the shop's country, or sometimes of a neighbour."""
        stack = self.stacks.draw(rng, "browser", is_mobile=is_mobile, without=self.without)
        return self.client(rng, stack, self.address(rng, kind or self.line(rng, stack)))

    def line(self, rng: random.Random, stack: Stack) -> str:
        """The kind of network that a device is likely to be in."""
        chance = rng.random()
        if stack.is_mobile:
            return "mobile" if chance < 0.45 else "home" if chance < 0.94 else "office" if chance < 0.98 else "vpn"
        return "home" if chance < 0.72 else "office" if chance < 0.93 else "mobile" if chance < 0.965 else "vpn"

    def address(self, rng: random.Random, kind: str) -> Address:
        """An address of a kind of network; carriers put many phones behind one."""
        home = self.scenario.country
        if kind == "mobile":
            return self.networks.carrier(rng, home)
        if kind == "office" and not self._has_offices:
            kind = "home"  # small firms are on lines like any home's
        if kind in ("home", "office"):
            return self.networks.draw(rng, kind, home if rng.random() < 0.93 else "")
        return self.networks.draw(rng, kind)

    def client(self, rng: random.Random, stack: Stack, place: Address, language: str = "") -> Client:
        """A client with a handshake and a language of its own."""
        return Client.make(stack, place, rng, language)

    def truth(self, part: Part, number: int) -> Truth:
        """The truth about session ``number`` of people or of a hard case."""
        return Truth("human", f"{part.name}-{number}", part.name if part.section == "cases" else part.kind)

    # -- everybody -----------------------------------------------------------------------------------------------------

    def parts(self) -> tuple[Part, ...]:
        """The parts that take part: those held out for testing only on test seeds."""
        return tuple(part for part in self.scenario.parts if self.is_test or part.kind not in HELD_OUT_FAMILIES)

    def arrivals(self) -> Arrivals:
        """Everybody who comes, in order of time."""
        from vedette.simulate.populations import POPULATIONS

        return merge(*(POPULATIONS[part.section][part.kind](self, part) for part in self.parts()), key=itemgetter(0))
