from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.doors.connection import Call
from vedette.doors.forwarded import is_from_edge, read_question

EDGE = [
    (b"host", b"shop.example"),
    (b"content-length", b"7"),
    (b"user-agent", b"curl/8"),
    (b"accept", b"*/*"),
    (b"cookie", b"sid=1"),
    (b"x-vedette-id", b"id-1"),
    (b"x-vedette-peer", b"2001:db8::1"),
    (b"x-vedette-scheme", b"https"),
    (b"x-vedette-protocol", b"HTTP/2"),
    (b"x-vedette-ja3", b"j3"),
    (b"x-vedette-ja4", b"j4"),
    (b"x-vedette-tls", b"TLSv1.3"),
    (b"x-forwarded-proto", b"http"),
    (b"x-envoy-auth-partial-body", b"false"),
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
        ("accept", "*/*"),
        ("cookie", "sid=1"),
    ), "the client's headers in the client's order, and nothing that the edge added"


def test_repeated_headers_keep_their_places():
    client = [(b"x-a", b"1"), (b"x-b", b"2"), (b"x-a", b"3")]
    request, _ = ask(b"/v1/decide/", [*EDGE[:2], *client, *EDGE[5:]])
    assert request.headers == (("x-a", "1"), ("x-b", "2"), ("x-a", "3"))


def test_the_size_of_a_body_that_was_not_sent_along():
    assert ask(b"/v1/decide/", [*EDGE, (b"x-vedette-size", b"5000")])[0].request_body_size == 5000
    assert ask(b"/v1/decide/", [*EDGE, (b"x-vedette-size", b"many")])[0].request_body_size == -1


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
