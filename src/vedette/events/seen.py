"""Which outcomes were reported before: memory about ``event.id`` that is bounded and survives restarts.

The hashes of sealed outcomes stand in ``events/outcomes.seen``, 8 bytes each, oldest first; the archive replaces that
file before it deletes the segment they came from. Those of the other outcomes are read from the segments themselves.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from vedette.events.record import KINDS, OutcomeRecord
from vedette.events.segment import Damage, listed, records, segments_of, sync_directory

__all__ = ["GENERATION", "Seen", "digest", "keep_seen", "read_seen"]

GENERATION = 65_536
"""Between one and two generations of hashes are remembered."""

_OUTCOMES = frozenset({KINDS[OutcomeRecord]})


class Seen:
    """The ``event.id`` hashes known to one log. ``lock`` makes asking and adding one step."""

    def __init__(self, directory: Path) -> None:
        """Read what earlier runs left below a data directory; what cannot be read is forgotten."""
        self.lock = threading.Lock()
        self._young: set[int] = set()
        self._old: set[int] = set()
        recent: list[int] = []
        # Segments first: one that is sealed in between is in the file by then.
        for path in listed(segments_of(directory)):
            with contextlib.suppress(OSError, ValueError):
                for record in records(path, Damage(), kinds=_OUTCOMES):
                    if isinstance(record, OutcomeRecord) and record.event:
                        recent.append(record.event)
                        del recent[: -2 * GENERATION]
        for event in read_seen(directory):
            self.add(event)
        for event in recent:
            if event not in self:
                self.add(event)

    def __contains__(self, event: int) -> bool:
        return event in self._young or event in self._old

    def add(self, event: int) -> None:
        """Remember one more, forgetting the oldest generation where this one is full."""
        self._young.add(event)
        if len(self._young) >= GENERATION:
            self._old, self._young = self._young, set()


def read_seen(directory: Path) -> list[int]:
    """Read the hashes of sealed outcomes, oldest first, two generations at most."""
    try:
        with _file(directory).open("rb") as stream:
            entries = min(stream.seek(0, os.SEEK_END) // 8, 2 * GENERATION)
            stream.seek(-8 * entries, os.SEEK_CUR)
            data = stream.read(8 * entries)
    except (OSError, ValueError):
        return []
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data) - 7, 8)]


def keep_seen(directory: Path, events: Iterable[int]) -> None:
    """Add hashes to the file, durably and at once; those already there stay where they are."""
    known = dict.fromkeys(read_seen(directory))
    known.update(dict.fromkeys(events))
    target = _file(directory)
    draft = target.with_name("outcomes.seen.tmp")
    with draft.open("wb") as stream:
        stream.write(b"".join(event.to_bytes(8, "little") for event in list(known)[-2 * GENERATION :]))
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(target)
    sync_directory(target.parent)


def digest(kind: str, value: str) -> int:
    """Hash an ``event.id`` where no keyed hasher is at hand."""
    data = f"{kind}\0{value}".encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def _file(directory: Path) -> Path:
    return directory / "events" / "outcomes.seen"
