"""What answers and outcomes do to the tables, in compiled passes.

An answer finds its request in the table of pending requests. A request that Vedette stopped counts in rates, but its
answer counts as neither success nor failure (contract, section 3).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vedette.collect.endpoints import PURPOSES
from vedette.detect.compiled import kernel
from vedette.detect.places import (
    ACCOUNT_BYTES,
    ADDRESS_BYTES,
    CLIENT_BYTES,
    FINGERPRINT_BYTES,
    NETWORK_BYTES,
    PENDING_BYTES,
    SHARED_BYTES,
    T_ATTEMPTS,
    T_REFUSALS,
    TABLE_ACCOUNT,
    TABLE_ADDRESS,
    TABLE_CLIENT,
    TABLE_FINGERPRINT,
    TABLE_NETWORK,
    TABLE_ONCE,
    TABLE_PENDING,
    TABLE_SHARED,
    seconds,
    sets_of,
    span,
)
from vedette.detect.tables import (
    ACCOUNT,
    ADDRESS,
    CLIENT,
    FINGERPRINT,
    NETWORK,
    PENDING,
    SHARED,
    WAYS,
    find,
    find_or_insert,
)

__all__ = [
    "LOGIN_FAILED",
    "LOGIN_NONE",
    "LOGIN_SUCCEEDED",
    "LOGIN_UNKNOWN",
    "answer",
    "blame",
    "humanise",
    "spend",
    "stopped",
    "waiting",
]

Array = np.ndarray[Any, Any]

LOGIN_NONE, LOGIN_SUCCEEDED, LOGIN_FAILED, LOGIN_UNKNOWN = range(4)
PAYMENT = PURPOSES.index("payment")
HUMAN_S = 3600.0
"""How long an address counts as shared by a session with human evidence."""


@kernel
def stopped(arena: Array, offsets: Array, request: np.uint64) -> None:
    """Note that Vedette stopped a request: its answer will be Vedette's own."""
    keys, _, _ = sets_of(arena, offsets, TABLE_PENDING)
    slot = find(keys, request)
    if slot >= 0:
        start, end = span(offsets, TABLE_PENDING, PENDING_BYTES)
        arena[start:end].view(PENDING)[slot]["stopped"] = np.uint8(1)


@kernel
def waiting(arena: Array, offsets: Array, request: np.uint64, out: Array) -> bool:
    """Look up a pending request; False if gone.

    ``out``: route, purpose, is_login, stopped, then the keys of client, account, address and fingerprint.
    """
    keys, _, _ = sets_of(arena, offsets, TABLE_PENDING)
    slot = find(keys, request)
    if slot < 0:
        return False
    start, end = span(offsets, TABLE_PENDING, PENDING_BYTES)
    row = arena[start:end].view(PENDING)[slot]
    out[0] = np.uint64(max(0, int(row["route"])))
    out[1] = np.uint64(max(0, int(row["purpose"])))
    out[2] = np.uint64(row["is_login"])
    out[3] = np.uint64(row["stopped"])
    out[4] = row["client"]
    out[5] = row["account"]
    out[6] = row["address"]
    out[7] = row["fingerprint"]
    return True


@kernel
def answer(
    arena: Array,
    offsets: Array,
    request: np.uint64,
    status: int,
    login: int,
    ended: float,
    retry_at: float,
    duration: float,
    size: int,
) -> int:
    """Learn from one answer of the API; give its route, or -1 if its request is unknown, was stopped or answered.

    Args:
        status: HTTP status code.
        login: What the answer means where the request was a login: :data:`LOGIN_NONE`, :data:`LOGIN_SUCCEEDED` or
            :data:`LOGIN_FAILED`, :data:`LOGIN_UNKNOWN` where the account does not exist.
        ended: When the answer ended, Unix seconds, or 0 where unknown.
        retry_at: When a 429 allows the next request, Unix seconds, or 0.
        duration: Seconds from request to answer, or -1 where unknown.
        size: Bytes of the body, or -1 where unknown.
    """
    keys, _, _ = sets_of(arena, offsets, TABLE_PENDING)
    slot = find(keys, request)
    if slot < 0:
        return -1
    start, end = span(offsets, TABLE_PENDING, PENDING_BYTES)
    pending = arena[start:end].view(PENDING)[slot]
    if pending["stopped"] != 0 or pending["answered"] != 0:
        return -1
    pending["answered"] = np.uint8(1)
    keys, _, _ = sets_of(arena, offsets, TABLE_CLIENT)
    slot = find(keys, pending["client"])
    missing = status in (404, 410)
    if slot >= 0:
        start, end = span(offsets, TABLE_CLIENT, CLIENT_BYTES)
        client = arena[start:end].view(CLIENT)[slot]
        client["answered"] += 1.0
        if 400 <= status < 500:
            client["failed"] += 1.0
        if missing:
            client["missing"] += 1.0
        if ended > 0.0:
            client["end"] = max(ended - client["last"], 1e-6)
        _shape(client, arena, offsets, int(pending["route"]), duration, size)
        if retry_at > 0.0:
            client["retry_at"] = seconds(retry_at + 0.5)
        if pending["purpose"] == PAYMENT and 400 <= status < 500:
            client["payments"] += 1.0
    keys, _, _ = sets_of(arena, offsets, TABLE_ADDRESS)
    slot = find(keys, pending["address"])
    if slot >= 0 and missing:
        start, end = span(offsets, TABLE_ADDRESS, ADDRESS_BYTES)
        arena[start:end].view(ADDRESS)[slot]["missing"] += 1.0
    if pending["is_login"] != 0 and login != LOGIN_NONE:
        if slot >= 0 and login == LOGIN_UNKNOWN:
            start, end = span(offsets, TABLE_ADDRESS, ADDRESS_BYTES)
            arena[start:end].view(ADDRESS)[slot]["unknown"] += 1.0
        _login(arena, offsets, pending, login != LOGIN_SUCCEEDED)
    return int(pending["route"])


