"""The page about the event log names every column, with its type, in order, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vedette.events.columns import TABLES
from vedette.events.log import EventLog
from vedette.types import Outcome

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "events.md").read_text("utf-8")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_columns_are_documented(table):
    section = PAGE.split(f"### `{table.name}`\n")[1].split("\n##")[0]
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| (.+) \|$", section, re.MULTILINE)
    assert [(name, kind) for name, kind, _ in rows] == [(column.name, str(column.type)) for column in table.columns]


def test_the_example_runs(tmp_path, monkeypatch, capfd):
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL).group(1)
    (tmp_path / "vedette-data").mkdir()
    with EventLog(tmp_path / "vedette-data") as log:
        log.append_outcome(Outcome(timestamp=0.0, outcome="conversion", request_id="r"))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102 - the page's own words
    assert "endpoint.name" in capfd.readouterr().out
    assert names["log"].sql("SELECT count(*) FROM outcomes").fetchall() == [(1,)]
