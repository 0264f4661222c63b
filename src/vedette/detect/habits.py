"""What an API key is used to: networks, client programs, volume. A key is evidence, and loses trust when these change.

The first two networks and the first two programs of a key's first day are its habits. Any other becomes one after a
week of use on several days; until then its use speaks against whoever uses it. A network is an autonomous system where
that is known, else a /16 (IPv6: /32), so that a partner's machines may come and go.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vedette.detect.compiled import kernel
from vedette.detect.places import (
    F_KEY_FINGERPRINT,
    F_KEY_NETWORK,
    F_KEY_VOLUME,
    HALF_DAY_S,
    K_FINGERPRINT,
    K_KEY,
    K_NETWORK,
    K_WIDE,
    KEY_BYTES,
    TABLE_KEY,
    seconds,
    sets_of,
    span,
)
from vedette.detect.sketches import decay
from vedette.detect.tables import KEY, begin, commit, find_or_insert, touch

__all__ = ["measure_key"]

Array = np.ndarray[Any, Any]

FIRST_DAY_S = 86_400.0
ADOPTED_S = 7 * 86_400.0
"""Use for so long, taken up again on :data:`DAYS` days of it, makes a habit."""
DAYS = 4
KEPT_S = 400 * 86_400.0
"""How long the record of a partner's key outlives its last use, whatever other keys are invented meanwhile."""
PARTNER = np.uint64(1 << 63)
"""The bit of a key's hash that tells whether it is a partner's; set when it is packed."""
ON_TRUST = 2
"""So many networks, and programs, of the first day are habits at once."""
BUSY = 200.0
"""Requests in an hour below which no volume is unusual."""


@kernel
def measure_key(arena: Array, offsets: Array, keys: Array, now: float, features: Array) -> None:
    """Update the record of the API key and say how far this request is from its habits."""
    table_keys, keep, sequence = sets_of(arena, offsets, TABLE_KEY)
    start, end = span(offsets, TABLE_KEY, KEY_BYTES)
    slot, fresh = find_or_insert(table_keys, keep, keys[K_KEY], now)
    begin(sequence, slot)
    if fresh:
        arena[start + slot * KEY_BYTES : start + (slot + 1) * KEY_BYTES] = 0
    row = arena[start:end].view(KEY)[slot]
    if fresh:
        row["first"] = now
        row["last"] = now
    gap = max(0.0, now - row["last"])
    age = now - row["first"]
    place = keys[K_WIDE] if keys[K_WIDE] != np.uint64(0) else keys[K_NETWORK]
    if place != np.uint64(0):
        features[F_KEY_NETWORK] = _habit(row["networks"], place, now, age)
    features[F_KEY_FINGERPRINT] = _habit(row["fingerprints"], keys[K_FINGERPRINT], now, age)
    peak = row["peak"]
    row["c3600"] = decay(row["c3600"], gap, 3600.0) + 1.0
    if age >= FIRST_DAY_S:
        features[F_KEY_VOLUME] = max(0.0, math.log2(row["c3600"] / max(peak, BUSY)))
    # the busiest hour grows by at most a tenth an hour, so that a flood is not its own excuse, and fades over a month
    if row["c3600"] > peak:
        if age < FIRST_DAY_S:
            row["peak"] = row["c3600"]
        else:
            row["peak"] = min(row["c3600"], max(peak, BUSY / 10.0) * math.exp(0.1 * min(gap, 3600.0) / 3600.0))
    else:
        row["peak"] = decay(peak, gap, 30 * 86_400.0)
    row["n"] += 1.0
    row["last"] = max(now, row["last"])
    # anybody can invent keys; a partner's habits, once pushed out, would begin anew with whoever uses the key next
    touch(keep, slot, now + KEPT_S if keys[K_KEY] & PARTNER != np.uint64(0) else now, row["n"])
    commit(sequence, slot)


@kernel
def _habit(habits: Any, item: np.uint64, now: float, age: float) -> float:
    """Note the use of an item; give 0 where it is a habit, 1 where it is new.

    Where there is no room, the youngest that is no habit gives way: who comes with many cannot push out what is usual.
    """
    short = np.uint32((item >> np.uint64(16)) & np.uint64(0xFFFFFFFF)) | np.uint32(1)
    moment = seconds(now)
    used = 0
    free = -1
    youngest = 0
    for place in range(habits.shape[0]):
        habit = habits[place]
        if habit["item"] == short:
            if float(moment) - float(habit["last"]) >= HALF_DAY_S:
                habit["days"] += np.uint32(1)
            habit["last"] = max(moment, habit["last"])
            is_old = float(moment) - float(habit["first"]) >= ADOPTED_S and habit["days"] >= DAYS
            return 0.0 if habit["first"] == np.uint32(0) or is_old else 1.0
        if habit["item"] == np.uint32(0):
            if free < 0:
                free = place
        else:
            used += 1
            if habits[youngest]["first"] < habit["first"]:
                youngest = place
    place = free if free >= 0 else youngest
    if free < 0 and habits[place]["first"] == np.uint32(0):
        return 1.0
    habits[place]["item"] = short
    habits[place]["last"] = moment
    habits[place]["days"] = np.uint32(0)
    if used < ON_TRUST and age < FIRST_DAY_S:
        habits[place]["first"] = np.uint32(0)
        return 0.0
    habits[place]["first"] = max(moment, np.uint32(1))
    return 1.0
