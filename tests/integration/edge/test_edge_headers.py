"""What the edge takes from a request, adds to it, and leaves alone."""

from __future__ import annotations

import re

import h2.config
import h2.connection
import h2.events
import pytest

FORGED = [
    'Vedette-Decision: id="x", verdict=human, action=allow',
    "vedette_decision: forged",
    "Vedette-Signature: forged",
    "Vedette-Anything: forged",
    "X-Vedette-Ja4: t13d1516h2_8daaf6152771_e5627efa2ab1",
    "X-Vedette-JA3: forged",
    "X_Vedette_Id: forged",
    "X-Vedette_Peer: 198.51.100.1",
    "x-vedette-order: forged",
    "X-Vedette-Tls: TLSv1.3",
    "X-Envoy-Fault-Delay-Request: 5000",
    "X-Envoy-Original-Path: /admin",
    "x_envoy_internal: true",
    "X-Envoy-Upstream-Rq-Timeout-Ms: 1",
    "X_Forwarded_For: 198.51.100.1",
    "X-Forwarded_For: 198.51.100.1",
    "X_Real_IP: 198.51.100.1",
]


@pytest.mark.parametrize("header", FORGED)
def test_a_header_that_only_the_edge_may_set_never_arrives(plain, header):
    assert plain.ask("/", header, "X-Own: kept").status == 200
    name, _, value = header.lower().partition(": ")
    asked, reached = plain.engine.seen[0], plain.api.seen[0]
    assert "forged" not in str(asked.headers) + str(reached.headers)
    assert value not in [other.lower() for _, other in reached.headers]
    if not name.startswith("vedette-"):
        assert reached[name] is None
    assert reached["x-own"] == "kept"
    assert name not in asked.order


def test_a_forged_fingerprint_on_a_plain_listener_is_gone(plain):
    plain.ask("/", "X-Vedette-Ja4: t13d1516h2_8daaf6152771_e5627efa2ab1", "x-vedette-tls: TLSv1.3")
    assert plain.engine.seen[0]["x-vedette-ja4"] is None
    assert plain.engine.seen[0]["x-vedette-tls"] is None


def test_connection_cannot_name_a_header_of_ours_for_removal(plain):
    request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Vedette-Decision, X-Vedette-Id\r\n\r\n"
    assert plain.send(request).status == 200
    assert plain.api.seen[0]["vedette-decision"].endswith("action=allow")


def test_the_api_gets_the_decision_and_nothing_internal(plain):
    plain.engine.decide = lambda seen: (
        200,
        [
            ("vedette-decision", 'id="1", verdict=human'),
            ("vedette-signature", "s"),
            ("x-vedette-secret", "no"),
            ("server", "engine"),
            ("x-anything", "no"),
        ],
        b"ignored",
    )
    plain.ask("/a?b=c", "X-Own: kept")
    (reached,) = plain.api.seen
    assert reached.all("vedette-decision") == ['id="1", verdict=human']
    assert reached["vedette-signature"] == "s"
    names = {name for name, _ in reached.headers}
    assert names == {"host", "x-own", "vedette-decision", "vedette-signature", "x-forwarded-for", "x-forwarded-proto"}


def test_the_engine_is_told_who_asks(plain):
    plain.ask("/a/b?c=d", "Accept: */*", source="127.0.0.9")
    (asked,) = plain.engine.seen
    assert (asked.method, asked.target) == ("GET", "/v1/decide/a/b?c=d")
    assert asked["host"] == "shop.example"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", asked["x-vedette-id"])
    assert asked["x-vedette-peer"] == "127.0.0.9"
    assert (asked["x-vedette-scheme"], asked["x-vedette-protocol"]) == ("http", "HTTP/1.1")


def test_the_engine_is_told_the_size_of_a_body_that_it_does_not_see(plain):
    plain.ask("/upload", method="POST", body=b"x" * 1000)
    assert plain.engine.seen[0]["x-vedette-size"] == "1000"
    assert plain.engine.seen[0].body == b""
    assert plain.api.seen[0]["x-vedette-size"] is None


def test_ids_differ(plain):
    for _ in range(3):
        plain.ask()
    assert len({asked["x-vedette-id"] for asked in plain.engine.seen}) == 3


def test_header_order_is_the_clients(plain):
    names = ["Zeta", "Accept", "User-Agent", "Alpha", "Accept-Encoding", "zeta", "Cookie"]
    plain.ask("/", *(f"{name}: {number}" for number, name in enumerate(names)), "X-Vedette-Id: forged", "Last: 1")
    assert plain.engine.seen[0].order == [*(name.lower() for name in names), "last"]


