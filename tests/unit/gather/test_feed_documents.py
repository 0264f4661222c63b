"""Documents of feeds: the formats of the world, and what is none."""

from __future__ import annotations

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.config.schema import Feed
from vedette.gather import feed_documents
from vedette.gather.feed_documents import DocumentError, country_code, parse, parse_network


def feed(format: str = "lines", **rest) -> Feed:
    return Feed(name="f", url="https://a.example/x", format=format, **rest)


def read(text: str | bytes, format: str = "lines", **rest) -> list[str]:
    """The entries as networks or ranges, with their value where there is one."""
    found = []
    for family, first, last, value in parse(feed(format, **rest), text.encode() if isinstance(text, str) else text):
        make = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
        networks = list(ipaddress.summarize_address_range(make(first), make(last)))
        name = str(networks[0]) if len(networks) == 1 else f"{make(first)}-{make(last)}"
        found.append(f"{name} {value}" if value else name)
    return found


def refused(text: str | bytes, format: str = "lines", **rest) -> str:
    with pytest.raises(DocumentError) as caught:
        read(text, format, **rest)
    return str(caught.value)


@given(st.ip_addresses(), st.integers(0, 128))
def test_prefixes_are_read_as_the_standard_library_does(address, length):
    mapped = getattr(address, "ipv4_mapped", None)
    if length > address.max_prefixlen or mapped:
        return
    network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    assert parse_network(f"{address}/{length}") == (network.version, int(network[0]), int(network[-1]))


@pytest.mark.parametrize("text", ["", "/", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/²", "::/129", "1.2.3.4-", "9.9.9.9-8.8.8.8", "1.2.3.4-::1", "a/8", "1.2.3.4/8/8", "::ffff:1.2.3.4/90", "1.2.3.4/9999"])  # fmt: skip
def test_what_is_no_network(text):
    assert parse_network(text) is None


def test_mapped_prefixes_are_ipv4():
    assert parse_network("::ffff:192.0.2.0/120") == parse_network("192.0.2.0/24")


def test_lines_and_netsets():
    text = """\ufeff# a comment
    ; another
    // a third
    192.0.2.1
    192.0.2.0/24   # who
    192.0.2.9,5,bad
    2001:db8::/32\t2026-01-01
    192.0.2.4-192.0.2.7
    192.0.2.8 - 192.0.2.9

    not an address
    """
    for kind in ("lines", "netset"):
        assert read(text, kind) == ["192.0.2.1/32", "192.0.2.0/24", "192.0.2.9/32", "2001:db8::/32", "192.0.2.4/30", "192.0.2.8/31"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no address is in it"),
        ("# nothing\n", "no address is in it"),
        ("<!doctype html>\n<title>503</title>\n", "2 lines have no address and 0 have one, is the format right?"),
        ("192.0.2.1\na\nb\n", "2 lines have no address and 1 have one, is the format right?"),
        (b"\xff\xfe\x00", "not text, is it format lines?"),
    ],
)
def test_what_is_no_list(text, told):
    assert refused(text) == told


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"creationTime": "2026", "prefixes": [{"ipv4Prefix": "192.0.2.0/24"}, {"ipv6Prefix": "2001:db8::/32"}]}, 2),
        ({"syncToken": "1", "prefixes": [{"ip_prefix": "192.0.2.0/24", "region": "x", "service": "S3"}], "ipv6_prefixes": [{"ipv6_prefix": "2001:db8::/32"}]}, 2),
        ({"values": [{"name": "A", "properties": {"addressPrefixes": ["192.0.2.0/24", "2001:db8::/32"]}}]}, 2),
        ({"hooks": ["192.0.2.0/30"], "domains": {"website": ["*.a.example"]}, "verifiable_password_authentication": False}, 1),
        ({"regions": [{"region": "r", "cidrs": [{"cidr": "192.0.2.0/24", "tags": ["OCI"]}]}]}, 1),
        ({"addresses": ["192.0.2.0/24"], "ipv6_addresses": ["2001:db8::/32"]}, 2),
        ({"result": {"ipv4_cidrs": ["192.0.2.0/24"], "etag": "abc"}, "success": True}, 1),
        ({"ips": [{"ip_address": "192.0.2.1"}]}, 1),
        (["192.0.2.1"], 1),
    ],
)  # fmt: skip
def test_json_documents_of_the_world(document, expected):
    assert len(read(json.dumps(document), "json")) == expected


