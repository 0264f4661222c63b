"""Replay against a plain model of time: sort everything, and let no decision see what had not happened before it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.doors.logs import Log, MalformedTally
from vedette.replay import Figures, Output, replay
from vedette.types import Answer, Decision, Directive, Outcome, Request

T = 1_764_000_000.0
SPAN_S = 20.0


class Recorder:
    """An engine that writes down what it is told: (now, kind, id)."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str, str]] = []

    def decide(self, request: Request, now: float) -> Decision:
        self.told.append((now, "request", request.id))
        return Decision(
            id=request.id, timestamp=now, verdict="unknown", score=0.1, low=0.0, high=0.5, threat=None, action="allow",
            enforced=False, policy="rest", reasons=(), campaign=None, model="m", directive=Directive(),
        )  # fmt: skip

    def observe(self, event: Answer | Outcome, now: float) -> None:
        if isinstance(event, Answer):
            self.told.append((now, "answer", event.id))
        else:
            self.told.append((now, "outcome", event.event_id))


REQUEST = st.tuples(
    st.just("request"),
    st.integers(0, 60).map(lambda half: half / 2),
    st.sampled_from([None, 0.0, 0.5, 3.0, 40.0]),
    st.booleans(),
)
OUTCOME = st.tuples(st.just("outcome"), st.integers(0, 60).map(lambda half: half / 2), st.none(), st.just(False))
LOGS = st.lists(st.lists(REQUEST | OUTCOME, max_size=25), min_size=1, max_size=3)


def _record(log: int, line: int, event: tuple[str, float, float | None, bool]) -> dict[str, Any]:
    kind, at, duration, is_answered = event
    name = f"{log}.{line}"
    if kind == "outcome":
        keys = {"event.name": "outcome", "outcome": "conversion", "session.id": "s", "event.id": name}
        return {"timestamp": T + at, **keys}
    record: dict[str, Any] = {
        "timestamp": T + at,
        "http.request.id": name,
        "http.request.method": "GET",
        "url.path": "/",
        "client.address": "::1",
    }
    if is_answered:
        record["http.response.status_code"] = 200
        if duration is not None:
            record["http.server.request.duration"] = duration
    return record


def _replayed(
    logs: list[list[tuple[str, float, float | None, bool]]], span_s: float, capacity: int = 1000
) -> tuple[list[tuple[float, str, str]], Figures, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, events in enumerate(logs):
            path = Path(folder) / f"{number}.jsonl"
            path.write_text("".join(json.dumps(_record(number, n, event)) + "\n" for n, event in enumerate(events)))
            paths.append(path)
        opened = [Log(str(path), "jsonl", MalformedTally()) for path in paths]
        engine = Recorder()
        target = Path(folder) / "out.jsonl"
        with Output(target, len(logs)) as output:
            figures = replay(opened, engine, [output], span_s=span_s, capacity=capacity)
            output.commit()
        written = [json.loads(row)["http.request.id"] for row in target.read_text().splitlines()]
    return engine.told, figures, written


def _model(logs: list[list[tuple[str, float, float | None, bool]]]) -> list[tuple[float, str, str]]:
    """What must happen where nothing is late: always the earliest, answers before outcomes before requests."""
    waiting = [
        (T + event[1], 1 if event[0] == "outcome" else 2, (log, line), event)
        for log, events in enumerate(logs)
        for line, event in enumerate(events)
    ]
    told = []
    while waiting:
        waiting.sort(key=lambda entry: entry[:3])
        now, kind, (log, line), event = waiting.pop(0)
        told.append((now, ("answer", "outcome", "request")[kind], f"{log}.{line}"))
        if kind == 2 and event[3]:
            waiting.append((now + (event[2] or 0.0), 0, (log, line), event))
    return told


@settings(max_examples=150, deadline=None)
@given(LOGS)
def test_within_the_window_order_is_that_of_time(logs: list[list[tuple[str, float, float | None, bool]]]) -> None:
    told, figures, _ = _replayed(logs, span_s=1000.0)
    assert told == _model(logs)
    assert figures.late == 0


@settings(max_examples=150, deadline=None)
@given(LOGS, st.sampled_from([0.0, 2.0, SPAN_S]), st.sampled_from([1, 3, 1000]))
def test_late_lines_are_decided_too_and_time_never_goes_back(
    logs: list[list[tuple[str, float, float | None, bool]]], span_s: float, capacity: int
) -> None:
    told, figures, written = _replayed(logs, span_s, capacity)
    assert [now for now, _, _ in told] == sorted(now for now, _, _ in told)
    expected = [
        f"{log}.{line}" for log, events in enumerate(logs) for line, event in enumerate(events) if event[0] == "request"
    ]
    assert written == expected, "one decision for each request, in input order"
    assert figures.requests == len(expected)
    at = {(kind, name): place for place, (_, kind, name) in enumerate(told)}
    assert len(at) == len(told), "nothing is told twice"
    for log, events in enumerate(logs):
        for line, (kind, _, duration, is_answered) in enumerate(events):
            name = f"{log}.{line}"
            assert (kind, name) in at
            if is_answered:
                assert at["answer", name] > at["request", name]
                waited = told[at["answer", name]][0] - told[at["request", name]][0]
                assert waited <= (duration or 0.0)
