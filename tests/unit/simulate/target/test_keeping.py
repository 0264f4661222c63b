"""What was sent becomes the files of a world, and can be replayed."""

from __future__ import annotations

import errno

import msgspec
import pyarrow.parquet as pq
import pytest

from vedette.errors import ConfigError
from vedette.simulate.calls import Truth, Word
from vedette.simulate.scenario import Scenario
from vedette.simulate.target import firing
from vedette.simulate.target.keeping import fire_and_keep
from vedette.simulate.target.place import source_of
from vedette.simulate.world import World
from vedette.simulate.writing import Writer


@pytest.fixture
def world(call_of, client_of, monkeypatch):
    """A world in which one client tries to sign in three times, and the shop says so an hour later."""
    made = World(Scenario(name="small", missing=0.0, wrong=0.0))
    truth = Truth("bad_bot", "w1", "credential_stuffing", campaign="c-1", threat="OAT-008", level=1)

    def script(at):
        client = client_of("requests")
        for number in range(3):
            reply = yield call_of(
                client=client,
                at=at,
                method="POST",
                path="/api/login",
                body={"email": f"{number}@mail.example"},
                account=f"{number}@mail.example",
                truth=truth,
                prize=f"account:{number}",
                words=(Word("login_failed", 3600.0),),
            )
            at = reply.ended + 60.0

    monkeypatch.setattr(made, "arrivals", lambda: iter([(made.start, script(made.start))]))
    return made


def lines(path):
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


def test_records_labels_outcomes_and_books(world, target, tmp_path):
    out = tmp_path / "fired.jsonl"
    figures, files = fire_and_keep(world, target.url, out, speed=3600.0)
    assert (figures.ended, figures.requests) == ("done", 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in files.values())
    records, outcomes = lines(out), lines(tmp_path / "fired.outcomes.jsonl")
    assert [record["http.response.status_code"] for record in records] == [200] * 3
    assert {record["client.address"] for record in records} == {source_of("203.0.113.9")}
    assert [record["user.name"] for record in records] == [f"{n}@mail.example" for n in range(3)]
    assert all(0.0 < record["http.server.request.duration"] < 60.0 for record in records)
    labels = pq.read_table(files["labels"]).to_pylist()
    assert [label["http.request.id"] for label in labels] == [record["http.request.id"] for record in records]
    assert {(label["actor"], label["campaign"], label["level"]) for label in labels} == {("bad_bot", "c-1", 1)}
    later = [outcome["timestamp"] - record["timestamp"] for outcome, record in zip(outcomes, records, strict=True)]
    assert all(1.0 <= seconds < 30.0 for seconds in later), "an hour of the world is a second here"
    (book,) = lines(tmp_path / "fired.campaigns.jsonl")
    assert (book["requests"], book["won"]) == (3, {"account": 3})


def test_without_a_place_nothing_is_written(world, target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    figures, files = fire_and_keep(world, target.url, None, speed=1e5)
    assert (figures.requests, files) == (3, {})
    assert list(tmp_path.iterdir()) == []


def test_where_nobody_answers_nothing_is_left(world, tmp_path):
    figures, files = fire_and_keep(world, "http://127.0.0.1:1", tmp_path / "fired.jsonl")
    assert (figures.ended, files) == ("unanswered", {})
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_on_the_way_keeps_nothing(world, target, tmp_path, monkeypatch):
    told = []

    def broken(*arguments, **options):
        told.append(True)
        if len(told) == 2:
            raise RuntimeError("a mistake of ours")
        return stopped(*arguments, **options)

    stopped = firing.is_stop
    monkeypatch.setattr(firing, "is_stop", broken)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        fire_and_keep(world, target.url, tmp_path / "fired.jsonl", speed=1e5)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_found_before_anything_is_sent(world, target, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="--out: cannot be written, .*file, "):
        fire_and_keep(world, target.url, tmp_path / "file" / "fired.jsonl", speed=1e5)
    assert target.seen == []


def test_a_disk_that_is_full_later_costs_the_files_and_not_the_figures(world, target, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "in other words")

    monkeypatch.setattr(Writer, "add", full)
    figures, files = fire_and_keep(world, target.url, tmp_path / "fired.jsonl", speed=1e5)
    assert (figures.requests, files) == (3, {})
    assert f"nothing was kept, {tmp_path}: No space left on device" in figures.notes
    assert list(tmp_path.iterdir()) == []
