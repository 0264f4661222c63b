"""Harm to people and good bots, by segment and session."""

from __future__ import annotations

from vedette.replay.judge.harm import populations
from vedette.replay.judge.ranking import Cut
from vedette.replay.judge.shares import Share

CUTS = [Cut(0.01, 0.8, Share(0, 2), True)]


def person(session: str, segment: str, action: str = "allow", score: float = 0.1) -> dict[str, object]:
    return {"actor": "human", "session": session, "segment": segment, "action": action, "score": score}


def test_sessions_are_counted_once_and_by_segment(judged_rows) -> None:
    rows = judged_rows([
        person("a", "web", "challenge"),
        person("a", "web", "block"),
        person("a", "web", "challenge"),
        person("b", "web", "delay", score=0.9),
        person("c", "web"),
        person("d", "office"),
        person("", "office", "block"),
        {"actor": "bad_bot", "session": "e", "action": "block"},
    ])  # fmt: skip
    everyone, office, web = populations(rows, "human", CUTS)
    assert (everyone.segment, office.segment, web.segment) == ("", "office", "web")
    assert everyone.requests == 7
    assert everyone.sessions == 4, "the request without a session counts as a request only"
    assert everyone.stopped == Share(4, 7)
    assert everyone.noticed == Share(3, 7)
    assert everyone.hard_stopped == Share(2, 7)
    assert everyone.above == [Share(1, 7)]
    assert everyone.sessions_noticed == Share(2, 4)
    assert everyone.sessions_hard_stopped == Share(1, 4)
    assert everyone.sessions_stopped == Share(1, 4), "a delay stops nobody"
    assert web.sessions_noticed == Share(2, 3)
    assert office.sessions_noticed == Share(0, 1)
    assert office.hard_stopped == Share(1, 2)


def test_a_session_in_two_segments_is_one_of_each_and_one_in_all(judged_rows) -> None:
    rows = judged_rows([person("a", "web", "block"), person("a", "app")])
    everyone, app, web = populations(rows, "human", [])
    assert everyone.sessions_hard_stopped == Share(1, 1)
    assert (app.sessions_hard_stopped, web.sessions_hard_stopped) == (Share(0, 1), Share(1, 1))


def test_without_sessions_and_segments_requests_are_left(judged_rows) -> None:
    (everyone,) = populations(
        judged_rows([{"actor": "good_bot", "action": "block", "verdict": "bad_bot"}]), "good_bot", []
    )
    assert (everyone.sessions, everyone.stopped, everyone.bad_bot) == (0, Share(1, 1), Share(1, 1))
    assert populations(judged_rows([{}]), "human", []) == []
