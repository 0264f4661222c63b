"""Recall by family and level."""

from __future__ import annotations

import numpy as np

from vedette.replay.judge.families import recalls
from vedette.replay.judge.ranking import Cut
from vedette.replay.judge.shares import Share

HUMANS = np.array([0.1, 0.2], np.float32)
CUTS = [Cut(0.01, 0.8, Share(0, 2), True)]


def bot(family: str, level: int, score: float, action: str = "allow", verdict: str = "unknown") -> dict[str, object]:
    return {"segment": family, "level": level, "score": score, "action": action, "verdict": verdict}


def test_every_group_against_hand_counts(judged_rows) -> None:
    rows = judged_rows([
        bot("stuffing", 1, 0.9, "block", "bad_bot"),
        bot("stuffing", 1, 0.8, "challenge"),
        bot("stuffing", 3, 0.15, verdict="human"),
        bot("scraping", 3, 0.05, verdict="good_bot"),
        {"actor": "human", "score": 0.99, "action": "block"},
        {"actor": "good_bot", "segment": "search", "score": 0.99},
    ])  # fmt: skip
    found = {(one.family, one.level): one for one in recalls(rows, HUMANS, CUTS)}
    assert list(found) == [
        ("", None), ("", 1), ("", 3), ("scraping", None), ("stuffing", None),
        ("scraping", 3), ("stuffing", 1), ("stuffing", 3),
    ]  # fmt: skip
    everything = found["", None]
    assert (everything.stopped, everything.bad_bot, everything.good_bot) == (Share(2, 4), Share(1, 4), Share(1, 4))
    assert everything.human == Share(1, 4)
    assert everything.at == [Share(2, 4)]
    assert found["stuffing", None].stopped == Share(2, 3)
    assert found["stuffing", 1].at == [Share(2, 2)]
    assert found["", 3].requests == 2
    assert found["stuffing", 3].auc == 0.5
    assert found["scraping", 3].auc == 0.0


def test_without_segments_and_levels_there_is_one_group(judged_rows) -> None:
    rows = judged_rows([{"action": "block"}, {}])
    assert [(one.family, one.level, one.stopped) for one in recalls(rows, HUMANS, [])] == [("", None, Share(1, 2))]


def test_without_malicious_requests_there_is_none(judged_rows) -> None:
    assert recalls(judged_rows([{"actor": "human"}]), HUMANS, CUTS) == []
