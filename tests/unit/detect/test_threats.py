"""Names of threats."""

from __future__ import annotations

import math

import pytest

from vedette.detect.threats import NAMES, name_threat
from vedette.types import Purpose

NAN = float("nan")


@pytest.mark.parametrize(
    ("purpose", "path", "signals", "accounts", "threat"),
    [
        ("login", "/login", ["client_refusals"], math.log1p(9), "OAT-008"),
        ("login", "/login", ["client_refusals"], math.log1p(1), "OAT-007"),
        ("other", "/x", ["probe"], NAN, "OAT-014"),
        ("other", "/x", ["client_rate_1m", "client_missing"], NAN, "OAT-014"),
        ("payment", "/gift-card/check", ["client_declines"], NAN, "OAT-002"),
        ("payment", "/pay", ["client_declines"], NAN, "OAT-001"),
        ("signup", "/signup", ["client_rate_1m"], NAN, "OAT-019"),
        ("cart", "/cart", ["client_rate_1m"], NAN, "OAT-021"),
        ("account", "/orders/7", ["object_step"], NAN, "OAT-018"),
        ("product", "/p/7", ["coverage"], NAN, "OAT-011"),
        ("search", "/search", ["client_rate_10s"], NAN, "OAT-015"),
        ("other", "/x", [], NAN, None),
    ],
)
def test_threat(purpose: Purpose, path: str, signals: list[str], accounts: float, threat: str | None) -> None:
    assert name_threat(0.9, purpose, path, signals, accounts) == threat


def test_nothing_is_named_below_even_odds() -> None:
    assert name_threat(0.49, "login", "/login", ["client_refusals"], 3.0) is None


def test_all_twenty_one_have_names() -> None:
    assert sorted(NAMES) == [f"OAT-{n:03d}" for n in range(1, 22)]
