"""How the requests of a part are shared out among runs, and how arrivals that overlap are put in order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import accumulate
from typing import NamedTuple, TypeVar

from vedette.simulate.calls import Arrival, Arrivals, Truth
from vedette.simulate.scenario import Part
from vedette.simulate.world import World

__all__ = ["Run", "choose", "in_order", "runs", "shares", "truth_of"]

T = TypeVar("T")


class Run(NamedTuple):
    """One run of a bot: when it begins, how many calls it makes, and the median seconds between them."""

    number: int
    at: float
    calls: int
    gap: float


def truth_of(part: Part, number: int | str) -> Truth:
    """Give the truth about one run of a good bot."""
    return Truth("good_bot", f"{part.name}-{number}", part.name if part.section == "cases" else part.kind)


def choose(rng: random.Random, among: Sequence[T], weights: Sequence[float]) -> T:
    """Choose by weight."""
    sums = list(accumulate(weights))
    left = rng.random() * sums[-1]
    return next((one for one, sum in zip(among, sums, strict=True) if left < sum), among[-1])


def shares(rng: random.Random, total: int, parts: int, spread: float = 0.6) -> list[int]:
    """Share out ``total`` among ``parts`` unevenly (log-normal); each gets at least one while there is enough."""
    parts = max(1, min(parts, total))
    weights = [rng.lognormvariate(0.0, spread) for _ in range(parts)]
    spare, sum, given, owed = total - parts, 0.0, 0, []
    whole = sum_of(weights)
    for weight in weights:
        sum += weight
        until = round(spare * sum / whole)
        owed.append(1 + until - given)
        given = until
    return owed


def sum_of(weights: Iterable[float]) -> float:
    """Add up from left to right, the same on every machine."""
    total = 0.0
    for weight in weights:
        total += weight
    return total


def runs(world: World, part: Part, rng: random.Random, *, calls: float, gap: float) -> Iterator[Run]:
    """Share out the part's requests among runs of about ``calls`` calls each, ``gap`` seconds apart.

    A run begins early enough to end within the part; where there is too little time for its calls, it hurries.
    """
    begin, end = world.span(part)
    count = world.count(part)
    owed = shares(rng, count, round(count / calls))
    starts = []
    for number in owed:
        latest = max(begin, end - 1.6 * number * gap)
        starts.append(begin + rng.random() * (latest - begin))
    order = sorted(range(len(owed)), key=starts.__getitem__)
    for number, place in enumerate(order):
        at, own = starts[place], owed[place]
        yield Run(number, at, own, min(gap, 0.6 * (end - at) / own))


def in_order(groups: Iterable[tuple[float, Iterable[Arrival]]]) -> Arrivals:
    """Put arrivals in order: each group has a time that none of its arrivals, nor a later group's, precedes."""
    waiting: list[tuple[float, int, Arrival]] = []
    number = 0
    for at, group in groups:
        while waiting and waiting[0][0] <= at:
            yield heappop(waiting)[2]
        for arrival in group:
            number += 1
            heappush(waiting, (arrival[0], number, arrival))
    while waiting:
        yield heappop(waiting)[2]
