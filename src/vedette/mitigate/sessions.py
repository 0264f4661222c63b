"""What was decided about a key for longer than one request: holds, refused sessions, an operator's word.

A *hold* follows a stop: the keys that caused it stay stopped for 60 s, each further time twice as long, up to one hour;
an hour of quiet forgives one doubling. A *refused* session stays refused for a day. An *override* is an operator's
label, ``good`` or ``bad``; it outranks both and ends by itself. None of the three is a label to learn from.

State lives in the bounded table ``hold``. Where a set is full the record that would end first gives way, and a new
one that would end before all others is not remembered: a flood of refused sessions cannot push out an override.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from vedette.detect.compiled import kernel
from vedette.detect.tables import WAYS, Array, Table, begin, commit, find

__all__ = ["Status", "hold", "override", "refuse", "release", "status"]

Status = Literal["free", "held", "refused", "good", "bad"]
"""Strongest first: an operator's ``good`` or ``bad``, then ``refused``, then ``held``."""

HOLD_S = 60.0
LONGEST_HOLD_S = 3600.0
REFUSED_S = 86400.0
OVERRIDE_S = 7 * 86400.0
FORGIVEN_S = 3600.0
"""Seconds without a hold after which one doubling is forgiven."""
_SLACK_S = 60.0
"""An end further ahead than its longest length and this means that the clock was set back: it has ended."""

_STATUS: tuple[Status, ...] = ("free", "held", "refused", "good", "bad")


def hold(table: Table, key: int, now: float) -> float:
    """Hold ``key`` and return how many seconds the hold still lasts.

    A key that is held already stays so without a longer hold: requests that were on their way do not count twice.
    """
    if not key:
        return 0.0
    return float(_hold(table.keys, table.keep, table.sequence, table.rows, np.uint64(key), now))


def refuse(table: Table, session: int, now: float) -> None:
    """Refuse ``session`` for a day. One that is refused already is not refused for longer because it asks again."""
    if session:
        _refuse(table.keys, table.keep, table.sequence, table.rows, np.uint64(session), now, REFUSED_S)


def override(table: Table, key: int, label: Literal["good", "bad"], now: float, ttl_s: float = OVERRIDE_S) -> None:
    """Put an operator's word above everything else for ``ttl_s`` seconds; ``good`` also ends a hold and a refusal."""
    if key:
        sign = 1.0 if label == "good" else -1.0
        _override(table.keys, table.keep, table.sequence, table.rows, np.uint64(key), sign, now, now + ttl_s)


def release(table: Table, key: int) -> None:
    """Forget hold, refusal and override of ``key``."""
    if key:
        _release(table.keys, table.keep, table.sequence, table.rows, np.uint64(key))


def status(table: Table, key: int, now: float) -> Status:
    """Tell what is in force for ``key`` at ``now``. Changes nothing; key 0 (absent) is always free."""
    if not key:
        return "free"
    return _STATUS[_status(table.keys, table.rows, np.uint64(key), now)]


@kernel
def _claim(keys: Array, keep: Array, rows: Array, key: np.uint64, until: float, forced: bool) -> int:
    """Slot of ``key``, found or made; unless ``forced``, -1 where all others of its set end later than ``until``."""
    slot = find(keys, key)
    end = np.uint32(min(max(until, 1.0), 4.0e9))
    if slot < 0:
        row = int(np.int64(key & np.uint64(keys.shape[0] - 1)))
        victim = 0
        for way in range(1, WAYS):
            if keep[row, way] < keep[row, victim]:
                victim = way
        if keep[row, victim] > end and not forced:
            return -1
        keys[row, victim] = key
        keep[row, victim] = end
        slot = row * WAYS + victim
        rows[slot]["until"] = 0.0
        rows[slot]["revoked_until"] = 0.0
        rows[slot]["times"] = 0.0
        rows[slot]["override"] = 0.0
        rows[slot]["override_until"] = 0.0
    elif keep[slot // WAYS, slot % WAYS] < end:
        keep[slot // WAYS, slot % WAYS] = end
    return slot


@kernel
def _first(keys: Array, key: np.uint64) -> int:
    return int(np.int64(key & np.uint64(keys.shape[0] - 1))) * WAYS


@kernel
def _is_ahead(until: float, now: float, longest: float) -> bool:
    return now < until <= now + longest + _SLACK_S


@kernel
def _hold(keys: Array, keep: Array, sequence: Array, rows: Array, key: np.uint64, now: float) -> float:
    slot = find(keys, key)
    length = HOLD_S
    times = 0.0
    if slot >= 0:
        until = rows[slot]["until"]
        if _is_ahead(until, now, LONGEST_HOLD_S):
            return float(until - now)
        times = rows[slot]["times"]
        if now > until:
            times = max(0.0, times - np.floor((now - until) / FORGIVEN_S))
        length = min(LONGEST_HOLD_S, HOLD_S * 2.0**times)
    first = _first(keys, key)
    begin(sequence, first)
    # the record outlives the hold, so that the next one is longer
    slot = _claim(keys, keep, rows, key, now + length + FORGIVEN_S, False)
    if slot >= 0:
        rows[slot]["until"] = now + length
        rows[slot]["times"] = min(times + 1.0, 16.0)
    commit(sequence, first)
    return length


@kernel
def _refuse(keys: Array, keep: Array, sequence: Array, rows: Array, key: np.uint64, now: float, length: float) -> None:
    slot = find(keys, key)
    if slot >= 0 and _is_ahead(rows[slot]["revoked_until"], now, length):
        return
    first = _first(keys, key)
    begin(sequence, first)
    slot = _claim(keys, keep, rows, key, now + length, False)
    if slot >= 0:
        rows[slot]["revoked_until"] = now + length
    commit(sequence, first)


@kernel
def _override(
    keys: Array, keep: Array, sequence: Array, rows: Array, key: np.uint64, sign: float, now: float, until: float
) -> None:
    first = _first(keys, key)
    begin(sequence, first)
    slot = _claim(keys, keep, rows, key, until, True)
    if slot >= 0:
        rows[slot]["override"] = sign
        rows[slot]["override_until"] = until
        if sign > 0.0:
            rows[slot]["until"] = 0.0
            rows[slot]["revoked_until"] = 0.0
            rows[slot]["times"] = 0.0
    commit(sequence, first)


@kernel
def _release(keys: Array, keep: Array, sequence: Array, rows: Array, key: np.uint64) -> None:
    slot = find(keys, key)
    if slot >= 0:
        begin(sequence, slot)
        keys[slot // WAYS, slot % WAYS] = np.uint64(0)
        keep[slot // WAYS, slot % WAYS] = np.uint32(0)
        commit(sequence, slot)


@kernel
def _status(keys: Array, rows: Array, key: np.uint64, now: float) -> int:
    slot = find(keys, key)
    if slot < 0:
        return 0
    if rows[slot]["override"] != 0.0 and now < rows[slot]["override_until"]:
        return 3 if rows[slot]["override"] > 0.0 else 4
    if _is_ahead(rows[slot]["revoked_until"], now, REFUSED_S):
        return 2
    if _is_ahead(rows[slot]["until"], now, LONGEST_HOLD_S):
        return 1
    return 0
