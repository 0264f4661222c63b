from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.doors.connection import Call
from vedette.doors.forwarded import is_from_edge, read_question

EDGE = [
    (b"host", b"shop.example"),
    (b"cookie", b"sid=1"),
    (b"x-forwarded-proto", b"http"),
    (b"user-agent", b"curl/8"),
    (b"accept", b"*/*"),
    (b"x-vedette-id", b"id-1"),
    (b"x-vedette-peer", b"2001:db8::1"),
    (b"x-vedette-order", b"user-agent,host,accept,cookie"),
    (b"x-vedette-ja3", b"j3"),
    (b"x-vedette-ja4", b"j4"),
    (b"x-vedette-tls", b"TLSv1.3"),
    (b"x-vedette-scheme", b"https"),
    (b"x-vedette-protocol", b"HTTP/2"),
]


def ask(target, headers, method=b"POST", body=b""):
    return read_question(Call(method, target, headers, body, len(body)), 7.0, lambda: "made")


def test_the_edge_says_everything():
    request, from_edge = ask(b"/v1/decide/api/login?next=%2F", EDGE, body=b"email=a")
    assert from_edge
    assert is_from_edge(Call(b"GET", b"/", EDGE, b"", 0))
    assert (request.id, request.timestamp, request.client_address) == ("id-1", 7.0, "2001:db8::1")
    assert (request.method, request.path, request.query) == ("POST", "/api/login", "next=%2F")
    assert (request.host, request.scheme, request.protocol) == ("shop.example", "https", "HTTP/2")
    assert (request.ja3, request.ja4, request.tls_version) == ("j3", "j4", "TLSv1.3")
    assert (request.body, request.request_body_size, request.peer_is_client) == (b"email=a", 7, False)
    assert request.headers == (
        ("user-agent", "curl/8"),
        ("host", "shop.example"),
        ("accept", "*/*"),
        ("cookie", "sid=1"),
    ), "the client's headers in the client's order, and nothing that the edge added"


def test_repeated_headers_keep_their_places():
    headers = [*EDGE, (b"x-a", b"1"), (b"x-a", b"2")]
    headers = [(n, b"x-a,host,x-a,absent" if n == b"x-vedette-order" else v) for n, v in headers]
    request, _ = ask(b"/v1/decide/", headers)
    assert request.headers == (("x-a", "1"), ("host", "shop.example"), ("x-a", "2"))


def test_what_edge_and_engine_tell_each_other_is_no_header():
    headers = [(n, b"x-vedette-id,x-vedette-peer,host" if n == b"x-vedette-order" else v) for n, v in EDGE]
    assert ask(b"/v1/decide/", headers)[0].headers == (("host", "shop.example"),)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {
                "x-forwarded-method": "PUT",
                "x-forwarded-uri": "/a?b=c",
                "x-forwarded-host": "h",
                "x-forwarded-proto": "https",
                "x-forwarded-for": "203.0.113.1, 198.51.100.2",
            },
            ("PUT", "/a", "b=c", "h", "https", "198.51.100.2"),
        ),
        ({"x-original-uri": "/n", "x-real-ip": "192.0.2.1", "host": "s"}, ("GET", "/n", "", "s", "", "192.0.2.1")),
        (
            {"x-original-url": "https://shop.example/a/b?c", "x-original-method": "DELETE"},
            ("DELETE", "/a/b", "c", "", "", "unknown"),
        ),
        ({}, ("GET", "/in/path", "q=1", "", "", "unknown")),
    ],
)
def test_other_proxies(headers, expected):
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    request, from_edge = ask(b"/v1/decide/in/path?q=1", [*raw, (b"accept", b"*/*")], method=b"GET")
    assert not from_edge
    assert request.id == "made"
    found = (request.method, request.path, request.query, request.host, request.scheme, request.client_address)
    assert found == expected
    assert ("accept", "*/*") in request.headers
    assert not {name for name, _ in request.headers} & {"x-forwarded-uri", "x-original-uri", "x-real-ip"}


names = st.sampled_from([name for name, _ in EDGE] + [b"x-forwarded-uri", b"x-forwarded-for", b"x-vedette-size", b"z"])


@given(st.binary(max_size=60), st.lists(st.tuples(names, st.binary(max_size=30)), max_size=30), st.binary(max_size=9))
def test_any_question_makes_a_request(target, headers, body):
    request, _ = ask(b"/v1/decide" + target, headers, body=body)
    assert request.path
    assert 1 <= len(request.id) <= 128
    assert isinstance(request.client_address, str)
