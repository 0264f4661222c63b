"""When a campaign works, and how long its workers pause so that its budget lasts until its end."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from typing import assert_never

from vedette.simulate.campaigns.traits import Activity, Traits
from vedette.simulate.shapes import Shapes

__all__ = ["Curve", "Pacer"]

_SLOTS = 96
_LONGEST_SLOT_S = 3600.0
_DRAINED = 0.985
"""A campaign plans to be done by this share of its time, and hurries with what is left after that."""


class Curve:
    """How busy a campaign is over its time, as steps.

    >>> curve = Curve([0.0, 10.0, 20.0], [1.0, 3.0])
    >>> curve.rest(0.0), curve.rest(15.0), curve.weight(5.0)
    (40.0, 15.0, 1.0)
    """

    def __init__(self, edges: list[float], weights: list[float]) -> None:
        self.edges, self.weights = edges, weights
        self._rest = [0.0] * len(edges)
        for place in range(len(weights) - 1, -1, -1):
            self._rest[place] = self._rest[place + 1] + weights[place] * (edges[place + 1] - edges[place])

    @classmethod
    def draw(cls, rng: random.Random, activity: Activity, begin: float, end: float, shapes: Shapes) -> Curve:
        """Draw the course of one campaign."""
        count = max(_SLOTS, math.ceil((end - begin) / _LONGEST_SLOT_S))
        width = (end - begin) / count
        edges = [begin + place * width for place in range(count)] + [end]
        middles = [edge + width / 2 for edge in edges[:-1]]
        if activity == "bouts":
            on, off = rng.uniform(1, 8), rng.uniform(1, 20)
            first = rng.random() * on  # begins at work
            weights = [1.0 if (place + first) % (on + off) < on else 0.0 for place in range(count)]
            weights[-2:] = [1.0, 1.0]
        elif activity == "night":
            weights = [1.0 if not 5 <= middle % 86_400 / 3600 < 21 else 0.15 for middle in middles]
        elif activity == "ramp":
            weights = [0.2 + place / count for place in range(count)]
        elif activity == "swings":
            period, phase = rng.uniform(8, 40), rng.random()
            weights = [1.0 + 0.8 * math.sin(2 * math.pi * (place / period + phase)) for place in range(count)]
        elif activity == "hours":
            hours = [24 * rng.random() for _ in range(rng.randint(1, 4))]
            weights = [float(any((middle / 3600 - hour) % 24 < 0.75 for hour in hours)) for middle in middles]
            if not any(weights):
                weights[rng.randrange(count)] = 1.0
        elif activity == "day":
            weights = [shapes.day_curve(middle % 86_400 / 3600) * rng.uniform(0.85, 1.15) for middle in middles]
        elif activity == "steady":
            weights = [1.0] * count
        else:
            assert_never(activity)
        return cls(edges, weights)

    def _slot(self, at: float) -> int:
        return min(max(bisect_right(self.edges, at) - 1, 0), len(self.weights) - 1)

    def weight(self, at: float) -> float:
        """How busy it is at a moment."""
        return self.weights[self._slot(at)]

    def rest(self, at: float) -> float:
        """What is still to come."""
        slot = self._slot(at)
        return self._rest[slot + 1] + self.weights[slot] * max(0.0, self.edges[slot + 1] - max(at, self.edges[0]))

    def resumed(self, at: float) -> float:
        """The first moment from ``at`` on when it works."""
        slot = self._slot(at)
        if self.weights[slot]:
            return at
        while slot < len(self.weights) - 1 and not self.weights[slot]:
            slot += 1
        return self.edges[slot]


class Pacer:
    """Keeps a campaign to its budget: what is left is spread over the time that is left.

    It learns how many requests an act takes and how long, and corrects the pauses of the workers now and then; in
    between, a script sleeps the same each time.

    Attributes:
        act_calls, act_s: Requests and seconds of an act, as learned so far.
        lacks: How many workers more it takes to keep the pace without any pause.
    """

    def __init__(
        self, rng: random.Random, level: int, traits: Traits, begin: float, end: float, shapes: Shapes
    ) -> None:
        self.act_calls, self.act_s = 2.0, 1.0
        self.lacks = 0
        self._known = 0
        self._begin, self._end, self._over = begin, begin + (end - begin) * _DRAINED, end
        self.curve = Curve.draw(rng, traits.activity, begin, self._end, shapes)
        self._sleep = 0.0
        self._expires = -math.inf
        self.retooled(level, traits)

    def retooled(self, level: int, traits: Traits) -> None:
        """Go on with other habits."""
        self._level, self._jitter = level, traits.jitter
        self._floor = (0.0, 0.0, 0.02, 0.5)[level]
        self._expires = -math.inf

    def learn(self, calls: int, seconds: float) -> None:
        """Note an act that has ended."""
        self._known += 1
        share = max(0.02, 1.0 / self._known)
        self.act_calls += share * (calls - self.act_calls)
        self.act_s += share * (seconds - self.act_s)

    def rate(self, now: float, left: float) -> float:
        """Requests a second that are due now."""
        rest = self.curve.rest(now)
        if now >= self._end or rest <= 0.0:
            return 2.0 * left / max(1.0, self._over - now)
        return left * self.curve.weight(now) / rest

    def apart(self, left: int) -> float:
        """Seconds between the first acts, so that they come at the pace of all others."""
        return self.act_calls / max(1e-9, self.rate(self.curve.resumed(self._begin), left))

    def pause(self, rng: random.Random, now: float, left: int, workers: int) -> float:
        """Seconds until a worker's next act."""
        resumed = self.curve.resumed(now) if now < self._end else now
        if resumed > now:
            return resumed - now + rng.random() * 5.0
        if now >= self._expires or self._known < 8:
            self._revise(now, left, workers)
        spread, sleep = self._jitter, self._sleep
        if self._level > 1:
            sleep *= math.exp(spread * rng.gauss(0.0, 1.0) - spread * spread / 2)
        elif spread:
            sleep *= 1.0 + spread * (2 * rng.random() - 1)
        return min(sleep, max(1.0, (self._over - now) * 0.6))

    def _revise(self, now: float, left: int, workers: int) -> None:
        span = self._end - self._begin
        self._expires = now + min(span / 60, max(span / 1000, (now - self._begin) / 4))
        rate = self.rate(now, left)
        cycle = workers * self.act_calls / rate if rate > 0.0 else span
        sleep = cycle - self.act_s
        shortest = self._floor
        self.lacks = 0
        if sleep < shortest:
            self.lacks = math.ceil(workers * ((self.act_s + shortest) / cycle - 1.0)) if cycle > 0.0 else 0
            sleep = shortest
        self._sleep = float(f"{sleep:.2g}") if self._level == 1 else sleep

    def until_next(self, rng: random.Random, now: float, left: float) -> float:
        """Seconds until the next of visits that begin independently of one another."""
        resumed = self.curve.resumed(now) if now < self._end else now
        if resumed > now:
            return resumed - now
        rate = self.rate(now, left) if left > 0.0 else 0.0
        return rng.expovariate(1.0) * self.act_calls / rate if rate > 0.0 else math.inf
