"""Leaving signals out: the score is the engine's own, and what is left out is gone."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from vedette.collect.signals import SIGNALS
from vedette.detect.certainties import NAMES
from vedette.detect.features import COUNT, FAMILIES, FEATURES, index
from vedette.detect.scorers import RESULT, prior, score

ablation = importlib.import_module("bench.accuracy.ablation")
ALL = np.ones(COUNT, np.bool_)


def vectors(count: int) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(3)
    none, full = np.array([f.none for f in FEATURES]), np.array([f.full for f in FEATURES])
    drawn = (none + (full - none) * rng.uniform(-0.3, 1.3, (count, COUNT))).astype(np.float32)
    drawn[rng.random((count, COUNT)) < 0.6] = np.nan
    return drawn


def kernel_score(features: np.ndarray[Any, Any]) -> float:
    model, families = prior()
    result = np.zeros(RESULT)
    score(features, model, families, 10.0, False, np.zeros(COUNT, np.float32), result)
    return float(result[0])


def test_scores_made_anew_are_those_of_the_engine() -> None:
    drawn = vectors(300)
    made = ablation.scores(ablation.pieces_of(drawn), ALL)
    assert made == pytest.approx([kernel_score(row) for row in drawn], abs=1e-5)


def test_what_is_left_out_is_unknown() -> None:
    drawn = vectors(100)
    keeps = ALL.copy()
    keeps[[index("client_refusals"), index("tls_library")]] = False
    without = drawn.copy()
    without[:, ~keeps] = np.nan
    made = ablation.scores(ablation.pieces_of(drawn), keeps)
    assert made == pytest.approx([kernel_score(row) for row in without], abs=1e-5)


def test_every_certainty_of_the_score_has_a_cause() -> None:
    assert set(ablation.CAUSES) == set(NAMES) - {"attested_token"}
    assert set(ablation.CAUSES.values()) <= {signal.name for signal in SIGNALS}


def test_figures_of_everything_and_of_each() -> None:
    drawn = vectors(2000)
    drawn[:1000, index("client_taint")] = 1.0
    engine = np.array([kernel_score(row) for row in drawn])
    is_bad = np.arange(2000) < 1000
    seen = ablation.Seen(
        drawn, engine, np.full(2000, ""), is_bad, ~is_bad, np.where(is_bad, 1 + np.arange(2000) % 3, 0)
    )
    told = ablation.ablate(seen)
    assert set(told["families"]) == {family.name for family in FAMILIES}
    assert set(told["signals"]) == {signal.name for signal in SIGNALS}
    assert told["signals"]["honeypot"]["without"]["all"]["auc"] < told["all"]["all"]["auc"] - 0.02
    assert told["signals"]["honeypot"]["alone"]["all"]["auc"] > 0.6
    assert told["signals"]["honeypot"]["known"] == pytest.approx(1.0, abs=0.1)


def test_other_scores_than_the_engines_are_refused() -> None:
    drawn = vectors(50)
    flags = np.arange(50) < 25
    seen = ablation.Seen(drawn, np.full(50, 0.123), np.full(50, ""), flags, ~flags, np.zeros(50))
    with pytest.raises(RuntimeError, match="differ"):
        ablation.ablate(seen)


def test_a_certainty_keeps_its_score_until_its_cause_is_left_out() -> None:
    drawn = np.full((40, COUNT), np.nan, np.float32)
    cause = np.where(np.arange(40) < 20, "robot claim", "")
    recorded = np.where(np.arange(40) < 20, 0.99, kernel_score(drawn[0]))
    is_bad = np.arange(40) < 20
    told = ablation.ablate(ablation.Seen(drawn, recorded, cause, is_bad, ~is_bad, np.ones(40)))
    assert told["all"]["all"]["auc"] == 1.0
    assert told["signals"]["robot claim"]["without"]["all"]["auc"] == 0.5
    assert told["signals"]["robot claim"]["alone"]["all"]["auc"] == 1.0
    assert told["signals"]["session"]["without"]["all"]["auc"] == 1.0
