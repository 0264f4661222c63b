"""What one request does to the tables, and the features that come of it: one compiled pass, no allocation.

The engine packs a request into two small arrays, ``keys`` (:data:`KEYS`) and ``signals`` (:data:`SIGNALS`); the pass
updates client, address, network, account, fingerprint and the shared counts, and writes one number a feature, NaN where
the signal is unknown. Definitions, windows and units stand in ``detect.features``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vedette.detect.compiled import kernel, small_kernel
from vedette.detect.features import index
from vedette.detect.sketches import bump, decay, distinct, entropy, lower_bound, mark, seen, turn
from vedette.detect.tables import (
    ACCOUNT,
    ADDRESS,
    CLIENT,
    FAMILIES,
    FINGERPRINT,
    NETWORK,
    PENDING,
    ROUTES,
    SHARED,
    SKETCH,
    WAYS,
    begin,
    commit,
    find_or_insert,
    touch,
)

__all__ = ["KEYS", "SIGNALS", "measure"]

Array = np.ndarray[Any, Any]

KEYS = ("client", "address", "network", "account", "fingerprint", "agent", "order", "tls", "object", "request")
"""Keyed 64-bit hashes; 0 where absent. ``agent`` is the user agent's, ``order`` the header order's."""
K_CLIENT, K_ADDRESS, K_NETWORK, K_ACCOUNT, K_FINGERPRINT, K_AGENT, K_ORDER, K_TLS, K_OBJECT, K_REQUEST = range(10)

SIGNALS = (
    "route", "purpose", "family", "is_session", "is_login", "is_static", "object_number", "trap",
    "client_class", "attack_tool", "agent_absent", "headers_missing", "hints_conflict", "tls_conflict",
    "protocol_downgrade", "browser_whole", "probe",
)  # fmt: skip
"""What a request shows by itself, as numbers; NaN where unknown. From ``client_class`` on they are features."""
(
    S_ROUTE, S_PURPOSE, S_FAMILY, S_IS_SESSION, S_IS_LOGIN, S_IS_STATIC, S_OBJECT_NUMBER, S_TRAP, S_DIRECT,
) = range(9)  # fmt: skip
_DIRECT = np.array([index(name) for name in SIGNALS[S_DIRECT:]], np.int64)
_DIRECT_COUNT = len(_DIRECT)

VISIT_S = 1800.0
"""A client silent for so long starts a new visit (the 30-minute session gap of web analytics)."""
HALF_HOUR_S = 1800.0
HALF_DAY_S = 43_200.0
ESTABLISHED = 5.0
"""Requests after which a client counts as established: sessions invented for one call never do."""

T_REQUESTS, T_SESSIONS, T_ATTEMPTS, T_REFUSALS, T_LAST, T_HEADERS, T_TLS, T_STATIC = range(8)
"""Places in ``Shared.totals``: decayed over an hour."""

F_CLIENT_RATE_10S = index("client_rate_10s")
F_CLIENT_RATE_1M = index("client_rate_1m")
F_CLIENT_RATE_1H = index("client_rate_1h")
F_ADDRESS_RATE_10S = index("address_rate_10s")
F_ADDRESS_RATE_1M = index("address_rate_1m")
F_BURST = index("burst")
F_GAP_DEVIATION = index("gap_deviation")
F_GAP_ENTROPY = index("gap_entropy")
F_GAP_REPEAT = index("gap_repeat")
F_FAST_FOLLOW = index("fast_follow")
F_HUMAN_PACE = index("human_pace")
F_IGNORED_LIMITS = index("ignored_limits")
F_FINGERPRINT_LIFT = index("fingerprint_lift")
F_HEADER_RARITY = index("header_rarity")
F_TLS_RARITY = index("tls_rarity")
F_SESSIONLESS = index("sessionless")
F_CLIENT_FINGERPRINTS = index("client_fingerprints")
F_CLIENT_ADDRESSES = index("client_addresses")
F_CLIENT_TAINT = index("client_taint")
F_ADDRESS_TAINT = index("address_taint")
F_SESSION_AGE = index("session_age")
F_WELCOME = index("welcome")
F_ACCOUNTS_PER_ADDRESS = index("accounts_per_address")
F_AGENTS_PER_ADDRESS = index("agents_per_address")
F_FINGERPRINTS_PER_ADDRESS = index("fingerprints_per_address")
F_ADDRESSES_PER_ACCOUNT = index("addresses_per_account")
F_REQUESTS_PER_ROTATION = index("requests_per_rotation")
F_CLIENT_REFUSALS = index("client_refusals")
F_ADDRESS_REFUSALS = index("address_refusals")
F_ACCOUNT_REFUSALS = index("account_refusals")
F_FINGERPRINT_EXCESS = index("fingerprint_excess")
F_CLIENT_ERRORS = index("client_errors")
F_CLIENT_MISSING = index("client_missing")
F_ADDRESS_MISSING = index("address_missing")
F_CLIENT_DECLINES = index("client_declines")
F_ROUTE_SURPRISE = index("route_surprise")
F_ROUTE_ENTROPY = index("route_entropy")
F_PREREQUISITE_MISSING = index("prerequisite_missing")
F_COVERAGE = index("coverage")
F_ADDRESS_COVERAGE = index("address_coverage")
F_FRESH_OBJECTS = index("fresh_objects")
F_OBJECT_STEP = index("object_step")
F_STATIC_SHARE = index("static_share")
F_NETWORK_REFUSALS = index("network_refusals")


@small_kernel
def sets_of(arena: Array, offsets: Array, table: int) -> tuple[Array, Array, Array]:
    """Keys, keep and sequence of one table of the arena."""
    sets = offsets[table, 4]
    keys = arena[offsets[table, 0] : offsets[table, 0] + sets * (WAYS * 8)].view(np.uint64).reshape((sets, WAYS))
    keep = arena[offsets[table, 1] : offsets[table, 1] + sets * (WAYS * 4)].view(np.uint32).reshape((sets, WAYS))
    sequence = arena[offsets[table, 2] : offsets[table, 2] + sets * 4].view(np.uint32)
    return keys, keep, sequence


@small_kernel
def span(offsets: Array, table: int, record_bytes: int) -> tuple[int, int]:
    """Where the rows of one table begin and end in the arena."""
    start = offsets[table, 3]
    return start, start + offsets[table, 4] * WAYS * record_bytes


CLIENT_BYTES, ADDRESS_BYTES, NETWORK_BYTES = CLIENT.itemsize, ADDRESS.itemsize, NETWORK.itemsize
ACCOUNT_BYTES, FINGERPRINT_BYTES, PENDING_BYTES = ACCOUNT.itemsize, FINGERPRINT.itemsize, PENDING.itemsize
SHARED_BYTES = SHARED.itemsize
TABLE_CLIENT, TABLE_ADDRESS, TABLE_NETWORK, TABLE_ACCOUNT, TABLE_FINGERPRINT, TABLE_PENDING = range(6)
TABLE_SHARED = 8


@small_kernel
def seconds(now: float) -> np.uint32:
    """Whole seconds of a time, for records that need no more."""
    return np.uint32(min(max(now, 0.0), 4_294_967_295.0))


@kernel
def _client(
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
        row["fresh"] = row["stepped"] = 0.0
        row["gap_n"] = row["gap_mean"] = row["gap_var"] = row["gap_repeat"] = row["fast"] = 0.0
        row["object_n"] = row["number_n"] = row["fast_n"] = np.uint8(0)
        row["route"] = -1
        row["end"] = 0.0
    n = row["n"] + 1.0
    row["n"] = n
    row["c10"] = decay(row["c10"], gap, 10.0) + 1.0
    row["c60"] = decay(row["c60"], gap, 60.0) + 1.0
    row["c3600"] = decay(row["c3600"], gap, 3600.0) + 1.0
    row["answered"] = decay(row["answered"], gap, 600.0)
    row["failed"] = decay(row["failed"], gap, 600.0)
    row["missing"] = decay(row["missing"], gap, 600.0)
    row["ignored"] = decay(row["ignored"], gap, 3600.0)
    row["refusals"] = decay(row["refusals"], gap, 3600.0)
    row["payments"] = decay(row["payments"], gap, 3600.0)
    row["taint"] = decay(row["taint"], gap, 86_400.0)
    features[F_CLIENT_RATE_10S] = math.log1p(row["c10"])
    features[F_CLIENT_RATE_1M] = math.log1p(row["c60"])
    features[F_CLIENT_RATE_1H] = math.log1p(row["c3600"])
    features[F_BURST] = min(row["c10"] / max(row["c60"], 1.0), 1.0)

    if not fresh and gap <= VISIT_S:
        _gaps(row, gap)
        if row["end"] > 0.0 and now >= row["end"]:
            row["fast_n"] = np.uint8(min(int(row["fast_n"]) + 1, 20))
            row["fast"] += ((1.0 if now - row["end"] < 0.05 else 0.0) - row["fast"]) / row["fast_n"]
        if row["retry_at"] > now:
            row["ignored"] += 1.0
    if row["gap_n"] >= 8.0:
        deviation = math.sqrt(max(row["gap_var"], 0.0))
        spread = entropy(row["gap_hist"])
        features[F_GAP_DEVIATION] = deviation
        features[F_GAP_ENTROPY] = spread
        features[F_GAP_REPEAT] = row["gap_repeat"]
        typical = math.exp(row["gap_mean"])
        features[F_HUMAN_PACE] = 1.0 if 1.0 <= typical <= 300.0 and deviation >= 0.7 and spread >= 1.2 else 0.0
    if row["fast_n"] >= 10:
        features[F_FAST_FOLLOW] = row["fast"]
    features[F_IGNORED_LIMITS] = math.log1p(row["ignored"])

    is_session = signals[S_IS_SESSION] > 0.0
    if is_session:
        _session(row, keys, now, n, features)
    elif shared["totals"][T_REQUESTS] >= 200.0 and shared["totals"][T_SESSIONS] >= 0.3 * shared["totals"][T_REQUESTS]:
        features[F_SESSIONLESS] = math.log1p(n)
    if signals[S_TRAP] > 0.0:
        row["taint"] += 1.0
    features[F_CLIENT_TAINT] = row["taint"]
    features[F_CLIENT_REFUSALS] = math.log1p(row["refusals"])
    features[F_CLIENT_MISSING] = math.log1p(row["missing"])
    features[F_CLIENT_DECLINES] = math.log1p(row["payments"])
    if row["answered"] >= 8.0:
        features[F_CLIENT_ERRORS] = (row["failed"] + 0.5) / (row["answered"] + 3.0)
    if signals[S_IS_STATIC] > 0.0:
        row["static"] += 1.0
    if n >= 10.0 and shared["totals"][T_STATIC] >= 10.0:
        features[F_STATIC_SHARE] = row["static"] / n
    _objects(row, keys, signals, features)
    _routes(row, signals, n, shared, features)
    row["last"] = max(now, row["last"])
    touch(keep, slot, now, n)
    commit(sequence, slot)
    return float(n)


@kernel
def _gaps(row: Any, gap: float) -> None:
    """Learn one gap: exponentially weighted mean and variance of its logarithm, octaves, repetition."""
    log_gap = math.log(max(gap, 0.001))
    row["gap_n"] = min(row["gap_n"] + 1.0, 10_000.0)
    rate = max(0.1, 1.0 / row["gap_n"])
    if row["gap_n"] > 1.0:
        near = 1.0 if abs(log_gap - row["gap_mean"]) < 0.05 else 0.0
        row["gap_repeat"] += (near - row["gap_repeat"]) * max(0.05, 1.0 / row["gap_n"])
    step = log_gap - row["gap_mean"]
    row["gap_mean"] += rate * step
    row["gap_var"] = (1.0 - rate) * (row["gap_var"] + rate * step * step)
    octave = math.floor((math.log2(max(gap, 0.001)) + 8.0) / 2.0)
    bump(row["gap_hist"], min(max(octave, 0), 7), 64)


@kernel
def _session(row: Any, keys: Array, now: float, n: float, features: Array) -> None:
    """What only a session shows: its addresses, its changes of agent or handshake, its age.

    The order of headers is left out: a browser has one for pages, one for scripts' calls and one for assets.
    """
    elapsed = now - float(row["turned"])
    if elapsed >= HALF_HOUR_S:
        turn(row["addresses"], 1, elapsed, HALF_HOUR_S)
        row["turned"] = seconds(now)
    mark(row["addresses"], 0, 1, keys[K_ADDRESS])
    features[F_CLIENT_ADDRESSES] = math.log1p(distinct(row["addresses"], 1, 2))
    short = (keys[K_AGENT] ^ keys[K_TLS]) & np.uint64(0xFFFF)
    previous = row["last_fingerprint"]
    if n > 1.0 and np.uint64(previous) != short:
        row["fingerprints"] = np.uint16(min(int(row["fingerprints"]) + 1, 60_000))
    row["last_fingerprint"] = np.uint16(short)
    features[F_CLIENT_FINGERPRINTS] = math.log1p(float(row["fingerprints"]))
    features[F_WELCOME] = 1.0 if row["welcome"] != 0 else 0.0
    if n >= ESTABLISHED:
        features[F_SESSION_AGE] = math.log1p(max(0.0, now - float(row["first"])))


@kernel
def _objects(row: Any, keys: Array, signals: Array, features: Array) -> None:
    """Which objects: how many, how new, in which steps."""
    item = keys[K_OBJECT]
    if item != np.uint64(0):
        share = min(distinct(row["objects"], 4, 1) / 1420.0, 1.0)
        known = seen(row["objects"], 0, 4, item)
        # a new item falls on a used bit with the share of used bits: weigh the others up (unbiased)
        used = 1.0 - math.exp(-5.5 * share)
        novelty = 0.0 if known else min(1.0 / max(1.0 - used, 0.05), 20.0)
        row["object_n"] = np.uint8(min(int(row["object_n"]) + 1, 50))
        row["fresh"] += (novelty - row["fresh"]) / row["object_n"]
        mark(row["objects"], 0, 4, item)
        number = signals[S_OBJECT_NUMBER]
        if not math.isnan(number):
            short = np.uint32(int(number) & 0xFFFFFFFF)
            step = abs(float(short) - float(row["last_object"]))
            if step > 0.0:
                if row["number_n"] > 0:
                    row["stepped"] += ((1.0 if step <= 2.0 else 0.0) - row["stepped"]) / float(row["number_n"])
                row["number_n"] = np.uint8(min(int(row["number_n"]) + 1, 50))
            row["last_object"] = short
    features[F_COVERAGE] = math.log1p(distinct(row["objects"], 4, 1))
    if row["object_n"] >= 20:
        features[F_FRESH_OBJECTS] = min(row["fresh"], 1.0)
    if row["number_n"] >= 10:
        features[F_OBJECT_STEP] = row["stepped"]


@kernel
def _routes(row: Any, signals: Array, n: float, shared: Any, features: Array) -> None:
    """Order of endpoints: surprise under the first-order Markov chain of everybody, entropy, what came before."""
    route = int(signals[S_ROUTE])
    previous = int(row["route"])
    bump(row["route_hist"], route % 16, 100)
    if n >= 25.0:
        features[F_ROUTE_ENTROPY] = entropy(row["route_hist"])
    calm = row["c60"] < 120.0
    if previous >= 0:
        departures = shared["departures"][previous]
        if departures >= 50.0:
            odds = (shared["transition"][previous, route] + 0.5) / (departures + 16.0)
            surprise = min(-math.log2(odds), 16.0)
            row["surprise_n"] = np.uint8(min(int(row["surprise_n"]) + 1, 20))
            row["surprise"] += (surprise - row["surprise"]) / float(row["surprise_n"])
        if calm:
            shared["transition"][previous, route] += 1.0
            shared["departures"][previous] += 1.0
            if shared["departures"][previous] > 8192.0:
                shared["departures"][previous] *= 0.5
                for column in range(ROUTES):
                    shared["transition"][previous, column] *= 0.5
    if row["surprise_n"] >= 5:
        features[F_ROUTE_SURPRISE] = row["surprise"]
    bit = np.uint64(1) << np.uint64(route % 64)
    if row["seen"] & bit == np.uint64(0):
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
        row["seen"] |= bit
    row["route"] = np.int16(route)


@kernel
def _address(
    arena: Array, offsets: Array, keys: Array, signals: Array, now: float, n: float, shared: Any, features: Array
) -> None:
    """Update the address: rates, and what stands behind it for each established client."""
    table_keys, keep, sequence = sets_of(arena, offsets, TABLE_ADDRESS)
    start, end = span(offsets, TABLE_ADDRESS, ADDRESS_BYTES)
    slot, fresh = find_or_insert(table_keys, keep, keys[K_ADDRESS], now)
    begin(sequence, slot)
    if fresh:
        arena[start + slot * ADDRESS_BYTES : start + (slot + 1) * ADDRESS_BYTES] = 0
    row = arena[start:end].view(ADDRESS)[slot]
    if fresh:
        row["last"] = now
        row["turned"] = now
    gap = max(0.0, now - row["last"])
    elapsed = now - row["turned"]
    if elapsed >= HALF_HOUR_S:
        turn(row["accounts"], 1, elapsed, HALF_HOUR_S)
        turn(row["agents"], 1, elapsed, HALF_HOUR_S)
        turn(row["fingerprints"], 1, elapsed, HALF_HOUR_S)
        turn(row["clients"], 1, elapsed, HALF_HOUR_S)
        turn(row["objects"], 1, elapsed, HALF_HOUR_S)
        row["turned"] = now
    row["n"] += 1.0
    row["c10"] = decay(row["c10"], gap, 10.0) + 1.0
    row["c60"] = decay(row["c60"], gap, 60.0) + 1.0
    row["refusals"] = decay(row["refusals"], gap, 3600.0)
    row["missing"] = decay(row["missing"], gap, 600.0)
    row["taint"] = decay(row["taint"], gap, 86_400.0)
    if n >= ESTABLISHED:
        mark(row["clients"], 0, 1, keys[K_CLIENT])
    people = max(1.0, distinct(row["clients"], 1, 2))
    if not seen(row["fingerprints"], 0, 1, keys[K_FINGERPRINT]):
        _learn_pair(keys, signals, shared)
    mark(row["fingerprints"], 0, 1, keys[K_FINGERPRINT])
    if keys[K_AGENT] != np.uint64(0):
        mark(row["agents"], 0, 1, keys[K_AGENT])
        features[F_AGENTS_PER_ADDRESS] = math.log1p(distinct(row["agents"], 1, 2) / people)
    if keys[K_ACCOUNT] != np.uint64(0):
        mark(row["accounts"], 0, 1, keys[K_ACCOUNT])
    if keys[K_OBJECT] != np.uint64(0):
        mark(row["objects"], 0, 1, keys[K_OBJECT])
    if signals[S_TRAP] > 0.0:
        row["taint"] += 1.0
    features[F_ADDRESS_RATE_10S] = math.log1p(row["c10"] / people)
    features[F_ADDRESS_RATE_1M] = math.log1p(row["c60"] / people)
    features[F_FINGERPRINTS_PER_ADDRESS] = math.log1p(distinct(row["fingerprints"], 1, 2) / people)
    features[F_ACCOUNTS_PER_ADDRESS] = math.log1p(distinct(row["accounts"], 1, 2) / people)
    features[F_ADDRESS_COVERAGE] = math.log1p(distinct(row["objects"], 1, 2) / people)
    features[F_ADDRESS_TAINT] = row["taint"]
    features[F_ADDRESS_REFUSALS] = math.log1p(row["refusals"] / people)
    features[F_ADDRESS_MISSING] = math.log1p(row["missing"] / people)
    row["last"] = max(now, row["last"])
    touch(keep, slot, now, row["n"])
    commit(sequence, slot)


@kernel
def _learn_pair(keys: Array, signals: Array, shared: Any) -> None:
    """Count (claimed client, header order) and (claimed client, handshake), once an address and fingerprint."""
    if math.isnan(signals[S_FAMILY]):
        return
    family = int(signals[S_FAMILY]) % FAMILIES
    for part in range(2):
        item = keys[K_ORDER] if part == 0 else keys[K_TLS]
        if item == np.uint64(0):
            continue
        shared["families"][part, family] += 1.0
        for depth in range(2):
            shared["pairs"][2 * part + depth, _cell(item, family, depth)] += 1.0
        if shared["families"][part, family] > 100_000.0:
            for place in range(SKETCH):
                shared["pairs"][2 * part, place] *= 0.5
                shared["pairs"][2 * part + 1, place] *= 0.5
            for place in range(FAMILIES):
                shared["families"][part, place] *= 0.5


@small_kernel
def _cell(item: np.uint64, family: int, depth: int) -> int:
    mixed = (item >> np.uint64(14 * depth)) ^ np.uint64((family + 1) * 0x9E3B)
    return int(mixed & np.uint64(SKETCH - 1))


@kernel
def _rarity(keys: Array, signals: Array, shared: Any, features: Array) -> None:
    """Give -log2 p(part | claimed client) once 200 clients of the family were counted."""
    if math.isnan(signals[S_FAMILY]):
        return
    family = int(signals[S_FAMILY]) % FAMILIES
    for part in range(2):
        item = keys[K_ORDER] if part == 0 else keys[K_TLS]
        total = shared["families"][part, family]
        if item == np.uint64(0) or total < 200.0:
            continue
        count = min(
            shared["pairs"][2 * part, _cell(item, family, 0)], shared["pairs"][2 * part + 1, _cell(item, family, 1)]
        )
        features[F_HEADER_RARITY if part == 0 else F_TLS_RARITY] = -math.log2((count + 0.5) / (total + 1.0))


@kernel
def _others(arena: Array, offsets: Array, keys: Array, now: float, shared: Any, features: Array) -> bool:
    """Update account, fingerprint and network; say whether the fingerprint is new."""
    if keys[K_ACCOUNT] != np.uint64(0):
        table_keys, keep, sequence = sets_of(arena, offsets, TABLE_ACCOUNT)
        start, end = span(offsets, TABLE_ACCOUNT, ACCOUNT_BYTES)
        slot, fresh = find_or_insert(table_keys, keep, keys[K_ACCOUNT], now)
        begin(sequence, slot)
        if fresh:
            arena[start + slot * ACCOUNT_BYTES : start + (slot + 1) * ACCOUNT_BYTES] = 0
        account = arena[start:end].view(ACCOUNT)[slot]
        if fresh:
            account["turned"] = now
        elapsed = now - account["turned"]
        if elapsed >= HALF_DAY_S:
            turn(account["addresses"], 1, elapsed, HALF_DAY_S)
            account["turned"] = now
        account["n"] += 1.0
        account["last"] = now
        mark(account["addresses"], 0, 1, keys[K_ADDRESS])
        features[F_ADDRESSES_PER_ACCOUNT] = math.log1p(distinct(account["addresses"], 1, 2))
        features[F_ACCOUNT_REFUSALS] = math.log1p(account["refusals"])
        touch(keep, slot, now, account["n"])
        commit(sequence, slot)
    table_keys, keep, sequence = sets_of(arena, offsets, TABLE_FINGERPRINT)
    start, end = span(offsets, TABLE_FINGERPRINT, FINGERPRINT_BYTES)
    slot, is_new = find_or_insert(table_keys, keep, keys[K_FINGERPRINT], now)
    fresh = is_new
    begin(sequence, slot)
    if fresh:
        arena[start + slot * FINGERPRINT_BYTES : start + (slot + 1) * FINGERPRINT_BYTES] = 0
    row = arena[start:end].view(FINGERPRINT)[slot]
    if fresh:
        row["first"] = now
        row["last"] = now
        row["turned"] = now
    gap = max(0.0, now - row["last"])
    elapsed = now - row["turned"]
    if elapsed >= 300.0:
        turn(row["addresses"], 4, elapsed, 300.0)
        row["turned"] = now
    row["n"] += 1.0
    row["c60"] = decay(row["c60"], gap, 60.0) + 1.0
    row["c600"] = decay(row["c600"], gap, 600.0) + 1.0
    row["c86400"] = decay(row["c86400"], gap, 86_400.0) + 1.0
    row["attempts"] = decay(row["attempts"], gap, 3600.0)
    row["refusals"] = decay(row["refusals"], gap, 3600.0)
    mark(row["addresses"], 0, 4, keys[K_ADDRESS])
    age = now - row["first"]
    if age >= 3600.0:
        usual = row["c86400"] / min(86_400.0, age)
        features[F_FINGERPRINT_LIFT] = math.log2((row["c60"] / 60.0 + 0.01) / (usual + 0.01))
    addresses = distinct(row["addresses"], 4, 2)
    if addresses >= 30.0:
        features[F_REQUESTS_PER_ROTATION] = row["c600"] / addresses
    attempts, refusals = shared["totals"][T_ATTEMPTS], shared["totals"][T_REFUSALS]
    elsewhere = attempts - row["attempts"]
    if row["attempts"] >= 30.0:
        # s0 from the other fingerprints; where there are too few, what logins usually are: 54 % succeed (RBA data set)
        base = (elsewhere - (refusals - row["refusals"]) + 27.0) / (elsewhere + 50.0)
        failing = lower_bound(row["refusals"], row["attempts"])
        features[F_FINGERPRINT_EXCESS] = max(0.0, 1.0 - (1.0 - failing) / max(base, 0.05))
    row["last"] = max(now, row["last"])
    touch(keep, slot, now, row["n"])
    commit(sequence, slot)
    if keys[K_NETWORK] != np.uint64(0):
        table_keys, keep, sequence = sets_of(arena, offsets, TABLE_NETWORK)
        start, end = span(offsets, TABLE_NETWORK, NETWORK_BYTES)
        slot, fresh = find_or_insert(table_keys, keep, keys[K_NETWORK], now)
        begin(sequence, slot)
        if fresh:
            arena[start + slot * NETWORK_BYTES : start + (slot + 1) * NETWORK_BYTES] = 0
        network = arena[start:end].view(NETWORK)[slot]
        gap = max(0.0, now - network["last"]) if not fresh else 0.0
        network["n"] += 1.0
        network["c60"] = decay(network["c60"], gap, 60.0) + 1.0
        network["refusals"] = decay(network["refusals"], gap, 3600.0)
        network["last"] = max(now, network["last"])
        features[F_NETWORK_REFUSALS] = math.log1p(network["refusals"])
        touch(keep, slot, now, network["n"])
        commit(sequence, slot)
    return is_new


@kernel
def measure(
    arena: Array, offsets: Array, keys: Array, signals: Array, now: float, features: Array
) -> tuple[float, bool]:
    """Update every table with one request and write its features.

    Gives the client's number of requests, and whether its fingerprint is new.

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
    start = offsets[TABLE_SHARED, 0]
    shared = arena[start : start + SHARED_BYTES].view(SHARED)[0]
    totals = shared["totals"]
    gap = max(0.0, now - totals[T_LAST]) if totals[T_LAST] > 0.0 else 0.0
    for place in range(4):
        totals[place] = decay(totals[place], gap, 3600.0)
    totals[T_STATIC] = decay(totals[T_STATIC], gap, 3600.0)
    totals[T_LAST] = max(now, totals[T_LAST])
    totals[T_REQUESTS] += 1.0
    if signals[S_IS_SESSION] > 0.0:
        totals[T_SESSIONS] += 1.0
    if signals[S_IS_STATIC] > 0.0:
        totals[T_STATIC] += 1.0
    n = _client(arena, offsets, keys, signals, now, shared, features)
    _rarity(keys, signals, shared, features)
    _address(arena, offsets, keys, signals, now, n, shared, features)
    is_new = _others(arena, offsets, keys, now, shared, features)
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
    return n, is_new
