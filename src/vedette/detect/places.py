"""Where things stand in the arrays that kernels share: keys, signals, features, totals, tables.

The engine packs a request into two small arrays, ``keys`` (:data:`KEYS`) and ``signals`` (:data:`SIGNALS`). Kernels
know places by name: ``K_`` of a key, ``S_`` of a signal, ``F_`` of a feature, ``T_`` of a total; numba takes them for
constants.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vedette.collect.observation import HEADER_SIGNALS, NETWORK_SIGNALS
from vedette.detect.compiled import small_kernel
from vedette.detect.features import index
from vedette.detect.tables import ACCOUNT, ADDRESS, CLIENT, FINGERPRINT, KEY, NETWORK, PENDING, SHARED, WAYS

__all__ = ["KEYS", "SIGNALS", "hundredths", "seconds", "sets_of", "since", "span"]

Array = np.ndarray[Any, Any]

PARAMETERS = 32
"""Parameters of a request that are looked at."""
KEYS = (
    "client", "address", "network", "account", "fingerprint", "agent", "order", "tls", "object", "request", "key",
    "wide", "parameters_1", "parameters_2", "parameters_3", "parameters_4",
)  # fmt: skip
"""Keyed 64-bit hashes; 0 where absent. ``agent`` is the user agent's, ``order`` the header order's, ``key`` the API
key's, ``wide`` that of the autonomous system, or else of the /16 (IPv6: /32). ``parameters`` are one byte each: 0 for
none, else a hash of name and type."""
(
    K_CLIENT, K_ADDRESS, K_NETWORK, K_ACCOUNT, K_FINGERPRINT, K_AGENT, K_ORDER, K_TLS, K_OBJECT, K_REQUEST, K_KEY,
    K_WIDE, K_PARAMETERS,
) = range(13)  # fmt: skip

SIGNALS = (
    "route", "purpose", "family", "is_session", "is_login", "is_static", "object_number", "trap", "operations",
    "device", "catalogue",
    *HEADER_SIGNALS, "agent_impossible", "agent_age", *(f"network_{name}" for name in NETWORK_SIGNALS), "proxy_gap",
    "language_conflict", "robot_unlisted", "signature_invalid", "token_valid", "token_wrong", "device_returned",
    "device_forged", "probe",
)  # fmt: skip
"""What a request shows by itself, as numbers; NaN where unknown. From ``client_class`` on they are features.

``trap`` is the weight of a touched honeypot, ``operations`` how many calls a batch holds, ``device`` 1 where the device
cookie came back and 0 where it should have, ``catalogue`` how many objects the endpoint has.
"""
(
    S_ROUTE, S_PURPOSE, S_FAMILY, S_IS_SESSION, S_IS_LOGIN, S_IS_STATIC, S_OBJECT_NUMBER, S_TRAP, S_OPERATIONS,
    S_DEVICE, S_CATALOGUE, S_DIRECT,
) = range(12)  # fmt: skip

VISIT_S = 1800.0
"""A client silent for so long starts a new visit (the 30-minute session gap of web analytics)."""
HALF_HOUR_S = 1800.0
HALF_DAY_S = 43_200.0
WEEK_S = 7 * 86_400.0
ESTABLISHED = 5.0
"""Requests after which a client counts as established: sessions invented for one call never do."""

T_REQUESTS, T_SESSIONS, T_ATTEMPTS, T_REFUSALS, T_LAST, T_HEADERS, T_TLS, T_STATIC, T_DEVICES, T_RETURNS = range(10)
"""Places in ``Shared.totals``: decayed over an hour, ``T_DEVICES`` and ``T_RETURNS`` over a day."""

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
F_FLEETING_CLIENTS = index("fleeting_clients")
F_CLIENT_TAINT = index("client_taint")
F_ADDRESS_TAINT = index("address_taint")
F_FINGERPRINT_TAINT = index("fingerprint_taint")
F_ACCOUNT_TAINT = index("account_taint")
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
F_CLIENT_CLASS = index("client_class")
F_NETWORK_HOSTING = index("network_hosting")
F_NETWORK_HISTORY = index("network_history")
F_SESSION_MOVES = index("session_moves")
F_DEVICE_MISSING = index("device_missing")
F_KEY_NETWORK = index("key_network")
F_KEY_FINGERPRINT = index("key_fingerprint")
F_KEY_VOLUME = index("key_volume")
F_UNKNOWN_ACCOUNTS = index("unknown_accounts")
F_ANSWER_SLOW = index("answer_slow")
F_ANSWER_SAME = index("answer_same")
F_PARAMETER_NOVELTY = index("parameter_novelty")
F_CATALOGUE_SHARE = index("catalogue_share")


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
KEY_BYTES, SHARED_BYTES = KEY.itemsize, SHARED.itemsize
TABLE_CLIENT, TABLE_ADDRESS, TABLE_NETWORK, TABLE_ACCOUNT, TABLE_FINGERPRINT, TABLE_PENDING = range(6)
TABLE_KEY, TABLE_ONCE, TABLE_SHARED = 8, 9, 10


@small_kernel
def seconds(now: float) -> np.uint32:
    """Whole seconds of a time, for records that need no more."""
    return np.uint32(min(max(now, 0.0), 4_294_967_295.0))


@small_kernel
def hundredths(now: float) -> np.uint32:
    """Hundredths of a second of a time, in a clock that wraps after 497 days."""
    return np.uint32(int(min(max(now, 0.0), 1e11) * 100.0) & 0xFFFFFFFF)


@small_kernel
def since(last: np.uint32, moment: np.uint32) -> float:
    """Seconds between two times of :func:`hundredths`; a step back of less than half the clock is 0."""
    elapsed = (int(moment) - int(last)) & 0xFFFFFFFF
    return float(elapsed) / 100.0 if elapsed < 0x80000000 else 0.0