def test_json_below_a_key():
    document = json.dumps({"actions": [{"a": ["192.0.2.1"]}], "hooks": ["192.0.2.2"]})
    assert read(document, "json", column="actions") == ["192.0.2.1/32"]


def test_what_is_no_json():
    assert refused("192.0.2.1", "json") == "not JSON"
    assert refused("[" * 100_000, "json") == "not JSON"
    assert refused("[" * 40 + '"192.0.2.1"' + "]" * 40, "json") == "nested deeper than 32"
    assert refused("{}", "json") == "no address is in it"
    assert refused('{"a": 1e400, "b": NaN, "c": ["x"]}', "json") == "no address is in it"


def test_csv():
    assert read("192.0.2.1,x\n192.0.2.2,y\n", "csv") == ["192.0.2.1/32", "192.0.2.2/32"]
    assert read("a,cidr\nx,192.0.2.0/24\ny,2001:db8::/32\n", "csv", column="CIDR") == ["192.0.2.0/24", "2001:db8::/32"]
    assert read('"192.0.2.4","192.0.2.7"\n', "csv") == ["192.0.2.4/30"]
    assert read("#x\nx;192.0.2.1\n", "csv", column="2") == ["192.0.2.1/32"]
    assert refused("a,b\n192.0.2.1,2\n", "csv", column="cidr") == "no column cidr, there are a, b"
    assert refused("a\n" + "x" * 200_000 + "\n", "csv").startswith("not CSV")
    assert refused("a,b\nx,y\nz,z\n", "csv") == "2 rows have no address and 0 have one, is the format right?"


def test_csv_with_values():
    assert read("1.0.0.0,1.0.0.255,13335,CLOUDFLARE\n", "csv", kind="asn") == ["1.0.0.0/24 13335"]
    assert read("network,asn\n1.0.0.0/24,AS13335\n1.0.1.0/24,64496\n", "csv", kind="asn", column="asn") == ["1.0.0.0/24 13335", "1.0.1.0/24 64496"]  # fmt: skip
    assert read("1.0.0.0/24,us\n2001:db8::/32,DE\n", "csv", kind="country") == [
        f"1.0.0.0/24 {country_code('US')}", f"2001:db8::/32 {country_code('DE')}"
    ]  # fmt: skip
    assert refused("1.0.0.0/24,99999999999\n", "csv", kind="asn").startswith("no address")
    assert refused("1.0.0.0/24,U5\nx,y\n", "csv", kind="country")


@pytest.mark.parametrize("format", ["lines", "json", "csv"])
def test_too_many_entries_are_refused(format, monkeypatch):
    monkeypatch.setattr(feed_documents, "ENTRIES_MAX", 10)
    text = json.dumps(["192.0.2.1"] * 11) if format == "json" else "192.0.2.1\n" * 11
    assert refused(text, format) == "more than 10 entries"
    if format != "json":
        what = "lines" if format == "lines" else "rows"
        assert refused("x\n" * 12, format) == f"more than 10 {what} have no address"


@given(st.binary(max_size=300), st.sampled_from(["lines", "json", "csv"]), st.sampled_from(["blocklist", "asn"]))
def test_garbage_is_read_or_refused(data, format, kind):
    try:
        assert parse(feed(format, kind=kind), data)
    except DocumentError as error:
        assert str(error)


WORDS = st.sampled_from(["192.0.2.1", "192.0.2.0/24", "::1", "2001:db8::/32", "-", ",", ";", "\n", "#", " ", '"', "1-2", "AS1", "US"])  # fmt: skip


@given(st.lists(WORDS, max_size=40).map("".join), st.sampled_from(["lines", "csv"]))
def test_nearly_right_documents_are_read_or_refused(text, format):
    try:
        for family, first, last, _ in parse(feed(format), text.encode()):
            assert 0 <= first <= last < 1 << (32 if family == 4 else 128)
    except DocumentError:
        pass
