"""Labels and the figures that come of them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from vedette.replay.accuracy import Z95, Accuracy, Share
from vedette.replay.labels import read_labels
from vedette.types import Action, Decision, Directive, Request, Verdict


def decided(
    name: str, action: Action, *, verdict: Verdict = "unknown", at: float = 0.0, score: float = 0.5
) -> tuple[Request, Decision]:
    request = Request(timestamp=at, id=name, method="GET", path="/", client_address="a")
    decision = Decision(
        id=name, timestamp=at, verdict=verdict, score=score, low=0.0, high=1.0, threat=None, action=action,
        enforced=False, policy="p", reasons=(), campaign=None, model="m", directive=Directive(),
    )  # fmt: skip
    return request, decision


def labels(tmp_path: Path, rows: list[dict[str, str]]) -> Accuracy:
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return Accuracy(read_labels(path))


def test_shares_against_hand_counts(tmp_path: Path) -> None:
    rows = [{"http.request.id": f"b{n}", "actor": "bad_bot", "campaign": "c"} for n in range(4)]
    rows += [{"http.request.id": f"h{n}", "actor": "human", "session": f"s{n}"} for n in range(5)]
    accuracy = labels(tmp_path, rows)
    actions: list[Action] = ["allow", "block", "delay", "rate_limit"]
    for n, action in enumerate(actions):
        accuracy.add(n, *decided(f"b{n}", action, verdict="bad_bot" if n else "unknown", at=float(n)))
    for n in range(5):
        accuracy.add(10 + n, *decided(f"h{n}", "challenge" if n == 0 else "allow"))
    accuracy.add(99, *decided("nobody", "block"))
    shares = dict(accuracy.shares())
    assert shares["recall: malicious requests stopped"] == Share(2, 4)
    assert shares["precision: stopped requests that are malicious"] == Share(2, 3)
    assert shares["false positives: human requests stopped"] == Share(1, 5)
    assert shares["human sessions ever noticed or stopped"] == Share(1, 5)
    assert shares["human sessions ever hard-stopped"] == Share(0, 5)
    assert accuracy.unlabelled == 1
    assert accuracy.campaigns["c"].first_stopped == 1.0
    assert accuracy.campaigns["c"].requests_before_stop == 1


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"), [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634)]
)
def test_wilson_interval(hits: int, total: int, low: float, high: float) -> None:
    assert Share(hits, total).wilson(Z95) == pytest.approx((low, high), abs=1e-4)


def test_nothing_has_no_share() -> None:
    assert math.isnan(Share(0, 0).value)
    assert Share(0, 0).wilson(Z95) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.csv", "id,actor\n1,human\n", "no column http.request.id"),
        ("a.csv", "http.request.id,actor\n1,robot\n", "row 1: actor is 'robot'"),
        ("a.csv", "http.request.id,actor\n1,human\n1,human\n", "has a label already"),
        ("a.csv", "http.request.id,actor\n", "no label in it"),
        ("a.jsonl", "{", "row 1"),
        ("a.txt", "", "labels must be"),
        ("a.parquet", "PAR1", "not a Parquet file"),
    ],
)
def test_wrong_labels_are_explained(tmp_path: Path, name: str, text: str, problem: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=problem):
        read_labels(path)
