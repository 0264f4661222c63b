"""A limit against an oracle in exact fractions, and against its promise."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from vedette.config.schema import Rate
from vedette.detect.tables import Tables
from vedette.mitigate.limits import take

TABLE = Tables.open(shrink=11).limit
NOW = 1.7e9
KEYS = iter(range(1, 2**63))

rates = st.builds(Rate, st.integers(1, 10_000), st.sampled_from([1.0, 60.0, 3600.0, 86_400.0]))
bursts = st.integers(1, 50)


@st.composite
def arrivals(draw, shapes):
    """Times on the scale of the limit, so that its edge is met often."""
    rate, burst = draw(shapes)
    step = rate.per_s / rate.count
    gaps = draw(st.lists(st.floats(0, 3 * step) | st.just(0.0) | st.just(step), min_size=1, max_size=200))
    times, now = [], NOW
    for gap in gaps:
        now += gap
        times.append(now)
    return rate, burst, times


class Bucket:
    """The textbook's continuous-state leaky bucket, without rounding."""

    def __init__(self, rate: Rate, burst: int) -> None:
        window = int(rate.per_s * 10**9)
        self.interval = Fraction(-(-window // rate.count))
        self.burst = burst
        self.level, self.last = Fraction(0), None

    def take(self, at: int) -> bool:
        if self.last is not None:
            self.level = max(Fraction(0), self.level - (at - self.last) / self.interval)
        self.last = at
        if self.level + 1 > self.burst:
            return False
        self.level += 1
        return True


@given(arrivals(st.tuples(rates, bursts)))
def test_it_is_a_leaky_bucket(case):
    rate, burst, times = case
    key, bucket = next(KEYS), Bucket(rate, burst)
    for now in times:
        grant = take(TABLE, key, now, rate, burst)
        assert grant.allowed == bucket.take(int(now * 1e9))
        if grant.allowed:
            assert grant.remaining == int(burst - bucket.level)
            assert grant.retry_after_s == 0.0
        else:
            assert grant.retry_after_s > 0.0


@given(arrivals(st.tuples(rates, bursts)))
def test_no_span_holds_more_than_burst_and_rate(case):
    rate, burst, times = case
    key = next(KEYS)
    passed = [int(now * 1e9) for now in times if take(TABLE, key, now, rate, burst).allowed]
    per_ns = Fraction(rate.count, int(rate.per_s * 10**9))
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + per_ns * (passed[last] - passed[first])


@given(arrivals(st.tuples(rates, bursts)))
def test_who_waits_as_told_passes(case):
    rate, burst, times = case
    key = next(KEYS)
    for now in times:
        grant = take(TABLE, key, now, rate, burst)
        if not grant.allowed:
            # one step of a double at today's date is 0.24 microseconds
            assert take(TABLE, key, now + grant.retry_after_s + 1e-6, rate, burst).allowed
            return


@given(arrivals(st.tuples(rates, bursts)), st.lists(st.floats(-30, 30), min_size=200, max_size=200))
def test_times_out_of_order_never_allow_more(case, shifts):
    rate, burst, times = case
    key = next(KEYS)
    shifted = [now + shift for now, shift in zip(times, shifts, strict=False)]
    allowed = sum(take(TABLE, key, now, rate, burst).allowed for now in shifted)
    span = int(max(shifted) * 1e9) - int(min(shifted) * 1e9)
    assert allowed <= burst + Fraction(rate.count, int(rate.per_s * 10**9)) * span


@given(st.lists(st.tuples(st.integers(1, 2**64 - 1), st.floats(allow_nan=True)), max_size=200), rates, bursts)
def test_hostile_keys_and_times_change_no_size(calls, rate, burst):
    table = Tables.open(shrink=17).limit
    places = len(table.rows)
    for key, now in calls:
        grant = take(table, key, now, rate, burst)
        assert grant.remaining >= 0
        assert grant.reset_s >= 0.0
        assert grant.retry_after_s >= 0.0
    assert len(table.rows) == places
    assert not (table.sequence & 1).any(), "every set is whole again"
