"""How often a key may come: the generic cell rate algorithm, one 64-bit number a key.

A *limit* is a bucket that holds ``burst`` requests and refills at ``rate``. Instead of a level it remembers the
*theoretical arrival time* (TAT): the moment at which the bucket would be full again. Arithmetic is in whole
nanoseconds and rounds against the client, so in any span of ``t`` seconds at most ``burst + rate * t`` requests pass.

State lives in the bounded table ``limit`` (:mod:`vedette.detect.tables`). A key that was displaced there starts with a
full bucket; its number of requests protects a busy key from a flood of invented ones.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from msgspec import Struct

from vedette.config.schema import Rate
from vedette.detect.compiled import kernel
from vedette.detect.tables import WAYS, Array, Table, begin, commit, find_or_insert, touch

__all__ = ["Grant", "limit_key", "salt", "take"]

_PER_S = 1_000_000_000
_LATEST = 6_000_000_000.0
"""Unix seconds (year 2160) beyond which a time is taken for this one, so that nanoseconds fit in 64 bits."""
_LATEST_SEEN = 4_290_000_000.0
"""Tables note when a key was seen in 32 bits of seconds (year 2105)."""
_LONGEST = 1 << 61
_MASK = (1 << 64) - 1
STEP_BACK_NS = 60 * _PER_S
"""A theoretical arrival time further ahead than this cannot be jitter: the clock or the limit was changed."""


class Grant(Struct, frozen=True, gc=False):
    """Whether one request conforms to its limit.

    Attributes:
        retry_after_s: Seconds until the next request would pass; 0 where this one did.
        remaining: Requests that would pass right now after this one.
        reset_s: Seconds until the bucket is full again.
    """

    allowed: bool
    retry_after_s: float
    remaining: int
    reset_s: float


def salt(name: str) -> int:
    """Give the 64-bit number that keeps the buckets of the limit ``name`` apart from all others."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8, person=b"vedette-limit").digest(), "little")


def limit_key(salted: int, entity: int) -> int:
    """Combine a limit's :func:`salt` with the keyed hash of an entity (0 for a limit that all share)."""
    return (salted ^ entity) & _MASK or 1


def take(table: Table, key: int, now: float, rate: Rate, burst: int) -> Grant:
    """Take one request out of the bucket of ``key``.

    A refused request takes nothing. ``now`` may go backwards: a bucket is then at worst empty, never in debt for
    longer than one minute.

    Args:
        table: The table ``limit``.
        key: From :func:`limit_key`.
        now: Unix seconds.
        rate: Refill.
        burst: Size of the bucket; below 1 means one window's worth, ``rate.count``.
    """
    interval, size = _shape(rate, burst)
    allowed, wait, remaining, reset = _take(
        table.keys, table.keep, table.sequence, table.rows["tat"], table.rows["n"], np.uint64(key), now, interval, size
    )
    return Grant(allowed, wait / _PER_S, remaining, reset / _PER_S)


@lru_cache(maxsize=1024)
def _shape(rate: Rate, burst: int) -> tuple[int, int]:
    """Nanoseconds between two requests at the full rate, rounded up, and how many the bucket holds."""
    window = min(max(int(rate.per_s * _PER_S), 1), _LONGEST)
    interval = -(-window // max(1, rate.count))
    return interval, max(1, min(burst if burst > 0 else rate.count, _LONGEST // interval))


@kernel
def _take(
    keys: Array,
    keep: Array,
    sequence: Array,
    tats: Array,
    counts: Array,
    key: np.uint64,
    now: float,
    interval: int,
    size: int,
) -> tuple[bool, int, int, int]:
    if not now > 0.0:
        now = 0.0
    elif now > _LATEST:
        now = _LATEST
    at = int(now * 1e9)
    full = interval * size
    first = int(np.int64(key & np.uint64(keys.shape[0] - 1))) * WAYS
    begin(sequence, first)
    seen = min(now, _LATEST_SEEN)
    slot, new = find_or_insert(keys, keep, key, seen)
    if new:
        tats[slot] = 0
        counts[slot] = 0.0
    else:
        counts[slot] += np.float32(1.0)
        touch(keep, slot, seen, counts[slot])
    tat = max(tats[slot], at)
    if tat - at > full + STEP_BACK_NS:
        tat = at + full
        tats[slot] = tat
    wait = tat - at - (full - interval)
    if wait > 0:
        commit(sequence, first)
        return False, wait, 0, tat - at
    tat += interval
    tats[slot] = tat
    commit(sequence, first)
    return True, 0, (at + full - tat) // interval, tat - at
