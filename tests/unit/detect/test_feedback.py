"""Answers and outcomes that refer to nothing, and addresses shared with people."""

from __future__ import annotations

import numpy as np

from vedette.detect import feedback
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
