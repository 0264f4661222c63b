"""Which URL is taken, which address is pinned, and what counts as this machine."""

from __future__ import annotations

import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import ConfigError
from vedette.simulate.target import place
from vedette.simulate.target.place import can_bind, find_place, source_of


@pytest.fixture
def names(monkeypatch):
    """Let names resolve to what a test says; how often each was asked is counted."""
    known: dict[str, list[str]] = {}
    asked: list[str] = []

    def look_up(host, port, **_):
        asked.append(host)
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(place.socket, "getaddrinfo", look_up)
    return known, asked


@pytest.mark.parametrize(
    ("addresses", "is_here"),
    [
        (["127.0.0.1"], True),
        (["127.200.3.4"], True),
        (["::1"], True),
        (["::1", "127.0.0.1"], True),
        (["127.0.0.1", "192.0.2.1"], False),
        (["::ffff:127.0.0.1"], False),
        (["0.0.0.0"], False),
        (["10.0.0.1"], False),
        (["fe80::1%eth0"], False),
    ],
)
def test_a_name_is_this_machine_only_if_all_its_addresses_are(names, addresses, is_here):
    names[0]["shop.test"] = addresses
    found = find_place("https://shop.test")
    assert found.is_loopback == is_here
    assert names[1] == ["shop.test"], "it is asked for once, and the address kept"


def test_ipv4_comes_first_on_loopback_and_the_systems_order_is_kept_elsewhere(names):
    names[0]["here"] = ["::1", "127.0.0.1"]
    names[0]["there"] = ["2001:db8::1", "192.0.2.1"]
    assert find_place("http://here").address == "127.0.0.1"
    assert find_place("http://there").address == "2001:db8::1"


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://127.0.0.1", "127.0.0.1"),
        ("http://127.0.0.1:80/", "127.0.0.1"),
        ("http://127.0.0.1:443", "127.0.0.1:443"),
        ("https://127.0.0.1:443", "127.0.0.1"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://LOCALHOST:8080", "localhost:8080"),
    ],
)
def test_the_authority_is_what_clients_say(url, authority):
    found = find_place(url)
    assert found.authority == authority
    assert found.origin == url.partition(":")[0] + "://" + authority
    assert found.is_loopback


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:80", "ftp://127.0.0.1", "http://", "http://127.0.0.1:0", "http://127.0.0.1:99999", "http://[::1"],
)
def test_what_is_no_url_is_said(url):
    with pytest.raises(ConfigError, match="--target: not a URL"):
        find_place(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/api", "http://127.0.0.1/?a", "http://u:p@127.0.0.1", "http://127.0.0.1#x"]
)
def test_calls_have_paths_of_their_own(url):
    with pytest.raises(ConfigError, match="leave the rest out"):
        find_place(url)


def test_a_name_that_nobody_knows(names):
    with pytest.raises(ConfigError, match=r"cannot be resolved, '[^']*', [A-Z]"):
        find_place("http://nowhere.test")


def test_certificates_are_looked_at_except_on_loopback(names, tmp_path):
    names[0].update({"here": ["127.0.0.1"], "there": ["192.0.2.1"]})
    assert find_place("https://here").context().verify_mode == ssl.CERT_NONE
    there = find_place("https://there")
    assert there.ca
    assert there.context().verify_mode == ssl.CERT_REQUIRED
    assert there.context().check_hostname
    assert find_place("https://here", there.ca).context().check_hostname, "unless authorities are named"
    wrong = tmp_path / "ca.pem"
    with pytest.raises(ConfigError, match="cannot be read"):
        find_place("https://here", str(wrong))
    wrong.write_text("nothing")
    with pytest.raises(ConfigError, match="holds no certificates"):
        find_place("https://here", str(wrong))


def test_without_any_authorities(names, monkeypatch):
    names[0]["there"] = ["192.0.2.1"]
    monkeypatch.setattr(place.os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match="install ca-certificates"):
        find_place("https://there")


@given(st.ip_addresses().map(str))
def test_a_simulated_address_has_one_loopback_address(address):
    source = source_of(address)
    first, *_, last = (int(part) for part in source.split(".")[1:])
    assert source.startswith("127.")
    assert 1 <= first <= 254
    assert 1 <= last <= 254
    assert source_of(address) == source


def test_different_addresses_have_different_sources():
    assert len({source_of(f"198.51.{n >> 8}.{n & 255}") for n in range(2000)}) >= 1998


def test_a_system_without_the_whole_loopback_network(monkeypatch):
    monkeypatch.setattr(place, "_PROBE", "192.0.2.1")
    assert not can_bind()
