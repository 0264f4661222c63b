"""The proof that a drill is wanted: what ``vedette simulate --target`` asks an edge, and what the edge answers.

Both hold the operator's drill key. The drill sends a time, a number used once, the authority that it is about to fire
at, and an HMAC over these; the engine checks it and answers with an HMAC of its own over the same fields and the bounds
that it permits. ``docs/reference/drill.md`` states the format. Both sides are here, pure functions of their arguments
but for the numbers that :class:`Consent` remembers.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

__all__ = ["PATH", "Ask", "Bounds", "Consent", "Refused", "ask", "bounds_of", "normal_authority"]

PATH = "/.well-known/vedette-drill"
SKEW_S = 60
REMEMBERED = 4096
"""Numbers remembered at a time. Only who holds the key can fill this, and is refused when it is full."""
BODY_BYTES = 1024

_ASK_LABEL = "vedette drill v1 ask"
_GRANT_LABEL = "vedette drill v1 grant"
_NONCE = re.compile(r"[A-Za-z0-9_-]{22,64}", re.ASCII)
_MAC = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DEFAULT_PORT = re.compile(r":(?:80|443)?$", re.ASCII)


class Refused(Exception):
    """A proof that does not hold; the text is for the log, never for who asked."""


class Bounds(Struct, frozen=True, kw_only=True):
    """What an edge permits: requests a second, in all, and for how many seconds."""

    rate: int = 500
    count: int = 1_000_000
    seconds: int = 3600


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """What the drill sends: Unix seconds, a random number, whom it fires at, and the HMAC over these."""

    time: Annotated[int, Meta(ge=0, le=1 << 40)]
    nonce: str
    authority: str
    mac: str


class _Grant(Struct, frozen=True):
    time: int
    nonce: str
    authority: str
    rate: int
    count: int
    seconds: int
    mac: str


def normal_authority(host: str) -> str:
    """Write a ``Host`` so that two spellings of one authority are equal.

    >>> normal_authority("Shop.Example.:443"), normal_authority("[::1]:8080")
    ('shop.example', '[::1]:8080')
    """
    name = _DEFAULT_PORT.sub("", host.lower())
    name, colon, port = name.rpartition(":") if name.rpartition(":")[2].isdecimal() else (name, "", "")
    return name.rstrip(".") + colon + port


def ask(key: str, authority: str, now: float, nonce: str) -> Ask:
    """Make the drill's half of the proof."""
    known = normal_authority(authority)
    return Ask(int(now), nonce, known, _mac(key, _ASK_LABEL, int(now), nonce, known))


def bounds_of(key: str, asked: Ask, answer: bytes) -> Bounds:
    """Return what the edge permits; raises :class:`Refused` where ``answer`` is no proof for ``asked``."""
    try:
        grant = msgspec.json.decode(answer, type=_Grant)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused("not an answer to a proof") from None
    fields = (grant.time, grant.nonce, grant.authority, grant.rate, grant.count, grant.seconds)
    if not _is_equal(grant.mac, _mac(key, _GRANT_LABEL, *fields)):
        raise Refused("made with another key")
    if (grant.time, grant.nonce, grant.authority) != (asked.time, asked.nonce, asked.authority):
        raise Refused("the answer to another proof")
    return Bounds(rate=grant.rate, count=grant.count, seconds=grant.seconds)


class Consent:
    """The engine's half: checks proofs under one key and remembers which numbers were used."""

    def __init__(self, key: str, bounds: Bounds | None = None) -> None:
        self._key = key
        self._bounds = bounds or Bounds()
        self._used: dict[str, int] = {}

    def grant(self, body: bytes, host: str, now: float) -> bytes:
        """Return the answer to a proof that holds; raises :class:`Refused` with the reason where it does not.

        The HMAC is compared before anything else is looked at, so without the key nothing can be learned or filled.
        """
        if len(body) > BODY_BYTES:
            raise Refused("malformed")
        try:
            asked = msgspec.json.decode(body, type=Ask)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused("malformed") from None
        if not _NONCE.fullmatch(asked.nonce):
            raise Refused("malformed")
        if not _is_equal(asked.mac, _mac(self._key, _ASK_LABEL, asked.time, asked.nonce, asked.authority)):
            raise Refused("made with another key")
        if abs(now - asked.time) > SKEW_S:
            raise Refused(f"the drill's clock is {asked.time - now:+.0f} s from ours")
        if asked.authority != normal_authority(host):
            raise Refused(f"made for {asked.authority[:100]}, asked under {normal_authority(host)[:100]}")
        self._remember(asked, now)
        bounds = self._bounds
        fields = (asked.time, asked.nonce, asked.authority, bounds.rate, bounds.count, bounds.seconds)
        return msgspec.json.encode(_Grant(*fields, mac=_mac(self._key, _GRANT_LABEL, *fields)))

    def _remember(self, asked: Ask, now: float) -> None:
        if asked.nonce in self._used:
            raise Refused("used before")
        if len(self._used) >= REMEMBERED:
            self._used = {nonce: time for nonce, time in self._used.items() if now - time <= SKEW_S}
            if len(self._used) >= REMEMBERED:
                raise Refused("too many proofs within two minutes")
        self._used[asked.nonce] = asked.time


def _mac(key: str, label: str, *fields: int | str) -> str:
    """HMAC-SHA-256 over label and fields as a JSON array, which no two lists of fields share."""
    return hmac.new(key.encode(), msgspec.json.encode([label, *fields]), hashlib.sha256).hexdigest()


def _is_equal(given: str, wanted: str) -> bool:
    return bool(_MAC.fullmatch(given)) and hmac.compare_digest(given, wanted)
