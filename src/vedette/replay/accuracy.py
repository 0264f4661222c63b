"""Decisions compared with labels: recall, precision, false positives, calibration, time to detection.

*Stopped* means that the action keeps the request from the API; a person is *noticed* by a challenge, delay or rate
limit and *hard-stopped* by any other stop (contract, section 3). Every share comes with Wilson intervals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from vedette.replay.labels import Label, Labels
from vedette.types import STOPPING, Decision, Request

NOTICED = frozenset({"challenge", "delay", "rate_limit"})
HARD_STOPPED = STOPPING - NOTICED
CALIBRATION_BINS = 10

Z90, Z95 = 1.6448536269514722, 1.959963984540054


class Share(NamedTuple):
    """``hits`` of ``total``, as a share with its uncertainty."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share itself, or NaN of nothing."""
        return self.hits / self.total if self.total else math.nan

    def wilson(self, z: float) -> tuple[float, float]:
        """Give the Wilson score interval for a normal quantile ``z``; (0, 1) of nothing.

        >>> low, high = Share(0, 100).wilson(Z95)
        >>> round(low, 4), round(high, 4)
        (0.0, 0.037)
        """
        if not self.total:
            return 0.0, 1.0
        n, p = self.total, self.hits / self.total
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        low = 0.0 if self.hits == 0 else max(0.0, middle - half)
        high = 1.0 if self.hits == self.total else min(1.0, middle + half)
        return low, high


class Bin(Struct):
    """Labelled requests whose score fell into one tenth."""

    requests: int = 0
    malicious: int = 0
    score: float = 0.0
    low: float = 0.0
    high: float = 0.0


class Episode(Struct):
    """A campaign, or a malicious session: its requests, and when it was first found out."""

    first: float
    requests: int = 0
    stopped: int = 0
    first_stopped: float = math.nan
    requests_before_stop: int = 0
    first_bad: float = math.nan


class _Person(Struct):
    noticed: bool = False
    hard_stopped: bool = False


MOST_SESSIONS = 2_000_000
"""Sessions and campaigns followed one by one; later ones are counted by request only."""


class Accuracy:
    """Compares decisions with labels as they are made: a consumer of a replay.

    Attributes:
        counts: (actor, what) → requests, with what one of ``requests``, ``stopped``, ``noticed``, ``hard-stopped``
            and ``bad_bot``.
        unlabelled: Decisions without a label.
    """

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.unlabelled = 0
        self.counts: dict[tuple[str, str], int] = {}
        self.bins = [Bin() for _ in range(CALIBRATION_BINS)]
        self.campaigns: dict[str, Episode] = {}
        self.attack_sessions: dict[str, Episode] = {}
        self.people: dict[str, _Person] = {}

    def expect(self, place: int) -> None:
        """Nothing to do before the decision is made."""

    def add(self, place: int, request: Request, decision: Decision) -> None:
        """Take in one decision."""
        label = self.labels.get(request.id)
        if label is None:
            self.unlabelled += 1
            return
        actor, action = label.actor, decision.action
        stopped = action in STOPPING
        self._count(actor, "requests")
        if stopped:
            self._count(actor, "stopped")
        if action in NOTICED:
            self._count(actor, "noticed")
        if action in HARD_STOPPED:
            self._count(actor, "hard-stopped")
        if decision.verdict == "bad_bot":
            self._count(actor, "bad_bot")
        tenth = self.bins[min(CALIBRATION_BINS - 1, max(0, int(decision.score * CALIBRATION_BINS)))]
        tenth.requests += 1
        tenth.malicious += actor == "bad_bot"
        tenth.score += decision.score
        tenth.low += decision.low
        tenth.high += decision.high
        if actor == "bad_bot":
            self._follow(self.campaigns, label.campaign, request, decision, stopped)
            self._follow(self.attack_sessions, label.session, request, decision, stopped)
        elif actor == "human" and label.session:
            self._person(label, action)

    def _count(self, actor: str, what: str) -> None:
        self.counts[actor, what] = self.counts.get((actor, what), 0) + 1

    def _person(self, label: Label, action: str) -> None:
        person = self.people.get(label.session)
        if person is None:
            if len(self.people) >= MOST_SESSIONS:
                return
            self.people[label.session] = person = _Person()
        person.noticed |= action in NOTICED
        person.hard_stopped |= action in HARD_STOPPED

    def _follow(
        self, episodes: dict[str, Episode], name: str, request: Request, decision: Decision, stopped: bool
    ) -> None:
        if not name:
            return
        episode = episodes.get(name)
        if episode is None:
            if len(episodes) >= MOST_SESSIONS:
                return
            episodes[name] = episode = Episode(request.timestamp)
        episode.requests += 1
        if stopped:
            episode.stopped += 1
            if math.isnan(episode.first_stopped):
                episode.first_stopped = request.timestamp
                episode.requests_before_stop = episode.requests - 1
        if decision.verdict == "bad_bot" and math.isnan(episode.first_bad):
            episode.first_bad = request.timestamp

    def share(self, what: str, *actors: str) -> Share:
        """The share of the requests of some actors of which something holds."""
        return Share(
            sum(self.counts.get((actor, what), 0) for actor in actors),
            sum(self.counts.get((actor, "requests"), 0) for actor in actors),
        )

    def precision(self, what: str) -> Share:
        """The share of malicious requests among those of which something holds."""
        hits = self.counts.get(("bad_bot", what), 0)
        everything = sum(self.counts.get((actor, what), 0) for actor in ("human", "good_bot", "bad_bot"))
        return Share(hits, everything)

    def shares(self) -> Iterator[tuple[str, Share]]:
        """Every measured share with its name, in the order of the printed table."""
        yield "recall: malicious requests stopped", self.share("stopped", "bad_bot")
        yield "recall: malicious requests with verdict bad_bot", self.share("bad_bot", "bad_bot")
        yield "precision: stopped requests that are malicious", self.precision("stopped")
        yield "precision: verdict bad_bot that is malicious", self.precision("bad_bot")
        yield "false positives: human requests stopped", self.share("stopped", "human")
        yield "false positives: human requests noticed", self.share("noticed", "human")
        yield "false positives: human requests hard-stopped", self.share("hard-stopped", "human")
        yield "false positives: human requests with verdict bad_bot", self.share("bad_bot", "human")
        yield "false positives: good bots' requests stopped", self.share("stopped", "good_bot")
        yield "false positives: good bots' requests with verdict bad_bot", self.share("bad_bot", "good_bot")
        if self.people:
            sessions = len(self.people)
            yield (
                "human sessions ever noticed or stopped",
                Share(sum(person.noticed or person.hard_stopped for person in self.people.values()), sessions),
            )
            yield (
                "human sessions ever hard-stopped",
                Share(sum(person.hard_stopped for person in self.people.values()), sessions),
            )
