"""The bench of real clients: its page, what it asks for where programs are missing, its relay, and one run of all of it."""

from __future__ import annotations

import importlib
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

clients = importlib.import_module("bench.signals.clients")
main = importlib.import_module("bench.signals.__main__")
page = importlib.import_module("bench.signals.page")
place = importlib.import_module("bench.signals.place")
Cell = page.Cell

ROOT = Path(__file__).parents[2]
NAMED = ("curl", "wget", "requests", "httpx", "aiohttp", "urllib", "Node.js", "Java", "Go", "ffuf", "gobuster", "hydra", "wrk") + tuple(
    f"curl_cffi as {browser}" for browser in ("Chrome", "Safari", "Firefox", "Chrome on Android")
) + ("Chromium (headless)", "Chromium (a page", "OkHttp")  # fmt: skip


def test_the_page_has_every_client_and_says_how_it_was_made():
    text = (ROOT / "docs" / "signals.md").read_text("utf-8")
    truth = text.split("## Telling the truth")[1].split("##")[0]
    assert not [name for name in NAMED if name not in truth]
    assert "make signals" in text
    assert {name for name in re.findall(r"`(\w+)`", truth) if name not in main.ALONE} == set()


def test_the_page_is_made_of_what_was_measured():
    measured = msgspec.json.decode(main.MEASURED.read_bytes(), type=page.Measured)
    assert (ROOT / "docs" / "signals.md").read_text("utf-8") == page.page(list(clients.CLIENTS), measured)


def test_the_tables_of_a_page():
    measured = page.Measured(
        agent="Mozilla/5.0",
        versions={"curl": "8", "Firefox (a page)": "150"},
        truth={"curl": {"plain": Cell(0.288, ("client_class",))}, "Firefox (a page)": {"h2": Cell(0.05)}},
        lie={"curl": {"h2": Cell(0.9, ("headers_missing",), ("honeypot",))}},
        attacks={"curl": page.Attack("h1", 1.0, ("client_rate_10s",))},
    )
    text = page.page(list(clients.CLIENTS), measured)
    assert "| curl | 0.29 `client_class` | – | – |" in text
    assert "| curl | – | – | 0.90 **honeypot** `headers_missing` |" in text
    assert "| Firefox (a page) | – | – | 0.05 *nothing* |" in text
    assert "| `client_class` | curl | – |" in text
    assert "(Firefox (a page)): no signal at all." in text
    assert "| curl | TLS, HTTP/1.1 | 1.00 | `client_rate_10s` |" in text
    measured.truth["Firefox (a page)"]["h1"] = Cell(0.3, ("tls_conflict",))
    assert "signals speak against Firefox (a page)." in page.page(list(clients.CLIENTS), measured)


@pytest.mark.parametrize("client", clients.CLIENTS, ids=lambda client: client.name)
def test_every_client_can_be_asked_in_its_modes(client, tmp_path):
    for mode in client.modes:
        for agent in (clients.OWN, "Mozilla/5.0 (X; Y)"):
            words = client.command(clients.Ask("http://localhost:1", mode, agent, tmp_path))
            assert words
            assert all(isinstance(word, str) for word in words)
            if agent != clients.OWN:
                assert "Mozilla/5.0 (X; Y)" in " ".join(words)


def test_a_missing_program_is_named_with_the_line_that_installs_it_and_nothing_is_overwritten(tmp_path):
    before = main.MEASURED.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "bench.signals", "--only", "wrk", "--only", "ffuf"],
        cwd=ROOT, env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "sudo apt install ffuf wrk" in done.stderr
    assert before == main.MEASURED.read_bytes()


def test_a_relay_names_the_client_and_passes_bytes_on():
    with socket.create_server(("127.0.0.1", 0)) as edge:
        relay = place.Relay(edge.getsockname()[1], "198.18.3.7")
        got = []

        def serve():
            link, _ = edge.accept()
            with link:
                got.append(link.recv(28, socket.MSG_WAITALL) + link.recv(5, socket.MSG_WAITALL))
                link.sendall(b"world")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with socket.create_connection(("127.0.0.1", relay.port), timeout=10) as client:
                client.sendall(b"hello")
                assert client.recv(5, socket.MSG_WAITALL) == b"world"
        finally:
            relay.close()
            thread.join(10)
    assert got[0].startswith(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x12\x03\x07")
    assert got[0].endswith(b"hello")


@pytest.mark.skipif(not any(c.name == "curl" and c.is_here for c in clients.CLIENTS), reason="curl is not installed")
def test_one_client_through_the_real_edge(tmp_path):
    out = tmp_path / "signals.md"
    done = subprocess.run(
        [sys.executable, "-m", "bench.signals", "--only", "curl", "--out", str(out)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    truth, lie = re.findall(r"^\| curl \| (.+) \|$", out.read_text("utf-8"), re.MULTILINE)[:2]
    assert truth.count("`client_class`") == 3
    assert lie.count("`headers_missing`") == 3
