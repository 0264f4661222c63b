"""The network map against brute force, and what its facts mean."""

from __future__ import annotations

import ipaddress
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.config.schema import Config, Networks, Partner, Secret
from vedette.snapshot.networks import FRESH_S, KINDS, NOTHING, TELLING, NetworkMap, own_networks, parse_ip
from vedette.snapshot.packing import Source
from vedette.snapshot.ranges import Ranges, build, merge, write

DAY = 86400.0
NOW = 1_790_000_000.0


def ranges(*networks: str) -> Ranges:
    parsed = [ipaddress.ip_network(network) for network in networks]
    return Ranges(*(merge((int(n[0]), int(n[-1])) for n in parsed if n.version == family) for family in (4, 6)))


def made(*lists: tuple[Source, Ranges]) -> NetworkMap:
    """A map that has been through a file."""
    return NetworkMap.read(write(build(lists)))


def source(name: str = "a", kind: str = "hosting", **rest) -> Source:
    return Source(name, kind, **({"date": NOW} | rest))


# Public space, close together, so that ranges overlap and addresses hit them.
FOURS = st.builds(
    lambda number, length: ipaddress.ip_network(((0x08080000 | number) >> length << length, 32 - length)),
    st.integers(0, 0xFFFF), st.integers(0, 16),
)  # fmt: skip
SIXES = st.builds(
    lambda high, low, length: ipaddress.ip_network((((0x2600 << 112) | high << 64 | low) >> length << length, 128 - length)),
    st.integers(0, 15), st.sampled_from([0, 1, 2, 2**63, 2**64 - 1]), st.sampled_from([0, 1, 63, 64, 65, 66, 68]),
)  # fmt: skip
LISTS = st.lists(st.lists(FOURS | SIXES, max_size=12), max_size=10)


@settings(max_examples=80)
@given(LISTS, st.lists(FOURS | SIXES, min_size=1, max_size=10), st.integers(-2, 2))
def test_the_map_is_brute_force(lists, probes, shift):
    known = made(*(
        (source(f"s{place}", KINDS[place % 6] if place % 6 != 2 else "proxy"), ranges(*map(str, networks)))
        for place, networks in enumerate(lists)
    ))  # fmt: skip
    own = [network for networks in lists[:1] for network in networks[:1]]
    owned = known.owning([str(network) for network in own])
    for probe in probes:
        for edge in (probe[0], probe[-1]):
            address = edge + shift
            facts = known.lookup(str(address), NOW)
            holding = [
                place
                for place, networks in enumerate(lists)
                if any(address in network for network in networks if network.version == address.version)
            ]
            kinds = {KINDS[place % 6] if place % 6 != 2 else "proxy" for place in holding}
            assert facts.is_known and set(facts.kinds) == kinds
            assert facts.sources == tuple(sorted(f"s{place}" for place in holding))
            is_own = any(address in network for network in own if network.version == address.version)
            assert owned.lookup(str(address), NOW).is_own == is_own


VALUED = st.lists(st.tuples(FOURS | SIXES, st.integers(1, 400_000)), max_size=12)


@settings(max_examples=60)
@given(st.lists(VALUED, min_size=1, max_size=3), st.lists(FOURS | SIXES, min_size=1, max_size=10))
def test_the_narrowest_range_decides_the_asn(lists, probes):
    from vedette.snapshot.ranges import merge_valued

    entries = []
    for place, networks in enumerate(lists):
        parts = []
        for family in (4, 6):
            spans = [(int(n[0]), int(n[-1]), value) for n, value in networks if n.version == family]
            parts.append(merge_valued(spans))
        entries.append((source(f"s{place}", "asn"), Ranges(parts[0][0], parts[1][0], parts[0][1], parts[1][1])))
    known = made(*entries)
    for probe in probes:
        if len(lists) > 1:  # several lists: only that something of them is said
            known.lookup(str(probe[0]), NOW)
            continue
        holding = [
            (n.prefixlen, place, value)
            for place, (n, value) in enumerate(lists[0])
            if n.version == probe.version and probe[0] in n
        ]
        assert known.lookup(str(probe[0]), NOW).asn == (max(holding)[2] if holding else 0)


