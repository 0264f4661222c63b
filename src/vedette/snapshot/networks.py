"""What is known of an address before it does anything: whose network, which country, what kind, who lists it.

A :class:`NetworkMap` is immutable but for a memo. Address space is cut at every border of every range; each piece knows
the set of sources that hold it, so that one binary search answers for all of them. ``ranges`` builds such a map and
writes it; this module reads it and is asked.
"""

from __future__ import annotations

import ipaddress
import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Self

from msgspec import Struct

from vedette.config.schema import Config
from vedette.snapshot.packing import HALF_LIVES, Packed, Source, unpack

__all__ = ["FRESH_S", "KINDS", "NOTHING", "NetworkFacts", "NetworkMap", "Source", "own_networks", "parse_ip"]

KINDS = ("hosting", "vpn", "relay", "tor", "proxy", "anonymizer", "blocklist")
"""What a range may be said to be. ``relay``: a privacy relay of a browser maker, behind which people are."""
TELLING = ("tor", "proxy", "anonymizer", "vpn", "relay", "hosting", "blocklist")
"""The same, what tells most first."""
FRESH_S = 7 * 86400.0
"""Ranges of a crawler that are older than this say who is in them, and no longer who is not."""
LONGEST = 64
"""Characters of an address; longer text is none."""
_HEXADECIMAL = "0123456789abcdefABCDEF:"
NOT_PUBLIC = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 "
    "::/127 fc00::/7 fe80::/10 fec0::/10"
).split()
"""Private, shared, loopback, link-local and unspecified addresses (RFC 6890): what nobody else can know anything of."""


