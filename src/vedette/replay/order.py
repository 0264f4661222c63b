"""Putting recorded events in order of time, within a window, in bounded memory."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence

from vedette.doors.logs import Log, Recorded
from vedette.types import Outcome

SPAN_S = 300.0
CAPACITY = 1_000_000

OUTCOME, REQUEST = 1, 2
"""At equal times answers (0, see ``run``) come before outcomes and these before requests."""

LINE_BITS = 40

Entry = tuple[float, int, int, Recorded | Outcome]
"""Time, kind, place in the input (log number and line), event. Entries sort by the first three."""


def place(log: int, line: int) -> int:
    """Number a line of a log so that numbers sort in input order."""
    return log << LINE_BITS | line


def log_of(place: int) -> int:
    """The log of a place."""
    return place >> LINE_BITS


def merged(logs: Sequence[Log]) -> Iterator[Entry]:
    """Read several logs at once, always from the one whose next event is oldest."""
    if len(logs) == 1:
        return _entries(0, logs[0])
    return heapq.merge(*(_entries(number, log) for number, log in enumerate(logs)))


def _entries(number: int, log: Log) -> Iterator[Entry]:
    base = place(number, 0)
    for line, event in log.events():
        if isinstance(event, Recorded):
            yield event.request.timestamp, REQUEST, base | line, event
        else:
            yield event.timestamp, OUTCOME, base | line, event


class Window:
    """Holds events until none that belongs before them can still come.

    An event is released once one more than ``span_s`` younger has been seen, or ``capacity`` events are held.

    Attributes:
        clock: How far time has come: everything up to it has been released.
        late: Events that came after their time had passed; they are released at the clock.
    """

    def __init__(self, span_s: float = SPAN_S, capacity: int = CAPACITY) -> None:
        self.clock = float("-inf")
        self.late = 0
        self._span_s = span_s
        self._capacity = capacity
        self._sorted: deque[Entry] = deque()  # what came in order, which is nearly everything
        self._strays: list[Entry] = []  # a heap of the rest

    def __len__(self) -> int:
        return len(self._sorted) + len(self._strays)

    def add(self, entry: Entry) -> None:
        """Take in one event; time advances with it."""
        time = entry[0]
        if time < self.clock:
            self.late += 1
            entry = (self.clock, *entry[1:])
        if not self._sorted or self._sorted[-1] < entry:
            self._sorted.append(entry)
        else:
            heapq.heappush(self._strays, entry)

    def due(self, newest: float) -> Iterator[Entry]:
        """Release, in order, what is older than the window that ends at ``newest``, or too much to hold."""
        horizon = newest - self._span_s
        while True:
            head = self._head()
            if head is None or (head[0] >= horizon and len(self) <= self._capacity):
                break
            yield self._release()
        if horizon > self.clock:
            self.clock = horizon

    def rest(self) -> Iterator[Entry]:
        """Release everything, in order: the input has ended."""
        while self:
            yield self._release()

    def _head(self) -> Entry | None:
        if self._strays and (not self._sorted or self._strays[0] < self._sorted[0]):
            return self._strays[0]
        return self._sorted[0] if self._sorted else None

    def _release(self) -> Entry:
        if self._strays and (not self._sorted or self._strays[0] < self._sorted[0]):
            entry = heapq.heappop(self._strays)
        else:
            entry = self._sorted.popleft()
        if entry[0] > self.clock:
            self.clock = entry[0]
        return entry
