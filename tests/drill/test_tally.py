"""Counting what was sent and what reached the shop; word lists; what is missing."""

from __future__ import annotations

import importlib
import json

import pytest

tally = importlib.import_module("demo.tally")
tools = importlib.import_module("bench.drill.tools")
wordlists = importlib.import_module("bench.drill.wordlists")
people = importlib.import_module("bench.drill.people")
table = importlib.import_module("bench.drill.table")
field = importlib.import_module("demo.bots.field")


def test_a_line_without_its_end_waits(tmp_path):
    path = tmp_path / "log.jsonl"
    tail = tally.Tail(path)
    assert list(tail.new()) == []
    path.write_bytes(b'{"a": 1}\n{"a"')
    assert list(tail.new()) == [{"a": 1}]
    with path.open("ab") as file:
        file.write(b": 2}\n")
    assert list(tail.new()) == [{"a": 2}]
    assert list(tail.new()) == []


def test_sent_and_reached_meet_by_address(tmp_path):
    sent, reached = tmp_path / "sent.jsonl", tmp_path / "reached.jsonl"
    log = field.SentLog(sent, "people")
    log.note(1.0, "127.11.0.1", "/", 200, "text/html")
    log.note(2.0, "127.11.0.2", "/", 403, "application/problem+json")
    log.note(3.0, "127.11.0.2", "/", 0)
    log.close()
    lines = [{"t": 1.0, "client": "127.11.0.1"}, {"t": 1.5, "client": "127.99.0.1"}, {"t": 1.6, "client": "::1"}]
    reached.write_text("".join(json.dumps(line) + "\n" for line in lines))
    count = tally.Tally(sent, reached, {11: "people"}, frozenset({"people"}))
    count.read()
    crowd = count.populations["people"]
    assert (len(crowd.sent), len(crowd.reached), crowd.stopped, crowd.failed) == (3, 1, 1, 1)
    assert crowd.harmed == {"127.11.0.2"}
    assert crowd.reached_since(0.5) == 1
    assert crowd.reached_since(1.5) == 0


@pytest.mark.parametrize(
    ("status", "kind", "stopped"),
    [
        (403, "application/problem+json", True),
        (302, "", True),
        (401, "application/json", False),
        (200, "text/html", False),
    ],
)
def test_whose_answer_it_was(status, kind, stopped):
    assert field.is_stop(status, kind) is stopped


def test_word_lists_are_seeded_and_name_no_honeypot(tmp_path):
    first = wordlists.write_paths(tmp_path / "a", 3000).read_text()
    assert first == wordlists.write_paths(tmp_path / "b", 3000).read_text()
    assert "internal/export" not in first
    assert "canary" not in wordlists.write_users(tmp_path / "c", 3000).read_text()


def test_every_tool_of_the_drill_has_an_address_and_a_command_of_its_own(tmp_path):
    everyone = (*tools.TOOLS, *tools.EXTRA)
    assert len({tool.owner for tool in everyone} | set(people.OWNERS)) == len(everyone) + len(people.OWNERS)
    for tool in everyone:
        scene = tools.Scene("http://127.0.0.1:9", f"127.{tool.owner}.0.1", 5, tmp_path, tmp_path / "sent", tool.name)
        assert tool.command(scene)[0]


def test_what_is_missing_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(tools.shutil, "which", lambda program: None)
    commands = tools.missing(tools.TOOLS, with_people=True)
    assert "sudo apt-get install -y chromium ffuf gobuster hydra whatweb wrk" in commands


def test_a_refusal_counts_only_where_the_page_could_read_it():
    before = {"status": 200, "type": "application/json", "text": "{}"}
    refused = {"status": 429, "type": "application/problem+json", "text": '{"title": "no", "instance": "urn:x"}'}
    assert people.judge_refusal({"before": before, "refused": refused}).is_met
    assert not people.judge_refusal({"before": before, "refused": {**refused, "text": "{}"}}).is_met
    assert not people.judge_refusal({"before": before, "refused": before}).is_met
    assert not people.judge_refusal({"before": {**before, "status": 403}, "refused": refused}).is_met
    assert not people.judge_refusal({"error": "TypeError: Failed to fetch"}).is_met


def test_a_tool_without_answers_proves_nothing():
    judge = importlib.import_module("bench.drill.judge").judge
    run = importlib.import_module("bench.drill.run")
    sent = [n / 10 for n in range(100)]
    for failed, proven in ((0, True), (5, True), (6, False), (100, False)):
        crowd = tally.Population("ffuf", sent=sent, failed=failed)
        act = run.Act(tools.TOOLS[0], judge(sent, [], 2.0), crowd, {})
        assert (act.is_proven, act.is_met) == (proven, proven)


def test_the_table_says_whether_each_bound_was_met():
    judge = importlib.import_module("bench.drill.judge").judge
    run = importlib.import_module("bench.drill.run")
    sent = [n / 10 for n in range(100)]
    crowd = tally.Population("people", True, sent=sent, reached=sent, clients={"127.51.0.1"})
    acts = [run.Act(tools.TOOLS[0], judge(sent, reached, 2.0), crowd, {}) for reached in (sent[:5], sent)]
    lines = table.markdown(acts, [crowd], None, [], 5.0).splitlines()
    assert lines[2].endswith("| yes |")
    assert lines[3].endswith("| no |")
    assert lines[-1].endswith("| yes |")
