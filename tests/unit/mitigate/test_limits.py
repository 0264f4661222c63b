"""Limits by example; ``tests/property/test_mitigate_limits.py`` holds them to an oracle."""

from __future__ import annotations

import math

import pytest

from vedette.config.schema import Rate
from vedette.detect.tables import Tables
from vedette.mitigate.limits import limit_key, salt, take

NOW = 1.7e9
TEN_A_MINUTE = Rate(10, 60.0)


@pytest.fixture
def table():
    return Tables.open(shrink=11).limit


def test_a_full_bucket_then_the_rate(table):
    grants = [take(table, 5, NOW, TEN_A_MINUTE, 3) for _ in range(4)]
    assert [grant.allowed for grant in grants] == [True, True, True, False]
    assert [grant.remaining for grant in grants] == [2, 1, 0, 0]
    assert [grant.reset_s for grant in grants] == [6.0, 12.0, 18.0, 18.0]
    assert grants[3].retry_after_s == 6.0
    assert not take(table, 5, NOW + 5.999, TEN_A_MINUTE, 3).allowed
    assert take(table, 5, NOW + 6.0, TEN_A_MINUTE, 3).allowed


def test_an_interval_that_is_no_whole_nanosecond_is_rounded_up(table):
    assert take(table, 5, NOW, Rate(7, 60.0), 1).reset_s == 8.571428572


def test_a_refused_request_takes_nothing(table):
    take(table, 5, NOW, TEN_A_MINUTE, 1)
    waits = [take(table, 5, NOW, TEN_A_MINUTE, 1).retry_after_s for _ in range(100)]
    assert set(waits) == {6.0}


def test_without_a_burst_one_window_is_allowed_at_once(table):
    assert sum(take(table, 5, NOW, TEN_A_MINUTE, 0).allowed for _ in range(50)) == 10


def test_keys_do_not_share_a_bucket(table):
    assert take(table, 5, NOW, TEN_A_MINUTE, 1).allowed
    assert take(table, 2**64 - 1, NOW, TEN_A_MINUTE, 1).allowed
    assert not take(table, 5, NOW, TEN_A_MINUTE, 1).allowed


def test_limits_of_one_entity_do_not_share_a_bucket():
    assert limit_key(salt("search"), 7) != limit_key(salt("login"), 7)
    assert limit_key(salt("search"), 7) != limit_key(salt("search"), 8)
    assert limit_key(salt("search"), salt("search")) != 0, "0 marks a free place in the table"
    assert 0 < limit_key(salt("search"), 2**64 - 1) < 2**64


def test_the_clock_going_back_costs_at_most_an_empty_bucket(table):
    for _ in range(3):
        take(table, 5, NOW + 86_400.0, TEN_A_MINUTE, 3)
    grant = take(table, 5, NOW, TEN_A_MINUTE, 3)
    assert not grant.allowed
    assert grant.retry_after_s == 6.0
    assert take(table, 5, NOW + 6.0, TEN_A_MINUTE, 3).allowed


def test_jitter_of_the_clock_refills_nothing(table):
    for _ in range(3):
        take(table, 5, NOW, TEN_A_MINUTE, 3)
    swings = [NOW + (0.01 if step % 2 else -0.01) for step in range(2000)]
    assert not any(take(table, 5, now, TEN_A_MINUTE, 3).allowed for now in swings)


def test_a_new_rate_takes_over_a_bucket_of_the_old_one(table):
    take(table, 5, NOW, Rate(1, 86_400.0), 1)
    assert not take(table, 5, NOW, TEN_A_MINUTE, 3).allowed
    assert take(table, 5, NOW + 6.0, TEN_A_MINUTE, 3).allowed


@pytest.mark.parametrize("now", [math.nan, -math.inf, math.inf, -1.0, 0.0, 1e300])
def test_an_impossible_time_is_survived(table, now):
    grant = take(table, 5, now, TEN_A_MINUTE, 2)
    assert grant.allowed
    assert math.isfinite(grant.reset_s)


@pytest.mark.parametrize("rate", [Rate(1, 86_400.0), Rate(10**9, 1.0), Rate(10**9, 86_400.0)])
@pytest.mark.parametrize("burst", [0, 1, 10**9, 10**15])
def test_extreme_limits_do_not_overflow(table, rate, burst):
    grants = [take(table, 5, 5.9e9, rate, burst) for _ in range(3)]
    assert grants[0].allowed
    assert all(0.0 <= grant.reset_s < 2.0**61 / 1e9 + 1.0 and grant.remaining >= 0 for grant in grants)


def test_a_flood_of_invented_keys_does_not_refill_a_busy_one(table):
    for _ in range(2000):
        take(table, 5, NOW, TEN_A_MINUTE, 10)
    for key in range(1000, 1000 + 64 * len(table.rows)):
        take(table, key, NOW + 1.0, TEN_A_MINUTE, 10)
    assert not take(table, 5, NOW + 1.0, TEN_A_MINUTE, 10).allowed