@given(st.ip_addresses() | st.text(max_size=70))
def test_addresses_are_read_as_the_standard_library_does(address):
    try:
        expected = ipaddress.ip_address(str(address).partition("%")[0] if ":" in str(address) else str(address))
    except ValueError:
        assert parse_ip(str(address)) is None
        return
    mapped = getattr(expected, "ipv4_mapped", None)
    expected = mapped or expected
    assert parse_ip(str(address)) == (expected.version, int(expected))


@given(st.ip_addresses(v=6))
def test_every_way_to_write_ipv6(address):
    for text in (str(address), address.exploded, address.exploded.upper(), f"{address}%eth0"):
        assert parse_ip(text) == parse_ip(str(address))


@pytest.mark.parametrize("text", ["", ":", ":::", "1:2:3:4:5:6:7", "1::2::3", "12345::", "::g", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.²", "256.1.1.1", "1.2.3.4 ", "a" * 100, "::ffff:1.2.3.256", "1:2:3:4:5:6:7:8:9", "::1:2:3:4:5:6:7:8"])  # fmt: skip
def test_what_is_no_address_is_unknown(text):
    assert NetworkMap.shipped().lookup(text, NOW) is NOTHING
    assert NetworkMap().lookup("8.8.8.8", NOW) is NOTHING


def test_kinds_are_united_in_their_order_and_a_relay_is_no_host():
    known = made(
        (source("v", "vpn"), ranges("8.8.0.0/16")),
        (source("h"), ranges("8.8.8.0/24", "2600::/32")),
        (source("r", "relay"), ranges("8.8.8.0/28")),
    )
    assert known.lookup("8.8.8.100", NOW).kinds == ("hosting", "vpn")
    assert known.lookup("8.8.8.1", NOW).kinds == ("relay",)
    assert known.lookup("::ffff:8.8.1.1", NOW).kinds == ("vpn",)
    assert known.lookup("9.9.9.9", NOW).kinds == ()


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "192.168.1.1", "169.254.1.1", "100.64.1.1", "0.0.0.0", "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1"])  # fmt: skip
def test_private_addresses_are_known_and_nothing_is_said_of_them(address):
    facts = made((source(kind="blocklist"), ranges("0.0.0.0/0", "::/0"))).lookup(address, NOW)
    assert facts.is_known and facts.kinds == () and math.isnan(facts.listed) and not facts.is_own


def test_nothing_speaks_against_own_networks():
    config = Config(
        trusted_proxies=("8.8.8.0/24",),
        networks=Networks(own=("9.9.9.9/32",)),
        partners=(Partner(name="p", api_key=Secret("env:P", "k"), networks=("2600::/32",)),),
    )
    known = made((source(kind="blocklist"), ranges("8.8.0.0/16", "9.0.0.0/8", "2600::/16"))).owning(
        own_networks(config)
    )
    for address in ("8.8.8.8", "9.9.9.9", "2600::1"):
        facts = known.lookup(address, NOW)
        assert facts.is_own and facts.kinds == () and math.isnan(facts.listed)
    assert known.lookup("9.9.9.8", NOW).kinds == ("blocklist",)


def test_a_blocklist_fades_and_then_says_nothing():
    listing = source(kind="blocklist", weight=0.8, half_life_s=7 * DAY)
    known = made((listing, ranges("8.8.8.8/32")), (source("b", "hosting"), ranges("9.0.0.0/8")))
    assert known.lookup("8.8.8.8", NOW).listed == 0.8
    assert known.lookup("8.8.8.8", NOW + 7 * DAY).listed == pytest.approx(0.4)
    assert known.lookup("8.8.8.8", NOW - 7 * DAY).listed == pytest.approx(0.4), "a log older than the list"
    assert known.lookup("9.9.9.9", NOW).listed == 0.0
    late = known.lookup("8.8.8.8", NOW + 29 * DAY)
    assert math.isnan(late.listed) and late.kinds == () and late.sources == ()
    assert math.isnan(known.lookup("9.9.9.9", NOW + 29 * DAY).listed), "no list is left that could know"
    assert known.lookup("8.8.8.8", NOW).listed == 0.8, "time may go back"


