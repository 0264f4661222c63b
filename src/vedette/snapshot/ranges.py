"""Builds network maps: sets of addresses as ordered ranges, and the cutting of address space at all their borders.

Used off the request path only. A range is ``(first, last)``, both included, as numbers of one family.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs

from vedette.snapshot.networks import NetworkMap
from vedette.snapshot.packing import Column, Packed, Source, pack

__all__ = ["Ranges", "Span", "build", "decompose", "merge", "merge_valued", "subtract", "write"]

Span = tuple[int, int]
Valued = tuple[int, int, int]
TOP = {4: 1 << 32, 6: 1 << 128}


class Ranges(NamedTuple):
    """Ranges of both families, in order and disjoint. ``values`` go with them for kinds ``asn`` and ``country``."""

    four: Sequence[Span] = ()
    six: Sequence[Span] = ()
    four_values: Sequence[int] = ()
    six_values: Sequence[int] = ()

    @property
    def entries(self) -> int:
        return len(self.four) + len(self.six)


def merge(spans: Iterable[Span]) -> list[Span]:
    """Put ranges in order and join those that touch."""
    joined: list[Span] = []
    first, last = -1, -2
    for start, end in sorted(spans):
        if start > last + 1:
            if last >= 0:
                joined.append((first, last))
            first, last = start, end
        elif end > last:
            last = end
    if last >= 0:
        joined.append((first, last))
    return joined


def subtract(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    """Cut holes out of ranges; both in order and disjoint."""
    if not holes:
        return list(spans)
    left: list[Span] = []
    ends = [end for _, end in holes]
    for first, last in spans:
        at = first
        for start, end in holes[bisect_right(ends, first - 1) :]:
            if start > last:
                break
            if start > at:
                left.append((at, start - 1))
            at = max(at, end + 1)
        if at <= last:
            left.append((at, last))
    return left


def merge_valued(spans: Iterable[Valued]) -> tuple[list[Span], list[int]]:
    """Put ranges with a value in order; where they overlap the narrowest decides, the later one of two alike."""
    ordered = list(spans)
    if all(before[1] < after[0] for before, after in pairwise(ordered)):  # as most tables are
        return _join(ordered)
    edges = sorted({edge for first, last, _ in ordered for edge in (first, last + 1)})
    places = {edge: place for place, edge in enumerate(edges)}
    owner = np.full(len(edges), -1, dtype=np.int64)
    for _, place in sorted((first - last, place) for place, (first, last, _) in enumerate(ordered)):
        first, last, _ = ordered[place]
        owner[places[first] : places[last + 1]] = place
    return _join(
        (edges[place], edges[place + 1] - 1, ordered[chosen][2])
        for place, chosen in enumerate(owner.tolist())
        if chosen >= 0
    )


def _join(spans: Iterable[Valued]) -> tuple[list[Span], list[int]]:
    """Join neighbours that touch and have the same value."""
    kept: list[Span] = []
    values: list[int] = []
    for first, last, value in spans:
        if kept and kept[-1][1] + 1 == first and values[-1] == value:
            kept[-1] = (kept[-1][0], last)
        else:
            kept.append((first, last))
            values.append(value)
    return kept, values


def build(lists: Sequence[tuple[Source, Ranges]]) -> Packed:
    """Cut address space at the borders of every list and note which of them hold each piece.

    Lists of kind ``asn`` and ``country`` become columns of their own; of several the narrowest range decides.
    """
    sources = [structs.replace(source, entries=ranges.entries) for source, ranges in lists]
    members = [place for place, source in enumerate(sources) if source.kind not in ("asn", "country")]
    four, rows_four = _cut([_edges(lists[place][1].four, 4) for place in members])
    six, rows_six = _cut([_edges(lists[place][1].six, 6) for place in members])
    rows = np.concatenate([np.zeros((1, rows_four.shape[1]), np.uint8), rows_four, rows_six])
    keys = np.zeros((len(rows), max(8, rows.shape[1])), dtype=np.uint8)
    keys[:, : rows.shape[1]] = rows
    _, firsts, chosen = np.unique(
        keys.view(">u8" if keys.shape[1] == 8 else f"S{keys.shape[1]}").reshape(-1),
        return_index=True,
        return_inverse=True,
    )
    chosen = chosen.reshape(-1)[1:]  # all bits 0 comes first: the empty set is 0
    bits = np.unpackbits(rows[firsts], axis=1)[:, : len(members)]
    sets = tuple(tuple(members[place] for place in np.flatnonzero(row).tolist()) for row in bits)
    values = {
        (kind, family): _valued([ranges for source, ranges in lists if source.kind == kind], family)
        for kind in ("asn", "country")
        for family in (4, 6)
    }
    return Packed(
        tuple(sources),
        sets,
        _four(*_collapse(four, chosen[: len(four)])),
        _six(*_collapse(six, chosen[len(four) :])),
        _four(*values["asn", 4]),
        _six(*values["asn", 6]),
        _four(*values["country", 4]),
        _six(*values["country", 6]),
    )


def decompose(known: NetworkMap) -> list[tuple[Source, Ranges]]:
    """Give back the lists of a map; those of kind ``asn`` and ``country`` only where there is one of the kind."""
    packed = known.packed
    if packed is None:
        return []
    highs, lows = packed.six[:2]
    starts: tuple[Any, Any] = (
        np.append(np.frombuffer(packed.four[0], dtype="u4").astype(np.int64), TOP[4]),
        [*(high << 64 | low for high, low in zip(highs, lows, strict=True)), TOP[6]],
    )
    sets = (np.frombuffer(packed.four[1], dtype="u4"), np.frombuffer(packed.six[2], dtype="u4"))
    found = []
    for place, source in enumerate(packed.sources):
        if source.kind in ("asn", "country"):
            if sum(other.kind == source.kind for other in packed.sources) == 1:
                found.append((source, _valued_ranges(packed, source.kind)))
            continue
        holding = np.array([place in chosen for chosen in packed.sets], dtype=bool)
        spans = []
        for borders, chosen in zip(starts, sets, strict=True):
            edges = np.flatnonzero(np.diff(holding[chosen], prepend=False, append=False)).tolist()  # in, out, in, out …
            spans.append([(int(borders[i]), int(borders[o]) - 1) for i, o in zip(edges[::2], edges[1::2], strict=True)])
        found.append((source, Ranges(spans[0], spans[1])))
    return found


def _valued_ranges(packed: Packed, kind: str) -> Ranges:
    four = packed.asn_four if kind == "asn" else packed.country_four
    six = packed.asn_six if kind == "asn" else packed.country_six
    starts_six = [high << 64 | low for high, low in zip(six[0], six[1], strict=True)]
    parts: list[Any] = []
    for starts, values, family in ((list(four[0]), four[1], 4), (starts_six, six[2], 6)):
        ends = [*(start - 1 for start in starts[1:]), TOP[family] - 1]
        told = [(start, end, value) for start, end, value in zip(starts, ends, values, strict=True) if value]
        parts.append(([(start, end) for start, end, _ in told], [value for _, _, value in told]))
    return Ranges(parts[0][0], parts[1][0], parts[0][1], parts[1][1])


def write(packed: Packed, level: int = 6) -> bytes:
    """Write a map as a file."""
    return pack(packed, level)


def _keys(numbers: Iterable[int], family: int) -> Column:
    """Numbers in a form that numpy puts in order: 64 bits, or 16 bytes of which the first counts most."""
    if family == 4:
        return np.fromiter(numbers, dtype=np.int64)
    return np.frombuffer(b"".join(number.to_bytes(16, "big") for number in numbers), dtype="S16")


def _edges(spans: Sequence[Span], family: int) -> tuple[Column, Column]:
    """First addresses of ranges, and first addresses after them (short of the very last address)."""
    after = TOP[family] if family == 4 else TOP[family] - 1
    return (
        _keys((first for first, _ in spans), family),
        _keys((min(last + 1, after) for _, last in spans), family),
    )


def _cut(lists: Sequence[tuple[Column, Column]]) -> tuple[Column, Column]:
    """Give the borders of all lists, 0 first, and for each piece a row of bits: which lists hold it."""
    kind = lists[0][0].dtype if lists else np.dtype(np.int64)
    zero = np.zeros(1, dtype=kind)
    borders = np.unique(np.concatenate([zero, *(edge for edges in lists for edge in edges)]))
    bits = np.zeros((len(borders), max(1, len(lists))), dtype=bool)
    for place, (starts, ends) in enumerate(lists):
        steps = np.zeros(len(borders) + 1, dtype=np.int32)
        np.add.at(steps, np.searchsorted(borders, starts), 1)
        np.add.at(steps, np.searchsorted(borders, ends), -1)
        bits[:, place] = np.cumsum(steps[:-1]) > 0
    if kind == np.int64 and borders[-1] == TOP[4]:
        borders, bits = borders[:-1], bits[:-1]
    return borders, np.packbits(bits, axis=1)


def _valued(lists: Sequence[Ranges], family: int) -> tuple[Column, Column]:
    """Give the pieces of a column of values; 0 where no list knows."""
    spans = [
        (*span, value)
        for ranges in lists
        for span, value in zip(
            ranges.four if family == 4 else ranges.six,
            ranges.four_values if family == 4 else ranges.six_values,
            strict=True,
        )
    ]
    kept, values = merge_valued(spans) if len(lists) > 1 else ([span[:2] for span in spans], [s[2] for s in spans])
    starts: list[int] = []
    chosen: list[int] = []
    at = 0
    for (first, last), value in zip(kept, values, strict=True):
        if first > at or not starts:
            starts.append(at)
            chosen.append(0)
        if first == 0:
            chosen[-1] = value
        else:
            starts.append(first)
            chosen.append(value)
        at = last + 1
    if not starts or at < TOP[family]:
        starts.append(at)
        chosen.append(0)
    return _collapse(_keys(starts, family), np.array(chosen, dtype=np.int64))


def _collapse(starts: Column, chosen: Column) -> tuple[Column, Column]:
    """Join neighbours that say the same."""
    keep = np.ones(len(starts), dtype=bool)
    keep[1:] = chosen[1:] != chosen[:-1]
    return starts[keep], chosen[keep]


def _array(code: str, column: Column) -> array[int]:
    made = array(code)
    made.frombytes(column.tobytes())
    return made


def _four(starts: Column, chosen: Column) -> tuple[array[int], array[int]]:
    return _array("I", starts.astype(np.uint32)), _array("I", chosen.astype(np.uint32))


def _six(starts: Column, chosen: Column) -> tuple[array[int], array[int], array[int]]:
    halves = np.ascontiguousarray(starts).view(">u8").reshape(-1, 2) if starts.dtype.kind == "S" else np.zeros((1, 2))
    return (
        _array("Q", halves[:, 0].astype(np.uint64)),
        _array("Q", halves[:, 1].astype(np.uint64)),
        _array("I", chosen.astype(np.uint32)),
    )
