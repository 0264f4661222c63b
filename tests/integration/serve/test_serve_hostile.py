"""Forged, oversized and malformed input, everywhere that a stranger can send any: nothing changes but a counter."""

from __future__ import annotations

import contextlib
import socket

import pytest
from serving import Load, eventually

GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /\x00\xff HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\n" + b"".join(b"h%d: %s\r\n" % (n, b"v" * 900) for n in range(200)) + b"\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200,
    b"POST /api/login HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n",
]


def throw(address, data):
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=5) as peer:
        peer.settimeout(5)
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass


@pytest.fixture
def login(api):
    return f"""
upstream: {api.url}
endpoints:
  - {{name: login, match: POST /api/login, purpose: login, account: body.email}}
"""


def test_nothing_but_a_counter(serve, api, login):
    one = serve(config=login)
    with Load(one.port) as load:
        load.wait_answered(20)
        pids = one.state()["processes"]
        for data in GARBAGE:
            throw(("127.0.0.1", one.port), data)
            throw(("127.0.0.1", one.console), data)
        for body in (b"{", b"\xff" * 100, b"email=" + b"a" * 100_000, b'{"email":' * 5000):
            for kind in ("application/json", "application/x-www-form-urlencoded", "\xe9"):
                status, _ = one.get("/api/login", "POST", body, content_type=kind)
                assert status == 200, "monitor passes whatever the API may take"
        load.wait_answered(20)
    assert load.failures == []
    after = one.state()["processes"]
    assert {name: after[name] for name in ("edge", "engine", "console")} == {
        name: pids[name] for name in ("edge", "engine", "console")
    }, "no process was replaced"
    assert one.metric("vedette_degraded_total") == 0, "no part of the engine has failed"
    assert one.metric('vedette_process_restarts_total{process="engine"}') == 0


def test_the_engine_s_socket_refuses_and_counts(serve, api):
    one = serve()
    path = one.state()["sockets"]["engine"]
    for data in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\na: " + b"x" * 300_000):
        with socket.socket(socket.AF_UNIX) as peer, contextlib.suppress(OSError):
            peer.settimeout(5)
            peer.connect(path)
            peer.sendall(data)
            peer.recv(65536)
    eventually(lambda: one.metric('vedette_refused_total{reason="malformed"}') == 1, "the malformed call is counted")
    eventually(lambda: one.metric('vedette_refused_total{reason="oversized"}') == 1, "the oversized one, too")
    held = []
    for _ in range(5):  # peers that say nothing hold nobody up
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(path)
        peer.sendall(b"GET / HTTP/1.1\r\n")
        held.append(peer)
    assert one.get("/x")[0] == 200
    eventually(lambda: one.metric('vedette_refused_total{reason="slow"}') == 5, "they are cut off")
    for peer in held:
        peer.close()

    def decided():
        assert one.get("/x")[0] == 200
        return "degraded" not in api.seen[-1][2]["vedette-decision"]

    eventually(decided, "requests are decided")
