"""Sets of addresses as ranges, and maps taken apart again."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.snapshot.test_networks import LISTS, ranges, source
from vedette.snapshot.networks import NetworkMap
from vedette.snapshot.ranges import Ranges, build, decompose, merge, merge_valued, subtract, write

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted).map(tuple), max_size=10)


def members(spans) -> set[int]:
    return {number for first, last in spans for number in range(first, last + 1)}


@given(SPANS)
def test_merged_ranges_are_in_order_and_do_not_touch(spans):
    merged = merge(spans)
    assert members(merged) == members(spans)
    assert all(after[0] > before[1] + 1 for before, after in zip(merged, merged[1:], strict=False))


@given(SPANS, SPANS)
def test_holes_are_cut_out(spans, holes):
    assert members(subtract(merge(spans), merge(holes))) == members(spans) - members(holes)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 5)), max_size=10))
def test_the_narrowest_valued_range_decides(spans):
    spans = [(min(first, last), max(first, last), value) for first, last, value in spans]
    kept, values = merge_valued(spans)
    told = {
        number: value for (first, last), value in zip(kept, values, strict=True) for number in range(first, last + 1)
    }
    for number in range(62):
        holding = [
            (last - first, -place, value) for place, (first, last, value) in enumerate(spans) if first <= number <= last
        ]
        assert told.get(number) == (min(holding)[2] if holding else None)


@settings(max_examples=40)
@given(LISTS)
def test_a_map_gives_its_lists_back(lists):
    given_lists = [(source(f"s{place}"), ranges(*map(str, networks))) for place, networks in enumerate(lists)]
    back = decompose(NetworkMap.read(write(build(given_lists))))
    assert [(s.name, s.entries, list(r.four), list(r.six)) for s, r in back] == [
        (s.name, r.entries, list(r.four), list(r.six)) for s, r in given_lists
    ]


def test_the_ends_of_address_space():
    everything = Ranges([(0, 2**32 - 1)], [(0, 2**128 - 1)])
    known = NetworkMap.read(write(build([(source(), everything)])))
    assert known.lookup("255.255.255.255", 1_790_000_000.0).kinds == ("hosting",)
    assert known.lookup("2fff:ffff::", 1_790_000_000.0).kinds == ("hosting",)
    assert decompose(NetworkMap()) == []


def test_more_lists_than_bits_of_a_word():
    lists = [(source(f"s{place}"), ranges(f"8.8.8.{place}/32", "9.0.0.0/8")) for place in range(100)]
    known = NetworkMap.read(write(build(lists)))
    assert known.lookup("8.8.8.77", 1_790_000_000.0).sources == ("s77",)
    assert len(known.lookup("9.9.9.9", 1_790_000_000.0).sources) == 100
    assert known.lookup("8.8.8.100", 1_790_000_000.0).sources == ()
