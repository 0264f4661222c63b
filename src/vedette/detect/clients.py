"""What a request says about its client: pace, session, objects, order of calls.

A *client* is the session where there is one, else address with fingerprint.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vedette.detect.compiled import kernel
from vedette.detect.places import (
    CLIENT_BYTES,
    ESTABLISHED,
    F_ANSWER_SAME,
    F_ANSWER_SLOW,
    F_BURST,
    F_CATALOGUE_SHARE,
    F_CLIENT_ADDRESSES,
    F_CLIENT_DECLINES,
    F_CLIENT_ERRORS,
    F_CLIENT_FINGERPRINTS,
    F_CLIENT_MISSING,
    F_CLIENT_RATE_1H,
    F_CLIENT_RATE_1M,
    F_CLIENT_RATE_10S,
    F_CLIENT_REFUSALS,
    F_CLIENT_TAINT,
    F_COVERAGE,
    F_DEVICE_MISSING,
    F_FAST_FOLLOW,
    F_FRESH_OBJECTS,
    F_GAP_DEVIATION,
    F_GAP_ENTROPY,
    F_GAP_REPEAT,
    F_HUMAN_PACE,
    F_IGNORED_LIMITS,
    F_OBJECT_STEP,
    F_PARAMETER_NOVELTY,
    F_PREREQUISITE_MISSING,
    F_ROUTE_ENTROPY,
    F_ROUTE_SURPRISE,
    F_SESSION_AGE,
    F_SESSION_MOVES,
    F_SESSIONLESS,
    F_STATIC_SHARE,
    F_WELCOME,
    HALF_HOUR_S,
    K_ADDRESS,
    K_AGENT,
    K_CLIENT,
    K_NETWORK,
    K_OBJECT,
    K_PARAMETERS,
    K_TLS,
    K_WIDE,
    PARAMETERS,
    S_CATALOGUE,
    S_DEVICE,
    S_IS_SESSION,
    S_IS_STATIC,
    S_OBJECT_NUMBER,
    S_OPERATIONS,
    S_ROUTE,
    S_TRAP,
    T_DEVICES,
    T_REQUESTS,
    T_RETURNS,
    T_SESSIONS,
    T_STATIC,
    TABLE_CLIENT,
    VISIT_S,
    seconds,
    sets_of,
    span,
)
from vedette.detect.sketches import bump, decay, distinct, entropy, mark, pack, seen, tainted, turn, unpack
from vedette.detect.tables import CELLS, CLIENT, ROUTES, begin, commit, find_or_insert, touch

__all__ = ["measure_client"]

Array = np.ndarray[Any, Any]

FLIP_S = 60.0
"""A return to the network before last within this time is no journey."""
MOVED = 0.5
"""Moves, fading over an hour, from which on the good history of a session says nothing about who uses it now."""
NOVELTY_MOST = 20.0
"""The most that one new object may weigh."""
SURPRISE_MOST = 16.0
SLOW_STEP = 1.0 / 4096.0
"""Unit in which ``slow`` is kept: standard deviations, from -8 to 8."""
RARE = 0.005
"""Share of an endpoint's visits below which a parameter counts as new to it."""