def test_the_strongest_blocklist_counts():
    known = made(
        (source("weak", "blocklist", weight=0.3, half_life_s=DAY), ranges("8.8.0.0/16")),
        (source("strong", "blocklist", weight=0.5, half_life_s=9 * DAY), ranges("8.8.8.0/24")),
    )
    assert known.lookup("8.8.8.8", NOW).listed == 0.5
    assert known.lookup("8.8.1.1", NOW).listed == 0.3


def test_fresh_ranges_of_robots_are_told_for_every_address():
    known = made((source("g", "robot", robot="googlebot", half_life_s=180 * DAY), ranges("66.249.64.0/27")))
    assert known.lookup("66.249.64.1", NOW).robots == ("googlebot",)
    assert known.lookup("9.9.9.9", NOW).robots_fresh == ("googlebot",)
    assert known.lookup("10.0.0.1", NOW).robots_fresh == ("googlebot",)
    later = NOW + FRESH_S + 1
    assert known.lookup("66.249.64.1", later).robots == ("googlebot",)
    assert known.lookup("66.249.64.1", later).robots_fresh == ()


def test_asn_and_country_beside_kinds():
    spans = [(0x08080000, 0x0808FFFF)]
    known = made(
        (source("c", "country"), Ranges(spans, (), [ord("U") << 8 | ord("S")], ())),
        (source("n", "asn"), Ranges(spans, [(0x2600 << 112, (0x2601 << 112) - 1)], [15169], [64496])),
        (source("h"), ranges("8.8.8.0/24")),
    )
    assert [(f.asn, f.country, f.kinds) for f in (known.lookup("8.8.8.8", NOW), known.lookup("8.8.1.1", NOW))] == [
        (15169, "US", ("hosting",)), (15169, "US", ())
    ]  # fmt: skip
    assert known.lookup("2600::1", NOW).asn == 64496
    assert (known.lookup("9.9.9.9", NOW).asn, known.lookup("9.9.9.9", NOW).country) == (0, "")
    assert known.owning(["8.8.8.8/32"]).lookup("8.8.8.8", NOW).asn == 15169


def test_the_kind_that_tells_most():
    known = made(
        (source("h"), ranges("8.8.8.0/24")),
        (source("t", "tor"), ranges("8.8.8.8/32")),
        (source("b", "blocklist"), ranges("8.8.0.0/16")),
    )
    assert [known.lookup(address, NOW).kind for address in ("8.8.8.8", "8.8.8.9", "8.8.1.1", "9.9.9.9")] == [
        "tor",
        "hosting",
        "blocklist",
        "",
    ]
    assert set(TELLING) == set(KINDS)


def test_what_ships():
    shipped = NetworkMap.shipped()
    assert shipped is NetworkMap.shipped()
    assert {entry.kind for entry in shipped.sources} == {"hosting", "vpn", "relay", "tor", "blocklist", "robot"}
    assert all(entry.is_shipped and entry.date > 1.7e9 and entry.entries for entry in shipped.sources)
    assert shipped.lookup("66.249.66.1", NOW).robots == ("googlebot",)
    assert shipped.lookup("3.5.140.2", NOW).kinds == ("hosting",)
    for address in ("192.0.2.1", "198.51.100.1", "203.0.113.9", "2001:db8::1"):
        assert shipped.lookup(address, NOW).kinds == (), "addresses of examples are nobody's"
    packed = shipped.packed
    columns = (*packed.four, *packed.six)
    assert sum(column.itemsize * len(column) for column in columns) < 2_000_000


def test_a_time_that_is_none_breaks_nothing():
    for now in (math.nan, math.inf, -math.inf, 0.0):
        assert NetworkMap.shipped().lookup("8.8.8.8", now).is_known
