"""Columns of labelled decisions: joined in batches, in order, without those that have no label."""

from __future__ import annotations

import numpy as np

from vedette.replay.judge.rows import HARD_STOPPING, NOTICEABLE, Columns, Rows
from vedette.replay.labels import Labels
from vedette.types import STOPPING


def test_what_a_person_meets_with(judged_rows) -> None:
    actions = ["allow", "monitor", "rate_limit", "delay", "redirect", "challenge", "decoy", "block"]
    rows = judged_rows([{"action": action, "actor": "human"} for action in actions])
    assert rows.is_stopped.tolist() == [action in STOPPING for action in actions]
    assert rows.is_noticed.tolist() == [action in {"rate_limit", "delay", "challenge"} for action in actions]
    assert rows.is_hard_stopped.tolist() == [action in {"redirect", "decoy", "block"} for action in actions]
    assert not NOTICEABLE & HARD_STOPPING


def test_many_batches_keep_their_order_and_drop_strangers(judged_rows, decision) -> None:
    seen = judged_rows([{"id": f"r{n}", "score": n / 1000} for n in range(1000)])
    labels: Labels = seen.labels
    columns = Columns(labels)
    for n in range(140_000):
        columns.add(f"r{n}" if n % 140 == 0 else f"x{n}", float(n), decision)
    rows, unlabelled = columns.rows()
    assert unlabelled == 140_000 - 8
    assert rows.time.tolist() == [0.0, 140.0, 280.0, 420.0, 560.0, 700.0, 840.0, 980.0]


def test_a_simpler_defence_stops_or_does_nothing(judged_rows) -> None:
    seen = judged_rows([{}, {"actor": "human"}])
    stops = np.array([True, False])
    rows = Rows.of_stops(seen.labels, seen.label, seen.time, seen.score, stops, "rate_limit")
    assert rows.is_stopped.tolist() == rows.is_noticed.tolist() == rows.has_verdict("bad_bot").tolist() == [True, False]
    assert not rows.is_hard_stopped.any()
