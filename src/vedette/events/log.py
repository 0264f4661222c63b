"""The event log's writing end: takes events from the engine's process without ever making it wait.

An append encodes the event, frames it and puts it into a bounded buffer; that is all the caller pays for. A thread of
the log writes the buffer to the current segment ten times a second and has the disk confirm it twice a second, so an
event that was appended more than one second ago survives a crash. Where the disk is full or unwritable, events wait in
the buffer until it is full, then new ones are dropped and counted by reason; a warning says so at most every ten
seconds, and writing resumes by itself.
"""

from __future__ import annotations

import errno
import json
import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec
import structlog

from vedette.events.record import (
    AddressPrivacy,
    DecisionRecord,
    Hasher,
    Record,
    answer_record,
    decision_record,
    outcome_record,
    shown_address,
)
from vedette.events.seen import Seen, digest
from vedette.events.segment import Segment, frame, hour_of, segments_of
from vedette.types import Answer, Decision, Outcome, Reason, Request

__all__ = ["DROP_REASONS", "EventLog", "retention"]

DropReason = Literal["buffer_full", "disk_full", "unwritable", "unconfirmed", "too_large", "unhashed"]
DROP_REASONS: tuple[DropReason, ...] = (
    "buffer_full",
    "disk_full",
    "unwritable",
    "unconfirmed",
    "too_large",
    "unhashed",
)
"""Why an event can be missing: the disk was too slow, full, or not writable; it took the event but would not confirm
it, or the file was deleted first; the event was larger than 64 KiB; an outcome named a session, account or address
while no hasher was given."""

WRITE_EVERY_S = 0.1
SYNC_EVERY_S = 0.5
RETRY_EVERY_S = 1.0
WARN_EVERY_S = 10.0
OUTCOME_HEADROOM = 1.25
"""Outcomes are worth more than decisions: they may fill the buffer beyond its capacity by this factor."""

RETAIN_S = 30 * 86400.0
_WRITE_BYTES = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

log = structlog.get_logger("vedette.events")


def retention(directory: Path) -> float:
    """Read for how many seconds the log's owner wants events kept; 30 days where it never said so."""
    try:
        seconds = float(json.loads((directory / "events" / "retain.json").read_bytes())["retain_s"])
        return RETAIN_S if math.isnan(seconds) else max(seconds, 3600.0)
    except (OSError, ValueError, TypeError, KeyError):
        return RETAIN_S