@kernel
def measure_client(
    arena: Array, offsets: Array, keys: Array, signals: Array, now: float, shared: Any, features: Array
) -> float:
    """Update the client's record; give its number of requests."""
    table_keys, keep, sequence = sets_of(arena, offsets, TABLE_CLIENT)
    start, end = span(offsets, TABLE_CLIENT, CLIENT_BYTES)
    slot, fresh = find_or_insert(table_keys, keep, keys[K_CLIENT], now)
    begin(sequence, slot)
    if fresh:
        arena[start + slot * CLIENT_BYTES : start + (slot + 1) * CLIENT_BYTES] = 0
    row = arena[start:end].view(CLIENT)[slot]
    if fresh:
        row["first"] = seconds(now)
        row["last"] = now
        row["route"] = -1
        row["turned"] = seconds(now)
    gap = max(0.0, now - row["last"])
    if gap > VISIT_S:
        row["objects"][0] = row["objects"][1] = row["objects"][2] = row["objects"][3] = np.uint64(0)
        row["fresh"] = row["stepped"] = row["gap_repeat"] = row["fast"] = np.uint16(0)
        row["gap_mean"] = row["gap_var"] = 0.0
        row["gap_n"] = row["object_n"] = row["number_n"] = row["fast_n"] = np.uint8(0)
        row["route"] = -1
        row["end"] = 0.0
    n = row["n"] + 1.0
    row["n"] = n
    calls = signals[S_OPERATIONS]
    row["c10"] = decay(row["c10"], gap, 10.0) + calls
    row["c60"] = decay(row["c60"], gap, 60.0) + calls
    row["c3600"] = decay(row["c3600"], gap, 3600.0) + calls
    row["answered"] = decay(row["answered"], gap, 600.0)
    row["failed"] = decay(row["failed"], gap, 600.0)
    row["missing"] = decay(row["missing"], gap, 600.0)
    row["ignored"] = decay(row["ignored"], gap, 3600.0)
    row["refusals"] = decay(row["refusals"], gap, 3600.0)
    row["payments"] = decay(row["payments"], gap, 3600.0)
    row["taint"] = decay(row["taint"], gap, 86_400.0)
    row["moves"] = decay(row["moves"], gap, 3600.0)
    features[F_CLIENT_RATE_10S] = math.log1p(row["c10"])
    features[F_CLIENT_RATE_1M] = math.log1p(row["c60"])
    features[F_CLIENT_RATE_1H] = math.log1p(row["c3600"])
    features[F_BURST] = min(row["c10"] / max(row["c60"], 1.0), 1.0)

    if not fresh and gap <= VISIT_S:
        _gaps(row, gap)
        if row["end"] > 0.0 and gap >= row["end"]:
            row["fast_n"] = np.uint8(min(int(row["fast_n"]) + 1, 20))
            fast = unpack(row["fast"], 1.0)
            fast += ((1.0 if gap - row["end"] < 0.05 else 0.0) - fast) / row["fast_n"]
            row["fast"] = pack(fast, 1.0)
        if row["retry_at"] > now:
            row["ignored"] += 1.0
    if row["gap_n"] >= 8:
        deviation = math.sqrt(max(row["gap_var"], 0.0))
        spread = entropy(row["gap_hist"])
        features[F_GAP_DEVIATION] = deviation
        features[F_GAP_ENTROPY] = spread
        features[F_GAP_REPEAT] = unpack(row["gap_repeat"], 1.0)
        typical = math.exp(row["gap_mean"])
        features[F_HUMAN_PACE] = 1.0 if 1.0 <= typical <= 300.0 and deviation >= 0.7 and spread >= 1.2 else 0.0
    if row["fast_n"] >= 10:
        features[F_FAST_FOLLOW] = unpack(row["fast"], 1.0)
    features[F_IGNORED_LIMITS] = math.log1p(row["ignored"])

    is_session = signals[S_IS_SESSION] > 0.0
    if is_session:
        _session(row, keys, now, gap, n, features)
    elif shared["totals"][T_REQUESTS] >= 200.0 and shared["totals"][T_SESSIONS] >= 0.3 * shared["totals"][T_REQUESTS]:
        features[F_SESSIONLESS] = math.log1p(n)
    device = signals[S_DEVICE]
    if device >= 0.0:
        _device(row, device, n, shared, features)
    is_vouched_for = row["welcome"] & np.uint8(1) != np.uint8(0)
    row["taint"] = tainted(row["taint"], signals[S_TRAP], is_vouched_for)
    features[F_CLIENT_TAINT] = row["taint"]
    features[F_CLIENT_REFUSALS] = math.log1p(row["refusals"])
    features[F_CLIENT_MISSING] = math.log1p(row["missing"])
    features[F_CLIENT_DECLINES] = math.log1p(row["payments"])
    if row["answered"] >= 8.0:
        features[F_CLIENT_ERRORS] = (row["failed"] + 0.5) / (row["answered"] + 3.0)
        features[F_ANSWER_SLOW] = float(row["slow"]) * SLOW_STEP
        features[F_ANSWER_SAME] = unpack(row["same_size"], 1.0)
    if signals[S_IS_STATIC] > 0.0:
        row["static"] += 1.0
    if n >= 10.0 and shared["totals"][T_STATIC] >= 10.0:
        features[F_STATIC_SHARE] = row["static"] / n
    _objects(row, keys, signals, features)
    _routes(row, keys, signals, n, shared, features)
    if row["moves"] >= MOVED:
        # what the session has earned, somebody else may have earned
        features[F_WELCOME] = features[F_SESSION_AGE] = features[F_HUMAN_PACE] = features[F_STATIC_SHARE] = np.nan
    # the end of the last answer stays at its moment when ``last`` moves on
    row["end"] = max(0.0, row["end"] - gap) if row["end"] > gap else 0.0
    row["last"] = max(now, row["last"])
    touch(keep, slot, now, n)
    commit(sequence, slot)
    return float(n)


