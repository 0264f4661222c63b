"""Bounded memory about entities: keyed-hash, set-associative arrays that live in memory-mapped files.

A *table* has ``2**bits`` slots in sets of eight. The key (a keyed 64-bit hash) chooses the set; inside the set the
entry whose ``keep`` is smallest gives way. ``keep`` is the time of the last touch in seconds plus a bonus that grows
with the number of touches, so a flood of invented keys displaces itself and not the clients that were here before.
Nothing is ever deleted and nothing ever grows.

Each set carries a sequence word that is odd while the set is being written. A process that dies in the middle leaves it
odd, and :meth:`Tables.open` clears that set alone. All tables lie in one arena of bytes, so that a kernel takes one
argument for all of them. The file header names the schema and the hash key; another schema or another key means empty
tables and one warning.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vedette.detect.barrier import barrier
from vedette.detect.compiled import kernel, small_kernel

__all__ = ["SPECS", "WAYS", "Table", "TableSpec", "Tables", "find", "find_or_insert"]

WAYS = 8
SCHEMA = 2
_HEADER = struct.Struct("<8sII16s32s")
_HEADER_BYTES = 4096
_ALIGN = 64
_MAGIC = b"VEDETTE\n"
BONUS_S = 60.0
"""Seconds of life that each doubling of an entity's requests adds against eviction."""

Array = np.ndarray[Any, Any]


class TableSpec(NamedTuple):
    """Name, size (``2**bits`` slots) and record of one kind of entity."""

    name: str
    bits: int
    record: np.dtype[Any]


class Table(NamedTuple):
    """The arrays of one table; ``rows[set * WAYS + way]`` is the record of ``keys[set, way]``."""

    keys: Array
    keep: Array
    sequence: Array
    rows: Array


CLIENT = np.dtype(
    [
        ("last", "f8"),
        ("seen", "u8"),
        ("objects", "u8", (4,)),
        ("addresses", "u8", (2,)),
        ("first", "u4"),
        ("turned", "u4"),
        ("retry_at", "u4"),
        ("last_object", "u4"),
        ("n", "f4"),
        ("c10", "f4"),
        ("c60", "f4"),
        ("c3600", "f4"),
        ("end", "f4"),
        ("gap_mean", "f4"),
        ("gap_var", "f4"),
        ("moves", "f4"),
        ("answered", "f4"),
        ("failed", "f4"),
        ("missing", "f4"),
        ("ignored", "f4"),
        ("taint", "f4"),
        ("refusals", "f4"),
        ("static", "f4"),
        ("payments", "f4"),
        ("gap_hist", "u1", (8,)),
        ("route_hist", "u1", (8,)),
        ("gap_repeat", "u2"),
        ("fast", "u2"),
        ("surprise", "u2"),
        ("fresh", "u2"),
        ("stepped", "u2"),
        ("slow", "i2"),
        ("same_size", "u2"),
        ("last_size", "u2"),
        ("network", "u2"),
        ("network_before", "u2"),
        ("route", "i2"),
        ("fingerprints", "u2"),
        ("last_fingerprint", "u2"),
        ("fast_n", "u1"),
        ("surprise_n", "u1"),
        ("object_n", "u1"),
        ("number_n", "u1"),
        ("welcome", "u1"),
        ("gap_n", "u1"),
    ],
    align=True,
)
"""A client: the session where there is one, else address with fingerprint. Counts decay; times are Unix seconds.

``end`` is when the last answer ended, in seconds after ``last`` (0: unknown). Means within known bounds are kept in two
bytes (``sketches.pack``): a million clients are here at once.
"""

