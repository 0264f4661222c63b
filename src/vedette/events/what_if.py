"""What would have changed a verdict: a logged decision scored again, each time without one piece of its evidence.

The logged feature vector goes through the scorer that made the decision. A piece of evidence is taken away by setting
its feature to the value that says nothing; the interval keeps its width, which is read back from the logged score.
Where a certainty made the verdict, or another version of the model did, the features cannot say it again, and this says
so instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from vedette.detect.certainties import NAMES

__all__ = ["BAD_LOW", "CERTAINTIES", "HUMAN_HIGH", "Change", "WhatIf", "what_if"]

BAD_LOW = 0.9
HUMAN_HIGH = 0.1
"""The bounds of a verdict (contract, section 3): ``bad_bot`` from this ``low`` on, ``human`` up to this ``high``."""

CERTAINTIES = {name: what for name, what in NAMES.items() if name != "attested_token"}
"""Reasons that settle the score by themselves; an attested token settles the verdict alone."""

Basis = Literal["evidence", "certainty", "degraded", "other_model"]
_NO_SPREAD = 1e-3
_TOLERANCE = 1e-3
_SURE = 1e-9


class Change(Struct, frozen=True, kw_only=True):
    """What a decision would have been without something.

    Attributes:
        without: Names of features, or the one name of a whole family of them.
        is_family: Which of the two.
        weight: Log-odds of what was taken away, after the caps.
        matters: The verdict would have been another, or the score on the other side of one half.
    """

    without: tuple[str, ...]
    is_family: bool
    weight: float
    score: float
    low: float
    high: float
    verdict: str
    matters: bool


class WhatIf(Struct, frozen=True, kw_only=True):
    """What evidence carried a decision.

    Attributes:
        basis: ``evidence`` where the features explain the score; else why they do not.
        because: The certainty, or the model, in words; empty for ``evidence``.
        pieces: Every feature with a say, with its log-odds after the caps, strongest first.
        changes: One for each piece, one for each family of several pieces, and one for the fewest of the strongest
            pieces that change the verdict only together.
        score: What the evidence alone says; also where a certainty has overruled it.
        is_held: ``low`` would be higher, were not all the evidence of one family.
    """

    basis: Basis
    because: str = ""
    score: float | None = None
    pieces: tuple[tuple[str, float], ...] = ()
    changes: tuple[Change, ...] = ()
    is_held: bool = False

    @property
    def decisive(self) -> tuple[Change, ...]:
        """Those changes that matter: single pieces, else families, else what it takes together."""
        matter = [change for change in self.changes if change.matters]
        single = [change for change in matter if len(change.without) == 1 and not change.is_family]
        families = [change for change in matter if change.is_family]
        return tuple(single or families or matter)


def what_if(decision: dict[str, Any]) -> WhatIf:
    """Score a decision, as :func:`vedette.events.views.find` gives it, again without each piece of evidence."""
    from vedette.detect.features import FEATURES
    from vedette.detect.scorers import MODEL

    if decision["degraded"]:
        return WhatIf(basis="degraded", because="no decision could be had, so nothing was weighed")
    named = decision["features"] or {}
    if decision["model"] != MODEL or [feature.name for feature in FEATURES] != list(named):
        return WhatIf(basis="other_model", because=f"model {decision['model']} is not in this version ({MODEL} is)")
    features = np.array([math.nan if value is None else value for value in named.values()], np.float32)
    whole, pieces = _scored(features)
    shares = sorted(
        ((feature.name, float(piece)) for feature, piece in zip(FEATURES, pieces, strict=True) if piece),
        key=lambda share: -abs(share[1]),
    )
    certain = next((reason["signal"] for reason in decision["reasons"] if reason["signal"] in CERTAINTIES), None)
    if certain is not None:
        return WhatIf(
            basis="certainty",
            because=f"{certain} is a certainty: {CERTAINTIES[certain]}",
            score=whole.score,
            pieces=tuple(shares),
        )
    if abs(whole.score - decision["score"]) > _TOLERANCE:
        return WhatIf(
            basis="other_model", because=f"the features now give {whole.score:.3f}: another version made the decision"
        )
    spread = _spread(decision)
    return WhatIf(
        basis="evidence",
        score=whole.score,
        pieces=tuple(shares),
        changes=tuple(_changes(decision, features, whole, dict(shares), spread)),
        is_held=_interval(whole, spread)[0] < _sigmoid(whole.middle - spread),
    )


class _Scored(Struct, frozen=True):
    score: float
    middle: float
    strong: int


def _scored(features: np.ndarray[Any, Any]) -> tuple[_Scored, np.ndarray[Any, Any]]:
    """Score in plain Python: a dozen vectors are not worth compiling for."""
    from vedette.detect import scorers

    plain = getattr(scorers.score, "py_func", scorers.score)
    model, families = scorers.prior()
    pieces = np.zeros(len(features), np.float32)
    result = np.zeros(scorers.RESULT, np.float64)
    plain(features, model, families, 0.0, False, pieces, result)
    return _Scored(float(result[0]), float(result[3]), int(result[5])), pieces


def _changes(
    decision: dict[str, Any],
    features: np.ndarray[Any, Any],
    whole: _Scored,
    weights: dict[str, float],
    spread: float,
) -> Iterator[Change]:
    from vedette.detect.features import FAMILIES, FEATURES

    places = {feature.name: place for place, feature in enumerate(FEATURES)}

    def change(names: tuple[str, ...], members: list[int], *, is_family: bool) -> Change:
        other = features.copy()
        for place in members:
            other[place] = FEATURES[place].none
        scored, _ = _scored(other)
        low, high = _interval(scored, spread)
        verdict = _verdict(low, high)
        crosses = (scored.score < 0.5) != (decision["score"] < 0.5)
        return Change(
            without=names,
            is_family=is_family,
            weight=whole.middle - scored.middle,
            score=scored.score,
            low=low,
            high=high,
            verdict=verdict,
            matters=crosses or verdict != decision["verdict"],
        )

    made = [change((name,), [places[name]], is_family=False) for name in weights]
    for family in FAMILIES:
        members = [places[name] for name in weights if FEATURES[places[name]].family == family.name]
        if len(members) > 1:
            made.append(change((family.name,), members, is_family=True))
    yield from made
    if any(one.matters for one in made):
        return
    speaking = [name for name, weight in weights.items() if (weight > 0.0) == (decision["score"] >= 0.5)]
    for count in range(2, len(speaking) + 1):
        together = change(tuple(speaking[:count]), [places[name] for name in speaking[:count]], is_family=False)
        if together.matters:
            yield together
            return


def _spread(decision: dict[str, Any]) -> float:
    """Half the interval's width in log-odds, from the side that no cap can have moved."""
    return max(_logit(decision["score.high"]) - _logit(decision["score"]), _NO_SPREAD)


def _interval(scored: _Scored, spread: float) -> tuple[float, float]:
    from vedette.detect.scorers import LOW_CAP

    low, high = _sigmoid(scored.middle - spread), _sigmoid(scored.middle + spread)
    return (low if scored.strong >= 2 else min(low, LOW_CAP)), high


def _verdict(low: float, high: float) -> str:
    return "bad_bot" if low >= BAD_LOW else "human" if high <= HUMAN_HIGH else "unknown"


def _logit(p: float) -> float:
    p = min(max(p, _SURE), 1.0 - _SURE)
    return math.log(p / (1.0 - p))


def _sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(z, -700.0), 700.0)))
