"""The whole judgement: overall figures, what has no label, the file of figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vedette.replay.judge.accuracy import Accuracy, write
from vedette.replay.judge.shares import Share
from vedette.replay.judge.text import measures


def test_shares_against_hand_counts(accuracy) -> None:
    rows = [
        {"campaign": "c", "action": action, "verdict": "bad_bot" if n else "unknown", "at": float(n)}
        for n, action in enumerate(["allow", "block", "delay", "rate_limit"])
    ]
    rows += [
        {"actor": "human", "session": f"s{n}", "action": "challenge" if n == 0 else "allow", "score": 0.1}
        for n in range(5)
    ]
    judged = accuracy(rows, unlabelled=1).judgement()
    shares = dict(measures(judged))
    assert shares["recall: malicious requests stopped"] == Share(2, 4)
    assert shares["recall: malicious requests with verdict bad_bot"] == Share(3, 4)
    assert shares["precision: stopped requests that are malicious"] == Share(2, 3)
    assert shares["precision: verdict bad_bot that is malicious"] == Share(3, 3)
    assert shares["false positives: human requests stopped"] == Share(1, 5)
    assert shares["human sessions ever noticed or stopped"] == Share(1, 5)
    assert shares["human sessions ever hard-stopped"] == Share(0, 5)
    assert (judged.labels, judged.undecided, judged.unlabelled) == (9, 0, 1)
    assert judged.requests == {"human": 5, "good_bot": 0, "bad_bot": 4}
    assert judged.campaigns[0].first_stop.requests == 1
    assert judged.campaign_delay.stopped == Share(1, 1)
    assert judged.malicious[0].auc == 1.0


def test_losses_are_added_up_over_campaigns(accuracy) -> None:
    rows = [
        {"campaign": "a", "prize": "card:1"},
        {"campaign": "a", "prize": "card:2", "action": "block"},
        {"campaign": "a", "prize": "card:3"},
        {"campaign": "b", "prize": "card:1"},
        {"campaign": "b", "prize": "account:1"},
    ]
    prizes = accuracy(rows).judgement().prizes
    assert {word: (loss.offered, loss.leaked) for word, loss in prizes.items()} == {"account": (1, 1), "card": (4, 3)}
    assert prizes["card"].leaked_before_half == 3, "one stop of three is no half"


def test_only_people_or_only_bots_or_nobody(accuracy, judged_rows) -> None:
    people = accuracy([{"actor": "human"}]).judgement()
    assert (people.malicious, people.curve, people.campaigns) == ([], [], [])
    bots = accuracy([{}]).judgement()
    assert (bots.people, bots.cuts) == ([], [])
    nobody = Accuracy(judged_rows([{}]).labels).judgement()
    assert (nobody.undecided, nobody.requests["bad_bot"], nobody.calibration.requests) == (1, 0, 0)


def test_the_file_of_figures_is_whole_json(accuracy, tmp_path: Path) -> None:
    judged = accuracy([{"campaign": "c", "segment": "s", "level": 1}, {"actor": "human"}]).judgement()
    target = write(judged, tmp_path / "figures.json")
    told = json.loads(target.read_text())
    assert told["malicious"][0]["stopped"] == {
        "hits": 0, "total": 1, "value": 0.0, "within_90": [0.0, pytest.approx(0.7301, abs=1e-4)],
        "within_95": [0.0, pytest.approx(0.7935, abs=1e-4)],
    }  # fmt: skip
    assert told["campaigns"][0]["catalogue"] is None, "unknown is null"
    assert write(judged, target, partial=True).name == "figures.partial.json"
    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["figures.json", "figures.partial.json"]
