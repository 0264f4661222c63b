"""What each signal adds: scores again without it, from the features of every decision.

One replay in this process collects features, scores and certainties; each ablation then takes the features of one
signal (or one family of evidence) away, and the certainties that come from it. The score follows exactly; the policy
is not run again, so the figures are of the score alone. *Alone* keeps nothing but the signal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vedette.collect.signals import SIGNALS
from vedette.config import load
from vedette.detect.certainties import NAMES
from vedette.detect.features import BIAS, FAMILIES, FEATURES, GROUPS
from vedette.doors.logs import Log, MalformedTally
from vedette.engine import Engine
from vedette.replay import read_labels, replay, seed_key
from vedette.replay.labels import hash_of
from vedette.types import Decision, Request

__all__ = ["CAUSES", "Seen", "ablate", "collect", "scores"]

Array = np.ndarray[Any, Any]

CAUSES = {
    "override": "outcome",
    "revoked_session": "outcome",
    "honeypot": "honeypot",
    "forged_agent": "robot claim",
    "replayed_token": "app token",
    "verified_agent": "robot claim",
    "partner": "API key",
}
"""Certainty to the signal that it comes from; a signed agent counts with ``signature``."""
FALSE_POSITIVES = 0.001
TOLERANCE = 1e-3


class Seen(NamedTuple):
    """Of every labelled decision: features, recorded score, the signal of its certainty or empty, actor and level."""

    features: Array
    score: Array
    certainty: Array
    is_bad: Array
    is_human: Array
    level: Array


class _Collecting:
    """A consumer that keeps what ablation needs."""

    def __init__(self) -> None:
        self.features: list[bytes] = []
        self.ids: list[int] = []
        self.score: list[float] = []
        self.certainty: list[str] = []

    def expect(self, place: int) -> None:
        pass

    def add(self, _place: int, _request: Request, decision: Decision) -> None:
        self.features.append(decision.features)
        self.ids.append(hash_of(decision.id))
        self.score.append(decision.score)
        first = decision.reasons[0] if decision.reasons else None
        cause = CAUSES.get(first.signal, "") if first is not None and first.signal in NAMES else ""
        if first is not None and first.signal == "verified_agent" and first.detail.endswith("signature"):
            cause = "signature"
        self.certainty.append(cause)


def collect(traffic: Path, outcomes: Path, labels: Path, config: Path) -> Seen:
    """Replay a world in this process."""
    engine = Engine.open(load(config), key=seed_key(0), live=False)
    kept = _Collecting()
    tally = MalformedTally()
    logs = [Log(str(path), "auto", tally, f"f{number}-l") for number, path in enumerate((traffic, outcomes), 1)]
    replay(logs, engine, [kept])
    if engine.degraded:
        raise RuntimeError(f"{engine.degraded} decisions failed: {engine.last_error!r}")
    told = read_labels(labels)
    place = told.find(np.array(kept.ids, np.int64))
    known = place >= 0
    kind = told.kinds[place[known]]
    actor = np.array([one.actor for one in told.kind_list])[kind]
    return Seen(
        np.frombuffer(b"".join(kept.features), np.float32).reshape(len(kept.ids), len(FEATURES))[known],
        np.array(kept.score)[known],
        np.array(kept.certainty)[known],
        actor == "bad_bot",
        actor == "human",
        np.array([one.level for one in told.kind_list])[kind],
    )


def pieces_of(features: Array) -> Array:
    """Evidence of each feature before any cap, 0 where unknown."""
    none = np.array([f.none for f in FEATURES], np.float32)
    full = np.array([f.full for f in FEATURES], np.float32)
    weight = np.array([f.weight for f in FEATURES], np.float32)
    pieces = weight * np.clip((features - none) / (full - none), 0.0, 1.0)
    return np.nan_to_num(pieces, copy=False)


def scores(pieces: Array, keeps: Array) -> Array:
    """Score anew with those features alone that ``keeps`` marks."""
    z = np.full(len(pieces), BIAS)
    gain = np.maximum(pieces, 0.0)
    for group in GROUPS:
        columns = [place for place, f in enumerate(FEATURES) if f.name in group.features and keeps[place]]
        total = gain[:, columns].sum(axis=1)
        gain[:, columns] *= np.minimum(group.cap / np.maximum(total, 1e-9), 1.0)[:, None]
    for family in FAMILIES:
        columns = [place for place, f in enumerate(FEATURES) if f.family == family.name and keeps[place]]
        up = np.minimum(gain[:, columns].sum(axis=1), family.cap)
        down = np.maximum(np.minimum(pieces[:, columns], 0.0).sum(axis=1), family.floor)
        z += up + down
    return 1.0 / (1.0 + np.exp(-z))


def ablate(seen: Seen) -> dict[str, Any]:
    """Give the figures with everything, without each signal and family, and with each signal alone."""
    pieces = pieces_of(seen.features)
    everything = np.ones(len(FEATURES), np.bool_)
    whole = scores(pieces, everything)
    off = np.abs(whole - seen.score)[seen.certainty == ""]
    if len(off) and off.max() > TOLERANCE:
        raise RuntimeError(f"scores made anew differ from those of the engine by up to {off.max():.4f}")

    def figures(keeps: Array, certain: Array) -> dict[str, Any]:
        score = np.where(certain, seen.score, scores(pieces, keeps))
        return _figures(score, seen)

    is_certain = seen.certainty != ""
    nothing = np.zeros(len(seen.score), np.bool_)
    result: dict[str, Any] = {"all": figures(everything, is_certain), "families": {}, "signals": {}}
    for family in FAMILIES:
        keeps = np.array([f.family != family.name for f in FEATURES])
        result["families"][family.name] = {"without": figures(keeps, is_certain)}
    for signal in SIGNALS:
        of_it = np.array([f.signal == signal.name for f in FEATURES])
        from_it = seen.certainty == signal.name
        if not of_it.any():
            continue
        result["signals"][signal.name] = {
            "without": figures(~of_it, is_certain & ~from_it),
            "alone": figures(of_it, from_it if from_it.any() else nothing),
            "known": float((~np.isnan(seen.features[:, of_it])).any(axis=1).mean()),
        }
    return result


def _figures(score: Array, seen: Seen) -> dict[str, Any]:
    human = np.sort(score[seen.is_human])
    cut = human[-1 - int(FALSE_POSITIVES * len(human))] if len(human) else 1.0
    rows = {"all": seen.is_bad} | {str(level): seen.is_bad & (seen.level == level) for level in (1, 2, 3)}
    return {
        name: {"auc": _auc(score[rows_], human), "at": float((score[rows_] > cut).mean()) if rows_.any() else None}
        for name, rows_ in rows.items()
    }


def _auc(bad: Array, human: Array) -> float | None:
    """Give the share of pairs in the right order, ties counted half (Mann and Whitney)."""
    if not len(bad) or not len(human):
        return None
    below = np.searchsorted(human, bad, "left")
    up_to = np.searchsorted(human, bad, "right")
    return float((below + up_to).mean() / (2.0 * len(human)))