@kernel
def _gaps(row: Any, gap: float) -> None:
    """Learn one gap: exponentially weighted mean and variance of its logarithm, octaves, repetition."""
    log_gap = math.log(max(gap, 0.001))
    n = min(int(row["gap_n"]) + 1, 200)
    row["gap_n"] = np.uint8(n)
    rate = max(0.1, 1.0 / n)
    if n > 1:
        near = 1.0 if abs(log_gap - row["gap_mean"]) < 0.05 else 0.0
        repeat = unpack(row["gap_repeat"], 1.0)
        row["gap_repeat"] = pack(repeat + (near - repeat) * max(0.05, 1.0 / n), 1.0)
    step = log_gap - row["gap_mean"]
    row["gap_mean"] += rate * step
    row["gap_var"] = (1.0 - rate) * (row["gap_var"] + rate * step * step)
    octave = math.floor((math.log2(max(gap, 0.001)) + 8.0) / 2.0)
    bump(row["gap_hist"], min(max(octave, 0), 7), 64)


@kernel
def _session(row: Any, keys: Array, now: float, gap: float, n: float, features: Array) -> None:
    """What only a session shows: its addresses and networks, its changes of agent or handshake, its age.

    The order of headers is left out: a browser has one for pages, one for scripts' calls and one for assets.
    A *move* is a new network together with a new agent or handshake, or a return to the network before last within a
    minute: people change one or the other, and not back and forth.
    """
    elapsed = now - float(row["turned"])
    if elapsed >= HALF_HOUR_S:
        turn(row["addresses"], 1, elapsed, HALF_HOUR_S)
        row["turned"] = seconds(now)
    mark(row["addresses"], 0, 1, keys[K_ADDRESS])
    features[F_CLIENT_ADDRESSES] = math.log1p(distinct(row["addresses"], 1, 2))
    short = (keys[K_AGENT] ^ keys[K_TLS]) & np.uint64(0xFFFF)
    previous = row["last_fingerprint"]
    is_other = n > 1.0 and np.uint64(previous) != short
    if is_other:
        row["fingerprints"] = np.uint16(min(int(row["fingerprints"]) + 1, 60_000))
    row["last_fingerprint"] = np.uint16(short)
    place = (keys[K_WIDE] if keys[K_WIDE] != np.uint64(0) else keys[K_NETWORK]) & np.uint64(0xFFFF)
    if place != np.uint64(row["network"]):
        if n > 1.0 and (is_other or (place == np.uint64(row["network_before"]) and gap <= FLIP_S)):
            row["moves"] += 1.0
        row["network_before"] = row["network"]
        row["network"] = np.uint16(place)
    features[F_SESSION_MOVES] = math.log1p(row["moves"])
    features[F_CLIENT_FINGERPRINTS] = math.log1p(float(row["fingerprints"]))
    features[F_WELCOME] = 1.0 if row["welcome"] & np.uint8(1) else 0.0
    if n >= ESTABLISHED:
        features[F_SESSION_AGE] = math.log1p(max(0.0, now - float(row["first"])))


@kernel
def _device(row: Any, device: float, n: float, shared: Any, features: Array) -> None:
    """Whether the device cookie comes back; its absence says something only where most clients bring it."""
    totals = shared["totals"]
    if n == 3.0:
        totals[T_DEVICES] += 1.0
        totals[T_RETURNS] += device
    if device > 0.0:
        features[F_DEVICE_MISSING] = 0.0
    elif totals[T_DEVICES] >= 50.0 and totals[T_RETURNS] >= 0.5 * totals[T_DEVICES]:
        features[F_DEVICE_MISSING] = math.log1p(n)


