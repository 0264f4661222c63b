"""Where clients are: addresses of real networks by kind and country, drawn by the size of their ranges.

Kinds are ``home``, ``mobile``, ``office``, ``datacentre``, ``vpn``, ``relay``, ``tor``, ``proxy`` (exits of proxies:
home and mobile networks of the whole world) and ``bot:NAME`` for the published ranges of good bots.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from itertools import accumulate
from typing import Any, NamedTuple

from msgspec import Struct

from vedette.simulate.reading import read_data

__all__ = ["Address", "Networks", "load_networks"]

Countries = Sequence[tuple[str, float]] | str
"""Shares of countries, one country, or empty for the mix that ships for the kind."""

_PEOPLE = ("home", "mobile")
_V6_SHARE = {"home": 0.4, "mobile": 0.5, "proxy": 0.1, "relay": 0.4}
"""Of addresses in networks whose IPv6 ranges are known; composed, see the data's README."""
_SHARED_BY_CARRIER = 48


class Address(Struct, frozen=True):
    """One address, and what is known about where it is."""

    address: str
    asn: int
    country: str
    kind: str


class _Range(NamedTuple):
    first: int
    size: int
    asn: int
    country: str
    is_v6: bool


class _Ranges:
    """Ranges of one sort, drawn by weight: of IPv4 the size, of IPv6 the share of its network."""

    def __init__(self, ranges: Iterable[_Range]) -> None:
        self.v4 = tuple(found for found in ranges if not found.is_v6)
        self.v6 = tuple(found for found in ranges if found.is_v6)
        self._weights = list(accumulate(found.size for found in self.v4))
        self._by_asn: dict[int, tuple[_Range, ...]] = {}
        for found in self.v6:
            self._by_asn[found.asn] = (*self._by_asn.get(found.asn, ()), found)

    def draw(self, rng: random.Random, kind: str) -> Address:
        """Draw a range by its size, then perhaps an IPv6 range of the same network, then an address."""
        if self.v4:
            at = bisect_right(self._weights, rng.random() * self._weights[-1], 0, len(self.v4) - 1)
            found = self.v4[at]
            others = self._by_asn.get(found.asn)
            if others and rng.random() < _V6_SHARE.get(kind, 0.0):
                found = rng.choice(others)
        else:
            found = rng.choice(self.v6)
        return Address(_inside(rng, found), found.asn, found.country, kind)


def _inside(rng: random.Random, found: _Range) -> str:
    """Write a random address of a range; never the first or last of 256, which no client has."""
    value = found.first + rng.randrange(found.size)
    if found.is_v6:
        return str(IPv6Address(value))
    if found.size > 2:
        last = value & 0xFF
        value += 1 if last == 0 else -1 if last == 0xFF else 0
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


