"""From features to a score with its interval: the expert prior, in one compiled pass.

Evidence is additive in log-odds (``detect.features`` gives the segment of each feature). Each family's evidence is
capped, because signals of one family repeat each other, and within it each group's that one innocent cause explains;
what a cap takes away is taken from all of its pieces alike, so the pieces still add up to the score.

The interval is computed in log-odds, ``z -+ 1.645 sd`` (90 % of a normal)::

    sd^2 = 0.8^2 + 0.8^2 exp(-n / 5) + 0.5^2 [fingerprint unseen] + 0.4^2 (share of families without any signal)

0.8 is what the prior itself is worth without a single label (``docs/decisions/0030-expert-prior.md``), the second term
fades with the number of requests seen from the client. One family alone never lifts ``low`` above 0.89: that takes two
families of at least +2 each, or a certainty (contract, section 3).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vedette.detect.compiled import kernel
from vedette.detect.features import BIAS, FAMILIES, GROUPS, family_array, model_array
from vedette.detect.kernel import measure

__all__ = ["LOW_CAP", "MODEL", "PRIOR_SD", "REASONS", "RESULT", "judge", "prior", "score"]

Array = np.ndarray[Any, Any]

MODEL = "prior-2"
"""Version of the expert prior, as a decision names it."""
PRIOR_SD = 0.8
NEWCOMER_SD = 0.8
UNSEEN_SD = 0.5
MISSING_SD = 0.4
Z90 = 1.645
LOW_CAP = 0.89
STRONG = 2.0
REASONS = 5
LEAST = 0.05
"""Log-odds up to which a piece of evidence is no reason."""
RESULT = 6 + 3 * REASONS
_FAMILY_COUNT = len(FAMILIES)
_GROUP_COUNT = len(GROUPS)
_GROUP_CAPS = np.array([group.cap for group in GROUPS])


def prior() -> tuple[Array, Array]:
    """Give the prior's two arrays: (features, 5) and (families, 2)."""
    return model_array(), family_array()


@kernel
def score(features: Array, model: Array, families: Array, n: float, is_new: bool, pieces: Array, result: Array) -> None:
    """Score one feature vector.

    Args:
        features: float32, NaN where unknown.
        model: (features, 5): family, none, full, weight, group.
        families: (families, 2): cap, floor.
        n: Requests of the client so far.
        is_new: The fingerprint was not seen before.
        pieces: float32 out, one a feature: its signed log-odds after the caps.
        result: float64 out, :data:`RESULT` places: score, low, high, log-odds, their sd, strong families, then five
            positions of the strongest features (-1: none), their log-odds and their values.
    """
    count = features.shape[0]
    grouped = np.zeros(_GROUP_COUNT)
    gain = np.zeros(_FAMILY_COUNT)
    loss = np.zeros(_FAMILY_COUNT)
    known = np.zeros(_FAMILY_COUNT)
    for place in range(count):
        value = features[place]
        if math.isnan(value):
            pieces[place] = 0.0
            continue
        family = int(model[place, 0])
        known[family] = 1.0
        none, full = model[place, 1], model[place, 2]
        piece = model[place, 3] * min(max((value - none) / (full - none), 0.0), 1.0)
        pieces[place] = piece
        if piece > 0.0:
            if model[place, 4] >= 0.0:
                grouped[int(model[place, 4])] += piece
            gain[family] += piece
        else:
            loss[family] += piece
    for group in range(_GROUP_COUNT):
        grouped[group] = min(_GROUP_CAPS[group] / grouped[group], 1.0) if grouped[group] > 0.0 else 1.0
        if grouped[group] < 1.0:
            for place in range(count):
                if pieces[place] > 0.0 and model[place, 4] == group:
                    gain[int(model[place, 0])] -= pieces[place] * (1.0 - grouped[group])
                    pieces[place] *= grouped[group]
    z = BIAS
    strong = 0
    for family in range(_FAMILY_COUNT):
        up = min(gain[family], families[family, 0])
        down = max(loss[family], families[family, 1])
        if up + down >= STRONG:
            strong += 1
        z += up + down
        gain[family] = up / gain[family] if gain[family] > 0.0 else 0.0
        loss[family] = down / loss[family] if loss[family] < 0.0 else 0.0
    for place in range(count):
        if pieces[place] > 0.0:
            pieces[place] *= gain[int(model[place, 0])]
        elif pieces[place] < 0.0:
            pieces[place] *= loss[int(model[place, 0])]
    variance = PRIOR_SD**2 + NEWCOMER_SD**2 * math.exp(-n / 5.0)
    if is_new:
        variance += UNSEEN_SD**2
    variance += MISSING_SD**2 * (1.0 - known.sum() / _FAMILY_COUNT)
    sd = math.sqrt(variance)
    result[0] = 1.0 / (1.0 + math.exp(-z))
    low = 1.0 / (1.0 + math.exp(-(z - Z90 * sd)))
    result[1] = low if strong >= 2 else min(low, LOW_CAP)
    result[2] = 1.0 / (1.0 + math.exp(-(z + Z90 * sd)))
    result[3] = z
    result[4] = sd
    result[5] = strong
    _strongest(features, pieces, result)


@kernel
def _strongest(features: Array, pieces: Array, result: Array) -> None:
    """Put the strongest pieces in order: positions, log-odds, values; earlier features first where they are alike."""
    for rank in range(REASONS):
        result[6 + rank] = -1.0
        result[6 + REASONS + rank] = 0.0
        result[6 + 2 * REASONS + rank] = 0.0
    for place in range(features.shape[0]):
        weight = abs(pieces[place])
        if weight <= LEAST or weight <= abs(result[6 + 2 * REASONS - 1]):
            continue
        rank = REASONS - 1
        while rank > 0 and weight > abs(result[6 + REASONS + rank - 1]):
            for column in range(3):
                start = 6 + column * REASONS
                result[start + rank] = result[start + rank - 1]
            rank -= 1
        result[6 + rank] = place
        result[6 + REASONS + rank] = pieces[place]
        result[6 + 2 * REASONS + rank] = features[place]


@kernel
def judge(
    arena: Array,
    offsets: Array,
    keys: Array,
    signals: Array,
    now: float,
    model: Array,
    families: Array,
    features: Array,
    pieces: Array,
    result: Array,
) -> None:
    """Measure one request (:func:`vedette.detect.kernel.measure`) and score it."""
    n, is_new = measure(arena, offsets, keys, signals, now, features)
    score(features, model, families, n, is_new, pieces, result)
