"""What forward-confirmed DNS said about addresses that claimed to be crawlers; asked off the request path.

Addresses are kept as keyed 64-bit hashes together with the crawler's name, in arrays: a file of them says nothing about
anybody, costs nothing to take over, and one look-up takes some microseconds, of claims alone.
"""

from __future__ import annotations

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
        self._key = key
        self._places = np.array([place for place, _ in ordered], np.uint64)
        self._untils = np.array([one.until for _, one in ordered], np.float64)
        self._standings = np.array([STANDINGS.index(one.standing) for _, one in ordered], np.uint8)

    def __len__(self) -> int:
        return len(self._places)

    def get(self, address: str, crawler: str, now: float) -> Finding | None:
        """Give what is known, or ``None`` where nobody has asked or the answer is too old."""
        if not len(self._places):
            return None
        place = np.uint64(place_of(address, crawler, self._key))
        index = int(np.searchsorted(self._places, place))
        if index >= len(self._places) or self._places[index] != place or self._untils[index] <= now:
            return None
        return Finding(STANDINGS[self._standings[index]], float(self._untils[index]))

    def items(self) -> list[tuple[int, Finding]]:
        """Give all answers by :func:`place_of`, whatever their age."""
        columns = zip(self._places.tolist(), self._untils.tolist(), self._standings.tolist(), strict=True)
        return [(place, Finding(STANDINGS[standing], until)) for place, until, standing in columns]

    def encode(self) -> bytes:
        """Give the bytes of a file."""
        arrays = _Arrays(
            self._places.astype("<u8").tobytes(), self._untils.astype("<f8").tobytes(), self._standings.tobytes()
        )
        return seal(NAME, VERSION, msgspec.msgpack.encode(arrays))

    @classmethod
    def decode(cls, data: bytes, key: bytes) -> Findings:
        """Read the bytes of a file.

        Raises:
            ValueError: It is damaged, or does not fit together.
        """
        try:
            arrays = msgspec.msgpack.decode(unseal(NAME, VERSION, data), type=_Arrays)
            places = np.frombuffer(arrays.places, "<u8").astype(np.uint64)
            untils = np.frombuffer(arrays.untils, "<f8").astype(np.float64)
        except msgspec.DecodeError:
            raise ValueError("it is damaged") from None
        standings = np.frombuffer(arrays.standings, np.uint8)
        if not len(places) == len(untils) == len(standings) <= MOST:
            raise ValueError("its parts do not fit together")
        if np.any(places[1:] <= places[:-1]) or np.any(standings >= len(STANDINGS)) or not np.all(np.isfinite(untils)):
            raise ValueError("its parts do not fit together")
        made = cls(key=key)
        made._places, made._untils, made._standings = places, untils, standings
        return made
