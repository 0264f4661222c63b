"""What a feed may say: nothing too wide, nothing of own or private networks, and no sudden change.

A feed that is taken over, or broken, must not be able to speak against everybody. The bounds are ours; a /8 and a /19
are what registries give to one holder at most.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache

from vedette.config.schema import Feed
from vedette.gather.feed_documents import DocumentError, Entry
from vedette.snapshot.networks import NOT_PUBLIC
from vedette.snapshot.ranges import Ranges, Span, merge, merge_valued, subtract

__all__ = ["HeldBackError", "admit", "never", "weigh"]

CHANGE_MOST = 0.2
"""Share of entries, or of addresses, that may come or go at once."""
CHANGE_FREE = {"entries": 16, "addresses": 256}
"""A change of so many is never held back."""
SIZE_MOST = {4: 1 << (32 - 8), 6: 1 << (128 - 19)}
"""The widest range: a /8, or of IPv6 a /19, the widest that registries give to one holder."""
TOTAL_MOST = {4: 1 << 30, 6: 1 << 122}
"""All ranges of a feed together: a quarter of IPv4, an eighth of the global unicast space of IPv6."""
RESERVED = ("224.0.0.0/3", "ff00::/8")
"""Multicast and reserved space, which lists of bogus networks hold: nobody calls from there."""
VALUED = ("asn", "country")


class HeldBackError(DocumentError):
    """A document differs too much from the last one to be taken over without a word of the operator."""


@lru_cache(maxsize=8)
def never(own: tuple[str, ...]) -> tuple[list[Span], list[Span]]:
    """Give what no feed may speak of, by family: private, reserved and own networks."""
    parsed = [ipaddress.ip_network(network) for network in (*NOT_PUBLIC, *RESERVED, *own)]
    four, six = (
        merge((int(network[0]), int(network[-1])) for network in parsed if network.version == family)
        for family in (4, 6)
    )
    return four, six


def admit(feed: Feed, entries: Sequence[Entry], own: Iterable[str]) -> tuple[Ranges, int]:
    """Make ranges of a document's entries; also give how many entries were cut or left out for being private or own.

    Raises:
        DocumentError: A range is too wide, all together cover too much, or nothing is left.
    """
    by_family: dict[int, list[tuple[int, int, int]]] = {4: [], 6: []}
    for family, first, last, value in entries:
        by_family[family].append((first, last, value))
    if feed.kind in VALUED:
        (four, four_values), (six, six_values) = (merge_valued(by_family[family]) for family in (4, 6))
        return Ranges(four, six, four_values, six_values), 0
    kept: list[list[Span]] = []
    cut = 0
    for family, holes in zip((4, 6), never(tuple(own)), strict=True):
        spans = []
        for first, last, _ in by_family[family]:
            held = _overlap(first, last, holes)
            cut += held != "none"
            if held == "whole":
                continue
            if last - first >= SIZE_MOST[family]:
                raise DocumentError(
                    f"it holds {_shown(family, first, last)}, wider than {'/8' if family == 4 else '/19'}"
                )
            spans.append((first, last))
        kept.append(subtract(merge(spans), holes))
        if sum(last - first + 1 for first, last in kept[-1]) > TOTAL_MOST[family]:
            share = "a quarter of IPv4" if family == 4 else "an eighth of IPv6"
            raise DocumentError(f"it covers more than {share} in all")
    ranges = Ranges(kept[0], kept[1])
    if not ranges.entries:
        raise DocumentError(f"nothing is left, all {cut} entries are private or own networks")
    return ranges, cut


def weigh(before: Ranges, after: Ranges) -> None:
    """Compare a document with the last one; raises :class:`HeldBackError` where too much of it changed at once."""
    for what, old, new in (
        ("entries", before.entries, after.entries),
        ("addresses", _addresses(before), _addresses(after)),
    ):
        change = abs(new - old)
        if change > CHANGE_MOST * old and change > CHANGE_FREE[what]:
            raise HeldBackError(f"{old} {what} become {new}, more than {CHANGE_MOST:.0%} at once")


def _addresses(ranges: Ranges) -> int:
    """Addresses of IPv4, and networks of 64 bits of IPv6: what one holder has."""
    four = sum(last - first + 1 for first, last in ranges.four)
    return four + sum((last >> 64) - (first >> 64) + 1 for first, last in ranges.six)


def _overlap(first: int, last: int, holes: Sequence[Span]) -> str:
    """Say how much of a range lies in holes that are in order and disjoint: ``none``, ``part`` or ``whole``."""
    place = bisect_left(holes, (first + 1, -1)) - 1
    if place >= 0 and holes[place][1] >= last:
        return "whole"
    if place >= 0 and holes[place][1] >= first:
        return "part"
    return "part" if place + 1 < len(holes) and holes[place + 1][0] <= last else "none"


def _shown(family: int, first: int, last: int) -> str:
    make = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    networks = list(ipaddress.summarize_address_range(make(first), make(last)))
    return str(networks[0]) if len(networks) == 1 else f"{make(first)}-{make(last)}"
