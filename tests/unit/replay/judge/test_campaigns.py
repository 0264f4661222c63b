"""Delays and losses of campaigns."""

from __future__ import annotations

import math

import numpy as np

from vedette.replay.judge.campaigns import Moment, campaigns, delay
from vedette.replay.judge.shares import Share


def campaign(name: str, actions: str, **more: object) -> list[dict[str, object]]:
    """A letter for each request, one a second: ``.`` allowed, ``x`` stopped, ``b`` stopped as a bad bot."""
    return [
        {"campaign": name, "at": 100.0 + n, "action": "allow" if letter == "." else "block",
         "verdict": "bad_bot" if letter == "b" else "unknown", "prize": f"account:{name}{n}"} | more
        for n, letter in enumerate(actions)
    ]  # fmt: skip


def test_the_first_stop_and_the_first_verdict(judged_rows) -> None:
    (one,) = campaigns(judged_rows(campaign("c", "..x.b", segment="stuffing", threat="OAT-008", level=2)))
    assert (one.name, one.family, one.threat, one.level) == ("c", "stuffing", "OAT-008", 2)
    assert (one.requests, one.lasted_s, one.stopped, one.bad_bot) == (5, 4.0, Share(2, 5), Share(1, 5))
    assert one.first_stop == Moment(2, 2.0)
    assert one.first_bad_bot == Moment(4, 4.0)
    assert one.half_stopped is None, "two of five are less than half"
    assert one.offered == {"account": 5}
    assert one.leaked == one.leaked_before_half == {"account": 3}


def test_half_stopped_looks_at_the_last_twenty(judged_rows) -> None:
    (one,) = campaigns(judged_rows(campaign("c", "." * 30 + "x" * 10 + "." * 20)))
    assert one.half_stopped == Moment(39, 39.0)
    assert one.leaked_before_half == {"account": 30}
    assert one.leaked == {"account": 50}


def test_a_campaign_stopped_at_once_leaks_nothing(judged_rows) -> None:
    (one,) = campaigns(judged_rows(campaign("c", "x" * 40)))
    assert one.first_stop == Moment(0, 0.0)
    assert one.half_stopped == Moment(9, 9.0)
    assert (one.leaked, one.offered) == ({}, {"account": 40})


def test_a_short_campaign_needs_half_of_all_its_requests(judged_rows) -> None:
    assert campaigns(judged_rows(campaign("c", "..xx")))[0].half_stopped == Moment(3, 3.0)
    assert campaigns(judged_rows(campaign("c", "...x")))[0].half_stopped is None


def test_the_same_thing_is_won_once_and_kinds_are_told_apart(judged_rows) -> None:
    rows = [
        *({"campaign": "c", "prize": f"object:{n % 3}"} for n in range(9)),
        {"campaign": "c", "prize": "object:9", "action": "challenge"},
        {"campaign": "c", "prize": "card:0"},
        {"campaign": "c", "prize": "card:1", "action": "delay"},
        {"campaign": "d", "prize": "object:0"},
    ]
    c, d = campaigns(judged_rows(rows, catalogue=12))
    assert c.leaked == {"card": 2, "object": 3}, "a delay stops nothing"
    assert c.offered == {"card": 2, "object": 4}
    assert (c.catalogue, c.catalogue_before_half) == (0.25, 0.25)
    assert d.leaked == {"object": 1}
    assert math.isnan(campaigns(judged_rows(rows))[0].catalogue)


def test_the_largest_comes_first_and_people_have_none(judged_rows) -> None:
    rows = [*campaign("a", "."), *campaign("c", "..."), *campaign("b", "..."), {"actor": "human", "campaign": "c"}]
    assert [(one.name, one.requests) for one in campaigns(judged_rows(rows))] == [("b", 3), ("c", 3), ("a", 1)]
    assert campaigns(judged_rows([{"actor": "human"}])) == []


def test_delays_over_sessions(judged_rows) -> None:
    rows = judged_rows([
        *({"session": "a", "at": float(n), "action": "block" if n == 3 else "allow"} for n in range(5)),
        {"session": "b", "at": 7.0, "action": "block"},
        {"session": "c", "at": 7.0},
        {"at": 8.0, "action": "block"},
    ])  # fmt: skip
    found = delay(rows.session, rows, rows.by("bad_bot"))
    assert found is not None
    assert (found.stopped, found.seconds, found.requests) == (Share(2, 3), 1.5, 1.5)
    assert delay(rows.session, rows, np.zeros(len(rows), np.bool_)) is None
    never = judged_rows([{"session": "a"}])
    told = delay(never.session, never, never.by("bad_bot"))
    assert told is not None
    assert told.stopped == Share(0, 1)
    assert math.isnan(told.seconds)
