"""Who comes: persons with their devices, lines and accounts, of whom some come again.

Nothing is kept of anybody. A session's number leads to its person by arithmetic (:meth:`Persons.who`), and a person's
number leads to all that lasts: devices, home, office, account. So a million persons cost no memory, and the same person
has the same phone tomorrow.
"""

from __future__ import annotations

import random

from msgspec import Struct

from vedette.simulate.clients import Client, Stack
from vedette.simulate.networks import Address
from vedette.simulate.scenario import Part
from vedette.simulate.world import World

__all__ = ["Person", "Persons", "mixed"]

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 0xFFFF_FFFF_FFFF_FFFF


def mixed(seed: int, number: int) -> int:
    """Give 64 well mixed bits for a number; the same for the same seed."""
    bits = (seed + (number + 1) * _GOLDEN) & _MASK
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & _MASK
    return bits ^ bits >> 31


def _share(bits: int) -> float:
    return (bits & 0xFFFF_FFFF) / 0x1_0000_0000


class Person(Struct, frozen=True):
    """Somebody who shops.

    Attributes:
        number: Of the session in which the person was first seen.
        seed: Of all that lasts.
        is_known: Has been here before this session, within the world or before it began.
        account: Login name, whether or not it exists yet.
        has_account: It exists.
    """

    number: int
    seed: int
    is_known: bool
    account: str
    has_account: bool

    def rng(self, what: int) -> random.Random:
        """A generator for one thing that lasts; equal at every visit."""
        return random.Random(mixed(self.seed, what))


class Persons:
    """The persons of one part of a world.

    Args:
        returning: Share of sessions of somebody who came before in this world.
        known: Share of persons who came before it began.
        accounts: Share of persons who have an account.
    """

    def __init__(self, world: World, part: Part, *, returning: float, known: float, accounts: float) -> None:
        self.world = world
        self.part = part
        self.count = world.count(part)
        self.seed = world.rng(f"people/{part.name}").getrandbits(64)
        self._everybody = world.rng("people").getrandbits(64)  # one account has a browser and a phone
        self._returning, self._known, self._accounts = returning, known, accounts
        self._least, self._most = self.count // 60, max(1, self.count // 3)
        self._offices = max(4, self.count // 5)

    def rng(self, session: int) -> random.Random:
        """The chance of one session."""
        return random.Random(mixed(self.seed ^ _GOLDEN, session))

    def first_session(self, session: int) -> int:
        """The session in which this session's person was first seen in this world."""
        while True:
            bits = mixed(self.seed, session)
            back = 1 + self._least + int(_share(bits >> 32) * self._most)
            if _share(bits) >= self._returning or back > session:
                return session
            session -= back

    def who(self, session: int) -> Person:
        """The person whose session this is."""
        first = self.first_session(session)
        bits = mixed(self.seed, -2 - first)
        return Person(
            number=first,
            seed=bits,
            is_known=first != session or _share(bits) < self._known,
            account=self.world.shop.account(mixed(self._everybody, first) % max(1, self.world.shop.accounts * 4 // 5)),
            has_account=_share(bits >> 32) < self._accounts,
        )

    # -- where -----------------------------------------------------------------------------------------------------

    def home(self, person: Person) -> Address:
        """The line at home; one of 25 persons shares it with somebody else who shops."""
        bits = mixed(person.seed, 1)
        household = person.seed
        if bits % 25 == 0 and person.number > 40:
            household = mixed(self.seed, -2 - self.first_session(person.number - 1 - bits % 37))
        return self.world.address(random.Random(mixed(household, 2)), "home")

    def office(self, person: Person) -> Address:
        """The line at work, which colleagues share."""
        return self.world.address(random.Random(mixed(self.seed, mixed(person.seed, 3) % self._offices)), "office")

    def place(self, rng: random.Random, person: Person, kind: str) -> Address:
        """Where a person is now; in IPv6 a device's address changes within its network."""
        if kind == "home":
            return self.world.networks.roam(rng, self.home(person))
        if kind == "office":
            return self.office(person)
        return self.world.address(rng, kind)

    def line(self, rng: random.Random, at: float, *, is_mobile: bool) -> str:
        """The kind of network a device is in at that time of day."""
        chance, hour = rng.random(), at % 86_400 / 3600
        if is_mobile:
            return "home" if chance < 0.6 else "mobile" if chance < 0.93 else "office" if chance < 0.98 else "vpn"
        if 6.0 <= hour < 16.0 and chance < 0.42:
            return "office"
        return "home" if chance < 0.95 else "mobile" if chance < 0.97 else "vpn"

    # -- with what -------------------------------------------------------------------------------------------------

    def client(self, rng: random.Random, person: Person, stack: Stack, place: Address) -> Client:
        """A device of a person, with the languages of its home, on a new connection from this place."""
        client = self.world.client(person.rng(4), stack, self.home(person))
        client.move(place)
        client.reconnect(rng)
        return client
