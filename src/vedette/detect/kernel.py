"""What one request does to the tables, and the features that come of it: one compiled pass, no allocation.

The pass updates client, address, network, account, fingerprint and the shared counts, and writes one number a feature,
NaN where the signal is unknown. Definitions, windows and units stand in ``detect.features``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vedette.detect.clients import measure_client
from vedette.detect.compiled import kernel
from vedette.detect.features import index
from vedette.detect.habits import measure_key
from vedette.detect.places import (
    F_CLIENT_CLASS,
    F_NETWORK_HOSTING,
    K_ACCOUNT,
    K_ADDRESS,
    K_CLIENT,
    K_FINGERPRINT,
    K_KEY,
    K_NETWORK,
    K_REQUEST,
    PENDING_BYTES,
    S_DIRECT,
    S_IS_LOGIN,
    S_IS_SESSION,
    S_IS_STATIC,
    S_PURPOSE,
    S_ROUTE,
    SHARED_BYTES,
    SIGNALS,
    T_DEVICES,
    T_LAST,
    T_REQUESTS,
    T_RETURNS,
    T_SESSIONS,
    T_STATIC,
    TABLE_PENDING,
    TABLE_SHARED,
    sets_of,
    span,
)
from vedette.detect.sketches import decay
from vedette.detect.surroundings import measure_address, measure_others, measure_rarity
from vedette.detect.tables import PENDING, SHARED, begin, commit, find_or_insert, touch

__all__ = ["measure"]

Array = np.ndarray[Any, Any]


_DIRECT = np.array([index(name) for name in SIGNALS[S_DIRECT:]], np.int64)
_DIRECT_COUNT = len(_DIRECT)
PROGRAM = 0.5
"""``client_class`` from which on a client does not claim to be a browser or an app."""
AT_HOME = 0.25
"""How much a hosting network then says of what it says otherwise."""


@kernel
def measure(
    arena: Array, offsets: Array, keys: Array, signals: Array, now: float, features: Array
) -> tuple[float, bool]:
    """Update every table with one request and write its features.

    Gives how many requests speak for what is known of the client, and whether its fingerprint is new.

    Args:
        arena, offsets: As in :class:`vedette.detect.tables.Tables`.
        keys: uint64, in the order of :data:`KEYS`.
        signals: float64, in the order of :data:`SIGNALS`.
        now: Arrival, Unix seconds.
        features: float32, one place a feature; overwritten.
    """
    features[:] = np.nan
    for place in range(_DIRECT_COUNT):
        features[_DIRECT[place]] = signals[S_DIRECT + place]
    if features[F_CLIENT_CLASS] >= PROGRAM:
        features[F_NETWORK_HOSTING] *= AT_HOME
    start = offsets[TABLE_SHARED, 0]
    shared = arena[start : start + SHARED_BYTES].view(SHARED)[0]
    totals = shared["totals"]
    gap = max(0.0, now - totals[T_LAST]) if totals[T_LAST] > 0.0 else 0.0
    for place in range(4):
        totals[place] = decay(totals[place], gap, 3600.0)
    totals[T_STATIC] = decay(totals[T_STATIC], gap, 3600.0)
    totals[T_DEVICES] = decay(totals[T_DEVICES], gap, 86_400.0)
    totals[T_RETURNS] = decay(totals[T_RETURNS], gap, 86_400.0)
    totals[T_LAST] = max(now, totals[T_LAST])
    totals[T_REQUESTS] += 1.0
    if signals[S_IS_SESSION] > 0.0:
        totals[T_SESSIONS] += 1.0
    if signals[S_IS_STATIC] > 0.0:
        totals[T_STATIC] += 1.0
    n = measure_client(arena, offsets, keys, signals, now, shared, features)
    measure_rarity(keys, signals, shared, features)
    known = measure_address(arena, offsets, keys, signals, now, n, shared, features)
    is_new = measure_others(arena, offsets, keys, signals, now, known, shared, features)
    if keys[K_KEY] != np.uint64(0):
        measure_key(arena, offsets, keys, now, features)
    table_keys, keep, sequence = sets_of(arena, offsets, TABLE_PENDING)
    start, end = span(offsets, TABLE_PENDING, PENDING_BYTES)
    slot, _fresh = find_or_insert(table_keys, keep, keys[K_REQUEST], now)
    begin(sequence, slot)
    waiting = arena[start:end].view(PENDING)[slot]
    waiting["at"] = now
    waiting["client"] = keys[K_CLIENT]
    waiting["address"] = keys[K_ADDRESS]
    waiting["network"] = keys[K_NETWORK]
    waiting["account"] = keys[K_ACCOUNT]
    waiting["fingerprint"] = keys[K_FINGERPRINT]
    waiting["route"] = np.int16(int(signals[S_ROUTE]))
    waiting["purpose"] = np.int16(int(signals[S_PURPOSE]))
    waiting["stopped"] = np.uint8(0)
    waiting["is_login"] = np.uint8(1 if signals[S_IS_LOGIN] > 0.0 else 0)
    waiting["answered"] = np.uint8(0)
    touch(keep, slot, now, 0.0)
    commit(sequence, slot)
    return known, is_new
