"""MaxMind databases: real ones, made here, and files that are none."""

from __future__ import annotations

import io

import maxminddb
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from tests.unit.gather.test_feed_documents import read, refused
from vedette.gather import feed_documents
from vedette.gather.feed_documents import country_code


@pytest.fixture
def mmdb(tmp_path):
    """Write a database of {network: record}; give its bytes."""

    def write(records: dict, version: int = 4) -> bytes:
        writer = MMDBWriter(ip_version=version, ipv4_compatible=version == 6, int_type="u32")
        for network, record in records.items():
            writer.insert_network(IPSet([network]), record)
        writer.to_db_file(str(tmp_path / "x.mmdb"))
        return (tmp_path / "x.mmdb").read_bytes()

    return write


def test_numbers_of_networks(mmdb):
    data = mmdb(
        {
            "8.8.8.0/24": {"autonomous_system_number": 15169, "autonomous_system_organization": "Google"},
            "8.8.9.0/24": {"autonomous_system_number": 15169, "autonomous_system_organization": "Google LLC"},
            "9.9.9.0/24": {"asn": "AS19281"},
            "7.0.0.0/8": {"autonomous_system_organization": "nobody"},
        }
    )
    assert read(data, "mmdb", kind="asn") == ["8.8.8.0/23 15169", "9.9.9.0/24 19281"]


def test_countries_of_both_families(mmdb):
    data = mmdb(
        {
            "8.8.8.0/24": {"country": {"iso_code": "US", "names": {"en": "United States"}}},
            "2a00::/16": {"country": {"iso_code": "DE"}},
            "9.9.9.0/24": {"country_code": "CH"},
        },
        version=6,
    )
    assert read(data, "mmdb", kind="country") == [
        f"8.8.8.0/24 {country_code('US')}", f"9.9.9.0/24 {country_code('CH')}", f"2a00::/16 {country_code('DE')}"
    ]  # fmt: skip


def test_members_by_a_field(mmdb):
    data = mmdb(
        {"8.8.8.0/24": {"is_vpn": True}, "9.9.9.0/24": {"is_vpn": False}, "7.7.7.0/24": {"traits": {"is_vpn": True}}}
    )
    assert read(data, "mmdb", kind="vpn", column="is_vpn") == ["8.8.8.0/24"]
    assert read(data, "mmdb", kind="vpn", column="traits.is_vpn") == ["7.7.7.0/24"]
    assert refused(data, "mmdb", kind="vpn", column="nothing") == "no address is in it"


def test_what_is_no_database(mmdb):
    whole = mmdb({"8.8.8.0/24": {"asn": 1}})
    for data in (b"", b"x" * 1000, whole[:50], whole[len(whole) // 3 :]):
        assert refused(data, "mmdb", kind="asn") in ("not an MMDB, or a damaged one", "no address is in it")


def test_a_reader_that_dies_or_hangs_is_a_failed_feed(mmdb, monkeypatch):
    data = mmdb({"8.8.8.0/24": {"asn": 1}})
    monkeypatch.setattr(feed_documents, "MMDB_WAIT_S", 0.001)
    assert refused(data, "mmdb", kind="asn") == "not read within 0.001 s"
    monkeypatch.setattr(feed_documents, "MMDB_WAIT_S", 60.0)
    monkeypatch.setattr(feed_documents.sys, "executable", "/bin/false")
    assert refused(data, "mmdb", kind="asn") == "not a usable MMDB, reading it failed"


def test_a_tree_without_end_is_given_up(mmdb, monkeypatch):
    data = bytearray(mmdb({"8.8.8.8/32": {"asn": 1}}))  # 32 nodes of two records of 24 or 28 bits
    metadata = maxminddb.open_database(io.BytesIO(data), maxminddb.MODE_FD).metadata()
    assert (metadata.node_count, metadata.ip_version) == (32, 4)
    size = metadata.record_size * 2 // 8
    for node in range(32):
        number = node + 1  # both ways lead to the next node, of the last one to nothing: 2^32 ways through
        record = number.to_bytes(3, "big")
        data[node * size : (node + 1) * size] = record + (b"\0" if size == 7 else b"") + record
    monkeypatch.setattr(feed_documents, "MMDB_WAIT_S", 2.0)
    assert refused(bytes(data), "mmdb", kind="asn") == "not read within 2 s"
