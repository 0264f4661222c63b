"""Answers and outcomes that refer to nothing, and addresses shared with people."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vedette.detect import feedback
from vedette.detect.features import COUNT, index
from vedette.detect.kernel import measure
from vedette.detect.places import KEYS, SIGNALS
from vedette.detect.tables import ADDRESS, Tables, find_or_insert


def test_unknown_requests_are_ignored() -> None:
    t = Tables.open(shrink=12)
    before = t.arena.copy()
    out = np.zeros(8, np.uint64)
    assert not feedback.waiting(t.arena, t.offsets, np.uint64(5), out)
    assert feedback.answer(t.arena, t.offsets, np.uint64(5), 200, 0, 0.0, 0.0, 0.1, 20) == -1
    for call in (feedback.stopped, feedback.decline):
        call(t.arena, t.offsets, np.uint64(5))
    feedback.welcome(t.arena, t.offsets, np.uint64(5), 1)
    feedback.taint(t.arena, t.offsets, np.uint64(5), 1.0)
    feedback.retry(t.arena, t.offsets, np.uint64(5), 1e9)
    feedback.login(t.arena, t.offsets, np.uint64(5), True)
    assert (t.arena == before).all()


def test_a_person_behind_an_address_is_remembered_for_an_hour() -> None:
    t = Tables.open(shrink=12)
    assert not feedback.is_shared(t.arena, t.offsets, np.uint64(9), 1e9)
    slot, _ = find_or_insert(t.address.keys, t.address.keep, np.uint64(9), 1e9)
    t.address.rows[slot] = np.zeros((), ADDRESS)
    feedback.humanise(t.arena, t.offsets, np.uint64(9), 1e9)
    assert feedback.is_shared(t.arena, t.offsets, np.uint64(9), 1e9 + 3599)
    assert not feedback.is_shared(t.arena, t.offsets, np.uint64(9), 1e9 + 3601)


def spend(t: Tables, key: int, now: float, until: float) -> bool:
    return bool(feedback.spend(t.arena, t.offsets, np.uint64(key), now, until))


def test_what_may_be_used_once_is_used_once() -> None:
    t = Tables.open(shrink=10)
    assert spend(t, 77, 1e9, 1e9 + 120)
    assert not spend(t, 77, 1e9 + 60, 1e9 + 120)
    assert not spend(t, 77, 1e9 + 120, 1e9 + 240)
    assert spend(t, 78, 1e9 + 60, 1e9 + 120)
    assert spend(t, 77, 1e9 + 130, 1e9 + 250), "it need not be remembered any longer"


def test_the_longest_remembered_stays_in_a_flood() -> None:
    t = Tables.open(shrink=18)
    assert spend(t, 8 << 20, 1e9, 1e9 + 240)
    for n in range(1000):
        spend(t, (n + 9) << 20, 1e9, 1e9 + 120)
    assert not spend(t, 8 << 20, 1e9, 1e9 + 240)


def test_a_network_remembers_a_bad_client_once() -> None:
    world = Tables.open(shrink=10)
    keys = dict.fromkeys(KEYS, 0) | {"client": 5, "address": 6, "network": 7, "fingerprint": 8, "request": 9}
    signals = dict.fromkeys(SIGNALS, math.nan) | dict.fromkeys(
        ("route", "purpose", "is_session", "is_login", "is_static", "trap"), 0.0
    )
    signals |= {"operations": 1.0, "family": 1.0}

    def history(client: int) -> float:
        words = np.array([(keys | {"client": client})[name] for name in KEYS], np.uint64)
        features = np.zeros(COUNT, np.float32)
        measure(world.arena, world.offsets, words, np.array([signals[n] for n in SIGNALS]), 1e9, features)
        return float(features[index("network_history")])

    assert history(5) == 0.0
    for _ in range(10):
        feedback.blame(world.arena, world.offsets, np.uint64(5), np.uint64(7), 1.0)
    assert math.expm1(history(5)) == pytest.approx(1.0)
    history(15)
    feedback.blame(world.arena, world.offsets, np.uint64(15), np.uint64(7), 0.5)
    feedback.blame(world.arena, world.offsets, np.uint64(99), np.uint64(7), 1.0)  # nobody knows that client
    assert math.expm1(history(5)) == pytest.approx(1.5)
