"""What a decoy path answers: something that an API could have said, made up from a hash and never from data.

The same client gets the same answer for the same path, so that asking twice gives nothing away; another client gets
another one, so that two cannot compare notes. The body's shape follows the words of the path. It is at most a few
kilobytes, names no real host, person or key, and holds nothing that would open anything.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

import msgspec

__all__ = ["decoy_body"]

_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("login", re.compile(r"log[-_]?in|sign[-_]?in|auth|session|admin|console|dashboard", re.IGNORECASE)),
    ("export", re.compile(r"export|back[-_]?up|dump|download|archive|report", re.IGNORECASE)),
    ("settings", re.compile(r"config|settings?|env|secret|credential|internal|debug|status|info", re.IGNORECASE)),
)
"""The first whose words stand in the last segment, else in the whole path; else a list."""
_WORDS = (
    "amber", "basalt", "cedar", "delta", "ember", "fjord", "garnet", "harbor", "indigo", "juniper", "kestrel", "linden",
    "marble", "nimbus", "opal", "pewter", "quartz", "rowan", "slate", "tundra", "umber", "vesper", "willow", "yarrow",
)  # fmt: skip
_FIRST_SECOND = 1_672_531_200
"""2023-01-01, Unix seconds; made-up times lie in the 900 days after it."""


class _Dice:
    """Numbers that follow from a client and a path alone."""

    def __init__(self, client: int, path: str) -> None:
        seed = (client & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little") + path.encode("utf-8", "replace")
        self._seed = blake2b(seed, digest_size=32, person=b"vedette-decoy").digest()
        self._turn = 0

    def below(self, end: int) -> int:
        """Give a number from 0 to ``end`` - 1."""
        self._turn += 1
        drawn = blake2b(self._turn.to_bytes(4, "little"), key=self._seed, digest_size=8).digest()
        return int.from_bytes(drawn, "little") % end

    def code(self, length: int) -> str:
        """Give hexadecimal digits."""
        return "".join(f"{self.below(16):x}" for _ in range(length))

    def word(self) -> str:
        return _WORDS[self.below(len(_WORDS))]

    def second(self) -> int:
        return _FIRST_SECOND + self.below(900 * 86_400)


def decoy_body(path: str, method: str, client: int) -> bytes:
    """Make the JSON with which a decoy path answers.

    Args:
        path: Normalised.
        client: Keyed hash of the client; whoever does not hold the key cannot foretell the answer.

    >>> decoy_body("/api/export", "POST", 7) == decoy_body("/api/export", "POST", 7)
    True
    """
    dice = _Dice(client, path.lower()[:512])
    if method not in ("GET", "HEAD"):
        return msgspec.json.encode({"id": dice.code(24), "status": "accepted"})
    return msgspec.json.encode(_MAKE[_shape(path[:512])](dice))


def _shape(path: str) -> str:
    for text in (path.rstrip("/").rpartition("/")[2], path):
        for shape, words in _SHAPES:
            if words.search(text):
                return shape
    return "list"


def _login(dice: _Dice) -> dict[str, Any]:
    return {
        "authenticated": False,
        "methods": ["password", "sso"],
        "challenge": dice.code(40),
        "expires_in": 60 * (5 + dice.below(25)),
        "version": f"{2 + dice.below(4)}.{dice.below(20)}.{dice.below(10)}",
    }


def _export(dice: _Dice) -> dict[str, Any]:
    rows = 4_000 + dice.below(90_000)
    return {
        "export": dice.code(24),
        "status": "ready",
        "format": "csv",
        "rows": rows,
        "size": rows * (90 + dice.below(120)),
        "created": dice.second(),
        "parts": [{"part": number + 1, "digest": dice.code(64)} for number in range(1 + dice.below(4))],
    }


def _settings(dice: _Dice) -> dict[str, Any]:
    name = dice.word()
    return {
        "environment": "production",
        "service": f"{name}-api",
        "build": dice.code(10),
        "debug": False,
        "database": {"host": f"{name}-db-{1 + dice.below(6)}.invalid", "port": 5432, "pool": 5 * (1 + dice.below(8))},
        "cache": {"host": f"{name}-cache.invalid", "port": 6379, "ttl": 60 * (1 + dice.below(30))},
        "features": {dice.word(): bool(dice.below(2)) for _ in range(5)},
        "updated": dice.second(),
    }


def _list(dice: _Dice) -> dict[str, Any]:
    count = 8 + dice.below(13)
    first = 10_000 + dice.below(900_000)
    items = []
    for _ in range(count):
        first += 1 + dice.below(7)
        items.append(
            {
                "id": first,
                "name": f"{dice.word()}-{dice.word()}",
                "state": ("active", "active", "active", "archived")[dice.below(4)],
                "updated": dice.second(),
            }
        )
    return {"items": items, "page": 1, "per_page": count, "total": count * (3 + dice.below(40))}


_MAKE = {"login": _login, "export": _export, "settings": _settings, "list": _list}
