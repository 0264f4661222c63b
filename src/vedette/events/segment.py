"""Segments: files of framed records that a crash can only shorten and damage can only thin out.

A segment starts with :data:`MAGIC`. Each frame is the byte ``C1`` (which MessagePack never uses), the letter of the
record's kind, the payload's length and a CRC-32 of length and payload, then the payload. A reader that meets damage
looks for the next frame that proves itself, so a flipped bit costs one record and a torn tail costs the tail.

A segment is held under an exclusive ``flock`` for as long as its writer lives, and gets its visible name only once it
is held: who can lock a visible segment knows that nobody will ever write to it again. Its name says the UTC hour in
which it was written, when it was made, and by which process: ``20261125T14-18c2f0a1b2c3d4e5-4711.mpk``.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from vedette.events.record import KINDS, Record, decode, encode

__all__ = [
    "MAGIC",
    "RECORD_LIMIT",
    "Damage",
    "Segment",
    "frame",
    "frames",
    "held",
    "hour_of",
    "listed",
    "records",
    "segments_of",
]

MAGIC = b"VEDETTE\x01"
RECORD_LIMIT = 64 * 1024
"""Bytes of the largest payload; a longer one is refused when written and is damage when read."""

SUFFIX = ".mpk"
_HEAD = struct.Struct("<BBII")
_MARK = 0xC1
_KINDS = frozenset(KINDS.values())
_CHUNK = 1 << 20
_ATTEMPTS = 4096
_CANDIDATE = re.compile(rb"\xc1(?:[%s]|\Z)" % bytes(sorted(_KINDS)))
_NAME = re.compile(r"(\d{8}T\d{2})-([0-9a-f]{16})-(\d{1,10})\.mpk")


def frame(record: Record) -> bytes:
    """Encode and frame one record. Raises ValueError where it is larger than :data:`RECORD_LIMIT`."""
    payload = encode(record)
    size = len(payload)
    if size > RECORD_LIMIT:
        raise ValueError(f"record of {size} bytes is larger than {RECORD_LIMIT}")
    return _HEAD.pack(_MARK, KINDS[type(record)], size, zlib.crc32(payload, size)) + payload


@dataclass(slots=True)
class Damage:
    """What reading a segment could not use.

    Attributes:
        lost_bytes: Bytes between two readable records, or after the last.
        stretches: How many such runs of bytes there were.
        unreadable: Intact frames whose record this version cannot read.
    """

    lost_bytes: int = 0
    stretches: int = 0
    unreadable: int = 0

    def __bool__(self) -> bool:
        return bool(self.lost_bytes or self.unreadable)


def frames(stream: BinaryIO, damage: Damage) -> Iterator[tuple[int, bytes]]:
    """Yield ``(kind, payload)`` of each intact frame after the magic, in constant memory.

    Never raises on content. Looking for the next good frame is tried a bounded number of times in one file; after that
    the rest counts as lost.
    """
    buffer = b""
    position = 0
    ended = False
    attempts = 0
    lost = 0
    while True:
        if not ended and len(buffer) - position < _HEAD.size + RECORD_LIMIT:
            chunk = stream.read(_CHUNK)
            ended = not chunk
            buffer = buffer[position:] + chunk
            position = 0
            if not ended:
                continue
        left = len(buffer) - position
        if left <= 0:
            break
        found = _frame_at(buffer, position)
        if found is not None:
            if lost:
                damage.lost_bytes += lost
                damage.stretches += 1
                lost = 0
            position += _HEAD.size + len(found[1])
            yield found
            continue
        attempts += 1
        if attempts > _ATTEMPTS:
            lost += left
            while chunk := stream.read(_CHUNK):
                lost += len(chunk)
            break
        candidate = _CANDIDATE.search(buffer, position + 1)
        step = (candidate.start() if candidate else len(buffer)) - position
        lost += step
        position += step
    if lost:
        damage.lost_bytes += lost
        damage.stretches += 1


def _frame_at(buffer: bytes, position: int) -> tuple[int, bytes] | None:
    start = position + _HEAD.size
    if start > len(buffer):
        return None
    mark, kind, size, checksum = _HEAD.unpack_from(buffer, position)
    if mark != _MARK or kind not in _KINDS or size > RECORD_LIMIT or start + size > len(buffer):
        return None
    payload = buffer[start : start + size]
    return (kind, payload) if zlib.crc32(payload, size) == checksum else None


def records(path: Path, damage: Damage, *, containing: bytes = b"", kinds: frozenset[int] = _KINDS) -> Iterator[Record]:
    """Yield the records of a segment; those of ``kinds`` and whose bytes hold ``containing``, where that is asked for.

    Raises ValueError where the file is not a segment of this version, OSError where it cannot be read.
    """
    with path.open("rb") as stream:
        magic = stream.read(len(MAGIC))
        if magic != MAGIC[: len(magic)]:
            raise ValueError(f"{path.name}: not a segment of this version (starts with {magic!r}, expected {MAGIC!r})")
        for kind, payload in frames(stream, damage):
            if kind not in kinds or containing not in payload:
                continue
            record = decode(payload)
            if record is None or KINDS[type(record)] != kind:
                damage.unreadable += 1
            else:
                yield record


class Segment:
    """One segment while it is being written, by one thread of one process."""

    def __init__(self, directory: Path, now: float) -> None:
        """Create a segment in ``directory`` and hold it. Raises OSError where that is not possible."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.hour = hour_of(now)
        self.path = directory / f"{self.hour}-{time.time_ns():016x}-{os.getpid()}{SUFFIX}"
        draft = self.path.with_suffix(".tmp")
        self._file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.size = 0
            self.write(MAGIC)
            draft.rename(self.path)
            sync_directory(directory)
        except OSError:
            os.close(self._file)
            draft.unlink(missing_ok=True)
            raise

    def write(self, data: bytes) -> None:
        """Append ``data`` whole, or raise OSError and leave the segment as it was."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            if view.nbytes < len(data):
                os.ftruncate(self._file, self.size)
                os.lseek(self._file, self.size, os.SEEK_SET)
            raise
        self.size += len(data)

    def sync(self) -> None:
        """Make everything written so far survive a crash of the machine. Raises OSError where it may not have."""
        os.fdatasync(self._file)

    def is_removed(self) -> bool:
        """Say whether somebody deleted the file under its writer."""
        return os.fstat(self._file).st_nlink == 0

    def close(self) -> None:
        """Let go of the segment: from now on the archive may seal it."""
        os.close(self._file)


def segments_of(directory: Path) -> Path:
    """Name the directory of the unsealed segments below a data directory."""
    return directory / "events" / "segments"


def listed(directory: Path) -> list[Path]:
    """List the segments in ``directory``, oldest first; none where there is no such directory."""
    try:
        names = sorted(entry.name for entry in os.scandir(directory) if _is_name(entry.name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [directory / name for name in names]


def _is_name(name: str) -> bool:
    try:
        return _NAME.fullmatch(name) is not None and started(name) is not None
    except ValueError:
        return False


def started(stem: str) -> datetime:
    """Read from a segment's name when its hour began.

    >>> started("20261125T14-18c2f0a1b2c3d4e5-4711").isoformat()
    '2026-11-25T14:00:00+00:00'
    """
    return datetime.strptime(stem[:11], "%Y%m%dT%H").replace(tzinfo=UTC)


def held(path: Path) -> int | None:
    """Take a closed segment for oneself; ``None`` while its writer lives or where it is gone. The caller closes it."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


def hour_of(now: float) -> str:
    """Name the UTC hour of a moment.

    >>> hour_of(1795617000.0)
    '20261125T14'
    """
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H")


def sync_directory(directory: Path) -> None:
    """Make new, renamed and deleted names in ``directory`` survive a crash of the machine."""
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