@kernel
def _objects(row: Any, keys: Array, signals: Array, features: Array) -> None:
    """Which objects: how many, how new, in which steps."""
    item = keys[K_OBJECT]
    if item != np.uint64(0):
        share = min(distinct(row["objects"], 4, 1) / 1420.0, 1.0)
        known = seen(row["objects"], 0, 4, item)
        # a new item falls on a used bit with the share of used bits: weigh the others up (unbiased)
        used = 1.0 - math.exp(-5.5 * share)
        novelty = 0.0 if known else min(1.0 / max(1.0 - used, 0.05), NOVELTY_MOST)
        row["object_n"] = np.uint8(min(int(row["object_n"]) + 1, 50))
        fresh = unpack(row["fresh"], NOVELTY_MOST)
        row["fresh"] = pack(fresh + (novelty - fresh) / row["object_n"], NOVELTY_MOST)
        mark(row["objects"], 0, 4, item)
        number = signals[S_OBJECT_NUMBER]
        if not math.isnan(number):
            short = np.uint32(int(number) & 0xFFFFFFFF)
            step = abs(float(short) - float(row["last_object"]))
            if step > 0.0:
                if row["number_n"] > 0:
                    stepped = unpack(row["stepped"], 1.0)
                    near = 1.0 if step <= 2.0 else 0.0
                    row["stepped"] = pack(stepped + (near - stepped) / float(row["number_n"]), 1.0)
                row["number_n"] = np.uint8(min(int(row["number_n"]) + 1, 50))
            row["last_object"] = short
    objects = distinct(row["objects"], 4, 1)
    features[F_COVERAGE] = math.log1p(objects)
    if signals[S_CATALOGUE] >= 50.0:
        features[F_CATALOGUE_SHARE] = min(objects / signals[S_CATALOGUE], 1.0)
    if row["object_n"] >= 20:
        features[F_FRESH_OBJECTS] = min(unpack(row["fresh"], NOVELTY_MOST), 1.0)
    if row["number_n"] >= 10:
        features[F_OBJECT_STEP] = unpack(row["stepped"], 1.0)


@kernel
def _routes(row: Any, keys: Array, signals: Array, n: float, shared: Any, features: Array) -> None:
    """Order of endpoints: surprise under the first-order Markov chain of everybody, entropy, what came before."""
    route = int(signals[S_ROUTE])
    previous = int(row["route"])
    bump(row["route_hist"], route % 8, 100)
    if n >= 25.0:
        features[F_ROUTE_ENTROPY] = entropy(row["route_hist"])
    calm = row["c60"] < 120.0
    if previous >= 0:
        departures = shared["departures"][previous]
        if departures >= 50.0:
            odds = (shared["transition"][previous, route] + 0.5) / (departures + 16.0)
            surprise = min(-math.log2(odds), SURPRISE_MOST)
            row["surprise_n"] = np.uint8(min(int(row["surprise_n"]) + 1, 20))
            mean = unpack(row["surprise"], SURPRISE_MOST)
            row["surprise"] = pack(mean + (surprise - mean) / float(row["surprise_n"]), SURPRISE_MOST)
        if calm:
            shared["transition"][previous, route] += 1.0
            shared["departures"][previous] += 1.0
            if shared["departures"][previous] > 8192.0:
                shared["departures"][previous] *= 0.5
                for column in range(ROUTES):
                    shared["transition"][previous, column] *= 0.5
    if row["surprise_n"] >= 5:
        features[F_ROUTE_SURPRISE] = unpack(row["surprise"], SURPRISE_MOST)
    bit = np.uint64(1) << np.uint64(route % 64)
    is_first = row["seen"] & bit == np.uint64(0)
    if shared["visits"][route] >= 200.0 or (is_first and calm):
        _parameters(keys, route, is_first and calm, shared, features)
    if is_first:
        visits = shared["visits"][route]
        if visits >= 200.0:
            missing = 0.0
            for place in range(64):
                is_unseen = (row["seen"] >> np.uint64(place)) & np.uint64(1) == np.uint64(0)
                if is_unseen and place != route % 64 and shared["before"][route, place] > 0.95 * visits:
                    missing = 1.0
            features[F_PREREQUISITE_MISSING] = missing
        if calm:
            shared["visits"][route] += 1.0
            for place in range(64):
                if (row["seen"] >> np.uint64(place)) & np.uint64(1) == np.uint64(1):
                    shared["before"][route, place] += 1.0
            if shared["visits"][route] > 8192.0:
                shared["visits"][route] *= 0.5
                for place in range(64):
                    shared["before"][route, place] *= 0.5
                for place in range(CELLS):
                    shared["parameters"][route, place] //= np.uint8(2)
        row["seen"] |= bit
    row["route"] = np.int16(route)


@kernel
def _parameters(keys: Array, route: int, is_learned: bool, shared: Any, features: Array) -> None:
    """Count the parameters that are new to the endpoint; learn them once a client, so that nobody teaches alone."""
    cells = keys[K_PARAMETERS : K_PARAMETERS + PARAMETERS // 8].view(np.uint8)
    counts = shared["parameters"][route]
    visits = shared["visits"][route]
    fresh = 0.0
    for place in range(PARAMETERS):
        cell = cells[place]
        if cell == np.uint8(0):
            break
        if float(counts[cell]) < min(RARE * visits, 200.0):
            fresh += 1.0
        if is_learned and counts[cell] < np.uint8(255):
            counts[cell] += np.uint8(1)
    if visits >= 200.0:
        features[F_PARAMETER_NOVELTY] = math.log1p(fresh)