class NetworkFacts(Struct, frozen=True, gc=False):
    """What is known of one address.

    Attributes:
        asn: Number of the autonomous system, 0 where unknown.
        country: ISO 3166 code, or empty.
        kinds: Of :data:`KINDS`, in that order. What is a ``relay`` is not called ``hosting`` or ``vpn`` too.
        listed: Of feeds of kind ``blocklist``: confidence between 0 and 1 that fades with age, 0 where none of them
            lists it; NaN without feeds, or where all are too old to say anything.
        robots: Names of crawlers whose published ranges hold it (``googlebot``).
        is_own: The operator's own network, a trusted proxy, or a partner's: no feed ever speaks against it.
        is_known: False where no range data was there at all: then nothing above means anything.
        robots_fresh: Names of crawlers of whose published ranges there is a copy of at most :data:`FRESH_S` of age,
            whether this address is in them or not.
        sources: Names of the lists and feeds that speak of it, for an explanation.
    """

    asn: int = 0
    country: str = ""
    kinds: tuple[str, ...] = ()
    listed: float = float("nan")
    robots: tuple[str, ...] = ()
    is_own: bool = False
    is_known: bool = False
    robots_fresh: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The one of ``kinds`` that tells most, or empty: an exit of Tor stands at a host, too."""
        return next((kind for kind in TELLING if kind in self.kinds), "")


NOTHING = NetworkFacts()


def parse_ip(text: str) -> tuple[int, int] | None:
    """Read an address as ``(4 or 6, number)``, or ``None``; IPv4 mapped into IPv6 is IPv4, a zone is left out."""
    if len(text) > LONGEST or not text.isascii():
        return None
    if ":" not in text:
        parts = text.split(".")
        if len(parts) != 4:
            return None
        number = 0
        for part in parts:
            if not part.isdigit() or len(part) > 3 or (part[0] == "0" and len(part) > 1):
                return None
            byte = int(part)
            if byte > 255:
                return None
            number = number << 8 | byte
        return 4, number
    six = _parse_six(text)
    if six is not None and six >> 32 == 0xFFFF:
        return 4, six & 0xFFFFFFFF
    return None if six is None else (6, six)


def _parse_six(text: str) -> int | None:
    """Read the usual forms of IPv6 in a third of the time of ``ipaddress``, and leave the others to it."""
    if not text.strip(_HEXADECIMAL):
        head, gap, tail = text.partition("::")
        left = head.split(":") if head else []
        right = tail.split(":") if tail else []
        missing = 8 - len(left) - len(right)
        groups = left + ["0"] * missing + right if gap else left
        if (missing > 0 if gap else missing == 0) and all(0 < len(group) < 5 for group in groups):
            return int("".join([group.rjust(4, "0") for group in groups]), 16)
        return None
    try:
        return int(ipaddress.IPv6Address(text.partition("%")[0]))
    except ValueError:
        return None


def own_networks(config: Config) -> tuple[str, ...]:
    """Give the networks that no feed may speak against: own ones, trusted proxies' and partners'."""
    partners = (network for partner in config.partners for network in partner.networks)
    return (*config.networks.own, *config.trusted_proxies, *partners)


class _Borders:
    """Ranges as borders: inside where an odd number of them lies at or below an address."""

    def __init__(self, networks: Iterable[str]) -> None:
        parsed = [ipaddress.ip_network(network) for network in networks]
        fours = ipaddress.collapse_addresses(net for net in parsed if isinstance(net, ipaddress.IPv4Network))
        sixes = ipaddress.collapse_addresses(net for net in parsed if isinstance(net, ipaddress.IPv6Network))
        self.four = [edge for net in fours for edge in (int(net[0]), int(net[-1]) + 1)]
        self.six = [edge for net in sixes for edge in (int(net[0]), int(net[-1]) + 1)]

    def holds(self, family: int, number: int) -> bool:
        return bool(bisect_right(self.four if family == 4 else self.six, number) & 1)


_PRIVATE = _Borders(NOT_PUBLIC)


class _Pieces:
    """Address space of both families, cut into pieces with a number each."""

    def __init__(self, four: tuple[array[int], array[int]], six: tuple[array[int], array[int], array[int]]) -> None:
        self._starts, self._values = four
        self._highs, self._lows, self._six = six

    def at(self, family: int, number: int) -> int:
        if family == 4:
            return self._values[bisect_right(self._starts, number) - 1] if self._starts else 0
        if not self._highs:
            return 0
        high, low = number >> 64, number & 0xFFFFFFFFFFFFFFFF
        place = bisect_right(self._highs, high)
        if place and self._highs[place - 1] == high:  # some borders lie within this /64
            place = bisect_right(self._lows, low, bisect_left(self._highs, high), place)
        return self._six[place - 1]


class NetworkMap:
    """Ranges of addresses, ready to be asked. Without arguments it knows nothing.

    Attributes:
        sources: The lists and feeds that are in it.
    """

    def __init__(self, packed: Packed | None = None, own: Sequence[str] = ()) -> None:
        self._packed = packed
        self._own_networks = tuple(own)
        self._own = _Borders(own)
        self.sources: tuple[Source, ...] = ()
        if packed is None:
            return
        self.sources = packed.sources
        self._sets = packed.sets
        self._pieces = _Pieces(packed.four, packed.six)
        self._asns = _Pieces(packed.asn_four, packed.asn_six) if packed.has_asns else None
        self._countries = _Pieces(packed.country_four, packed.country_six) if packed.has_countries else None
        dates = [
            (source.date, span)
            for source in self.sources
            for span in (source.half_life_s * HALF_LIVES, *((FRESH_S,) if source.kind == "robot" else ()))
        ]
        self._turns = sorted({date + sign * span for date, span in dates for sign in (-1, 1)})
        self._since, self._until = math.inf, -math.inf
        self._known: dict[int, tuple[NetworkFacts, tuple[Source, ...]]] = {}
        self._is_listing = False
        self._robots_fresh: tuple[str, ...] = ()

    @classmethod
    def shipped(cls) -> NetworkMap:
        """Give the map that comes with the package (``data/networks``, with its provenance)."""
        return _shipped()

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read a map that :func:`vedette.snapshot.ranges.write` wrote; raises ``ValueError`` where it is damaged."""
        return cls(unpack(data))

    @property
    def packed(self) -> Packed | None:
        """What it is made of, to build another from."""
        return self._packed

    def owning(self, networks: Sequence[str]) -> NetworkMap:
        """Give the same map with these own networks (:func:`own_networks`)."""
        return self if self._own_networks == tuple(networks) else NetworkMap(self._packed, networks)

    def lookup(self, address: str, now: float) -> NetworkFacts:
        """Give what is known of an address; what is no IP address is unknown."""
        found = parse_ip(address)
        return NOTHING if found is None else self.at(*found, now)

    def at(self, family: int, number: int, now: float) -> NetworkFacts:
        """Give what is known of an address that :func:`parse_ip` has read."""
        if self._packed is None:
            return NOTHING
        if not self._since <= now < self._until:
            self._turn(now)
        if self._own.holds(family, number):
            return self._own_facts(family, number)
        if _PRIVATE.holds(family, number):
            return NetworkFacts(is_known=True, robots_fresh=self._robots_fresh)
        chosen = self._pieces.at(family, number)
        facts, listing = self._known.get(chosen) or self._learn(chosen, now)
        if not listing and self._asns is None and self._countries is None:
            return facts
        listed = facts.listed
        if listing:
            listed = max(source.weight * 2.0 ** (-abs(now - source.date) / source.half_life_s) for source in listing)
        asn, country = self._place(family, number)
        return NetworkFacts(
            asn, country, facts.kinds, listed, facts.robots, False, True, facts.robots_fresh, facts.sources
        )

    def _place(self, family: int, number: int) -> tuple[int, str]:
        asn = self._asns.at(family, number) if self._asns is not None else 0
        code = self._countries.at(family, number) if self._countries is not None else 0
        return asn, _country(code) if code else ""

    def _own_facts(self, family: int, number: int) -> NetworkFacts:
        asn, country = self._place(family, number)
        return NetworkFacts(asn, country, is_own=True, is_known=True, robots_fresh=self._robots_fresh)

    def _turn(self, now: float) -> None:
        """Forget what was true of another time, and find out until when the answers of this time hold."""
        place = bisect_right(self._turns, now)
        self._since = self._turns[place - 1] if place else -math.inf
        self._until = self._turns[place] if place < len(self._turns) else math.inf
        self._known.clear()
        alive = [source for source in self.sources if source.is_alive(now)]
        self._is_listing = any(source.kind == "blocklist" for source in alive)
        fresh = {source.robot for source in alive if source.kind == "robot" and abs(now - source.date) <= FRESH_S}
        self._robots_fresh = tuple(sorted(fresh))

    def _learn(self, chosen: int, now: float) -> tuple[NetworkFacts, tuple[Source, ...]]:
        """Work out what a set of sources says at this time; there are as many answers as sets, a few hundred."""
        alive = [self.sources[place] for place in self._sets[chosen] if self.sources[place].is_alive(now)]
        kinds = {source.kind for source in alive}
        if "relay" in kinds:
            kinds -= {"hosting", "vpn"}  # that is where the relay stands, and what lists of VPNs take it for
        facts = NetworkFacts(
            kinds=tuple(kind for kind in KINDS if kind in kinds),
            listed=0.0 if self._is_listing else math.nan,
            robots=tuple(sorted({source.robot for source in alive if source.kind == "robot"})),
            is_known=True,
            robots_fresh=self._robots_fresh,
            sources=tuple(sorted({source.name for source in alive})),
        )
        known = facts, tuple(source for source in alive if source.kind == "blocklist")
        self._known[chosen] = known
        return known


@lru_cache(maxsize=1024)
def _country(code: int) -> str:
    return chr(code >> 8) + chr(code & 0xFF)


@lru_cache(maxsize=1)
def _shipped() -> NetworkMap:
    return NetworkMap.read((files("vedette") / "data" / "networks" / "networks.bin").read_bytes())