@kernel
def _shape(client: Any, arena: Array, offsets: Array, route: int, duration: float, size: int) -> None:
    """Learn how slow answers are for the endpoint, and how often they are of one size."""
    if duration >= 0.0:
        start = offsets[TABLE_SHARED, 0]
        usual = arena[start : start + SHARED_BYTES].view(SHARED)[0]["answers"][max(0, route)]
        value = math.log(max(duration, 1e-4))
        if usual[0] >= 50.0:
            spread = math.sqrt(max(float(usual[2]), 0.01))
            z = min(max((value - usual[1]) / spread, -8.0), 8.0)
            mean = float(client["slow"]) / 4096.0
            client["slow"] = np.int16(round((mean + (z - mean) * 0.1) * 4095.0))
        usual[0] = min(usual[0] + 1.0, 1000.0)
        step = value - usual[1]
        usual[1] += step / usual[0]
        usual[2] += (step * step - usual[2]) / usual[0]
    if size >= 0:
        short = np.uint16((size ^ (size >> 16)) & 0xFFFF)
        same = float(client["same_size"]) / 65535.0
        near = 1.0 if short == client["last_size"] else 0.0
        client["same_size"] = np.uint16(min(max(same + (near - same) * 0.1, 0.0), 1.0) * 65535.0)
        client["last_size"] = short


@kernel
def _login(arena: Array, offsets: Array, pending: Any, is_refused: bool) -> None:
    """Count a login attempt for client, address, account, fingerprint, network and for all."""
    refused = 1.0 if is_refused else 0.0
    taint_of_client = 0.0
    keys, _, _ = sets_of(arena, offsets, TABLE_CLIENT)
    slot = find(keys, pending["client"])
    if slot >= 0:
        start, end = span(offsets, TABLE_CLIENT, CLIENT_BYTES)
        client = arena[start:end].view(CLIENT)[slot]
        client["refusals"] += refused
        taint_of_client = float(client["taint"])
        if not is_refused:
            client["welcome"] |= np.uint8(1)
    keys, _, _ = sets_of(arena, offsets, TABLE_ADDRESS)
    slot = find(keys, pending["address"])
    if slot >= 0:
        start, end = span(offsets, TABLE_ADDRESS, ADDRESS_BYTES)
        arena[start:end].view(ADDRESS)[slot]["refusals"] += refused
    if pending["account"] != np.uint64(0):
        keys, _, _ = sets_of(arena, offsets, TABLE_ACCOUNT)
        slot = find(keys, pending["account"])
        if slot >= 0:
            start, end = span(offsets, TABLE_ACCOUNT, ACCOUNT_BYTES)
            account = arena[start:end].view(ACCOUNT)[slot]
            account["refusals"] = account["refusals"] + 1.0 if is_refused else 0.0
            if not is_refused:  # a failed login must not taint somebody else's account
                account["taint"] = max(account["taint"], taint_of_client)
    keys, _, _ = sets_of(arena, offsets, TABLE_FINGERPRINT)
    slot = find(keys, pending["fingerprint"])
    if slot >= 0:
        start, end = span(offsets, TABLE_FINGERPRINT, FINGERPRINT_BYTES)
        fingerprint = arena[start:end].view(FINGERPRINT)[slot]
        fingerprint["attempts"] += 1.0
        fingerprint["refusals"] += refused
    if pending["network"] != np.uint64(0):
        keys, _, _ = sets_of(arena, offsets, TABLE_NETWORK)
        slot = find(keys, pending["network"])
        if slot >= 0:
            start, end = span(offsets, TABLE_NETWORK, NETWORK_BYTES)
            arena[start:end].view(NETWORK)[slot]["refusals"] += refused
    start = offsets[TABLE_SHARED, 0]
    totals = arena[start : start + SHARED_BYTES].view(SHARED)[0]["totals"]
    totals[T_ATTEMPTS] += 1.0
    totals[T_REFUSALS] += refused


