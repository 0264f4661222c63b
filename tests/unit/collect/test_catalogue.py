"""Counters of distinct objects."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect.catalogue import REGISTERS, DistinctCounter


def hashes(count: int, salt: str = "") -> list[int]:
    return [
        int.from_bytes(hashlib.blake2b(f"{salt}{n}".encode(), digest_size=8).digest(), "little") for n in range(count)
    ]


@pytest.mark.parametrize("count", [1, 10, 500, 2000, 3000, 20_000])
def test_estimates_are_close(count: int) -> None:
    counter = DistinctCounter()
    for item in hashes(count) * 2:
        counter.add(item)
    assert counter.estimate() == pytest.approx(count, rel=0.1, abs=0.6)


def test_an_empty_one_has_none() -> None:
    assert DistinctCounter().estimate() == 0.0


@given(st.lists(st.integers(0, (1 << 64) - 1), max_size=60).flatmap(lambda items: st.permutations(items).map(lambda other: (items, other))))  # fmt: skip
def test_the_order_does_not_matter_and_the_state_comes_back(case: tuple[list[int], list[int]]) -> None:
    one, other = DistinctCounter(), DistinctCounter()
    for item in case[0]:
        one.add(item)
    for item in case[1]:
        other.add(item)
    again = DistinctCounter(one.state())
    assert one.estimate() == other.estimate() == again.estimate()
    assert again.state() == one.state()


def test_joined_is_what_both_have_seen() -> None:
    one, other, both = DistinctCounter(), DistinctCounter(), DistinctCounter()
    for item in hashes(500):
        one.add(item)
        both.add(item)
    for item in hashes(500, "x"):
        other.add(item)
        both.add(item)
    assert one.joined(other).state() == both.state()


@pytest.mark.parametrize("registers", [b"", bytes(REGISTERS - 1), bytes([200]) * REGISTERS])
def test_what_is_no_state_is_refused(registers: bytes) -> None:
    with pytest.raises(ValueError, match="not the registers"):
        DistinctCounter(registers)
