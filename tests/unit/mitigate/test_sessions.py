"""Holds, refused sessions and an operator's word."""

from __future__ import annotations

import numpy as np
import pytest

from vedette.detect.tables import WAYS, Tables
from vedette.mitigate.sessions import hold, override, refuse, release, status

NOW = 1.7e9
DAY = 86_400.0
KEY = 2**64 - 7


@pytest.fixture
def table():
    return Tables.open(shrink=17).hold


def test_nothing_is_in_force_at_first(table):
    assert status(table, KEY, NOW) == "free"


def test_a_hold_lasts_a_minute(table):
    assert hold(table, KEY, NOW) == 60.0
    assert status(table, KEY, NOW + 59.9) == "held"
    assert status(table, KEY, NOW + 60.0) == "free"


def test_holds_double_up_to_an_hour(table):
    now, lengths = NOW, []
    for _ in range(9):
        lengths.append(hold(table, KEY, now))
        now += lengths[-1] + 1.0
    assert lengths == [60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0, 3600.0]


def test_requests_on_their_way_do_not_lengthen_a_hold(table):
    hold(table, KEY, NOW)
    assert [hold(table, KEY, NOW + 10.0) for _ in range(20)] == [50.0] * 20
    assert hold(table, KEY, NOW + 61.0) == 120.0


def test_an_hour_of_quiet_forgives_one_doubling(table):
    hold(table, KEY, NOW)
    hold(table, KEY, NOW + 60.0)
    assert hold(table, KEY, NOW + 180.0 + 3600.0) == 120.0
    assert hold(table, KEY, NOW + 10 * DAY) == 60.0


def test_a_refused_session_is_refused_for_a_day(table):
    refuse(table, KEY, NOW)
    assert status(table, KEY, NOW + DAY - 1.0) == "refused"
    assert status(table, KEY, NOW + DAY) == "free"


def test_asking_again_does_not_prolong_a_refusal(table):
    refuse(table, KEY, NOW)
    refuse(table, KEY, NOW + DAY / 2)
    assert status(table, KEY, NOW + DAY) == "free"
    refuse(table, KEY, NOW + DAY)
    assert status(table, KEY, NOW + DAY) == "refused"


def test_refused_outranks_held(table):
    hold(table, KEY, NOW)
    refuse(table, KEY, NOW)
    assert status(table, KEY, NOW) == "refused"


def test_an_operator_outranks_both_and_ends(table):
    refuse(table, KEY, NOW)
    hold(table, KEY, NOW)
    override(table, KEY, "bad", NOW, 100.0)
    assert status(table, KEY, NOW + 99.0) == "bad"
    assert status(table, KEY, NOW + 100.0) == "refused"
    override(table, KEY, "good", NOW, 100.0)
    assert status(table, KEY, NOW + 99.0) == "good"
    assert status(table, KEY, NOW + 100.0) == "free", "a good word ends hold and refusal for good"


def test_release_forgets_all(table):
    refuse(table, KEY, NOW)
    hold(table, KEY, NOW)
    override(table, KEY, "bad", NOW)
    release(table, KEY)
    assert status(table, KEY, NOW) == "free"
    assert hold(table, KEY, NOW) == 60.0


def test_a_key_that_is_absent_is_always_free(table):
    assert hold(table, 0, NOW) == 0.0
    refuse(table, 0, NOW)
    override(table, 0, "bad", NOW)
    release(table, 0)
    assert status(table, 0, NOW) == "free"
    assert not table.keys.any()


def test_a_clock_set_back_does_not_hold_anyone_for_long(table):
    hold(table, KEY, NOW + 30 * DAY)
    refuse(table, KEY, NOW + 30 * DAY)
    assert status(table, KEY, NOW) == "free"
    assert hold(table, KEY, NOW) >= 60.0
    assert status(table, KEY, NOW) == "held"


def sharing(table, count):
    """Keys of one set."""
    return [1 + place * len(table.keys) for place in range(count)]


def test_a_flood_of_refusals_does_not_push_out_an_operators_word(table):
    word, *flood = sharing(table, 500)
    override(table, word, "bad", NOW)
    for key in flood:
        refuse(table, key, NOW)
        hold(table, key, NOW)
    assert status(table, word, NOW) == "bad"
    assert sum(status(table, key, NOW) == "refused" for key in flood) == WAYS - 1


def test_a_hold_does_not_push_out_a_refusal(table):
    *refused, late = sharing(table, WAYS + 1)
    for key in refused:
        refuse(table, key, NOW)
    assert hold(table, late, NOW) == 60.0
    assert status(table, late, NOW) == "free", "there is no place for it, and the caller's stop stands by itself"
    assert {status(table, key, NOW) for key in refused} == {"refused"}


def test_an_operators_word_always_finds_a_place(table):
    *earlier, late = sharing(table, WAYS + 1)
    for key in earlier:
        override(table, key, "bad", NOW, 30 * DAY)
    override(table, late, "good", NOW, 60.0)
    assert status(table, late, NOW) == "good"


def test_sets_are_whole_after_every_call(table):
    hold(table, KEY, NOW)
    refuse(table, KEY, NOW)
    override(table, KEY, "good", NOW)
    release(table, KEY)
    assert not (table.sequence & np.uint32(1)).any()
    assert table.sequence.any()