@kernel
def welcome(arena: Array, offsets: Array, client: np.uint64, vouched: int) -> None:
    """Note that the application vouches for a client (1: a conversion, a passed challenge), or no longer does (0)."""
    keys, _, _ = sets_of(arena, offsets, TABLE_CLIENT)
    slot = find(keys, client)
    if slot >= 0:
        start, end = span(offsets, TABLE_CLIENT, CLIENT_BYTES)
        row = arena[start:end].view(CLIENT)[slot]
        row["welcome"] = np.uint8((int(row["welcome"]) & 2) | vouched)


@kernel
def taint(arena: Array, offsets: Array, client: np.uint64, amount: float) -> None:
    """Add to (or with a negative amount take from, never below 0) the taint of a client."""
    keys, _, _ = sets_of(arena, offsets, TABLE_CLIENT)
    slot = find(keys, client)
    if slot >= 0:
        start, end = span(offsets, TABLE_CLIENT, CLIENT_BYTES)
        row = arena[start:end].view(CLIENT)[slot]
        row["taint"] = max(0.0, row["taint"] + amount)


@kernel
def blame(arena: Array, offsets: Array, client: np.uint64, network: np.uint64, amount: float) -> None:
    """Note in a network's history, once a client, that one of its clients was found to be a bot."""
    keys, _, _ = sets_of(arena, offsets, TABLE_CLIENT)
    slot = find(keys, client)
    if slot < 0:
        return
    start, end = span(offsets, TABLE_CLIENT, CLIENT_BYTES)
    row = arena[start:end].view(CLIENT)[slot]
    if row["welcome"] & np.uint8(2):
        return
    row["welcome"] |= np.uint8(2)
    keys, _, _ = sets_of(arena, offsets, TABLE_NETWORK)
    slot = find(keys, network)
    if slot >= 0:
        start, end = span(offsets, TABLE_NETWORK, NETWORK_BYTES)
        history = arena[start:end].view(NETWORK)[slot]
        history["bad"] = min(history["bad"] + amount, 10_000.0)


@kernel
def spend(arena: Array, offsets: Array, key: np.uint64, now: float, until: float) -> bool:
    """Use up what may be used once; False where it was used before. Remembered until ``until``, Unix seconds."""
    keys, keep, _ = sets_of(arena, offsets, TABLE_ONCE)
    slot, fresh = find_or_insert(keys, keep, key, now)
    if not fresh and float(keep[slot // WAYS, slot % WAYS]) >= now:
        return False
    # what must be remembered longest stays longest
    keep[slot // WAYS, slot % WAYS] = seconds(until + 1.0)
    return True


@kernel
def humanise(arena: Array, offsets: Array, address: np.uint64, now: float) -> None:
    """Note that a session with human evidence is behind an address."""
    keys, _, _ = sets_of(arena, offsets, TABLE_ADDRESS)
    slot = find(keys, address)
    if slot >= 0:
        start, end = span(offsets, TABLE_ADDRESS, ADDRESS_BYTES)
        arena[start:end].view(ADDRESS)[slot]["human_until"] = seconds(now + HUMAN_S)


@kernel
def is_shared(arena: Array, offsets: Array, address: np.uint64, now: float) -> bool:
    """Say whether a session with human evidence was behind an address within the last hour."""
    keys, _, _ = sets_of(arena, offsets, TABLE_ADDRESS)
    slot = find(keys, address)
    if slot < 0:
        return False
    start, end = span(offsets, TABLE_ADDRESS, ADDRESS_BYTES)
    return bool(arena[start:end].view(ADDRESS)[slot]["human_until"] > now)


@kernel
def retry(arena: Array, offsets: Array, client: np.uint64, at: float) -> None:
    """Note when a limited client may come back."""
    keys, _, _ = sets_of(arena, offsets, TABLE_CLIENT)
    slot = find(keys, client)
    if slot >= 0:
        start, end = span(offsets, TABLE_CLIENT, CLIENT_BYTES)
        arena[start:end].view(CLIENT)[slot]["retry_at"] = seconds(at + 0.5)


@kernel
def decline(arena: Array, offsets: Array, client: np.uint64) -> None:
    """Count a payment that was declined."""
    keys, _, _ = sets_of(arena, offsets, TABLE_CLIENT)
    slot = find(keys, client)
    if slot >= 0:
        start, end = span(offsets, TABLE_CLIENT, CLIENT_BYTES)
        arena[start:end].view(CLIENT)[slot]["payments"] += 1.0


@kernel
def login(arena: Array, offsets: Array, request: np.uint64, is_refused: bool) -> None:
    """Count a login that the application reports and whose endpoint is not known as a login."""
    keys, _, _ = sets_of(arena, offsets, TABLE_PENDING)
    slot = find(keys, request)
    if slot >= 0:
        start, end = span(offsets, TABLE_PENDING, PENDING_BYTES)
        _login(arena, offsets, arena[start:end].view(PENDING)[slot], is_refused)
