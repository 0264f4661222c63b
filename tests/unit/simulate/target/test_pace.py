"""Bounds, the virtual clock, and the bucket, in time that the tests move themselves."""

from __future__ import annotations

import asyncio

import pytest

from vedette.doors.drill import Bounds
from vedette.errors import ConfigError
from vedette.simulate.target import pace
from vedette.simulate.target.pace import Clock, Limits, Pace, limits_of


@pytest.fixture
def time(monkeypatch):
    """Time that passes only while somebody sleeps, and only for who sleeps alone."""

    class Time:
        now = 100.0
        slept: list[float] = []

        def __call__(self) -> float:
            return self.now

    made = Time()
    made.slept = []

    async def sleep(seconds):
        made.slept.append(seconds)
        made.now += seconds

    monkeypatch.setattr(pace.asyncio, "sleep", sleep)
    return made


def test_a_loopback_target_bears_more():
    assert limits_of(is_loopback=False) == Limits(rate=50.0, count=100_000, seconds=600.0, concurrent=200)
    assert limits_of(is_loopback=True).rate == 500.0
    assert limits_of(is_loopback=False, rate=5.0, count=10, seconds=1.5, concurrent=1) == Limits(
        rate=5.0, count=10, seconds=1.5, concurrent=1
    )


def test_every_bound_beyond_the_most_is_named():
    with pytest.raises(ConfigError) as caught:
        limits_of(is_loopback=False, rate=501.0, count=1_000_001, seconds=0.0, concurrent=-1)
    assert caught.value.problems == (
        "--rate: not usable, 501, use more than 0 and at most 500",
        "--count: not usable, 1000001, use more than 0 and at most 1000000",
        "--seconds: not usable, 0, use more than 0 and at most 3600",
        "--concurrent: not usable, -1, use more than 0 and at most 1000",
    )
    assert limits_of(is_loopback=True, rate=5000.0).rate == 5000.0
    with pytest.raises(ConfigError, match="not usable, nan"):
        limits_of(is_loopback=True, rate=float("nan"))


def test_what_an_edge_permits_only_lowers():
    mine = limits_of(is_loopback=False, rate=40.0, count=1000)
    assert mine.within(Bounds(rate=500, count=10, seconds=60)) == Limits(
        rate=40.0, count=10, seconds=60.0, concurrent=200
    )


def test_virtual_time_runs_faster(time):
    clock = Clock(1_000_000.0, 60.0, time)
    time.now += 2.0
    assert clock.virtual() == 1_000_120.0
    asyncio.run(clock.until(1_000_180.0))
    assert time.slept == [1.0]
    asyncio.run(clock.until(1_000_000.0))
    assert time.slept == [1.0], "what has passed is not waited for"


def test_calls_take_turns_at_the_rate(time):
    async def turns() -> list[float]:
        bucket = Pace(10.0, time)
        return [await bucket.take() for _ in range(5)]

    assert asyncio.run(turns()) == pytest.approx([0.0, 0.1, 0.1, 0.1, 0.1])
    assert time.now == pytest.approx(100.4)


def test_a_pause_saves_up_little(time):
    async def turns() -> list[float]:
        bucket = Pace(100.0, time)
        time.now += 60.0
        return [await bucket.take() for _ in range(13)]

    waited = asyncio.run(turns())
    assert waited[:10] == [0.0] * 10, "a tenth of a second's worth"
    assert time.now == pytest.approx(160.0 + 2 / 100.0)


def test_a_rate_can_be_lowered_on_the_way(time):
    async def turns() -> list[float]:
        bucket = Pace(10.0, time)
        first = await bucket.take()
        bucket.rate = 1.0
        return [first, await bucket.take(), await bucket.take()]

    assert asyncio.run(turns()) == pytest.approx([0.0, 0.1, 1.0])
