"""A key has habits: who uses it otherwise is not taken for its holder."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from vedette.detect.features import COUNT, index
from vedette.detect.habits import PARTNER, measure_key
from vedette.detect.places import KEYS
from vedette.detect.tables import HABITS, Tables

NOW = 1e9
DAY = 86_400.0


def item(number: int) -> int:
    return (number + 1) << 20


class Key:
    """One API key; ``use`` makes one request with it."""

    def __init__(self) -> None:
        self.tables = Tables.open(shrink=10)

    def use(self, at: float, network: int = 1, program: int = 1, key: int = 7) -> Callable[[str], float]:
        keys = dict.fromkeys(KEYS, 0) | {"key": key, "wide": item(network), "fingerprint": item(program)}
        features = np.full(COUNT, np.nan, np.float32)
        words = np.array([keys[name] for name in KEYS], np.uint64)
        measure_key(self.tables.arena, self.tables.offsets, words, NOW + at, features)
        return lambda name: float(features[index(name)])


@pytest.fixture
def key() -> Key:
    return Key()


def test_the_first_two_networks_and_programs_of_the_first_day_are_habits(key: Key) -> None:
    for network, program in ((1, 1), (2, 2), (1, 2)):
        read = key.use(60.0 * network, network, program)
        assert (read("key_network"), read("key_fingerprint")) == (0.0, 0.0)
    read = key.use(300.0, 3, 3)
    assert (read("key_network"), read("key_fingerprint")) == (1.0, 1.0)
    assert key.use(310.0, 1, 1)("key_network") == 0.0


def test_after_the_first_day_nothing_is_taken_on_trust(key: Key) -> None:
    key.use(0.0)
    assert key.use(DAY + 1, 2)("key_network") == 1.0


def test_a_week_of_use_makes_a_habit(key: Key) -> None:
    key.use(0.0)
    for day in range(1, 9):
        read = key.use(day * DAY + 10, 5)
        assert read("key_network") == (0.0 if day == 8 else 1.0), day


def test_many_networks_do_not_push_out_a_habit(key: Key) -> None:
    key.use(0.0)
    for n in range(200):
        assert key.use(2 * DAY + n, 100 + n, 100 + n)("key_network") == 1.0
    read = key.use(2 * DAY + 500, 1, 1)
    assert (read("key_network"), read("key_fingerprint")) == (0.0, 0.0)


def test_habits_are_of_one_key_alone(key: Key) -> None:
    for n in range(HABITS):
        key.use(float(n), n, key=7)
    assert key.use(20.0, 3, key=8)("key_network") == 0.0


def test_volume_is_judged_against_the_busiest_hour(key: Key) -> None:
    for n in range(3000):
        read = key.use(n * 10.0)  # 360 an hour, for a third of a day
    assert math.isnan(read("key_volume"))
    for n in range(2000):
        read = key.use(2 * DAY + n * 10.0)
    assert read("key_volume") < 0.6
    for n in range(6000):
        read = key.use(3 * DAY + n * 0.3)  # 12,000 an hour
    assert read("key_volume") > 3.5


def test_a_flood_is_not_its_own_excuse(key: Key) -> None:
    for n in range(3000):
        key.use(n * 10.0)
    highest = 0.0
    for n in range(20_000):
        read = key.use(2 * DAY + n * 0.3)
        highest = max(highest, read("key_volume"))
    assert read("key_volume") > highest - 0.5


def test_an_opaque_network_is_unknown(key: Key) -> None:
    assert math.isnan(key.use(0.0, -1)("key_network"))


@pytest.mark.parametrize(("partner", "is_kept"), [(int(PARTNER), True), (0, False)])
def test_the_habits_of_a_partner_outlive_invented_keys(key: Key, partner: int, is_kept: bool) -> None:
    key.use(0.0, key=8 | partner)
    for n in range(2, 100):
        key.use(2 * DAY + n, 9, 9, key=8 * n)
    assert key.use(3 * DAY, 9, 9, key=8 | partner)("key_network") == (1.0 if is_kept else 0.0)


def test_two_uses_a_week_apart_make_no_habit(key: Key) -> None:
    key.use(0.0)
    key.use(2 * DAY, 9)
    assert key.use(9.5 * DAY, 9)("key_network") == 1.0
    assert key.use(20 * DAY, 9)("key_network") == 1.0
    for day in (21, 22, 23):
        read = key.use(day * DAY, 9)
    assert read("key_network") == 0.0
