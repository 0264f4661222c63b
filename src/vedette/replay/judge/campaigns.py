"""How soon each campaign was found out, and what it had won by then.

A campaign is *half stopped* at the first of its requests where at least half of its last twenty (or of all, where it
made fewer) were stopped. What a request wins counts as *leaked* where the request was not stopped, once for each
campaign however often it is won; what a campaign would have won of an API without defence is *offered*.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from vedette.replay.judge.rows import Rows
from vedette.replay.judge.shares import Share
from vedette.replay.labels import Kind

__all__ = ["MOST_CAMPAIGNS", "WINDOW", "Campaign", "Delay", "Moment", "campaigns", "delay"]

MOST_CAMPAIGNS = 10_000
"""Campaigns judged one by one, those with the most requests."""
WINDOW = 20

Prizes = dict[str, int]
"""How many different things of each kind."""


class Moment(Struct, frozen=True):
    """How long something took: requests that came before it, and seconds since the first of them."""

    requests: int
    seconds: float


class Campaign(Struct, frozen=True):
    """What became of one campaign.

    Attributes:
        family: Segment of most of its requests; ``threat`` and ``level`` likewise.
        sessions: How many it used, as far as labels name them.
        lasted_s: From its first to its last request.
        first_stop: Until its first request that was stopped; ``None`` where none ever was.
        first_bad_bot: Until the first verdict ``bad_bot``. ``half_stopped``: until it was half stopped.
        offered, leaked: What it would have won without defence, and what it did win.
        leaked_before_half: What it won until it was half stopped, or in all where it never was.
        catalogue: ``leaked`` objects as a share of the catalogue, and ``catalogue_before_half`` likewise; NaN where
            the size of the catalogue is not known.
    """

    name: str
    family: str
    threat: str
    level: int
    requests: int
    sessions: int
    lasted_s: float
    stopped: Share
    bad_bot: Share
    first_stop: Moment | None
    first_bad_bot: Moment | None
    half_stopped: Moment | None
    offered: Prizes
    leaked: Prizes
    leaked_before_half: Prizes
    catalogue: float = math.nan
    catalogue_before_half: float = math.nan


class Delay(Struct, frozen=True):
    """Time to the first stop over many campaigns or sessions: how many ever were, and the medians of those."""

    stopped: Share
    seconds: float
    requests: float


def delay(key: NDArray[np.int32], rows: Rows, is_theirs: NDArray[np.bool_]) -> Delay | None:
    """Sum up the time to the first stop over the groups that ``key`` names; ``None`` where there are none."""
    mine = np.flatnonzero(is_theirs & (key >= 0))
    if not len(mine):
        return None
    mine = mine[np.argsort(key[mine], kind="stable")]
    _, starts = np.unique(key[mine], return_index=True)
    never = len(mine)
    places = np.where(rows.is_stopped[mine], np.arange(never), never)
    stop = np.minimum.reduceat(places, starts)
    ends = np.append(starts[1:], never)
    is_stopped = stop < ends
    total = Share(int(np.count_nonzero(is_stopped)), len(starts))
    if not total.hits:
        return Delay(total, math.nan, math.nan)
    times = rows.time[mine]
    seconds = times[stop[is_stopped]] - np.minimum.reduceat(times, starts)[is_stopped]
    return Delay(total, float(np.median(seconds)), float(np.median(stop[is_stopped] - starts[is_stopped])))


def campaigns(rows: Rows) -> list[Campaign]:
    """Judge each campaign; the largest first, equals in order of name."""
    names, number = rows.numbered(lambda kind: kind.campaign if kind.actor == "bad_bot" else "")
    mine = np.flatnonzero(np.array([bool(name) for name in names], np.bool_)[number])
    if not len(mine):
        return []
    mine = mine[np.argsort(number[mine], kind="stable")]
    numbers, starts = np.unique(number[mine], return_index=True)
    parts = np.split(mine, starts[1:])
    ranked = sorted(zip(numbers.tolist(), parts, strict=True), key=lambda pair: (-len(pair[1]), names[pair[0]]))
    judge = _Judge(rows)
    return [judge.campaign(names[n], part) for n, part in ranked[:MOST_CAMPAIGNS]]


class _Judge:
    """What all campaigns share, made once."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._is_stopped, self._is_bad = rows.is_stopped, rows.has_verdict("bad_bot")
        self._catalogue = rows.labels.catalogue
        self._words = sorted(set(rows.labels.prize_kinds))
        place = {word: n for n, word in enumerate(self._words)}
        self._kind_of_prize = np.array([place[word] for word in rows.labels.prize_kinds], np.int64)

    def campaign(self, name: str, part: NDArray[np.int64]) -> Campaign:
        """Judge the requests at some places of the rows, in their order."""
        rows = self._rows
        stopped, bad, prize, times = self._is_stopped[part], self._is_bad[part], rows.prize[part], rows.time[part]
        since = times - times.min()
        half = _half(stopped)
        through = np.where(stopped, -1, prize)
        until = through if half is None else through[: half + 1]
        leaked, before = self._prizes(through), self._prizes(until)
        session = rows.session[part]
        family, threat, level = _usual(rows.labels.kind_list, rows.kind[part])
        total = len(part)
        return Campaign(
            name, family, threat, level, total,
            len(np.unique(session[session >= 0])),
            float(since.max()),
            Share(int(np.count_nonzero(stopped)), total),
            Share(int(np.count_nonzero(bad)), total),
            _moment(_first(stopped), since),
            _moment(_first(bad), since),
            _moment(half, since),
            self._prizes(prize), leaked, before,
            self._share(leaked), self._share(before),
        )  # fmt: skip

    def _prizes(self, prizes: NDArray[np.int32]) -> Prizes:
        won = np.unique(prizes[prizes >= 0])
        counts = np.bincount(self._kind_of_prize[won], minlength=len(self._words))
        return {word: int(count) for word, count in zip(self._words, counts.tolist(), strict=True) if count}

    def _share(self, prizes: Prizes) -> float:
        return prizes.get("object", 0) / self._catalogue if self._catalogue else math.nan


def _first(flags: NDArray[np.bool_]) -> int | None:
    place = int(np.argmax(flags))
    return place if flags[place] else None


def _half(stopped: NDArray[np.bool_]) -> int | None:
    """The first place where half of the last twenty were stopped."""
    size = min(WINDOW, len(stopped))
    sums = np.cumsum(stopped, dtype=np.int64)
    last = sums.copy()
    last[size:] -= sums[:-size]
    return _first(last * 2 >= size)


def _moment(place: int | None, since: NDArray[np.float64]) -> Moment | None:
    return None if place is None else Moment(place, float(since[place]))


def _usual(kinds: Sequence[Kind], numbers: NDArray[np.int32]) -> tuple[str, str, int]:
    """Family, threat and level that most requests have; the first by name of several as frequent."""
    found, counts = np.unique(numbers, return_counts=True)
    votes: list[dict[str | int, int]] = [{}, {}, {}]
    for n, count in zip(found.tolist(), counts.tolist(), strict=True):
        for vote, value in zip(votes, (kinds[n].segment, kinds[n].threat, kinds[n].level), strict=True):
            vote[value] = vote.get(value, 0) + count
    family, threat, level = (min(vote, key=lambda value: (-vote[value], value)) for vote in votes)
    return str(family), str(threat), int(level)
