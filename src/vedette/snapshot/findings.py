"""What forward-confirmed DNS said about addresses that claimed to be crawlers; asked off the request path.

Addresses are kept as keyed 64-bit hashes together with the crawler's name, in arrays: a file of them says nothing about
anybody, costs nothing to take over, and one look-up takes some microseconds, of claims alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from hashlib import blake2b
from typing import Literal, get_args

import msgspec
import numpy as np
from msgspec import Struct

from vedette.snapshot.files import seal, unseal

__all__ = ["MOST", "Finding", "Findings", "Inquiry", "place_of"]

Kind = Literal["dns", "directory", "jwks"]
Standing = Literal["verified", "forged", "unverifiable"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
MOST = 65_536
"""Findings that are kept; the gatherer forgets the oldest beyond."""
NAME, VERSION = "vedette findings", 1


class Inquiry(Struct, frozen=True, gc=False, array_like=True):
    """A question that the engine cannot answer by itself.

    Attributes:
        kind: ``dns``: is ``subject`` (an address) a host of ``about`` (a crawler's name)? ``directory``: fetch the key
            directory at ``subject`` (a URL) for the agent ``about``. ``jwks``: fetch the key set at ``subject``.
    """

    kind: Kind
    subject: str
    about: str = ""


class Finding(Struct, frozen=True, gc=False, array_like=True):
    """One answer. ``until`` is Unix seconds; after it the answer counts for nothing."""

    standing: Standing
    until: float


class _Arrays(Struct, frozen=True, array_like=True):
    """Columns, in the byte order of this machine: hashes in ascending order, Unix seconds, places in STANDINGS."""

    places: bytes
    untils: bytes
    standings: bytes


def place_of(address: str, crawler: str, key: bytes) -> int:
    """Hash an address together with a crawler's name under a key."""
    data = f"{crawler}\0{address}".encode("utf-8", "surrogatepass")
    digest = blake2b(data, digest_size=8, key=key[:64], person=b"vedette-findings"[:16]).digest()
    return int.from_bytes(digest, "little")


class Findings:
    """Answers by (address, crawler).

    Args:
        found: Answers in the clear.
        key: Of the hashes that stand for addresses.
    """

    def __init__(self, found: Mapping[tuple[str, str], Finding] | None = None, *, key: bytes = b"") -> None:
        hashed = {place_of(address, crawler, key): one for (address, crawler), one in (found or {}).items()}
        self._take(hashed, key)

    @classmethod
    def of(cls, hashed: Mapping[int, Finding], key: bytes) -> Findings:
        """Make findings of answers by :func:`place_of`."""
        made = cls(key=key)
        made._take(hashed, key)
        return made

    def _take(self, hashed: Mapping[int, Finding], key: bytes) -> None:
        ordered = sorted(hashed.items())[:MOST]
        places = np.array([place for place, _ in ordered], np.uint64)
        untils = np.array([one.until for _, one in ordered], np.float64)
        standings = np.array([STANDINGS.index(one.standing) for _, one in ordered], np.uint8)
        self._hold(_Arrays(places.tobytes(), untils.tobytes(), standings.tobytes()), key)

    def _hold(self, arrays: _Arrays, key: bytes) -> None:
        self._arrays = arrays
        self._key = key
        self._places = memoryview(arrays.places).cast("Q")
        self._untils = memoryview(arrays.untils).cast("d")

    def __len__(self) -> int:
        return len(self._places)

    def get(self, address: str, crawler: str, now: float) -> Finding | None:
        """Give what is known, or ``None`` where nobody has asked or the answer is too old."""
        if not self._places:
            return None
        place = place_of(address, crawler, self._key)
        index = bisect_left(self._places, place)
        if index >= len(self._places) or self._places[index] != place or self._untils[index] <= now:
            return None
        return Finding(STANDINGS[self._arrays.standings[index]], self._untils[index])

    def items(self) -> list[tuple[int, Finding]]:
        """Give all answers by :func:`place_of`, whatever their age."""
        columns = zip(self._places, self._untils, self._arrays.standings, strict=True)
        return [(place, Finding(STANDINGS[standing], until)) for place, until, standing in columns]

    def encode(self) -> bytes:
        """Give the bytes of a file."""
        return seal(NAME, VERSION, msgspec.msgpack.encode(self._arrays))

    @classmethod
    def decode(cls, data: bytes, key: bytes) -> Findings:
        """Read the bytes of a file.

        Raises:
            ValueError: It is damaged, or does not fit together.
        """
        try:
            arrays = msgspec.msgpack.decode(unseal(NAME, VERSION, data), type=_Arrays)
        except msgspec.DecodeError:
            raise ValueError("it is damaged") from None
        count = len(arrays.standings)
        if not len(arrays.places) == len(arrays.untils) == 8 * count <= 8 * MOST:
            raise ValueError("its parts do not fit together")
        places, untils = np.frombuffer(arrays.places, np.uint64), np.frombuffer(arrays.untils, np.float64)
        standings = np.frombuffer(arrays.standings, np.uint8)
        if np.any(places[1:] <= places[:-1]) or np.any(standings >= len(STANDINGS)) or not np.all(np.isfinite(untils)):
            raise ValueError("its parts do not fit together")
        made = cls(key=key)
        made._hold(arrays, key)
        return made
