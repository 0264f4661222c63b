"""Honeypots and probes."""

from __future__ import annotations

import pytest

from vedette.collect.honeypots import Traps, is_probe
from vedette.config.schema import Honeypots

TRAPS = Traps(
    Honeypots(paths=("/api/internal/export",), accounts=("Canary@Example.com",), objects=("product:999", "order:1"))
)


@pytest.mark.parametrize(
    ("path", "account", "item", "caught"),
    [
        ("/api/internal/export", "", "", "path"),
        ("/API/Internal/Export", "", "", "path"),
        ("/x", "canary@example.com", "", "account"),
        ("/x", "", "999", "object"),
        ("/x", "", "1", ""),
        ("/x", "someone@example.com", "998", ""),
    ],
)
def test_traps(path: str, account: str, item: str, caught: str) -> None:
    assert TRAPS.catches(path, account, "product", "product detail", item) == caught


def test_objects_are_named_by_purpose_or_endpoint() -> None:
    assert TRAPS.catches("/x", "", "account", "order", "1") == "object"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/.git/config", ""),
        ("/.env", ""),
        ("/wp-login.php", ""),
        ("/index.php", ""),
        ("/a/../../etc/passwd", ""),
        ("/x", "q=1'+or+'1'='1"),
        ("/x", "u=${jndi:ldap://a}"),
        ("/x", "q=<script>"),
        ("/" + "a" * 500 + "/.env", ""),
    ],
)
def test_probes(path: str, query: str) -> None:
    assert is_probe(path, query)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/products/7", "q=shoes"),
        ("/api/environment", ""),
        ("/.well-known/openid-configuration", ""),
        ("/search", "q=rock+'n'+roll"),
        ("/search", "q=union+square+hotels+select"),
    ],
)
def test_ordinary_calls_are_no_probes(path: str, query: str) -> None:
    assert not is_probe(path, query)
