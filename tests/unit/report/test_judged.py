"""The part of the page about labels: drawings and tables of a judgement."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from vedette.replay import Accuracy, Judgement, read_labels
from vedette.replay.judge.calibration import Bin
from vedette.report.judged import calibration_plot, judged_rows, roc
from vedette.types import Decision, Directive, Request

EVIL = "<b>\"'&"


def judgement(path: Path, rows: list[dict[str, object]]) -> Judgement:
    path.write_text("\n".join(json.dumps({"http.request.id": f"r{n}"} | row) for n, row in enumerate(rows)))
    accuracy = Accuracy(read_labels(path))
    for n, row in enumerate(rows):
        request = Request(timestamp=float(n), id=f"r{n}", method="GET", path="/", client_address="a")
        is_bad = row["actor"] == "bad_bot"
        decision = Decision(
            id=f"r{n}", timestamp=float(n), verdict="unknown", score=0.9 if is_bad and n % 3 else 0.2, low=0.1, high=0.95,
            threat=None, action="block" if is_bad and n % 2 else "allow", enforced=False, policy="p", reasons=(),
            campaign=None, model="m", directive=Directive(),
        )  # fmt: skip
        accuracy.add(n, request, decision)
    return accuracy.judgement()


@pytest.fixture
def judged(tmp_path: Path) -> Judgement:
    bots = [
        {
            "actor": "bad_bot",
            "segment": EVIL,
            "level": n % 3 + 1,
            "campaign": EVIL,
            "prize": f"card:{n}",
            "session": "s",
        }
        for n in range(60)
    ]
    people = [{"actor": "human", "segment": EVIL, "session": f"h{n}"} for n in range(40)]
    return judgement(tmp_path / "labels.jsonl", [*bots, *people])


def test_drawings_are_well_formed(judged: Judgement) -> None:
    for drawing in (roc(judged.curve), calibration_plot(judged.calibration.deciles)):
        root = ET.fromstring(drawing)
        assert root.tag == "svg"
        width, height = (float(value) for value in root.attrib["viewBox"].split()[2:])
        for shape in root.iter():
            for name, limit in (
                ("x", width),
                ("y", height),
                ("x1", width),
                ("x2", width),
                ("y1", height),
                ("y2", height),
            ):
                assert -8 <= float(shape.attrib.get(name, 0)) <= limit, (shape.tag, shape.attrib)


def test_the_curve_passes_where_it_should() -> None:
    drawing = roc([(0.00001, 0.0), (0.001, 0.5), (1.0, 1.0)])
    curve = re.search(r'class="curve" points="([^"]+)"', drawing)
    assert curve is not None
    (x0, y0), (_, y1), (x2, y2) = (tuple(map(float, point.split(","))) for point in curve[1].split())
    assert (x0, x2) == (46.0, 446.0)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)


def test_a_share_outside_the_interval_is_marked() -> None:
    drawing = calibration_plot([Bin(10, 0.2, 0.9, 0.1, 0.3), Bin(10, 0.8, 0.8, 0.7, 0.9)])
    assert drawing.count('class="dot out"') == 1
    assert drawing.count('class="dot"') == 1


def test_rows_of_a_judgement(judged: Judgement) -> None:
    rows = judged_rows(judged)
    heat = rows["heat"]
    assert heat["heads"] == ["all", "level 1", "level 2", "level 3"]
    assert [row["family"] for row in heat["rows"]] == ["all families", EVIL]
    assert heat["rows"][0]["stopped"][0] == {
        "text": "50.0", "kind": "heat5", "title": "30 of 60, 90 % interval 39.61 – 60.39 %",
    }  # fmt: skip
    assert [row["segment"] for row in rows["people"]["rows"]] == ["all", EVIL]
    assert rows["good_bots"] is None
    (campaign,) = rows["campaigns"]
    assert campaign["won"] == [f"{judged.campaigns[0].leaked_before_half['card']}/30/60 card"]
    assert rows["prizes"][0]["offered"] == "60"


def test_labels_of_people_alone_have_no_curve(tmp_path: Path) -> None:
    rows = judged_rows(judgement(tmp_path / "labels.jsonl", [{"actor": "human"}]))
    assert (rows["roc"], rows["heat"], rows["campaigns"]) == ("", None, [])