ADDRESS = np.dtype(
    [
        ("last", "u4"),
        ("turned", "u4"),
        ("human_until", "u4"),
        ("unknown", "f4"),
        ("accounts", "u8", (2,)),
        ("agents", "u8", (2,)),
        ("fingerprints", "u8", (2,)),
        ("clients", "u8", (2,)),
        ("visitors", "u8", (2,)),
        ("objects", "u8", (2,)),
        ("n", "f4"),
        ("c10", "f4"),
        ("c60", "f4"),
        ("refusals", "f4"),
        ("missing", "f4"),
        ("taint", "f4"),
    ],
    align=True,
)
"""``last`` is in hundredths of a second and wraps after 497 days."""
NETWORK = np.dtype(
    [
        ("last", "f8"),
        ("clients", "u8", (2,)),
        ("turned", "u4"),
        ("c60", "f4"),
        ("refusals", "f4"),
        ("n", "f4"),
        ("bad", "f4"),
    ],
    align=True,
)
"""A /24 or /48. ``bad`` fades over a week: certainties and verdicts of ``bad_bot``, once a client."""
ACCOUNT = np.dtype(
    [
        ("last", "f8"),
        ("turned", "f8"),
        ("addresses", "u8", (2,)),
        ("refusals", "f4"),
        ("taint", "f4"),
        ("n", "f4"),
        ("spare", "f4"),
    ],
    align=True,
)
FINGERPRINT = np.dtype(
    [
        ("first", "f8"),
        ("last", "f8"),
        ("turned", "f8"),
        ("addresses", "u8", (8,)),
        ("c60", "f4"),
        ("c600", "f4"),
        ("c86400", "f4"),
        ("attempts", "f4"),
        ("refusals", "f4"),
        ("taint", "f4"),
        ("n", "f4"),
        ("spare", "f4"),
    ],
    align=True,
)
PENDING = np.dtype(
    [
        ("at", "f8"),
        ("client", "u8"),
        ("address", "u8"),
        ("network", "u8"),
        ("account", "u8"),
        ("fingerprint", "u8"),
        ("route", "i2"),
        ("purpose", "i2"),
        ("stopped", "u1"),
        ("is_login", "u1"),
        ("answered", "u1"),
    ],
    align=True,
)
"""A decided request that still waits for its answer or an early outcome."""
HABITS = 8
"""Networks that a key is known to come from, and half as many fingerprints."""
HABIT = np.dtype([("item", "u4"), ("first", "u4"), ("last", "u4"), ("days", "u4")])
KEY = np.dtype(
    [
        ("first", "f8"),
        ("last", "f8"),
        ("networks", HABIT, (HABITS,)),
        ("fingerprints", HABIT, (HABITS // 2,)),
        ("c3600", "f4"),
        ("peak", "f4"),
        ("n", "f4"),
        ("spare", "f4"),
    ],
    align=True,
)
"""An API key: where it usually comes from, with which program, and how much. ``peak``: its busiest hour, fading."""
ONCE = np.dtype([("spare", "u1")], align=True)
"""What may be used once: the nonce of a token or a signature. Its ``keep`` is until when it has to be remembered."""
LIMIT = np.dtype([("tat", "i8"), ("n", "f4"), ("spare", "f4")], align=True)
"""GCRA: the theoretical arrival time, Unix nanoseconds, and how often the key came (``mitigate.limits``)."""
HOLD = np.dtype(
    [("until", "f8"), ("revoked_until", "f8"), ("times", "f4"), ("override", "f4"), ("override_until", "f8")],
    align=True,
)
"""What was decided about a key for longer than one request: a hold, a refused session, an operator's override."""

SPECS: tuple[TableSpec, ...] = (
    TableSpec("client", 20, CLIENT),
    TableSpec("address", 20, ADDRESS),
    TableSpec("network", 17, NETWORK),
    TableSpec("account", 18, ACCOUNT),
    TableSpec("fingerprint", 15, FINGERPRINT),
    TableSpec("pending", 17, PENDING),
    TableSpec("limit", 17, LIMIT),
    TableSpec("hold", 16, HOLD),
    TableSpec("key", 12, KEY),
    TableSpec("once", 18, ONCE),
)

ROUTES = 256
"""Endpoints that are told apart; what is beyond shares the last 32 by hash."""
FAMILIES = 64
"""Claimed client families (``chrome``, ``firefox``, ``python-requests`` …) that rarity is counted for."""
SKETCH = 1 << 14
CELLS = 256
"""Parameters of an endpoint that are told apart, by hash."""


class Shared(NamedTuple):
    """What is known about the whole, not about one entity: transitions, rarity, baselines."""

    totals: Array  # (32,) f8: baselines, see ``detect.places``
    transition: Array  # (ROUTES, ROUTES) f4: decayed count of route pairs
    departures: Array  # (ROUTES,) f4: decayed count of departures from a route
    visits: Array  # (ROUTES,) f4: decayed count of visits to a route
    before: Array  # (ROUTES, 64) f4: of those visits, how many had been at a route with this hash before
    pairs: Array  # (4, SKETCH) f4: count-min of (family, fingerprint part)
    families: Array  # (2, FAMILIES) f4: clients counted for a family
    parameters: Array  # (ROUTES, 256) u1: of the visits to a route, how many showed a parameter with this hash
    answers: Array  # (ROUTES, 4) f4: of answers, n, mean and variance of ln(duration), spare


_SHARED: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("totals", "f8", (32,)),
    ("transition", "f4", (ROUTES, ROUTES)),
    ("departures", "f4", (ROUTES,)),
    ("visits", "f4", (ROUTES,)),
    ("before", "f4", (ROUTES, 64)),
    ("pairs", "f4", (4, SKETCH)),
    ("families", "f4", (2, FAMILIES)),
    ("parameters", "u1", (ROUTES, CELLS)),
    ("answers", "f4", (ROUTES, 4)),
)
SHARED = np.dtype(list(_SHARED), align=True)


@small_kernel
def find(keys: Array, key: np.uint64) -> int:
    """Slot of ``key``, or -1. ``keys`` has shape (sets, WAYS)."""
    row = int(key & np.uint64(keys.shape[0] - 1))
    for way in range(WAYS):
        if keys[row, way] == key:
            return row * WAYS + way
    return -1


@kernel
def find_or_insert(keys: Array, keep: Array, key: np.uint64, now: float) -> tuple[int, bool]:
    """Slot for ``key`` and whether it is new (its record must then be cleared by the caller).

    The victim is the way with the smallest ``keep``; a free way has keep 0.
    """
    row = int(key & np.uint64(keys.shape[0] - 1))
    victim = 0
    least = keep[row, 0]
    for way in range(WAYS):
        if keys[row, way] == key:
            return row * WAYS + way, False
        if keep[row, way] < least:
            least = keep[row, way]
            victim = way
    keys[row, victim] = key
    keep[row, victim] = np.uint32(max(1.0, now))
    return row * WAYS + victim, True


@small_kernel
def touch(keep: Array, slot: int, now: float, touches: float) -> None:
    """Record a touch: an entity seen ``touches`` times outlives newcomers by a minute for each doubling."""
    bonus = BONUS_S * np.log2(1.0 + min(max(touches, 0.0), 1023.0))
    keep[slot // WAYS, slot % WAYS] = np.uint32(max(1.0, now + bonus))


@small_kernel
def begin(sequence: Array, slot: int) -> None:
    """Mark the set of ``slot`` as being written (odd)."""
    sequence[slot // WAYS] |= np.uint32(1)
    barrier()


@small_kernel
def commit(sequence: Array, slot: int) -> None:
    """Mark the set of ``slot`` as whole again (even)."""
    barrier()
    sequence[slot // WAYS] = (sequence[slot // WAYS] | np.uint32(1)) + np.uint32(1)


class Tables:
    """All state of one engine. Open with a directory to let it outlive the process, without one to keep it in memory.

    Attributes:
        arena: Every table and the shared arrays, as bytes.
        offsets: Shape (tables + 1, 5): where keys, keep, sequence and rows of each table begin, and its number of
            sets; the last row holds where the shared arrays begin.
        warning: Why an existing file was not used, or empty.
        cleared: Sets that a killed process had left half-written.
    """

    def __init__(self, arena: Array, offsets: Array, region: mmap.mmap | None, warning: str) -> None:
        self.arena = arena
        self.offsets = offsets
        self.warning = warning
        self._region = region
        (
            self.client,
            self.address,
            self.network,
            self.account,
            self.fingerprint,
            self.pending,
            self.limit,
            self.hold,
            self.key,
            self.once,
        ) = (_table(arena, offsets, index) for index in range(len(SPECS)))
        self.shared = _shared(arena, int(offsets[len(SPECS), 0]))
        self.cleared = sum(_repair(_table(arena, offsets, index)) for index in range(len(SPECS)) if region is not None)
        if not all(np.isfinite(part).all() for part in self.shared):
            for part in self.shared:
                part[...] = 0

    @classmethod
    def open(cls, directory: Path | None = None, *, key: bytes = b"", shrink: int = 0) -> Tables:
        """Open the tables in ``directory``, or fresh ones in memory.

        Args:
            directory: The file is made there if missing. ``None``: anonymous memory.
            key: The hash key; its digest must match the file's or the tables start empty.
            shrink: Halve every table this many times (tests and small machines).

        Raises:
            OSError: The directory cannot be written.
        """
        offsets, total = _plan(shrink)
        if directory is None:
            return cls(np.zeros(total, np.uint8), offsets, None, "")
        identity = hashlib.blake2b(key, digest_size=16, person=b"vedette-tables").digest()
        shape = repr([(spec.name, spec.record.descr) for spec in SPECS] + list(_SHARED) + offsets.tolist())
        layout = hashlib.blake2b(shape.encode(), digest_size=32).digest()
        region, warning = _map(directory, _HEADER.pack(_MAGIC, SCHEMA, 0, identity, layout), _HEADER_BYTES + total)
        return cls(np.frombuffer(region, np.uint8, total, _HEADER_BYTES), offsets, region, warning)

    def flush(self) -> None:
        """Write the file through to the disk. A killed process does not need it, a power cut does."""
        if self._region is not None:
            self._region.flush()


def _plan(shrink: int) -> tuple[Array, int]:
    """Where everything lies: see :attr:`Tables.offsets`; and the size of all in bytes."""
    offsets = np.zeros((len(SPECS) + 1, 5), np.int64)
    end = 0
    for index, spec in enumerate(SPECS):
        sets = 1 << max(3, spec.bits - shrink - 3)
        for column, size in enumerate((sets * WAYS * 8, sets * WAYS * 4, sets * 4, sets * WAYS * spec.record.itemsize)):
            offsets[index, column] = end
            end += -(-size // _ALIGN) * _ALIGN
        offsets[index, 4] = sets
    offsets[len(SPECS), 0] = end
    return offsets, end + SHARED.itemsize


def _table(arena: Array, offsets: Array, index: int) -> Table:
    keys, keep, sequence, rows, sets = (int(value) for value in offsets[index])
    record = SPECS[index].record
    slots = sets * WAYS
    return Table(
        arena[keys : keys + slots * 8].view(np.uint64).reshape(sets, WAYS),
        arena[keep : keep + slots * 4].view(np.uint32).reshape(sets, WAYS),
        arena[sequence : sequence + sets * 4].view(np.uint32),
        arena[rows : rows + slots * record.itemsize].view(record),
    )


def _shared(arena: Array, start: int) -> Shared:
    record = arena[start : start + SHARED.itemsize].view(SHARED)[0]
    return Shared(*(record[name] for name, _, _ in _SHARED))


def _map(directory: Path, header: bytes, total: int) -> tuple[mmap.mmap, str]:
    path = directory / "tables.arena"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    warning = ""
    if path.exists():
        with path.open("rb") as existing:
            found = existing.read(len(header))
        if found != header or path.stat().st_size != total:
            warning = f"{path}: made for another version or another privacy key: starting with empty tables"
            path.unlink()
    if not path.exists():
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as new:
            fresh.chmod(0o600)
            new.write(header)
            new.flush()
            # Reserved now, because a hole that cannot be filled later, on a full disk, would end the process.
            os.posix_fallocate(new.fileno(), 0, total)
        fresh.replace(path)
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), total), warning


def _repair(table: Table) -> int:
    """Clear the sets that were being written when their process died; return how many."""
    odd = np.flatnonzero(table.sequence & 1)
    for row in odd:
        table.keys[row] = 0
        table.keep[row] = 0
        table.rows[row * WAYS : (row + 1) * WAYS] = np.zeros((), table.rows.dtype)
        table.sequence[row] += 1
    return len(odd)
