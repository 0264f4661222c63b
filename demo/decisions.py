"""What Vedette decides, read from its event log while that is being written."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

from vedette.events.record import KINDS, DecisionRecord, decode
from vedette.events.segment import MAGIC, Damage, frames, listed, segments_of

__all__ = ["Decisions", "Following"]

FRAME_HEAD = 10
"""Bytes before each payload of a segment."""

RECENT = 12


class Following:
    """Takes the new decisions of a growing event log; a frame without its end waits for the next call."""

    def __init__(self, data: Path) -> None:
        self._directory = segments_of(data)
        self._read: dict[str, int] = {}

    def new(self) -> Iterator[DecisionRecord]:
        for path in listed(self._directory):
            at = self._read.get(path.name, len(MAGIC))
            try:
                stream = path.open("rb")
            except FileNotFoundError:  # sealed in the meantime
                continue
            with stream:
                stream.seek(at)
                for kind, payload in frames(stream, Damage()):
                    at += FRAME_HEAD + len(payload)
                    if kind == KINDS[DecisionRecord]:
                        record = decode(payload)
                        if isinstance(record, DecisionRecord):
                            yield record
            self._read[path.name] = at


class Decisions:
    """Decisions counted: by verdict, action and threat, in all and since the last look; and the latest that acted."""

    def __init__(self, data: Path) -> None:
        self._following = Following(data)
        self.verdicts: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        self.threats: Counter[str] = Counter()
        self.rates: dict[str, deque[int]] = {}
        self.recent: deque[DecisionRecord] = deque(maxlen=RECENT)
        self._last_by_client: dict[str, float] = {}

    @property
    def total(self) -> int:
        return self.verdicts.total()

    def read(self) -> None:
        """Take what is new; call it once a second, because each call is one step of ``rates``."""
        fresh: Counter[str] = Counter()
        for record in self._following.new():
            fresh[record.verdict] += 1
            self.actions[record.action] += 1
            if record.threat and record.verdict != "human":
                self.threats[record.threat] += 1
            self._remember(record)
        self.verdicts += fresh
        for verdict in ("human", "good_bot", "unknown", "bad_bot"):
            self.rates.setdefault(verdict, deque([0] * 40, maxlen=40)).append(fresh[verdict])

    def _remember(self, record: DecisionRecord) -> None:
        """Keep it for display where it acted, at most one a second for each client."""
        client = record.client_address or ""
        if record.action == "allow" or record.timestamp - self._last_by_client.get(client, 0.0) < 1.0:
            return
        if len(self._last_by_client) > 10_000:
            self._last_by_client.clear()
        self._last_by_client[client] = record.timestamp
        self.recent.append(record)
