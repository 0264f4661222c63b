from __future__ import annotations

from pathlib import Path

import pytest

from vedette.config import load
from vedette.config.dns import parse_server
from vedette.config.schema import Dns, Rate


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.53", "192.0.2.53:53"),
        ("127.0.0.1:5353", "127.0.0.1:5353"),
        ("2001:db8::53", "[2001:db8::53]:53"),
        ("[2001:db8::53]", "[2001:db8::53]:53"),
        ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
    ],
)
def test_servers(text, server):
    assert parse_server(text) == server
    assert parse_server(server) == server


@pytest.mark.parametrize(
    "text", ["ns.example", "ns.example:53", "127.0.0.1:0", "127.0.0.1:99999", "", ":53", "2001:db8::53:x"]
)
def test_what_is_no_server(text):
    with pytest.raises(ValueError):
        parse_server(text)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("false", False),
        ("true", Dns()),
        ("{}", Dns()),
        ("{servers: 127.0.0.1}", Dns(servers=("127.0.0.1:53",))),
        ("{budget: 60/minute}", Dns(budget=Rate(60, 60.0))),
    ],
)
def test_on_off_and_how(tmp_path: Path, written, read):
    file = tmp_path / "vedette.yaml"
    file.write_text(f"good_bots: {{dns: {written}}}\n")
    assert load(file).good_bots.dns == read
