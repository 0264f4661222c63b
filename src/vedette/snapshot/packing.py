"""How a network map lies in a file: columns, differences of neighbours, compressed, and sealed (``files``).

The same form ships with the package and comes from feeds. Reading checks everything that a lookup relies on, so that a
damaged file is found when it is read and never later.
"""

from __future__ import annotations

import math
import zlib
from array import array
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from vedette.snapshot.files import seal, unseal

__all__ = ["HALF_LIVES", "Column", "Packed", "Source", "pack", "unpack"]

NAME, VERSION = "networks", 1
SIZE_MAX = 256 * 1024 * 1024
"""Bytes of a map once decompressed. A million ranges are some 30 MB."""
HALF_LIVES = 4
"""A source whose age is more half-lives than this (less than 1/16 of its word is left) says nothing any more."""
Column = np.ndarray[Any, np.dtype[Any]]
Four = tuple["array[int]", "array[int]"]
"""First address of each piece (32 bits), and its number."""
Six = tuple["array[int]", "array[int]", "array[int]"]
"""First address of each piece (two halves of 64 bits), and its number."""


class Source(Struct, frozen=True, gc=False):
    """A list of ranges and what it says of them.

    Attributes:
        name: Of the list or feed.
        kind: Of :data:`vedette.snapshot.networks.KINDS`, or ``robot``, ``asn`` or ``country``.
        robot: Whose published ranges these are, for kind ``robot``.
        date: Unix seconds when it was last known to be right.
        weight: What a blocklist's word is worth on that day, 0 to 1.
        half_life_s: After which it is worth half. Age counts both ways: a log may be older than the list.
        entries: Ranges in it, overlapping ones counted once.
        is_shipped: It came with the package and not from a feed.
    """

    name: str
    kind: str
    robot: str = ""
    date: float = 0.0
    weight: float = 1.0
    half_life_s: float = 365 * 86400.0
    entries: int = 0
    is_shipped: bool = False

    def is_alive(self, now: float) -> bool:
        """Say whether it still says anything."""
        return abs(now - self.date) <= HALF_LIVES * self.half_life_s


class Packed(Struct, frozen=True):
    """A map as columns. Piece 0 begins at address 0; set 0 is empty; asn and country 0 are unknown."""

    sources: tuple[Source, ...]
    sets: tuple[tuple[int, ...], ...]
    four: Four
    six: Six
    asn_four: Four
    asn_six: Six
    country_four: Four
    country_six: Six

    @property
    def has_asns(self) -> bool:
        return len(self.asn_four[0]) > 1 or len(self.asn_six[0]) > 1

    @property
    def has_countries(self) -> bool:
        return len(self.country_four[0]) > 1 or len(self.country_six[0]) > 1


class _Stored(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    sources: list[dict[str, Any]]
    sets: list[list[int]]
    columns: list[tuple[str, int, bytes]]


_SHAPE = ("II", "QQI", "II", "QQI", "II", "QQI")
"""Type codes of the columns of ``four``, ``six`` and so on."""
_SIZES = {"I": 4, "Q": 8}


def pack(packed: Packed, level: int = 6) -> bytes:
    """Write a map; ``level`` is zlib's."""
    groups = (
        packed.four, packed.six, packed.asn_four, packed.asn_six, packed.country_four, packed.country_six
    )  # fmt: skip
    columns = [
        (code, len(column), zlib.compress(_differences(column, code), level))
        for group, codes in zip(groups, _SHAPE, strict=True)
        for column, code in zip(group, codes, strict=True)
    ]
    stored = _Stored(
        [msgspec.structs.asdict(source) for source in packed.sources], [list(s) for s in packed.sets], columns
    )
    return seal(NAME, VERSION, msgspec.msgpack.encode(stored))


def unpack(data: bytes) -> Packed:
    """Read a map; raises ``ValueError`` where anything about it is wrong."""
    try:
        stored = msgspec.msgpack.decode(unseal(NAME, VERSION, data), type=_Stored)
        sources = tuple(msgspec.convert(source, Source) for source in stored.sources)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("it is damaged") from None
    sets = tuple(tuple(chosen) for chosen in stored.sets)
    codes = "".join(_SHAPE)
    if "".join(code for code, _, _ in stored.columns) != codes:
        raise ValueError("it is damaged, columns are missing")
    if sum(count * _SIZES[code] for code, count, _ in stored.columns) > SIZE_MAX:
        raise ValueError("it is too large")
    columns = iter([_sums(code, count, body) for code, count, body in stored.columns])
    groups: list[Any] = [tuple(next(columns) for _ in shape) for shape in _SHAPE]
    packed = Packed(sources, sets, *groups)
    _check(packed)
    return packed


def _differences(column: array[int], code: str) -> bytes:
    """Differences of neighbours, all first bytes, then all second bytes and so on: what compresses well."""
    values = np.frombuffer(column, dtype=f"u{_SIZES[code]}")
    steps = np.diff(values, prepend=values.dtype.type(0)).astype(f"<u{_SIZES[code]}")
    return steps.view(np.uint8).reshape(-1, _SIZES[code]).T.tobytes()


def _sums(code: str, count: int, body: bytes) -> array[int]:
    size = _SIZES[code]
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(body, count * size + 1)
    except zlib.error:
        raise ValueError("it is damaged") from None
    if count < 0 or len(raw) != count * size:
        raise ValueError("it is damaged, a column has another length")
    steps = np.frombuffer(raw, dtype=np.uint8).reshape(size, count).T.copy().view(f"<u{size}").reshape(count)
    values = array(code)
    values.frombytes(np.cumsum(steps, dtype=f"u{size}").tobytes())
    return values


def _check(packed: Packed) -> None:
    """Find out whether every lookup will work."""
    for source in packed.sources:
        numbers = (source.date, source.weight, source.half_life_s)
        if not all(map(math.isfinite, numbers)) or not 0 <= source.weight <= 1 or source.half_life_s <= 0:
            raise ValueError("it is damaged, a source has no usable numbers")
    if any(not 0 <= place < len(packed.sources) for chosen in packed.sets for place in chosen):
        raise ValueError("it is damaged, a set names no source")
    for starts, values in (packed.four, packed.asn_four, packed.country_four):
        _check_pieces((np.frombuffer(starts, dtype="u4"),), values)
    for highs, lows, values in (packed.six, packed.asn_six, packed.country_six):
        _check_pieces((np.frombuffer(highs, dtype="u8"), np.frombuffer(lows, dtype="u8")), values)
    for values in (packed.four[1], packed.six[2]):
        if len(values) and int(np.frombuffer(values, dtype="u4").max()) >= len(packed.sets):
            raise ValueError("it is damaged, a piece names no set")
    for values in (packed.country_four[1], packed.country_six[2]):
        if any(code and not _is_country(code) for code in set(values)):
            raise ValueError("it is damaged, a country is no code")


def _is_country(code: int) -> bool:
    return 65 <= code >> 8 <= 90 and 65 <= code & 0xFF <= 90


def _check_pieces(starts: tuple[Column, ...], values: array[int]) -> None:
    if any(len(column) != len(values) for column in starts):
        raise ValueError("it is damaged, columns differ in length")
    if not len(values):
        return
    if any(column[0] for column in starts):
        raise ValueError("it is damaged, it does not begin at 0")
    first, last = starts[0], starts[-1]
    is_up = first[1:] > first[:-1]
    if len(starts) > 1:
        is_up |= (first[1:] == first[:-1]) & (last[1:] > last[:-1])
    if not is_up.all():
        raise ValueError("it is damaged, it is not in order")
