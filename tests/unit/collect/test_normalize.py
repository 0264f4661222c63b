"""The trust boundary: addresses, forwarding headers, paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect import normalize
from vedette.collect.normalize import (
    TrustedProxies,
    kind_of_four,
    normal_path,
    read_address,
    read_four,
    read_headers,
)
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
        ("/;" + "a" * 5000 + "/api/login", "/api/login"),
        ("/" * 5000 + "api/login", "/api/login"),
        ("/x" + "/." * 2500 + "/../api/login", "/api/login"),
        ("/%2f" * 1500 + "/api/login", "/api/login"),
        ("/api/%2e%2e;/login", "/login"),
        ("/api/login%00", "/api/login\0"),
        ("/api/%c0%ae%c0%ae/login", "/api/\ufffd\ufffd\ufffd\ufffd/login"),
        ("/api/%252e%252e/login", "/api/%2e%2e/login"),
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


CLIENT, PROXY = "203.0.113.9", "10.0.0.1"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("x-forwarded-for", "6.6.6.6, " * 2000), ("x-forwarded-for", CLIENT)), CLIENT),
        ((("x-forwarded-for", "6.6.6.6, " * 2000 + CLIENT),), CLIENT),
        ((("x-forwarded-for", CLIENT + ", 10.0.0.7" * 19),), CLIENT),
        ((("x-forwarded-for", CLIENT + ", 10.0.0.7" * 20),), PROXY),
        ((("x-forwarded-for", "6.6.6.6,,"),), PROXY),
        ((("x-forwarded-for", "6.6.6.6, unknown"),), PROXY),
        ((("x-forwarded-for", f"6.6.6.6, ::ffff:{CLIENT}"),), f"::ffff:{CLIENT}"),
        ((("x-forwarded-for", f"6.6.6.6, [::ffff:{CLIENT}]:80"),), f"::ffff:{CLIENT}"),
        ((("x-forwarded-for", f"{CLIENT}, ::ffff:10.0.0.9"),), CLIENT),
        ((("x-forwarded-for", "6.6.6.6, 203.0.113.09"),), PROXY),
        ((("x-forwarded-for", "6.6.6.6, ٢٠٣.0.113.9"),), PROXY),
        ((("x-forwarded-for", "6.6.6.6, 0xcb007109"),), PROXY),
        ((("x-forwarded-for", "6.6.6.6, 2001:db8::1%eth0"),), "2001:db8::1%eth0"),
        ((("X-Forwarded-For", "6.6.6.6"), ("x-FORWARDED-for", CLIENT)), CLIENT),
    ],
)
def test_a_list_of_hops_cannot_be_stuffed(headers: Headers, expected: str) -> None:
    proxies = TrustedProxies(("10.0.0.0/8",), "x-forwarded-for")
    assert client_of(proxies, request(PROXY, headers)) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([f"for={CLIENT}"], CLIENT),
        ([f"For={CLIENT};proto=http;by=10.0.0.7"], CLIENT),
        ([f'for="{CLIENT}:4711"'], CLIENT),
        (['for="[2001:db8::7]"'], "2001:db8::7"),
        (['for="[2001:db8::7]:4711"'], "2001:db8::7"),
        ([f"for=6.6.6.6, for={CLIENT}, for=10.0.0.8"], CLIENT),
        (["for=6.6.6.6", f"for={CLIENT}"], CLIENT),
        ([f'for={CLIENT};host="a;for=6.6.6.6"'], CLIENT),
        ([f'for={CLIENT};host="a, for=6.6.6.6"'], CLIENT),
        ([f'for={CLIENT};host="a\\", for=6.6.6.6"'], CLIENT),
        (["for=6.6.6.6, for=_hidden"], PROXY),
        (["for=6.6.6.6, for=unknown"], PROXY),
        (["for=6.6.6.6, by=10.0.0.8"], PROXY),
        (["for=6.6.6.6,"], PROXY),
        ([f'for="6.6.6.6, for={CLIENT}'], PROXY),
        (['for="6.6.6.6', f"for={CLIENT}"], CLIENT),
        (["xfor=6.6.6.6"], PROXY),
        (['for="[::1'], PROXY),
        ([""], PROXY),
        ([" " * 8000 + f"for={CLIENT}"], CLIENT),
        (['"' * 8001], PROXY),
    ],
)
def test_forwarded_elements(lines: list[str], expected: str) -> None:
    proxies = TrustedProxies(("10.0.0.0/8",), "forwarded")
    assert client_of(proxies, request(PROXY, tuple(("Forwarded", line) for line in lines))) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([CLIENT], CLIENT),
        ([f" {CLIENT}:4711 "], CLIENT),
        (["6.6.6.6", CLIENT], CLIENT),
        (["6.6.6.6, " + CLIENT], PROXY),
        (["[2001:db8::7]:80"], "2001:db8::7"),
        (["6.6.6.6", ""], PROXY),
        (["6.6.6.6", "unknown"], PROXY),
    ],
)
@pytest.mark.parametrize("header", ["x-real-ip", "cf-connecting-ip", "true-client-ip"])
def test_a_repeated_single_value_is_what_came_last(header: str, values: list[str], expected: str) -> None:
    proxies = TrustedProxies(("10.0.0.0/8",), header)
    assert client_of(proxies, request(PROXY, tuple((header, value) for value in values))) == expected


NAMES = st.sampled_from(
    ["x-forwarded-for", "Forwarded", "X-Real-IP", "cf-connecting-ip", "true-client-ip", "x_real_ip"]
)
ADDRESSES = st.one_of(
    st.ip_addresses().map(str),
    st.sampled_from(["10.0.0.1", "::ffff:10.0.0.1", "unknown", "_hidden", "", '"', "[::1]:80", "fe80::1%eth0"]),
    st.text(max_size=20),
)
VALUES = st.lists(ADDRESSES, max_size=25).map(", ".join) | st.lists(ADDRESSES, max_size=25).map(
    lambda hops: ", ".join(f'for="{hop}";by=1' for hop in hops)
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4).map(tuple)


@given(
    HEADERS, st.sampled_from(["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "proxy_protocol", ""])
)
def test_no_header_of_an_untrusted_peer_changes_its_address(headers: Headers, believed: str) -> None:
    proxies = TrustedProxies(("10.0.0.0/8", "fd00::/8"), believed)
    for peer in ("198.51.100.1", "::ffff:198.51.100.1", "2001:db8::1"):
        assert client_of(proxies, request(peer, headers)) == peer


@given(HEADERS, st.sampled_from(["x-forwarded-for", "forwarded"]))
def test_what_a_proxy_adds_at_the_end_wins_over_anything_before(headers: Headers, believed: str) -> None:
    added = ("X-Forwarded-For", CLIENT) if believed == "x-forwarded-for" else ("Forwarded", f"for={CLIENT}")
    proxies = TrustedProxies(("10.0.0.0/8",), believed)
    assert client_of(proxies, request(PROXY, (*headers, added))) == CLIENT


@given(st.text(max_size=300))
def test_a_normal_path_is_stable_and_holds_no_detours(path: str) -> None:
    normal = normal_path(path)
    assert normal.startswith("/")
    assert "//" not in normal
    assert ".." not in normal.split("/")
    assert "." not in normal.split("/")
    if "%" not in normal:
        assert normal_path(normal) == normal


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


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("10.0.0.1", "private"), ("127.8.8.8", "private"), ("192.168.1.1", "private"), ("169.254.1.1", "private"),
        ("172.16.0.1", "private"), ("172.31.255.1", "private"), ("172.32.0.1", "public"), ("172.15.0.1", "public"),
        ("11.0.0.1", "public"), ("192.169.0.1", "public"), ("8.8.8.8", "public"),
    ],
)  # fmt: skip
def test_kinds_of_ipv4_addresses(text: str, kind: str) -> None:
    number = read_four(text)
    assert number is not None
    assert kind_of_four(number) == kind == read_address(text).kind


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_its_number(address: IPv4Address) -> None:
    assert read_four(str(address)) == int(address)


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.4 ", "::1", "a.b.c.d", "１.2.3.4"]
)
def test_other_texts_are_no_ipv4_address(text: str) -> None:
    assert read_four(text) is None


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=140))
def test_headers_are_read_by_first_value_and_lower_name(fields: list[tuple[str, str]]) -> None:
    names, values = read_headers(tuple(fields))
    kept = fields[:128]
    assert names == tuple(name.lower() for name, _ in kept)
    wanted: dict[str, str] = {}
    for name, value in kept:
        wanted.setdefault(name.lower(), value)
    assert values == wanted


def test_a_quote_that_never_ends_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = 0

    class Counting:
        def finditer(self, line: str) -> Iterator[re.Match[str]]:
            nonlocal pieces
            for found in whole.finditer(line):
                pieces += 1
                yield found

    whole = normalize._FORWARDED_PIECE
    monkeypatch.setattr(normalize, "_FORWARDED_PIECE", Counting())
    line = 'for=192.0.2.1, for="' + '\\"' * 4000
    call = request("10.0.0.1", (("forwarded", line),) * 7)
    assert client_of(TrustedProxies(("10.0.0.0/8",), "forwarded"), call) == "10.0.0.1"
    assert pieces <= 7 * 6  # each further one would look at the whole line again
