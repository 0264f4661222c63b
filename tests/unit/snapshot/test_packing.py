"""A damaged map is found when it is read."""

from __future__ import annotations

import zlib
from array import array

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.snapshot.test_networks import ranges, source
from vedette.snapshot.files import seal, unseal
from vedette.snapshot.networks import NetworkMap
from vedette.snapshot.packing import pack, unpack
from vedette.snapshot.ranges import build

PACKED = build([(source(), ranges("8.8.8.0/24", "2600::/32")), (source("b", "vpn"), ranges("8.8.0.0/16"))])
GOOD = pack(PACKED)


def test_it_is_read_as_it_was_written():
    assert unpack(GOOD) == PACKED
    assert pack(unpack(GOOD)) == GOOD


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(place, change):
    damaged = bytearray(GOOD)
    damaged[place] ^= change
    with pytest.raises(ValueError):
        unpack(bytes(damaged))


@given(st.binary(max_size=100))
def test_garbage_is_refused(data):
    with pytest.raises(ValueError):
        unpack(data)
    with pytest.raises(ValueError):
        unpack(seal("networks", 1, data))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("sets", ((), (0,), (7,), (0, 1))),
        ("sets", ((), (-1,), (1,), (0, 1))),
        ("sets", ((), (0,))),
        ("sources", (source(weight=float("nan")), source("b"))),
        ("sources", (source(half_life_s=0.0), source("b"))),
        ("sources", (source(weight=2.0), source("b"))),
        ("four", (array("I", [0, 5, 5]), array("I", [0, 1, 0]))),
        ("four", (array("I", [1, 5]), array("I", [0, 1]))),
        ("four", (array("I", [0, 5]), array("I", [0]))),
        ("six", (array("Q", [0, 1, 1]), array("Q", [0, 5, 5]), array("I", [0, 1, 0]))),
        ("six", (array("Q", [0, 1]), array("Q", [0, 5, 6]), array("I", [0, 1, 0]))),
        ("country_four", (array("I", [0]), array("I", [5]))),
    ],
)
def test_what_a_lookup_would_trip_over_is_refused(part, value):
    with pytest.raises(ValueError, match="damaged"):
        unpack(pack(msgspec.structs.replace(PACKED, **{part: value})))


def test_a_column_that_decompresses_to_more_is_refused():
    stored = msgspec.msgpack.decode(unseal("networks", 1, GOOD))
    for column in (["I", 1, zlib.compress(b"\0" * 50_000_000)], ["I", -1, b""], ["I", 2**40, b""], ["I", 1, b"x"]):
        stored[2][0] = column
        with pytest.raises(ValueError):
            unpack(seal("networks", 1, msgspec.msgpack.encode(stored)))


def test_nothing_is_known_of_nothing():
    empty = NetworkMap.read(pack(build([])))
    assert empty.lookup("8.8.8.8", 0.0).is_known
    assert empty.sources == ()