class EventLog:
    """Append-only log of decisions, answers and outcomes below one data directory.

    Several processes may log below one directory; each writes segments of its own. Appending is safe from any thread.
    """

    def __init__(
        self,
        directory: Path,
        *,
        retain_s: float = RETAIN_S,
        hasher: Hasher | None = None,
        address: AddressPrivacy = "hash",
        capacity_bytes: int = 32 << 20,
        segment_bytes: int = 16 << 20,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Start logging below the data directory. Raises nothing: a disk that fails now may work later.

        Args:
            directory: The data directory (``events.directory``); files go below its ``events``.
            retain_s: How long the archive keeps events; written down for it. Not less than an hour.
            hasher: Hashes what outcomes refer to and their ``event.id``. Must be the engine's.
            address: ``privacy.address``: whether decisions also keep the client's address, whole or truncated.
            capacity_bytes: Of the buffer, about 80,000 events by default.
            segment_bytes: A longer segment is closed and a new one begun, so the archive can seal it.
            clock: Unix seconds, for the record's ``observed_timestamp`` and the segment's hour.
        """
        self._directory = directory
        self._segments = segments_of(directory)
        self._retain_s = retain_s
        self._retain_written = False
        self._hasher = hasher
        self._address: AddressPrivacy = address
        self._client_of: Callable[[Request], str] = _sender
        self._capacity = capacity_bytes
        self._outcome_capacity = int(capacity_bytes * OUTCOME_HEADROOM)
        self._segment_bytes = segment_bytes
        self._clock = clock

        self._lock = threading.Lock()
        self._buffer: list[bytes] = []
        self._buffered_bytes = 0
        self._accepted = 0
        self.dropped: dict[str, int] = dict.fromkeys(DROP_REASONS, 0)
        """Events lost so far, by reason."""

        self._progress = threading.Condition()
        self._written = 0
        self._durable = 0
        self._lost = (0, 0)
        self._trouble: DropReason | None = None
        self._detail = ""
        self._retry_at = 0.0
        self._synced_at = 0.0
        self._warned_at = float("-inf")
        self._warned_drops = 0
        self._in_trouble_since = 0.0
        self._segment: Segment | None = None

        self._seen = Seen(directory)
        self._stopping = False
        self._wake = threading.Event()
        self._sync_wanted = False
        self._thread = threading.Thread(target=self._run, name="vedette-events", daemon=True)
        self._thread.start()

    # Appending: the caller's side.

    def append_decision(self, decision: Decision, request: Request, client_address: str = "") -> int:
        """Log a decision; the answer is as in :meth:`append_outcome`.

        ``client_address`` is the client behind trusted proxies, where the door knows it better than
        :meth:`show_addresses` was told; it is used only if ``privacy.address`` asks for addresses.
        """
        shown = None
        if self._address != "hash":
            shown = shown_address(client_address or self._client_of(request), self._address)
        return self._append(decision_record(decision, request, shown, self._clock()), self._capacity)

    def append_answer(self, answer: Answer) -> int:
        """Log what the API answered; the answer is as in :meth:`append_outcome`."""
        return self._append(answer_record(answer, self._clock()), self._capacity)

    def append_outcome(self, outcome: Outcome) -> int:
        """Log an outcome, once for each ``event.id`` among the last 60,000 or more, restarts included.

        Returns:
            Its sequence number, from 1; 0 where the same ``event.id`` was logged before; -1 where it had to be
            dropped. Await :meth:`wait` on the number before promising anybody that the outcome is kept.
        """
        hasher = self._hasher
        if hasher is None:
            if outcome.session_id or outcome.user_name or outcome.client_address:
                return self._drop("unhashed")
            hasher = digest
        record = outcome_record(outcome, hasher, self._clock())
        if not record.event:
            return self._append(record, self._outcome_capacity)
        with self._seen.lock:
            if record.event in self._seen:
                return 0
            sequence = self._append(record, self._outcome_capacity)
            if sequence > 0:
                self._seen.add(record.event)
            return sequence

    def _append(self, record: Record, capacity: int) -> int:
        try:
            framed = frame(record)
        except UnicodeEncodeError:
            framed = frame(_printable(record))
        except ValueError:
            return self._drop("too_large")
        size = len(framed)
        with self._lock:
            if self._buffered_bytes + size <= capacity and not self._stopping:
                self._buffer.append(framed)
                self._buffered_bytes += size
                self._accepted += 1
                return self._accepted
        return self._drop(self._trouble or "buffer_full")

    def _drop(self, reason: DropReason) -> int:
        with self._lock:
            self.dropped[reason] += 1
        return -1

    # Waiting for the disk.

    @property
    def accepted(self) -> int:
        """Events taken so far: the sequence number of the last."""
        return self._accepted

    @property
    def durable(self) -> int:
        """The sequence number up to which every event was confirmed by the disk, or counted as ``unconfirmed``."""
        return self._durable

    @property
    def buffered_bytes(self) -> int:
        """Bytes that are waiting to be written."""
        return self._buffered_bytes

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written at the moment, or ``None``."""
        return self._trouble and f"{self._trouble}: {self._detail}"

    @property
    def retain_s(self) -> float:
        """For how long the archive keeps events; may be set while running."""
        return self._retain_s

    @retain_s.setter
    def retain_s(self, seconds: float) -> None:
        self._retain_s = seconds
        self._retain_written = False

    def show_addresses(self, address: AddressPrivacy, client_of: Callable[[Request], str]) -> None:
        """Change what of an address later decisions keep, and how the client behind trusted proxies is found."""
        self._client_of = client_of
        self._address = address

    def wait(self, sequence: int, timeout_s: float = 1.0) -> bool:
        """Wait until the event of that number is durable; False where it is not yet after ``timeout_s``.

        Blocks: an event loop calls it in a thread.
        """
        if self._durable < sequence:
            self._sync_wanted = True
            self._wake.set()
        with self._progress:
            confirmed = self._progress.wait_for(lambda: self._durable >= sequence, timeout_s)
            return confirmed and not self._lost[0] < sequence <= self._lost[1]

    def flush(self, sync: bool = False, timeout_s: float = 5.0) -> bool:
        """Wait until all that was appended so far is readable, with ``sync`` durable. False where it could not be."""
        sequence = self._accepted
        if sync:
            return self.wait(sequence, timeout_s)
        self._wake.set()
        with self._progress:
            return self._progress.wait_for(lambda: self._written >= sequence, timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what is buffered and let go of the segment. Events appended afterwards are dropped."""
        with self._lock:
            self._stopping = True
        self._wake.set()
        self._thread.join(timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Writing: the log's own thread.

    def _run(self) -> None:
        while True:
            self._wake.wait(WRITE_EVERY_S)
            self._wake.clear()
            stopping = self._stopping
            self._turn(stopping)
            if stopping:
                self._give_up()
                return

    def _turn(self, stopping: bool) -> None:
        now = time.monotonic()
        if now >= self._retry_at or stopping:
            try:
                self._write_buffer()
                if self._written > self._durable and (
                    stopping or self._sync_wanted or now - self._synced_at >= SYNC_EVERY_S
                ):
                    self._sync()
                self._rotate(stopping)
                if not self._retain_written and self._written:
                    self._write_retention()
                self._recovered()
            except Exception as error:
                self._trouble = "disk_full" if getattr(error, "errno", 0) in _FULL else "unwritable"
                self._detail = f"{error} ({self._segments})"
                self._in_trouble_since = self._in_trouble_since or now
                self._retry_at = now + RETRY_EVERY_S
        self._warn(now)

    def _write_buffer(self) -> None:
        while True:
            self._rotate(stopping=False)
            with self._lock:
                taken = self._buffer[:4096]
            if not taken:
                return
            size = count = 0
            for framed in taken:
                if count and size + len(framed) > _WRITE_BYTES:
                    break
                size += len(framed)
                count += 1
            if self._segment is None:
                self._segment = Segment(self._segments, self._clock())
            self._segment.write(b"".join(taken[:count]))
            with self._lock:
                del self._buffer[:count]
                self._buffered_bytes -= size
            with self._progress:
                self._written += count
                self._progress.notify_all()

    def _sync(self) -> None:
        self._sync_wanted = False
        if self._segment is not None:
            try:
                self._segment.sync()
            except OSError:
                # After a failed sync the kernel may have dropped the pages: nothing more goes into this file.
                self._unconfirmed()
                raise
            if self._segment.is_removed():
                self._unconfirmed()
        self._synced_at = time.monotonic()
        with self._progress:
            self._durable = self._written
            self._progress.notify_all()

    def _rotate(self, stopping: bool) -> None:
        segment = self._segment
        if segment is None:
            return
        if stopping or segment.size >= self._segment_bytes or segment.hour != hour_of(self._clock()):
            if self._written > self._durable:
                self._sync()
            self._let_go()

    def _unconfirmed(self) -> None:
        self._let_go()
        with self._progress:
            self._lost = (self._durable, self._written)
            self._durable = self._written
            self._progress.notify_all()
        with self._lock:
            self.dropped["unconfirmed"] += self._lost[1] - self._lost[0]

    def _give_up(self) -> None:
        with self._lock:
            lost = len(self._buffer)
            self.dropped[self._trouble or "unwritable"] += lost
            self._buffer.clear()
            self._buffered_bytes = 0
        self._let_go()
        if lost:
            log.error("events.lost", count=lost, trouble=self.trouble)

    def _let_go(self) -> None:
        if self._segment is not None:
            self._segment.close()
            self._segment = None

    def _write_retention(self) -> None:
        target = self._directory / "events" / "retain.json"
        draft = target.with_name(f"retain.{os.getpid()}.tmp")
        draft.write_text(json.dumps({"retain_s": self._retain_s}))
        draft.replace(target)
        self._retain_written = True

    def _recovered(self) -> None:
        if self._trouble is None:
            return
        seconds = round(time.monotonic() - self._in_trouble_since, 1)
        log.warning("events.recovered", after_s=seconds, dropped=sum(self.dropped.values()))
        self._trouble = None
        self._in_trouble_since = 0.0
        self._warned_at = float("-inf")

    def _warn(self, now: float) -> None:
        drops = sum(self.dropped.values())
        if (self._trouble is None and drops == self._warned_drops) or now - self._warned_at < WARN_EVERY_S:
            return
        log.error(
            "events.dropped" if drops > self._warned_drops else "events.waiting",
            dropped_now=drops - self._warned_drops,
            dropped={reason: count for reason, count in self.dropped.items() if count},
            buffered_bytes=self._buffered_bytes,
            trouble=self.trouble,
            fix="free space, or make the directory writable; logging resumes by itself" if self._trouble else None,
        )
        self._warned_at = now
        self._warned_drops = drops


def _sender(request: Request) -> str:
    return request.client_address


def _printable(record: Record) -> Record:
    """Replace what UTF-8 cannot express: lone surrogates in an id that a door passed on."""

    def text(value: str) -> str:
        return value.encode("utf-8", "replace").decode()

    changed: dict[str, object] = {
        name: text(value) for name in record.__struct_fields__ if isinstance(value := getattr(record, name), str)
    }
    if isinstance(record, DecisionRecord):
        changed["reasons"] = tuple(
            Reason(text(reason.signal), reason.weight, text(reason.detail)) for reason in record.reasons
        )
    return msgspec.structs.replace(record, **changed)
