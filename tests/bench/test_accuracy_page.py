"""The page on accuracy: what is in it, and that a world without attacks or labels of a kind does not break it."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vedette.replay import read_labels
from vedette.replay.judge import write
from vedette.replay.judge.accuracy import judge
from vedette.replay.judge.rows import Rows

page = importlib.import_module("bench.accuracy.page")
worlds = importlib.import_module("bench.accuracy.worlds")
Limit = importlib.import_module("bench.accuracy.baselines").Limit


def figures(tmp_path: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(json.dumps({"http.request.id": f"r{n}"} | row) for n, row in enumerate(rows)))
    labels = read_labels(path)
    count = len(rows)
    stopped = np.arange(count) % 2 == 0
    score = stopped.astype(np.float32)
    label = labels.find(np.array([hash(f"r{n}") for n in range(count)]))
    judged = judge(Rows.of_stops(labels, label, np.arange(count, dtype=np.float64), score, stopped, "challenge"))
    return json.loads(write(judged, tmp_path / "figures.json").read_text())  # type: ignore[no-any-return]


def result(judged: dict[str, Any], name: str = "shop-day", f1: float = 0.5) -> Any:
    return worlds.Result(
        name,
        "A shop.",
        judged,
        judged,
        judged,
        judged,
        judged,
        judged,
        (Limit(60.0, 20), f1, Limit(10.0, 50)),
        {"c": 2.0},
    )


def test_a_world_with_attacks(tmp_path: Path) -> None:
    rows = [
        {"actor": "bad_bot", "segment": "carding", "level": 1 + 2 * (n % 4 // 2), "campaign": "c", "prize": f"card:{n}"}
        for n in range(40)
    ]
    rows += [{"actor": "human", "segment": "office", "session": f"s{n // 2}"} for n in range(40)]
    rows += [{"actor": "good_bot", "segment": "monitor"} for _ in range(4)]
    text = page.page([result(figures(tmp_path, rows))], 900, 1, 0.5)
    assert "| [shop-day](#shop-day) | **Vedette** | 50.0 % | 0 % (few)" in text
    assert "84 requests, 47.6 % of them malicious, 20 human sessions, 1 campaign." in text
    assert "refuses more than 20 requests in 60 s (F1 0.50), the gentle one more than 50 requests in 10 s." in text
    assert "Populations are scaled by 0.5." in text
    assert "| carding | 40 | 50.0 / – / 50.0 |" in text
    assert "| office | 40 | 50.0 % | 20 | 100 % [83.9, 100] | 0 % [0, 16.1] |" in text
    assert "card 9 / 20 / 40" in text
    assert "Vedette, seed 1" in text
    assert "| $ 0.05 / $ 0.1 |" in text
    width = {}
    for line in text.splitlines():  # every row of a table has as many cells as its head
        if line.startswith("|"):
            width.setdefault("cells", line.count("|"))
            assert line.count("|") == width["cells"], line
        else:
            width.clear()


def test_a_world_without_attacks(tmp_path: Path) -> None:
    judged = figures(tmp_path, [{"actor": "human", "session": "s"}])
    text = page.page([result(judged, "benign-only", 0.0)], 900, 1, 1.0)
    assert "no campaign" in text
    assert "nothing to tune on" in text
    assert "by family and level" not in text
    assert "### People, by segment" in text


@pytest.mark.parametrize(("value", "text"), [(5.0, "5.0 s"), (125.0, "2 min"), (7300.0, "2.0 h"), (None, "–")])
def test_times_are_readable(value: float | None, text: str) -> None:
    assert page.seconds(value) == text


def test_what_is_kept_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "tiny-900.configured.json").write_text('{"labels": 1}')
    assert worlds.World("tiny", tmp_path, keep=True)._replay(900, "configured") == {"labels": 1}


def test_a_failing_step_is_shown(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="nowhere"):
        worlds.World("nowhere", tmp_path)._build(900)


def test_a_world_is_built_replayed_and_judged(tmp_path: Path) -> None:
    found = worlds.World("tiny", tmp_path, scale=0.1).result(900, 1, Limit(60.0, 100))
    for judged in (found.configured, found.defaults, found.rate, found.gentle, found.agents):
        assert judged["unlabelled"] == judged["undecided"] == 0
        assert judged["requests"] == found.configured["requests"]
    assert found.tuning["requests"] != found.configured["requests"]
    assert set(found.costs) >= {one["name"] for one in found.configured["campaigns"]}
    assert found.configured["catalogue"] > 0
    assert "## tiny\n\nTwo hours of a small shop" in page.page([found], 900, 1, 0.1)
