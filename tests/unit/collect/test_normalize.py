"""The trust boundary: addresses, forwarding headers, paths."""

from __future__ import annotations

import pytest

from vedette.collect.normalize import TrustedProxies, normal_path, read_address, read_headers
from vedette.types import Headers, Request


def request(peer: str, headers: Headers = (), *, peer_is_client: bool = False) -> Request:
    return Request(
        timestamp=0.0,
        id="r",
        method="GET",
        path="/",
        client_address=peer,
        headers=headers,
        peer_is_client=peer_is_client,
    )


def client_of(proxies: TrustedProxies, call: Request) -> str:
    return proxies.client_of(call, read_headers(call.headers)[1])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/login", "/api/login"),
        ("//api///login/", "/api/login"),
        ("/api/./login", "/api/login"),
        ("/api/x/../login", "/api/login"),
        ("/../../api/login", "/api/login"),
        ("/api/login;x=1", "/api/login"),
        ("/api;v=2/login", "/api/login"),
        ("/api/%6cogin", "/api/login"),
        ("/api\\login", "/api/login"),
        ("", "/"),
        ("/", "/"),
        ("/" + "a" * 5000, "/" + "a" * 4095),
    ],
)
def test_path_has_one_form(path: str, expected: str) -> None:
    assert normal_path(path) == expected


@pytest.mark.parametrize(
    ("text", "key", "network", "kind"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.0/24", "public"),
        ("10.1.2.3", "10.1.2.3", "10.1.2.0/24", "private"),
        ("172.20.0.1", "172.20.0.1", "172.20.0.0/24", "private"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.0/24", "public"),
        ("2a00:1:2:3::9", "2a00:1:2:3::/64", "2a00:1:2::/48", "public"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48", "private"),
        ("101.81.133.jja", "101.81.133.jja", "", "opaque"),
        ("999.1.1.1", "999.1.1.1", "", "opaque"),
        ("01.2.3.4", "01.2.3.4", "", "opaque"),
        ("", "", "", "opaque"),
    ],
)
def test_address_is_keyed(text: str, key: str, network: str, kind: str) -> None:
    assert tuple(getattr(read_address(text), name) for name in ("key", "network", "kind")) == (key, network, kind)


def test_nobody_is_believed_without_trusted_proxies() -> None:
    proxies = TrustedProxies((), "x-forwarded-for")
    assert client_of(proxies, request("198.51.100.1", (("x-forwarded-for", "203.0.113.9"),))) == "198.51.100.1"


def test_untrusted_peer_is_not_believed() -> None:
    proxies = TrustedProxies(("10.0.0.0/8",), "x-forwarded-for")
    assert client_of(proxies, request("198.51.100.1", (("x-forwarded-for", "203.0.113.9"),))) == "198.51.100.1"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("X-Forwarded-For", "203.0.113.9"),), "203.0.113.9"),
        ((("x-forwarded-for", "6.6.6.6, 203.0.113.9"),), "203.0.113.9"),
        ((("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.7"),), "203.0.113.9"),
        ((("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.9")), "203.0.113.9"),
        ((("x-forwarded-for", "203.0.113.9:4711"),), "203.0.113.9"),
        ((("x-forwarded-for", "[2a00:1::5]:4711"),), "2a00:1::5"),
        ((("x-forwarded-for", "not an address"),), "10.0.0.1"),
        ((("x-forwarded-for", "203.0.113.9, garbage"),), "10.0.0.1"),
        ((("x-forwarded-for", "10.0.0.7, 10.0.0.8"),), "10.0.0.1"),
        ((("x-forwarded-for", ""),), "10.0.0.1"),
        ((), "10.0.0.1"),
    ],
)
def test_rightmost_untrusted_hop_is_the_client(headers: Headers, expected: str) -> None:
    proxies = TrustedProxies(("10.0.0.0/8",), "x-forwarded-for")
    assert client_of(proxies, request("10.0.0.1", headers)) == expected


def test_forwarded_header_is_read() -> None:
    proxies = TrustedProxies(("10.0.0.0/8",), "forwarded")
    call = request("10.0.0.1", (("forwarded", 'for=6.6.6.6, for="[2a00:1::5]:4711";proto=https'),))
    assert client_of(proxies, call) == "2a00:1::5"


def test_single_valued_header_of_a_cdn_is_read() -> None:
    proxies = TrustedProxies(("10.0.0.0/8",), "cf-connecting-ip")
    assert client_of(proxies, request("10.0.0.1", (("cf-connecting-ip", "203.0.113.9"),))) == "203.0.113.9"
    assert client_of(proxies, request("10.0.0.1", (("cf-connecting-ip", "evil"),))) == "10.0.0.1"


def test_other_forwarding_headers_are_ignored() -> None:
    proxies = TrustedProxies(("10.0.0.0/8",), "cf-connecting-ip")
    assert client_of(proxies, request("10.0.0.1", (("x-forwarded-for", "203.0.113.9"),))) == "10.0.0.1"


def test_a_log_that_names_the_client_is_believed() -> None:
    proxies = TrustedProxies(("10.0.0.0/8",), "x-forwarded-for")
    call = request("10.0.0.1", (("x-forwarded-for", "203.0.113.9"),), peer_is_client=True)
    assert client_of(proxies, call) == "10.0.0.1"


def test_first_value_of_a_repeated_header_counts() -> None:
    assert read_headers((("A", "1"), ("b", ""), ("a", "2"))) == (("a", "b", "a"), {"a": "1", "b": ""})
    assert len(read_headers(tuple((f"h{n}", "") for n in range(500)))[1]) == 128
    assert read_headers(None) == (None, {})
