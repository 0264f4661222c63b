"""A way to say what was decided about whom, in a few words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vedette.replay.judge.accuracy import Accuracy
from vedette.replay.judge.rows import Columns, Rows
from vedette.replay.labels import Labels, read_labels
from vedette.types import Decision, Directive, Request

Row = dict[str, Any]


def decision_of(row: Row) -> Decision:
    return Decision(
        id=row["id"], timestamp=row.get("at", 0.0), verdict=row.get("verdict", "unknown"), score=row.get("score", 0.5),
        low=row.get("low", 0.0), high=row.get("high", 1.0), threat=None, action=row.get("action", "allow"),
        enforced=False, policy="p", reasons=(), campaign=None, model="m", directive=Directive(),
        purpose=row.get("purpose", "other"),
    )  # fmt: skip


def labels_of(path: Path, rows: list[Row], catalogue: int = 0) -> Labels:
    names = ("actor", "session", "campaign", "threat", "level", "segment", "prize")
    path.write_text(
        "\n".join(
            json.dumps({"http.request.id": row["id"]} | {name: row[name] for name in names if name in row})
            for row in rows
        )
    )
    labels = read_labels(path)
    labels.catalogue = catalogue
    return labels


@pytest.fixture
def judged_rows(tmp_path: Path) -> Callable[..., Rows]:
    """Give rows of labelled decisions; ids are made where none is given."""

    def build(rows: list[Row], catalogue: int = 0) -> Rows:
        rows = [{"id": f"r{n}", "actor": "bad_bot"} | row for n, row in enumerate(rows)]
        labels = labels_of(tmp_path / "labels.jsonl", rows, catalogue)
        columns = Columns(labels)
        for row in rows:
            columns.add(row["id"], row.get("at", 0.0), decision_of(row))
        found, unlabelled = columns.rows()
        assert unlabelled == 0
        return found

    return build


@pytest.fixture
def decision() -> Decision:
    """Give a decision about nothing in particular."""
    return decision_of({"id": ""})


@pytest.fixture
def accuracy(tmp_path: Path) -> Callable[..., Accuracy]:
    """Give the consumer after it has seen some decisions."""

    def build(rows: list[Row], catalogue: int = 0, unlabelled: int = 0) -> Accuracy:
        rows = [{"id": f"r{n}", "actor": "bad_bot"} | row for n, row in enumerate(rows)]
        consumer = Accuracy(labels_of(tmp_path / "labels.jsonl", rows, catalogue))
        strangers = [{"id": f"nobody{n}"} for n in range(unlabelled)]
        for place, row in enumerate(rows + strangers):
            request = Request(timestamp=row.get("at", 0.0), id=row["id"], method="GET", path="/", client_address="a")
            consumer.expect(place)
            consumer.add(place, request, decision_of(row))
        return consumer

    return build
