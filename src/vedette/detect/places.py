"""Where things stand in the arrays that kernels share: keys, signals, features, totals, tables.

The engine packs a request into two small arrays, ``keys`` (:data:`KEYS`) and ``signals`` (:data:`SIGNALS`). Kernels
know places by name: ``K_`` of a key, ``S_`` of a signal, ``F_`` of a feature, ``T_`` of a total; numba takes them for
constants.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vedette.detect.compiled import small_kernel
from vedette.detect.features import index
from vedette.detect.tables import ACCOUNT, ADDRESS, CLIENT, FINGERPRINT, NETWORK, PENDING, SHARED, WAYS

__all__ = ["KEYS", "SIGNALS", "seconds", "sets_of", "span"]

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
