"""The archive process: seals closed segments into Parquet by day and hour, joins small files, deletes what is too old.

Run it as ``python -m vedette.events.seal DIR``; ``vedette serve`` does. A segment ``STEM.mpk`` becomes at most one file
``STEM.parquet`` a table, in the partition of the hour it was written in. Files are written under a draft name, forced
to disk and renamed, and only then is the segment deleted: after a crash at any point the next pass makes the same
files again. ``join-….parquet`` stands for the files that ``join-….of`` names, from the moment it has its name.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import structlog

from vedette.events.columns import TABLES, Table, schema_of, table_of
from vedette.events.log import retention
from vedette.events.record import OutcomeRecord, Record
from vedette.events.seen import keep_seen
from vedette.events.segment import Damage, held, listed, records, segments_of, started, sync_directory

__all__ = ["expire", "join_hours", "main", "seal_all", "seal_one", "superseded", "sweep"]

EVERY_S = 2.0
HOUSEKEEPING_S = 60.0
"""How often hours are deleted and joined."""
WARN_EVERY_S = 60.0
BATCH = 50_000
"""Records held in memory at a time: a row group."""
JOIN_FILES = 4
"""A past hour with at least so many files of one table is joined into one."""
GRACE_S = 120.0
"""How long files stay after they were joined, and how old they are before, so that no reader sees a row twice or a
file vanish."""

log = structlog.get_logger("vedette.archive")


def seal_all(directory: Path, is_stopped: Callable[[], bool] = lambda: False, refused: set[str] | None = None) -> int:
    """Seal every closed segment below a data directory; says how many. One that is no segment stays and is named.

    Raises OSError where one could not be read or its files not be written, after all others had their turn.

    Args:
        directory: The data directory.
        is_stopped: Asked before each segment: whoever has to end need not wait for more than one.
        refused: Names of what was found to be no segment, so that it is read and named once.
    """
    refused = set() if refused is None else refused
    sealed = 0
    failed: OSError | None = None
    for path in listed(segments_of(directory)):
        if is_stopped():
            break
        if path.name in refused:
            continue
        try:
            sealed += _seal_if_closed(directory, path)
        except ValueError as error:
            refused.add(path.name)
            log.warning("segment.refused", segment=path.name, problem=str(error), fix="it is kept until retention ends")
        except OSError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return sealed


def _seal_if_closed(directory: Path, path: Path) -> bool:
    file = held(path)
    if file is None:
        return False
    try:
        return seal_one(directory, path)
    finally:
        os.close(file)


def seal_one(directory: Path, path: Path) -> bool:
    """Seal one closed segment, which the caller holds. Raises ValueError where it is no segment of this version."""
    damage = Damage()
    drafts = _Drafts(directory, path.stem)
    seen: list[int] = []
    try:
        for record in records(path, damage):
            drafts.add(record)
            if isinstance(record, OutcomeRecord) and record.event:
                seen.append(record.event)
        drafts.finish()
    except BaseException:
        drafts.discard()
        raise
    if seen:
        keep_seen(directory, seen)
    if damage:
        log.warning(
            "segment.damaged",
            segment=path.name,
            sealed=drafts.count,
            lost_bytes=damage.lost_bytes,
            places=damage.stretches,
            unreadable=damage.unreadable,
        )
    path.unlink()
    sync_directory(path.parent)
    return True


def expire(directory: Path, now: float, retain_s: float) -> int:
    """Delete hours and segments that ended more than ``retain_s`` seconds before ``now``; says how many."""
    limit = datetime.fromtimestamp(max(now - retain_s, 0.0), UTC)
    gone = 0
    for hour, partition in _partitions(directory):
        if hour + timedelta(hours=1) <= limit:
            shutil.rmtree(partition, ignore_errors=True)
            gone += 1
            with contextlib.suppress(OSError):  # the day still has other hours
                partition.parent.rmdir()
    for path in listed(segments_of(directory)):
        if started(path.stem) + timedelta(hours=1) <= limit and (file := held(path)) is not None:
            path.unlink(missing_ok=True)
            os.close(file)
            gone += 1
    return gone


def join_hours(directory: Path, now: float) -> int:
    """Join the files of each past hour that has several, and delete those joined earlier; says how many hours."""
    current = datetime.fromtimestamp(now, UTC).replace(minute=0, second=0, microsecond=0)
    joined = 0
    open_hours = {started(path.stem) for path in listed(segments_of(directory))}
    for hour, partition in _partitions(directory):
        _sweep(partition, now)
        names = sorted(path.name for path in partition.glob("*.parquet"))
        replaced = superseded(partition, names)
        names = [name for name in names if name not in replaced]
        if hour >= current or hour in open_hours or len(names) < JOIN_FILES:
            continue
        if now - max((partition / name).stat().st_mtime for name in names) >= GRACE_S:
            _join(partition, names)
            joined += 1
    return joined


def superseded(partition: Path, names: Iterable[str]) -> set[str]:
    """Name the files of a partition that a joined file has taken the place of."""
    replaced: set[str] = set()
    for name in names:
        if name.startswith("join-"):
            with contextlib.suppress(OSError):
                replaced.update((partition / name).with_suffix(".of").read_text("utf-8").split())
    return replaced


class _Drafts:
    """The Parquet files that one segment becomes, while they are written."""

    def __init__(self, directory: Path, stem: str) -> None:
        self.count = 0
        self._stem = stem
        hour = started(stem)
        part = f"day={hour:%Y-%m-%d}/hour={hour:%H}"
        self._partitions = {table.name: directory / "events" / table.name / part for table in TABLES}
        self._rows: dict[str, list[Record]] = {table.name: [] for table in TABLES}
        self._tables = {table.record: table for table in TABLES}
        self._writers: dict[str, pq.ParquetWriter] = {}

    def add(self, record: Record) -> None:
        table = self._tables[type(record)]
        rows = self._rows[table.name]
        rows.append(record)
        self.count += 1
        if len(rows) >= BATCH:
            self._write(table)

    def finish(self) -> None:
        """Force all files to disk, then give them their names."""
        for table in TABLES:
            if self._rows[table.name]:
                self._write(table)
        for name, writer in self._writers.items():
            writer.close()
            _force(self._draft(name))
        for name in self._writers:
            self._draft(name).replace(self._partitions[name] / f"{self._stem}.parquet")
            sync_directory(self._partitions[name])

    def discard(self) -> None:
        for name, writer in self._writers.items():
            with contextlib.suppress(Exception):
                writer.close()
            self._draft(name).unlink(missing_ok=True)

    def _draft(self, name: str) -> Path:
        return self._partitions[name] / f".{self._stem}.tmp"

    def _write(self, table: Table) -> None:
        writer = self._writers.get(table.name)
        if writer is None:
            _make_partition(self._partitions[table.name])
            writer = self._writers[table.name] = _writer(self._draft(table.name), table)
        writer.write_table(table_of(table, self._rows[table.name]))
        self._rows[table.name] = []


def _writer(path: Path, table: Table) -> pq.ParquetWriter:
    bloom: dict[str, Any] = {"http.request.id": {"ndv": BATCH, "fpp": 0.01}} if table.name != "outcomes" else {}
    return pq.ParquetWriter(
        path,
        schema_of(table),
        compression="zstd",
        compression_level=3,
        bloom_filter_options=bloom or None,
    )


def _make_partition(partition: Path) -> None:
    if partition.is_dir():
        return
    partition.mkdir(parents=True, exist_ok=True, mode=0o700)
    for parent in list(partition.parents)[:4]:
        sync_directory(parent)


def _join(partition: Path, names: Sequence[str]) -> None:
    table = next(table for table in TABLES if table.name == partition.parent.parent.name)
    stem = "join-" + hashlib.blake2b("\n".join(names).encode(), digest_size=8).hexdigest()
    draft = partition / f".{stem}.tmp"
    try:
        with _writer(draft, table) as writer:
            for name in names:
                with pq.ParquetFile(partition / name) as source:
                    for group in range(source.num_row_groups):
                        writer.write_table(source.read_row_group(group).cast(schema_of(table)))
        _force(draft)
        of = partition / f"{stem}.of"
        of.write_text("\n".join(names), "utf-8")
        _force(of)
        sync_directory(partition)
        draft.replace(partition / f"{stem}.parquet")
        sync_directory(partition)
    except (OSError, pa.ArrowException) as error:
        draft.unlink(missing_ok=True)
        log.warning("hour.unjoined", partition=str(partition), problem=str(error))


def _sweep(partition: Path, now: float) -> None:
    """Delete what a joined file has replaced, after the grace, and then the list of it."""
    for joined in partition.glob("join-*.parquet"):
        of = joined.with_suffix(".of")
        with contextlib.suppress(FileNotFoundError):
            if now - joined.stat().st_mtime < GRACE_S:
                continue
            for name in of.read_text("utf-8").split():
                for path in (partition / name, (partition / name).with_suffix(".of")):
                    path.unlink(missing_ok=True)
            sync_directory(partition)
            of.unlink()


def _partitions(directory: Path) -> Iterator[tuple[datetime, Path]]:
    for table in TABLES:
        for partition in sorted((directory / "events" / table.name).glob("day=*/hour=*")):
            with contextlib.suppress(ValueError):
                name = f"{partition.parent.name[4:]}T{partition.name[5:]}"
                yield datetime.strptime(name, "%Y-%m-%dT%H").replace(tzinfo=UTC), partition


def _force(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def sweep(directory: Path) -> None:
    """Delete drafts that a crash left. Only the one archive process of a directory may, before it does anything."""
    for table in TABLES:
        for draft in (directory / "events" / table.name).glob("day=*/hour=*/.*.tmp"):
            draft.unlink(missing_ok=True)


class _Stop:
    """Whether a signal asked this process to end. Unlike an event it cannot lock against its own handler."""

    def __init__(self) -> None:
        self._is_set = False
        self._woken, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: object) -> None:
        self._is_set = True

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, seconds: float) -> bool:
        if not self._is_set:
            select.select([self._woken], [], [], seconds)
        return self._is_set


def main(arguments: Sequence[str] | None = None) -> int:
    """Seal, join and delete: once, or until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m vedette.events.seal", description=main.__doc__)
    parser.add_argument("directory", type=Path, help="the data directory")
    parser.add_argument("--once", action="store_true", help="seal what is closed now, then end")
    parser.add_argument("--retain", type=float, metavar="SECONDS", help="instead of what the log's owner asked for")
    given = parser.parse_args(arguments)
    import setproctitle

    from vedette.telemetry import Limited, configure_log

    setproctitle.setproctitle("vedette: archive")
    configure_log("archive")
    os.umask(0o077)
    stop = _Stop()
    try:
        guard = _only_one(given.directory)
    except OSError as error:
        log.warning("archive.failed", problem=str(error), fix="make the data directory writable")
        return 1
    if guard is None:
        log.warning("archive.refused", directory=str(given.directory), problem="another archive process works here")
        return 1
    refused: set[str] = set()
    housekeeping_at = 0.0
    limited = Limited(time.monotonic, every_s=WARN_EVERY_S)

    def keep_house() -> None:
        """Delete first: where the disk is full, that makes room for all else."""
        nonlocal housekeeping_at
        if time.monotonic() < housekeeping_at or stop.is_set():
            return
        housekeeping_at = time.monotonic() + HOUSEKEEPING_S
        now = time.time()
        expire(given.directory, now, retention(given.directory) if given.retain is None else given.retain)
        join_hours(given.directory, now)

    try:
        sweep(given.directory)
        while True:
            failed = False
            for work in (keep_house, lambda: seal_all(given.directory, stop.is_set, refused)):
                try:
                    work()
                except OSError as error:
                    failed = True
                    if limited.allow("archive.failed") is not None:
                        fix = "free space, or make the directory writable; it goes on by itself"
                        log.warning("archive.failed", problem=str(error), fix=fix)
            if given.once or stop.wait(EVERY_S):
                return int(failed and given.once)
    finally:
        os.close(guard)


def _only_one(directory: Path) -> int | None:
    place = directory / "events"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(place / "archive.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


if __name__ == "__main__":
    sys.exit(main())