def test_repeated_headers_reach_engine_and_api_as_sent(plain):
    plain.ask("/", "X-Two: 1", "X-Other: 2", "X-Two: 3", "Cookie: a=1", "Cookie: b=2")
    reached = plain.api.seen[0]
    assert reached.all("x-two") == ["1", "3"]
    assert "; ".join(reached.all("cookie")) == "a=1; b=2"
    asked = plain.engine.seen[0]
    assert asked.order == ["x-two", "x-other", "x-two", "cookie", "cookie"]
    assert (asked.all("x-two"), asked.all("cookie")) == (["1", "3"], ["a=1", "b=2"])


def test_nothing_is_added_to_the_answer(plain):
    got = plain.ask("/headers")
    names = [name.lower() for name, _ in got.headers]
    assert got["server"] == "shop/1"
    assert got["x-request-id"] == "theirs"
    assert names.count("set-cookie") == 2
    assert not [name for name in names if name.startswith(("x-envoy", "x-vedette", "vedette"))]
    assert "server" not in [name.lower() for name, _ in plain.ask("/").headers]


def test_host_and_request_id_are_kept(plain):
    plain.ask("/", "X-Request-Id: mine")
    reached = plain.api.seen[0]
    assert reached["host"] == "shop.example"
    assert reached["x-request-id"] == "mine"


def test_forwarded_for_is_appended(plain):
    plain.ask("/", "X-Forwarded-For: 192.0.2.1", source="127.0.0.5")
    assert ",".join(plain.api.seen[0].all("x-forwarded-for")).replace(" ", "") == "192.0.2.1,127.0.0.5"
    assert plain.engine.seen[0]["x-forwarded-for"] == "192.0.2.1"


def test_an_untrusted_peer_cannot_set_the_scheme(plain):
    plain.ask("/", "X-Forwarded-Proto: https", "X-Forwarded-Client-Cert: Hash=1")
    assert plain.api.seen[0]["x-forwarded-proto"] == "http"
    assert plain.api.seen[0]["x-forwarded-client-cert"] is None


def test_other_headers_with_underscores_pass(plain):
    plain.ask("/", "api_key: 7")
    assert plain.api.seen[0]["api_key"] == "7"


@pytest.mark.parametrize(
    ("sent", "forwarded"),
    [
        ("/a//b", "/a/b"),
        ("/a/./b/../c", "/a/c"),
        ("/%61pi/%7Euser", "/api/~user"),
        ("/a;x=1/b", "/a;x=1/b"),
        ("/Api/Login/", "/Api/Login/"),
        ("/a%2Fb?c=//d%2F", "/a%2Fb?c=//d%2F"),
        ("/a\\b", "/a/b"),
    ],
)
def test_the_normalised_path_is_decided_and_forwarded(plain, sent, forwarded):
    assert plain.ask(sent).status == 200
    assert plain.api.seen[0].target == forwarded
    assert plain.engine.seen[0].target == "/v1/decide" + forwarded


def test_http_1_0_is_served(plain):
    got = plain.send(b"GET /old HTTP/1.0\r\nHost: shop.example\r\n\r\n")
    assert got.status == 200
    assert plain.api.seen[0].target == "/old"
    assert plain.send(b"GET /older HTTP/1.0\r\n\r\n").status == 200


def test_trailers_cannot_carry_a_forged_decision(plain):
    body = b"2\r\nab\r\n0\r\nVedette-Decision: forged\r\nX-Vedette-Id: forged\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTrailer: Vedette-Decision\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert plain.send(head + body).status == 200
    assert plain.api.seen[0].body == b"ab"
    assert "forged" not in str(plain.api.seen) + str(plain.engine.seen)


def test_trailers_over_http_2_cannot_either(secure):
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    connection.initiate_connection()
    head = [(":method", "POST"), (":scheme", "https"), (":authority", "a"), (":path", "/")]
    connection.send_headers(1, head)
    connection.send_data(1, b"ab")
    connection.send_headers(1, [("vedette-decision", "forged"), ("x-vedette-id", "forged")], end_stream=True)
    with secure.connect(alpn=("h2",)) as link:
        link.sendall(connection.data_to_send())
        ended = False
        while not ended:
            events = connection.receive_data(link.recv(65535))
            ended = any(isinstance(event, h2.events.StreamEnded) for event in events)
    assert secure.api.seen[0].body == b"ab"
    assert "forged" not in str(secure.api.seen) + str(secure.engine.seen)
