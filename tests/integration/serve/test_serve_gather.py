"""Crawlers under a real ``vedette serve`` with a real name server: what DNS says changes decisions within seconds."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
from pathlib import Path

import msgspec
import pytest
from serving import Serve, eventually, is_running

from tests.peers.dns import NameServer

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
TRUE, LIAR, NOBODY = "127.0.0.1", "127.0.0.2", "127.0.0.3"


@pytest.fixture
def names():
    server = NameServer("googlebot.com")
    server.point(TRUE, "crawl-1.googlebot.com")
    server.point(LIAR, "crawl-1.googlebot.com")
    server.records["crawl-1.googlebot.com", "A"] = [TRUE]
    yield server
    server.close()


def visit(serve: Serve, address: str, agent: str = GOOGLEBOT) -> tuple[int, str]:
    """Ask for a page from a loopback address; give the status and what the API was told."""
    connection = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=15, source_address=(address, 0))
    try:
        connection.request("GET", "/api/products/1", headers={"user-agent": agent})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("x-told", "")
    finally:
        connection.close()


def verdict(serve: Serve, address: str) -> str:
    status, told = visit(serve, address)
    return told.partition("verdict=")[2].partition(",")[0] if status == 200 else str(status)


def config(api, names: NameServer) -> str:
    return f"""
upstream: {api.url}
mode: enforce
good_bots: {{dns: {{servers: "{names.address}"}}}}
"""


def test_what_dns_says_changes_decisions(serve, api, names):
    one = serve(config=config(api, names))
    assert visit(one, TRUE)[0] == visit(one, LIAR)[0] == 200
    eventually(lambda: verdict(one, TRUE) == "good_bot", "the true crawler is verified")
    eventually(lambda: verdict(one, LIAR) == "403", "the liar is refused")
    eventually(lambda: verdict(one, NOBODY) == "403", "a crawler without a name is refused")
    eventually(lambda: one.metric('vedette_dns_findings_total{standing="forged"}') == 2, "findings are counted")
    assert one.metric('vedette_dns_findings_total{standing="verified"}') == 1
    assert one.metric('vedette_inquiries_sent_total{result="sent"}') >= 3
    assert one.metric('vedette_gathered_total{result="taken"}') >= 1
    asked = names.asked_for("PTR")
    assert len(asked) == 3, "each address was asked about once"

    # the gatherer dies: nobody notices, and it comes back and answers new questions
    pid = one.pid("gather")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: verdict(one, TRUE) == "good_bot", "what was found is still known")
    eventually(lambda: one.pid("gather") not in (0, pid), "the gatherer is back")
    eventually(lambda: verdict(one, "127.0.9.9") == "403", "it answers again")
    assert one.metric('vedette_process_restarts_total{process="gather"}') == 1

    # so does the engine: what was found is still known
    asked = len(names.asked)
    engine = one.pid("engine")
    os.kill(engine, signal.SIGKILL)
    eventually(lambda: one.pid("engine") != engine and one.call("GET", "/readyz", token=None)[0] == 200, "engine back")
    eventually(lambda: visit(one, TRUE)[1].count("verdict=good_bot"), "known from the start")
    assert len(names.asked) == asked

    for file in (one.data / "gathered").iterdir():
        data = file.read_bytes() if file.is_file() else b""
        assert LIAR.encode() not in data and file.stat().st_mode & 0o077 == 0


def test_without_a_gatherer_requests_pass_as_ever(serve, api, names):
    one = serve(config=config(api, names))
    pid = one.pid("gather")
    os.kill(pid, signal.SIGSTOP)  # it hangs: its socket is there, and nobody reads
    try:
        for number in range(200):
            assert visit(one, f"127.0.{number % 100}.7")[0] == 200
        assert verdict(one, TRUE) != "good_bot"
        assert one.metric('vedette_inquiries_sent_total{result="lost"}') > 0
        assert one.metric("vedette_degraded_total") == 0
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: verdict(one, TRUE) == "good_bot", "it goes on where it was")


def test_nobody_is_asked_where_dns_is_off(serve, api, names):
    one = serve(config=config(api, names).replace(f'{{servers: "{names.address}"}}', "false"))
    for _ in range(20):
        assert verdict(one, LIAR) not in ("403", "good_bot")
    assert one.metric("vedette_inquiries_sent_total") == 0
    assert names.asked == []
    one.file.write_text(config(api, names))
    eventually(lambda: verdict(one, LIAR) == "403", "the new configuration reaches the gatherer")


def test_nonsense_on_the_gatherers_socket(serve, api, names):
    one = serve(config=config(api, names))
    path = one.data / "run" / "gather.sock"
    assert path.stat().st_mode & 0o077 == 0
    pid = one.pid("gather")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        for data in (b"", b"\xc1" * 1000, os.urandom(30_000), msgspec.msgpack.encode([["dns", "x" * 3000, "y"]])):
            sending.sendto(data, str(path))
        many = [("dns", f"127.1.{n}.1", "googlebot") for n in range(64)]
        for _ in range(50):
            sending.sendto(msgspec.msgpack.encode(many), str(path))
    eventually(lambda: verdict(one, LIAR) == "403", "it still answers")
    assert one.pid("gather") == pid and is_running(pid)


def test_key_files_are_taken_over_while_running(serve, api, names, tmp_path: Path):
    keys = tmp_path / "keys.jwks"
    keys.write_text(json.dumps({"keys": []}))
    agents = f'  agents: [{{name: robot, signature_agent: "https://bot.example", keys: "file:{keys}"}}]\n'
    one = serve(config=f"upstream: {api.url}\ngood_bots:\n{agents}  dns: {{servers: '{names.address}'}}\n")
    before = one.metric('vedette_gathered_total{result="taken"}')
    keys.write_text(
        json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})
    )
    eventually(lambda: one.metric('vedette_gathered_total{result="taken"}') > before, "the file is read again")
    keys.write_text("{")
    eventually(lambda: one.metric('vedette_gathered_total{result="damaged"}') >= 1, "a bad file is counted")
    assert "not a key set: not JSON" in one.text()
