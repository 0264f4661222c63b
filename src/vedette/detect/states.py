"""Which signals of a request were known, which were not, and which another signal showed to be false.

Made from the feature vector of a decision, so it can be told of any decision in the log.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from vedette.collect.signals import SIGNALS, signal
from vedette.detect.features import FEATURES, Feature

__all__ = ["State", "states"]

WITNESSES: dict[str, tuple[str, ...]] = {
    "arrival": ("client_rate_10s",),
    "address": ("address_rate_10s",),
    "network": ("network_history",),
    "network kind": ("network_hosting",),
    "reputation": ("network_listed",),
    "country": ("language_conflict",),
    "round trips": ("proxy_gap",),
    "user agent": ("client_class",),
    "headers": ("agent_absent",),
    "client hints": ("hints_conflict",),
    "TLS handshake": ("tls_conflict", "tls_unlike", "tls_library", "tls_rarity"),
    "protocol": ("protocol_downgrade",),
    "robot claim": ("robot_unlisted",),
    "signature": ("signature_invalid",),
    "session": ("client_addresses",),
    "device": ("device_forged",),
    "app token": ("token_valid",),
    "API key": ("key_fingerprint", "key_network"),
    "account": ("addresses_per_account",),
    "endpoint": ("client_rate_10s",),
    "object": ("coverage",),
    "parameters": ("parameter_novelty",),
    "path": ("probe",),
    "honeypot": ("client_taint",),
    "answer": ("client_errors", "fast_follow"),
    "outcome": ("welcome",),
}
"""Signal to the features of which one at least is known where the signal is."""
COUNTS = frozenset({"coverage"})
"""Features that are zero, not unknown, where their signal was never seen."""
NO_LIE = frozenset({"client_class", "attack_tool", "agent_absent", "agent_age"})
"""Features that speak against a client which tells the truth: they take its word and show nothing to be false."""
DOUBT = 0.1
"""Share of a feature's whole weight from which on it counts as saying something."""


class State(Struct, frozen=True):
    """``by``: the signals that show a contradicted one to be false."""

    state: Literal["known", "unknown", "contradicted"]
    by: tuple[str, ...] = ()


def states(features: Mapping[str, float | None]) -> dict[str, State]:
    """Give the state of every signal from features by name; None or NaN where unknown."""
    accused: dict[str, list[str]] = {}
    for feature in FEATURES:
        said = signal(feature.signal)
        if not said.contradicts or feature.entity != "request" or feature.weight <= 0.0 or feature.name in NO_LIE:
            continue
        value = features.get(feature.name)
        if _is_known(value) and _share(feature, float(value or 0.0)) > DOUBT:
            for other in said.contradicts.split(", "):
                accused.setdefault(other, []).append(said.name)
    found = {}
    for one in SIGNALS:
        by = tuple(dict.fromkeys(accused.get(one.name, ())))
        is_known = any(_attests(name, features.get(name)) for name in WITNESSES[one.name])
        found[one.name] = State("contradicted", by) if by else State("known" if is_known else "unknown")
    return found


def _is_known(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def _attests(name: str, value: float | None) -> bool:
    return _is_known(value) and (name not in COUNTS or float(value or 0.0) > 0.0)


def _share(feature: Feature, value: float) -> float:
    return min(max((value - feature.none) / (feature.full - feature.none), 0.0), 1.0)