class Networks:
    """All networks that ship."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._mixes: dict[str, tuple[tuple[str, float], ...]] = {
            kind: tuple((country, share) for country, share in mix) for kind, mix in data["mixes"].items()
        }
        self._ranges: dict[str, list[_Range]] = {}
        for network in data["networks"]:
            found = self._ranges.setdefault(network["kind"], [])
            asn, country = network["asn"], network["country"]
            found += [_Range(first, size, asn, country, False) for first, size in network["v4"]]
            found += [_Range(int(first), 1 << (128 - bits), asn, country, True) for first, bits in network["v6"]]
        for kind, ranges in data["lists"].items():
            self._ranges[kind] = [_Range(first, size, asn, country, False) for first, size, asn, country in ranges]
        self._ranges["proxy"] = [found for kind in _PEOPLE for found in self._ranges[kind]]
        self._cut: dict[tuple[str, str, int], _Ranges] = {}
        self._there: dict[str, tuple[str, ...]] = {}
        self._firsts: dict[tuple[str, bool], tuple[list[int], list[int]]] = {}
        self._carriers: dict[str, tuple[Address, ...]] = {}
        self._shares: dict[tuple[str, tuple[tuple[str, float], ...]], tuple[tuple[str, ...], list[float]]] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self._ranges)

    def countries(self, kind: str) -> tuple[str, ...]:
        """Name the countries that have networks of this kind, in alphabetical order."""
        known = self._there.get(kind)
        if known is None:
            known = self._there[kind] = tuple(sorted({found.country for found in self._ranges[kind]}))
        return known

    def is_in(self, kind: str, address: str) -> bool:
        """Whether an address is in one of the ranges of a kind."""
        value, is_v6 = int(ip_address(address)), ":" in address
        known = self._firsts.get((kind, is_v6))
        if known is None:
            same = (found for found in self._ranges[kind] if found.is_v6 == is_v6)
            ranges = sorted((found.first, found.first + found.size) for found in same)
            known = [first for first, _ in ranges], list(accumulate((end for _, end in ranges), max))
            self._firsts[kind, is_v6] = known
        firsts, ends = known  # the furthest end of all ranges that begin until there: they may overlap
        at = bisect_right(firsts, value)
        return at > 0 and value < ends[at - 1]

    def draw(self, rng: random.Random, kind: str, countries: Countries = "") -> Address:
        """Draw an address.

        Raises:
            KeyError: There is no such kind.
            ValueError: No network of this kind is in any of the countries.
        """
        country = countries if isinstance(countries, str) else self._country(rng, kind, countries)
        if not country and kind in self._mixes:
            country = self._country(rng, kind, self._mixes[kind])
        return self._cut_to(kind, country).draw(rng, kind)

    def carrier(self, rng: random.Random, country: str = "") -> Address:
        """Draw one of the few addresses that a mobile network's customers share."""
        country = country or self._country(rng, "mobile", self._mixes["mobile"])
        known = self._carriers.get(country)
        if known is None:
            own = random.Random(f"carriers of {country}")
            ranges = _Ranges(found for found in self._ranges["mobile"] if found.country == country and not found.is_v6)
            known = self._carriers[country] = tuple(ranges.draw(own, "mobile") for _ in range(_SHARED_BY_CARRIER))
        return rng.choice(known)

    def in_same_network(self, rng: random.Random, address: Address) -> Address:
        """Draw another address of the same network: a new lease, another floor."""
        return self._cut_to(address.kind, "", address.asn).draw(rng, address.kind)

    def roam(self, rng: random.Random, address: Address) -> Address:
        """Give the next address of somebody who stays: in IPv6 another one of the same /64, in IPv4 the same."""
        if ":" not in address.address:
            return address
        home = int(IPv6Address(address.address)) >> 64 << 64
        return Address(str(IPv6Address(home | rng.getrandbits(64))), address.asn, address.country, address.kind)

    def _cut_to(self, kind: str, country: str, asn: int = 0) -> _Ranges:
        known = self._cut.get((kind, country, asn))
        if known is None:
            found = [
                found
                for found in self._ranges[kind]
                if (not country or found.country == country) and (not asn or found.asn == asn)
            ]
            if not found:
                raise ValueError(f"no {kind} network in {country or 'AS' + str(asn)}")
            known = self._cut[kind, country, asn] = _Ranges(found)
        return known

    def _country(self, rng: random.Random, kind: str, mix: Sequence[tuple[str, float]]) -> str:
        key = (kind, tuple(mix))
        known = self._shares.get(key)
        if known is None:
            there = set(self.countries(kind))
            kept = [(country, share) for country, share in mix if country in there]
            if not kept:
                raise ValueError(f"no {kind} network in any of {[country for country, _ in mix]}")
            known = tuple(country for country, _ in kept), list(accumulate(share for _, share in kept))
            self._shares[key] = known
        names, weights = known
        return names[bisect_right(weights, rng.random() * weights[-1], 0, len(names) - 1)]


@lru_cache(maxsize=1)
def load_networks() -> Networks:
    """Read the networks that ship."""
    return Networks(read_data("networks.json.gz"))
