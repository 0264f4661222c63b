"""How fast, how much and how long: the bounds of a drill, its virtual clock, and the bucket that calls draw from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from vedette.doors.drill import Bounds
from vedette.errors import ConfigError

__all__ = ["Clock", "Limits", "Pace", "limits_of"]

BURST_S = 0.1
"""Calls of so many seconds may go at once, or a late event loop would cost rate."""


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds of a drill: requests a second, in all, seconds of real time, and calls under way at once."""

    rate: float
    count: int
    seconds: float
    concurrent: int

    def within(self, bounds: Bounds) -> Limits:
        """Hold to what an edge permits as well."""
        return replace(
            self,
            rate=min(self.rate, bounds.rate),
            count=min(self.count, bounds.count),
            seconds=min(self.seconds, bounds.seconds),
        )


USUAL = Limits(rate=50.0, count=100_000, seconds=600.0, concurrent=200)
USUAL_HERE = replace(USUAL, rate=500.0)
MOST = Limits(rate=500.0, count=1_000_000, seconds=3600.0, concurrent=1000)
MOST_HERE = replace(MOST, rate=5000.0)


def limits_of(
    *,
    is_loopback: bool,
    rate: float | None = None,
    count: int | None = None,
    seconds: float | None = None,
    concurrent: int | None = None,
) -> Limits:
    """Put the usual bounds where none are given; raises :class:`ConfigError` with each that is beyond the most."""
    usual, most = (USUAL_HERE, MOST_HERE) if is_loopback else (USUAL, MOST)
    given = {"rate": rate, "count": count, "seconds": seconds, "concurrent": concurrent}
    chosen = {name: value for name, value in given.items() if value is not None}
    problems = [
        f"--{name}: not usable, {value:.10g}, use more than 0 and at most {getattr(most, name):.10g}"
        for name, value in chosen.items()
        if not 0 < value <= getattr(most, name)
    ]
    if problems:
        raise ConfigError(problems)
    return replace(usual, **chosen)


class Clock:
    """Virtual time, which begins when the clock is made and runs ``speed`` times as fast as real time."""

    def __init__(self, start: float, speed: float, now: Callable[[], float]) -> None:
        self._start, self._speed, self._now = start, speed, now
        self._began = now()

    def virtual(self) -> float:
        """Virtual Unix seconds now."""
        return self._start + (self._now() - self._began) * self._speed

    async def until(self, at: float) -> None:
        """Wait for a virtual moment; one that has passed is not waited for."""
        left = (at - self.virtual()) / self._speed
        if left > 0.0:
            await asyncio.sleep(left)


class Pace:
    """A bucket of ``rate`` calls a second. Who comes first goes first."""

    def __init__(self, rate: float, now: Callable[[], float]) -> None:
        self.rate = rate
        self._now = now
        self._next = now()

    async def take(self) -> float:
        """Wait for a turn and return how long that took, in seconds."""
        now = self._now()
        turn = max(self._next, now - BURST_S)
        self._next = turn + 1.0 / self.rate
        if turn > now:
            await asyncio.sleep(turn - now)
        return max(0.0, turn - now)
