"""What a request says about what stands around its client: address, account, fingerprint, network, and how rare its
handshake and header order are for the client that it claims to be.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vedette.detect.compiled import kernel, small_kernel
from vedette.detect.places import (
    ACCOUNT_BYTES,
    ADDRESS_BYTES,
    ESTABLISHED,
    F_ACCOUNT_REFUSALS,
    F_ACCOUNT_TAINT,
    F_ACCOUNTS_PER_ADDRESS,
    F_ADDRESS_COVERAGE,
    F_ADDRESS_MISSING,
    F_ADDRESS_RATE_1M,
    F_ADDRESS_RATE_10S,
    F_ADDRESS_REFUSALS,
    F_ADDRESS_TAINT,
    F_ADDRESSES_PER_ACCOUNT,
    F_AGENTS_PER_ADDRESS,
    F_FINGERPRINT_EXCESS,
    F_FINGERPRINT_LIFT,
    F_FINGERPRINT_TAINT,
    F_FINGERPRINTS_PER_ADDRESS,
    F_FLEETING_CLIENTS,
    F_HEADER_RARITY,
    F_NETWORK_HISTORY,
    F_NETWORK_REFUSALS,
    F_REQUESTS_PER_ROTATION,
    F_TLS_RARITY,
    F_UNKNOWN_ACCOUNTS,
    FINGERPRINT_BYTES,
    HALF_DAY_S,
    HALF_HOUR_S,
    K_ACCOUNT,
    K_ADDRESS,
    K_AGENT,
    K_CLIENT,
    K_FINGERPRINT,
    K_NETWORK,
    K_OBJECT,
    K_ORDER,
    K_TLS,
    NETWORK_BYTES,
    S_FAMILY,
    S_OPERATIONS,
    S_TRAP,
    T_ATTEMPTS,
    T_REFUSALS,
    TABLE_ACCOUNT,
    TABLE_ADDRESS,
    TABLE_FINGERPRINT,
    TABLE_NETWORK,
    WEEK_S,
    hundredths,
    seconds,
    sets_of,
    since,
    span,
)
from vedette.detect.sketches import decay, distinct, lower_bound, mark, seen, tainted, turn
from vedette.detect.tables import (
    ACCOUNT,
    ADDRESS,
    FAMILIES,
    FINGERPRINT,
    NETWORK,
    SKETCH,
    begin,
    commit,
    find_or_insert,
    touch,
)

__all__ = ["measure_address", "measure_others", "measure_rarity"]

Array = np.ndarray[Any, Any]
LESSONS = 6.0
"""How many fingerprints of an address are learned from for each of its established clients, in half an hour: a
household has fewer, and one that invents clients shall not teach which pairs are common."""


@kernel
def measure_address(
    arena: Array, offsets: Array, keys: Array, signals: Array, now: float, n: float, shared: Any, features: Array
) -> float:
    """Update the address: rates, and what stands behind it for each established client.

    Gives how many requests speak for what is known of the client: its own, or the address's where clients come and go.
    """
    table_keys, keep, sequence = sets_of(arena, offsets, TABLE_ADDRESS)
    start, end = span(offsets, TABLE_ADDRESS, ADDRESS_BYTES)
    slot, fresh = find_or_insert(table_keys, keep, keys[K_ADDRESS], now)
    begin(sequence, slot)
    if fresh:
        arena[start + slot * ADDRESS_BYTES : start + (slot + 1) * ADDRESS_BYTES] = 0
    row = arena[start:end].view(ADDRESS)[slot]
    moment = hundredths(now)
    if fresh:
        row["last"] = moment
        row["turned"] = seconds(now)
    gap = since(row["last"], moment)
    elapsed = now - float(row["turned"])
    if elapsed >= HALF_HOUR_S:
        turn(row["accounts"], 1, elapsed, HALF_HOUR_S)
        turn(row["agents"], 1, elapsed, HALF_HOUR_S)
        turn(row["fingerprints"], 1, elapsed, HALF_HOUR_S)
        turn(row["clients"], 1, elapsed, HALF_HOUR_S)
        turn(row["visitors"], 1, elapsed, HALF_HOUR_S)
        turn(row["objects"], 1, elapsed, HALF_HOUR_S)
        row["turned"] = seconds(now)
    row["n"] += 1.0
    row["c10"] = decay(row["c10"], gap, 10.0) + signals[S_OPERATIONS]
    row["c60"] = decay(row["c60"], gap, 60.0) + signals[S_OPERATIONS]
    row["refusals"] = decay(row["refusals"], gap, 3600.0)
    row["unknown"] = decay(row["unknown"], gap, 3600.0)
    row["missing"] = decay(row["missing"], gap, 600.0)
    row["taint"] = decay(row["taint"], gap, 86_400.0)
    if n >= ESTABLISHED:
        mark(row["clients"], 0, 1, keys[K_CLIENT])
    mark(row["visitors"], 0, 1, keys[K_CLIENT])
    people = max(1.0, distinct(row["clients"], 1, 2))
    fleeting = max(0.0, distinct(row["visitors"], 1, 2) - 3.0 * people)
    features[F_FLEETING_CLIENTS] = math.log1p(fleeting)
    is_new = not seen(row["fingerprints"], 0, 1, keys[K_FINGERPRINT])
    if is_new and distinct(row["fingerprints"], 1, 2) < LESSONS * people:
        _learn_pair(keys, signals, shared)
    mark(row["fingerprints"], 0, 1, keys[K_FINGERPRINT])
    if keys[K_AGENT] != np.uint64(0):
        mark(row["agents"], 0, 1, keys[K_AGENT])
        features[F_AGENTS_PER_ADDRESS] = math.log1p(distinct(row["agents"], 1, 2) / people)
    if keys[K_ACCOUNT] != np.uint64(0):
        mark(row["accounts"], 0, 1, keys[K_ACCOUNT])
    if keys[K_OBJECT] != np.uint64(0):
        mark(row["objects"], 0, 1, keys[K_OBJECT])
    row["taint"] = tainted(row["taint"], signals[S_TRAP], False)
    features[F_ADDRESS_RATE_10S] = math.log1p(row["c10"] / people)
    features[F_ADDRESS_RATE_1M] = math.log1p(row["c60"] / people)
    features[F_FINGERPRINTS_PER_ADDRESS] = math.log1p(distinct(row["fingerprints"], 1, 2) / people)
    features[F_ACCOUNTS_PER_ADDRESS] = math.log1p(distinct(row["accounts"], 1, 2) / people)
    features[F_ADDRESS_COVERAGE] = math.log1p(distinct(row["objects"], 1, 2) / people)
    features[F_ADDRESS_TAINT] = row["taint"] / people
    features[F_UNKNOWN_ACCOUNTS] = math.log1p(row["unknown"] / people)
    features[F_ADDRESS_REFUSALS] = math.log1p(row["refusals"] / people)
    features[F_ADDRESS_MISSING] = math.log1p(row["missing"] / people)
    if gap > 0.0:
        row["last"] = moment
    touch(keep, slot, now, row["n"])
    commit(sequence, slot)
    return float(row["n"]) if fleeting >= 15.0 else n


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
def measure_rarity(keys: Array, signals: Array, shared: Any, features: Array) -> None:
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
def measure_others(
    arena: Array, offsets: Array, keys: Array, signals: Array, now: float, n: float, shared: Any, features: Array
) -> bool:
    """Update account, fingerprint and network; say whether the fingerprint is new.

    ``n``: requests that speak for what is known of the client.
    """
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
            account["last"] = now
        elapsed = now - account["turned"]
        if elapsed >= HALF_DAY_S:
            turn(account["addresses"], 1, elapsed, HALF_DAY_S)
            account["turned"] = now
        account["n"] += 1.0
        account["taint"] = decay(account["taint"], max(0.0, now - account["last"]), 86_400.0)
        account["last"] = max(now, account["last"])
        mark(account["addresses"], 0, 1, keys[K_ADDRESS])
        features[F_ADDRESSES_PER_ACCOUNT] = math.log1p(distinct(account["addresses"], 1, 2))
        features[F_ACCOUNT_REFUSALS] = math.log1p(account["refusals"])
        features[F_ACCOUNT_TAINT] = account["taint"]
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
    row["taint"] = tainted(decay(row["taint"], gap, 86_400.0), signals[S_TRAP], False)
    mark(row["addresses"], 0, 4, keys[K_ADDRESS])
    age = now - row["first"]
    if age >= 3600.0:
        usual = row["c86400"] / min(86_400.0, age)
        features[F_FINGERPRINT_LIFT] = math.log2((row["c60"] / 60.0 + 0.01) / (usual + 0.01))
    addresses = distinct(row["addresses"], 4, 2)
    features[F_FINGERPRINT_TAINT] = row["taint"] / max(1.0, addresses)
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
        elapsed = now - float(network["turned"])
        if fresh or elapsed >= HALF_DAY_S:
            turn(network["clients"], 1, elapsed, HALF_DAY_S)
            network["turned"] = seconds(now)
        if n >= ESTABLISHED:
            mark(network["clients"], 0, 1, keys[K_CLIENT])
        network["bad"] = decay(network["bad"], gap, WEEK_S)
        features[F_NETWORK_HISTORY] = math.log1p(network["bad"] / max(1.0, distinct(network["clients"], 1, 2)))
        network["n"] += 1.0
        network["c60"] = decay(network["c60"], gap, 60.0) + 1.0
        network["refusals"] = decay(network["refusals"], gap, 3600.0)
        network["last"] = max(now, network["last"])
        features[F_NETWORK_REFUSALS] = math.log1p(network["refusals"])
        touch(keep, slot, now, network["n"])
        commit(sequence, slot)
    return is_new
