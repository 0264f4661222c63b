"""Who plays in the demo: each population, its bot, its addresses, and when it enters."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["CAST", "HONEST", "OWNERS", "Role", "population_of"]


class Role(Struct, frozen=True):
    """One population; ``owner`` is the second byte of its loopback addresses, ``enters_s`` when it comes."""

    name: str
    what: str
    owner: int
    enters_s: float
    is_honest: bool = False
    longest_pause: float = 10.0

    @property
    def address(self) -> str:
        return f"127.{self.owner}.0.1"


CAST = (
    Role("people", "20 people with browsers", 11, 0.0, is_honest=True),
    Role("old-app", "the old mobile app", 12, 2.0, is_honest=True, longest_pause=6.0),
    Role("stuffer", "credential stuffing", 21, 10.0),
    Role("scraper", "scraping the catalogue", 22, 14.0),
    Role("scanner", "scanning for files", 23, 20.0),
    Role("flood", "flooding the search", 24, 26.0),
)
OWNERS = {role.owner: role.name for role in CAST}
HONEST = frozenset(role.name for role in CAST if role.is_honest)


def population_of(address: str) -> str:
    """Name of the population that an address belongs to, or the address itself.

    >>> population_of("127.21.0.1"), population_of("192.0.2.1")
    ('stuffer', '192.0.2.1')
    """
    parts = address.split(".")
    if len(parts) == 4 and parts[0] == "127" and parts[1].isdecimal():
        return OWNERS.get(int(parts[1]), address)
    return address
