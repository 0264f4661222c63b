"""The loop: events in order of time to the engine, each answer when it ended, each decision to the consumers."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from vedette.doors.logs import Log, Recorded
from vedette.replay.order import CAPACITY, SPAN_S, Entry, Window, merged
from vedette.types import Answer, Decision, Outcome, Request

MOST_IN_FLIGHT = 1_000_000
"""Answers waited for at once. Beyond it an answer is never observed, as if the log did not hold it."""

_TICK = 512


class Decides(Protocol):
    """What replay needs of an engine."""

    def decide(self, request: Request, now: float) -> Decision:
        """Decide about one request."""

    def observe(self, event: Answer | Outcome, now: float) -> None:
        """Take in an answer or an outcome."""


class Consumer(Protocol):
    """What wants to know of decisions: an output, a report, a comparison with labels."""

    def expect(self, place: int) -> None:
        """A request has been read: its decision will come. Called in the order of each log."""

    def add(self, place: int, request: Request, decision: Decision) -> None:
        """A decision has been made. Called in the order of time."""


class Figures(Struct):
    """What a replay came to.

    Attributes:
        late: Lines that were older than the clock by the time they were read.
        unseen_answers: Answers dropped because too many were in flight.
        first, last: Earliest and latest timestamp of a request.
        interrupted: True where the replay was stopped before the end of its input.
    """

    requests: int = 0
    outcomes: int = 0
    late: int = 0
    unseen_answers: int = 0
    first: float = float("inf")
    last: float = float("-inf")
    interrupted: bool = False


def seed_key(seed: int) -> bytes:
    """Derive the key of all identifier hashes from the seed alone, so that a replay can be repeated anywhere."""
    return hashlib.sha256(f"vedette replay, seed {seed}".encode()).digest()


class _Run:
    def __init__(self, engine: Decides, consumers: Sequence[Consumer], figures: Figures) -> None:
        self._engine = engine
        self._consumers = consumers
        self._figures = figures
        self._in_flight: list[tuple[float, int, Answer]] = []

    def step(self, entry: Entry) -> None:
        """Handle one event at its time, after the answers that ended until then."""
        now, _, where, event = entry
        in_flight = self._in_flight
        while in_flight and in_flight[0][0] <= now:
            due, _, answer = heapq.heappop(in_flight)
            self._engine.observe(answer, due)
        if isinstance(event, Outcome):
            self._engine.observe(event, now)
            self._figures.outcomes += 1
            return
        decision = self._engine.decide(event.request, now)
        if event.answer is not None:
            if len(in_flight) < MOST_IN_FLIGHT:
                due = max(event.answer.timestamp, now)
                heapq.heappush(in_flight, (due, where, event.answer))
            else:
                self._figures.unseen_answers += 1
        self._count(event.request.timestamp)
        for consumer in self._consumers:
            consumer.add(where, event.request, decision)

    def finish(self) -> None:
        """Observe the answers that are still out."""
        while self._in_flight:
            due, _, answer = heapq.heappop(self._in_flight)
            self._engine.observe(answer, due)

    def _count(self, timestamp: float) -> None:
        figures = self._figures
        figures.requests += 1
        if timestamp < figures.first:
            figures.first = timestamp
        if timestamp > figures.last:
            figures.last = timestamp


def replay(
    logs: Sequence[Log],
    engine: Decides,
    consumers: Sequence[Consumer] = (),
    *,
    tick: Callable[[Figures], bool] = lambda _: True,
    span_s: float = SPAN_S,
    capacity: int = CAPACITY,
) -> Figures:
    """Run recorded traffic through an engine.

    ``tick`` is called every few hundred lines with the figures so far; where it returns False, or reading raises
    ``KeyboardInterrupt``, the replay stops: what has been decided stands, what is still in the window is not decided.
    """
    figures = Figures()
    window = Window(span_s, capacity)
    run = _Run(engine, consumers, figures)
    newest = float("-inf")
    source = merged(logs)
    countdown = _TICK
    while True:
        try:
            entry = next(source, None)
        except KeyboardInterrupt:
            figures.interrupted = True
            break
        if entry is None:
            break
        time, _, where, event = entry
        if type(event) is Recorded:
            for consumer in consumers:
                consumer.expect(where)
        window.add(entry)
        if time > newest:
            newest = time
        for released in window.due(newest):
            run.step(released)
        countdown -= 1
        if not countdown:
            countdown = _TICK
            figures.late = window.late
            if not tick(figures):
                figures.interrupted = True
                break
    figures.late = window.late
    if not figures.interrupted:
        for number, released in enumerate(window.rest(), start=1):
            run.step(released)
            if number % _TICK == 0 and not tick(figures):
                figures.interrupted = True
                break
        run.finish()
    for log in logs:
        log.file.close()
    return figures
