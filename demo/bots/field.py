"""What a bot needs to know before it starts, and the log of what it sent."""

from __future__ import annotations

import ipaddress
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

import msgspec
from msgspec import Struct

__all__ = ["Field", "SentLog", "is_stop"]


def is_stop(status: int, content_type: str) -> bool:
    """Whether this answer came from Vedette instead of the shop, which sends neither redirects nor problems itself.

    >>> is_stop(403, "application/problem+json"), is_stop(401, "application/json")
    (True, False)
    """
    return content_type.startswith("application/problem+json") or status in (302, 307)


class SentLog:
    """One JSON line for each request that a client sent: when, from where, what, and what came back."""

    def __init__(self, path: Path, population: str) -> None:
        self._file = path.open("ab", buffering=0)
        self._population = population
        self._lock = Lock()

    def note(self, sent: float, client: str, path: str, status: int, content_type: str = "") -> bool:
        """Write the line; ``status`` 0 means that no answer came. Return whether Vedette stopped the request."""
        stopped = is_stop(status, content_type)
        line = {
            "t": round(sent, 4),
            "population": self._population,
            "client": client,
            "path": path[:200],
            "status": status,
            "stopped": stopped,
        }
        with self._lock:
            self._file.write(msgspec.json.encode(line) + b"\n")
        return stopped

    def close(self) -> None:
        self._file.close()


class Field(Struct, frozen=True, kw_only=True):
    """Where and how a bot works.

    Attributes:
        url: Of the shop, without a slash at the end.
        address: First source address; ``source(n)`` counts on from there.
        seconds: How long it goes on.
        longest_pause: Cap on a person's think time, seconds.
    """

    url: str
    address: str
    seconds: float
    seed: int
    log: SentLog
    longest_pause: float = 120.0
    started: float = msgspec.field(default_factory=time.monotonic)

    def source(self, number: int) -> str:
        return str(ipaddress.IPv4Address(self.address) + number)

    def left_s(self) -> float:
        return max(0.0, self.started + self.seconds - time.monotonic())

    def is_over(self) -> bool:
        return self.left_s() == 0.0

    def rng(self, number: int = 0) -> random.Random:
        return random.Random(self.seed * 100_003 + number)


Bot = Callable[[Field], None]
Bots = Mapping[str, Bot]
