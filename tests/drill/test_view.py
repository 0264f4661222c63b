"""The live view: read from the event log while it is written, drawn for any terminal."""

from __future__ import annotations

import importlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from vedette.events.log import EventLog
from vedette.types import Decision, Directive, Reason, Request

cast = importlib.import_module("demo.cast")
decisions = importlib.import_module("demo.decisions")
tally = importlib.import_module("demo.tally")
view = importlib.import_module("demo.view")
field = importlib.import_module("demo.bots.field")

ROOT = Path(__file__).parents[2]


def decision(number, *, action="block", verdict="bad_bot", at=0.0):
    return Decision(
        id=f"d{number}", timestamp=1e9 + number + at, verdict=verdict, score=0.97, low=0.93, high=0.99, threat="OAT-008",
        action=action, enforced=True, policy="certain", reasons=(Reason("client_refusals", 2.6, "many"),),
        campaign=None, model="prior", directive=Directive(), endpoint="login", purpose="login",
    )  # fmt: skip


REQUEST = Request(timestamp=1e9, id="d", method="POST", path="/api/login", client_address="127.21.0.1")


@pytest.fixture
def story(tmp_path):
    sent = field.SentLog(tmp_path / "sent.jsonl", "stuffer")
    for number in range(30):
        sent.note(1e9 + number, "127.21.0.1", "/api/login", 403, "application/problem+json")
    sent.close()
    with EventLog(tmp_path / "data", address="raw") as log:
        for number in range(5):
            log.append_decision(decision(number), REQUEST, REQUEST.client_address)
        log.append_decision(decision(9, action="allow", verdict="human"), REQUEST, REQUEST.client_address)
        assert log.flush()
        counts = tally.Tally(tmp_path / "sent.jsonl", tmp_path / "reached.jsonl", cast.OWNERS, cast.HONEST)
        told = view.Story(counts, decisions.Decisions(tmp_path / "data"), "http://127.0.0.1:1", 75)
        told.read(1.0)
        log.append_decision(decision(10), REQUEST, REQUEST.client_address)
        assert log.flush()
        told.read(2.0)
    return told


def drawn(what, width, height):
    console = Console(file=io.StringIO(), width=width, height=height)
    console.print(what(console))
    return console.file.getvalue()


def test_each_decision_is_counted_once_while_the_log_grows(story):
    assert story.decisions.verdicts == {"bad_bot": 6, "human": 1}
    assert story.decisions.actions == {"block": 6, "allow": 1}
    assert story.decisions.threats == {"OAT-008": 6}
    assert list(story.decisions.rates["bad_bot"])[-2:] == [5, 1]
    assert [record.id for record in story.decisions.recent] == ["d0", "d1", "d2", "d3", "d4", "d10"]


@pytest.mark.parametrize(("width", "height"), [(140, 45), (100, 26), (80, 24), (60, 12), (40, 8)])
def test_the_page_fits(story, width, height):
    text = drawn(lambda console: view.page(story, console), width, height)
    assert max(map(len, text.splitlines())) <= width
    assert "30" in text
    if height >= 24 or width < 66:
        assert len(text.splitlines()) <= height


def test_the_large_page_says_who_and_why(story):
    text = drawn(lambda console: view.page(story, console), 140, 45)
    assert "stuffer" in text
    assert "client_refusals +2.6" in text
    assert "credential stuffing 6" in text


def test_the_summary_gives_the_stopped_share(story):
    assert re.search(r"credential stuffing .* 30 .* 0 .* 100 %", drawn(lambda _: view.summary(story), 140, 45))


def test_a_line_for_a_pipe(story):
    assert "stuffer 30 sent 0 reached" in view.line(story)


def test_a_missing_tool_is_named_with_the_command_that_installs_it():
    result = subprocess.run(
        [sys.executable, "-m", "bench.drill", "--only", "hydra", "--only", "wrk"],
        env={**os.environ, "PATH": "/nowhere"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 1
    assert "sudo apt-get install -y hydra wrk" in result.stderr


def test_the_demo_runs_from_end_to_end():
    """The real thing, for a few seconds: shop, edge, engine, people and the first attackers."""
    result = subprocess.run(
        [sys.executable, "-m", "demo", "--seconds", "14"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "The demo in figures" in result.stdout
    decided = [int(count) for count in re.findall(r"(\d+) decisions", result.stdout)]
    assert decided[-1] > 10
    people = re.findall(r"people (\d+) sent (\d+) reached, (\d+) harmed", result.stdout.replace("\n", " "))
    assert int(people[-1][0]) > 10
    assert people[-1][2] == "0"
