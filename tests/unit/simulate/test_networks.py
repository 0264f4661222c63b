"""Addresses: inside the networks that they claim, of no reserved range, the same for the same seed."""

from __future__ import annotations

import random
from collections import Counter
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.simulate.networks import Address, Networks, load_networks
from vedette.simulate.reading import read_data

NETWORKS = load_networks()
DATA = read_data("networks.json.gz")


def ranges_of(kind):
    """All ranges of a kind in the data: (first, last, asn)."""
    if kind in DATA["lists"]:
        return [(first, first + size - 1, asn) for first, size, asn, _ in DATA["lists"][kind]]
    kinds = {"home", "mobile"} if kind == "proxy" else {kind}
    rows = [row for row in DATA["networks"] if row["kind"] in kinds]
    v4 = [(first, first + size - 1, row["asn"]) for row in rows for first, size in row["v4"]]
    v6 = [(int(first), int(first) + (1 << (128 - bits)) - 1, row["asn"]) for row in rows for first, bits in row["v6"]]
    return v4 + v6


@pytest.mark.parametrize("kind", NETWORKS.kinds)
def test_addresses_are_in_the_networks_they_claim(kind):
    rng = random.Random(kind)
    ranges = ranges_of(kind)
    for _ in range(400):
        found = NETWORKS.draw(rng, kind)
        address = ip_address(found.address)
        assert found.kind == kind
        inside = {asn for first, last, asn in ranges if first <= int(address) <= last}
        assert found.asn in inside
        assert address.is_global, found
        assert str(address) == found.address, "written as addresses are"
        if address.version == 4:
            assert int(address) & 0xFF not in {0, 0xFF}


@pytest.mark.parametrize("kind", ["home", "mobile", "office", "datacentre", "proxy"])
def test_countries_are_as_asked(kind):
    rng = random.Random(1)
    for country in NETWORKS.countries(kind)[:8]:
        assert all(NETWORKS.draw(rng, kind, country).country == country for _ in range(10))


def test_a_mix_is_respected_and_what_is_not_there_is_left_out():
    rng = random.Random(2)
    seen = Counter(
        NETWORKS.draw(rng, "home", [("DE", 0.6), ("FR", 0.2), ("AQ", 0.9), ("PL", 0.2)]).country for _ in range(5000)
    )
    assert set(seen) == {"DE", "FR", "PL"}
    assert seen["DE"] / 5000 == pytest.approx(0.6, abs=0.03)
    with pytest.raises(ValueError, match="in any of"):
        NETWORKS.draw(rng, "home", [("AQ", 1.0)])
    with pytest.raises(ValueError, match="no home network in AQ"):
        NETWORKS.draw(rng, "home", "AQ")
    with pytest.raises(KeyError):
        NETWORKS.draw(rng, "moon")


def test_ranges_weigh_what_they_hold():
    made = Networks(
        {
            "networks": [
                {"kind": "home", "asn": 1, "country": "DE", "v4": [[16777216, 7680]], "v6": []},
                {"kind": "home", "asn": 2, "country": "DE", "v4": [[33554432, 2560]], "v6": []},
                {"kind": "mobile", "asn": 3, "country": "DE", "v4": [[50331648, 256]], "v6": []},
            ],
            "lists": {},
            "mixes": {},
        }
    )
    rng = random.Random(3)
    seen = Counter(made.draw(rng, "home").asn for _ in range(8000))
    assert seen[1] / 8000 == pytest.approx(0.75, abs=0.02)


def test_people_live_nearby_and_proxies_everywhere():
    rng = random.Random(4)
    homes = Counter(NETWORKS.draw(rng, "home").country for _ in range(2000))
    exits = Counter(NETWORKS.draw(rng, "proxy").country for _ in range(2000))
    assert homes["DE"] > 1400
    assert len(exits) >= 20 and max(exits.values()) < 400
    assert len({NETWORKS.draw(rng, "proxy").asn for _ in range(2000)}) >= 120


def test_a_part_of_the_homes_has_ipv6_and_roams_in_its_64():
    rng = random.Random(5)
    homes = [NETWORKS.draw(rng, "home", "DE") for _ in range(2000)]
    new = [home for home in homes if ":" in home.address]
    assert 0.25 < len(new) / len(homes) < 0.5
    for home in new[:50]:
        moved = NETWORKS.roam(rng, home)
        assert moved.address != home.address
        assert int(ip_address(moved.address)) >> 64 == int(ip_address(home.address)) >> 64
        assert (moved.asn, moved.country, moved.kind) == (home.asn, home.country, home.kind)
    old = next(home for home in homes if ":" not in home.address)
    assert NETWORKS.roam(rng, old) == old


def test_carriers_share_few_addresses():
    rng = random.Random(6)
    seen = {NETWORKS.carrier(rng, "DE").address for _ in range(4000)}
    assert 20 <= len(seen) <= 48
    again = {Networks(DATA).carrier(random.Random(7), "DE").address for _ in range(1)}
    assert again <= {NETWORKS.carrier(random.Random(7), "DE").address}
    assert all(ip_address(address).version == 4 for address in seen)


@pytest.mark.parametrize("kind", ["home", "mobile", "office", "datacentre", "vpn", "tor", "proxy"])
def test_another_address_of_the_same_network(kind):
    rng = random.Random(8)
    for _ in range(50):
        place = NETWORKS.draw(rng, kind)
        other = NETWORKS.in_same_network(rng, place)
        assert (other.asn, other.kind) == (place.asn, place.kind)


@given(seed=st.integers(0, 2**32), kind=st.sampled_from(NETWORKS.kinds))
def test_the_same_seed_gives_the_same_address(seed, kind):
    assert (
        NETWORKS.draw(random.Random(seed), kind) == Networks(DATA).draw(random.Random(seed), kind)
        if seed % 50 == 0
        else True
    )
    assert NETWORKS.draw(random.Random(seed), kind) == NETWORKS.draw(random.Random(seed), kind)


def test_good_bots_have_their_published_ranges():
    rng = random.Random(9)
    assert {NETWORKS.draw(rng, "bot:googlebot").asn for _ in range(50)} <= {15169, 396982}
    assert sum(kind.startswith("bot:") for kind in NETWORKS.kinds) >= 10


def test_an_address_is_a_value():
    assert Address("192.0.2.1", 1, "DE", "home") == Address("192.0.2.1", 1, "DE", "home")


@pytest.mark.parametrize("kind", ["bot:openai", "bot:googlebot", "home", "datacentre"])
def test_ranges_know_what_is_in_them(kind):
    rng, ranges = random.Random(10), ranges_of(kind)
    assert all(NETWORKS.is_in(kind, NETWORKS.draw(rng, kind).address) for _ in range(50))
    for first, last, _ in rng.sample(ranges, min(60, len(ranges))):
        for value in (first - 1, first, last, last + 1):
            if value.bit_length() > 32 and value < 2**64:
                continue
            there = any(low <= value <= high and (high < 2**32) == (value < 2**32) for low, high, _ in ranges)
            assert NETWORKS.is_in(kind, str(ip_address(value))) == there
