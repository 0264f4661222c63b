"""The loop in virtual time: order, ties, late lines, answers, ids, interruption."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from vedette.config import defaults
from vedette.doors.logs import Log, MalformedTally
from vedette.engine import Engine
from vedette.replay import Output, replay, seed_key
from vedette.replay.run import Figures
from vedette.types import Answer, Decision, Directive, Outcome, Request

T = 1_764_000_000.0


class Recorder:
    """An engine that writes down what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def decide(self, request: Request, now: float) -> Decision:
        self.told.append(f"{now - T:g} decide {request.id}")
        return Decision(
            id=request.id, timestamp=request.timestamp, verdict="unknown", score=0.1, low=0.0, high=0.5, threat=None,
            action="allow", enforced=False, policy="rest", reasons=(), campaign=None, model="m", directive=Directive(),
        )  # fmt: skip

    def observe(self, event: Answer | Outcome, now: float) -> None:
        what = f"answer {event.id}" if isinstance(event, Answer) else f"outcome {event.outcome}"
        self.told.append(f"{now - T:g} {what}")


def line(
    at: float, name: str | None = None, *, duration: float | None = None, status: int | None = 200
) -> dict[str, object]:
    record: dict[str, object] = {
        "timestamp": T + at,
        "http.request.method": "GET",
        "url.path": "/",
        "client.address": "192.0.2.1",
    }
    if name:
        record["http.request.id"] = name
    if status:
        record["http.response.status_code"] = status
    if duration is not None:
        record["http.server.request.duration"] = duration
    return record


def outcome(at: float) -> dict[str, object]:
    return {"timestamp": T + at, "event.name": "outcome", "outcome": "conversion", "session.id": "s"}


def write(path: Path, records: Sequence[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def run(tmp_path: Path, *logs: Sequence[dict[str, object]], **options: object) -> tuple[list[str], Figures]:
    engine, tally = Recorder(), MalformedTally()
    paths = [write(tmp_path / f"{n}.jsonl", records) for n, records in enumerate(logs, 1)]
    prefixes = ["l"] if len(paths) == 1 else [f"f{n}-l" for n in range(1, len(paths) + 1)]
    opened = [Log(path, "jsonl", tally, prefix) for path, prefix in zip(paths, prefixes, strict=True)]
    figures = replay(opened, engine, **options)  # type: ignore[arg-type]
    return engine.told, figures


def test_an_answer_is_observed_when_it_ended(tmp_path: Path) -> None:
    told, _ = run(tmp_path, [line(0, "a", duration=2.5), line(1, "b"), line(3, "c")])
    assert told == [
        "0 decide a", "1 decide b", "1 answer b", "2.5 answer a", "3 decide c", "3 answer c"
    ]  # fmt: skip


def test_at_equal_times_answers_then_outcomes_then_requests(tmp_path: Path) -> None:
    told, _ = run(
        tmp_path, [line(0, "a", duration=1), line(1, "b", status=None), outcome(1), line(1, "c", status=None)]
    )
    assert told == ["0 decide a", "1 answer a", "1 outcome conversion", "1 decide b", "1 decide c"]


def test_an_unanswered_request_has_no_answer(tmp_path: Path) -> None:
    assert run(tmp_path, [line(0, "a", status=None)])[0] == ["0 decide a"]


def test_input_is_put_in_order_within_the_window(tmp_path: Path) -> None:
    told, figures = run(tmp_path, [line(10, "b", status=None), line(0, "a", status=None), line(310, "c", status=None)])
    assert told == ["0 decide a", "10 decide b", "310 decide c"]
    assert figures.late == 0


def test_a_late_line_is_decided_at_the_clock(tmp_path: Path) -> None:
    told, figures = run(tmp_path, [line(0, "a", status=None), line(500, "b", status=None), line(100, "c", status=None)])
    assert told == ["0 decide a", "200 decide c", "500 decide b"]
    assert figures.late == 1


def test_several_logs_are_merged_and_missing_ids_made_from_lines(tmp_path: Path) -> None:
    told, figures = run(tmp_path, [line(0), line(2)], [line(1), line(3, "own")])
    assert [entry for entry in told if "decide" in entry] == [
        "0 decide f1-l1", "1 decide f2-l1", "2 decide f1-l2", "3 decide own"
    ]  # fmt: skip
    assert figures.requests == 4


def test_a_stopped_replay_says_so(tmp_path: Path) -> None:
    _, figures = run(
        tmp_path, [line(n, status=None) for n in range(5000)], tick=lambda figures: figures.requests < 1000
    )
    assert figures.interrupted
    assert figures.requests < 5000


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_decisions_come_in_input_order_and_the_same_each_time(tmp_path: Path, suffix: str) -> None:
    records = [line((n * 7919) % 100, f"r{n}", duration=0.2) for n in range(400)]
    path = write(tmp_path / "in.jsonl", records)
    written = []
    for attempt in range(2):
        engine = Engine.open(defaults("http://127.0.0.1:1"), key=seed_key(0), live=False, shrink=8)
        with Output(tmp_path / f"out{attempt}{suffix}") as output:
            replay([Log(path, "auto", MalformedTally())], engine, [output])
            written.append(output.commit().read_bytes())
    assert written[0] == written[1]
    if suffix == ".jsonl":
        decisions = [msgspec.json.decode(row) for row in written[0].splitlines()]
    else:
        import pyarrow.parquet as pq

        decisions = pq.read_table(tmp_path / "out0.parquet").to_pylist()
    assert [decision["http.request.id"] for decision in decisions] == [f"r{n}" for n in range(400)]
    assert not any(decision["enforced"] for decision in decisions)
    assert set(decisions[0]) == {
        "http.request.id", "timestamp", "verdict", "score", "score.low", "score.high", "threat", "action", "enforced",
        "policy", "reasons", "campaign", "model",
    }  # fmt: skip


def test_the_seed_alone_gives_the_key() -> None:
    assert seed_key(0) == seed_key(0) != seed_key(1)
