"""Whether a score of 0.8 is malicious in eight cases of ten, and whether the interval holds what it promises.

Requests are put into *bins* by score, of equal width or of equal *mass* (as many requests in each). Equal scores share
a bin, so that bins of equal mass may hold more than their part, or nothing.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from vedette.replay.judge.shares import Z95, wilson

__all__ = ["BINS", "DECILES", "LEAST", "Bin", "Calibration", "Coverage", "calibrate"]

BINS = 15
DECILES = 10
LEAST = 100
"""Requests that a cell of the coverage must have; smaller ones say too little about a share."""

_CLIP = 1e-6
_ROUNDING = 1e-6  # scores are kept in single precision


class Bin(Struct, frozen=True):
    """Requests of similar score: the means of score, ``low`` and ``high``, and the share that is malicious."""

    requests: int
    score: float
    malicious: float
    low: float
    high: float

    @property
    def is_covered(self) -> bool:
        """Whether the malicious share lies within the mean interval."""
        return self.low - _ROUNDING <= self.malicious <= self.high + _ROUNDING

    @property
    def may_be_covered(self) -> bool:
        """Whether chance could have moved the malicious share out of the mean interval."""
        least, most = wilson(round(self.malicious * self.requests), self.requests, Z95)
        return self.low <= most + _ROUNDING and least <= self.high + _ROUNDING


class Coverage(Struct, frozen=True):
    """How often the interval holds the truth.

    Attributes:
        cells: Cells with enough requests: a decile of the score on endpoints of one purpose.
        requests: Requests in them; ``left_out`` are those in smaller cells.
        by_request: Share of the requests that are in cells whose malicious share lies within the mean interval.
        by_request_or_chance: The same where the 95 % interval of the observed share meets the mean interval, so that
            a distance that chance explains counts as held.
        by_cell: Share of the cells whose malicious share lies within.
        width: Mean width of the interval; a wide one covers without knowing much.
    """

    cells: int
    requests: int
    left_out: int
    by_request: float
    by_request_or_chance: float
    by_cell: float
    width: float


class Calibration(Struct, frozen=True):
    """How far scores can be taken for probabilities.

    Attributes:
        ece: Expected calibration error: mean distance of score and malicious share over bins of equal width, weighted
            by requests. ``ece_equal_mass`` likewise over bins of equal mass.
        brier: Mean squared distance of the score from what is true.
        log_loss: Mean of -log of the probability given to what is true, scores kept within 1e-6 of 0 and 1.
        bins: Bins of equal width that are not empty; ``deciles`` those of equal mass.
    """

    requests: int
    malicious: float
    ece: float
    ece_equal_mass: float
    brier: float
    log_loss: float
    bins: list[Bin]
    deciles: list[Bin]
    coverage: Coverage


Scores = NDArray[np.float32]


def calibrate(
    scores: Scores, lows: Scores, highs: Scores, is_bad: NDArray[np.bool_], purposes: NDArray[np.uint8]
) -> Calibration:
    """Compare scores with what is true. ``purposes`` are the numbers of the endpoints' purposes."""
    if not len(scores):
        nothing = Coverage(0, 0, 0, math.nan, math.nan, math.nan, math.nan)
        return Calibration(0, math.nan, math.nan, math.nan, math.nan, math.nan, [], [], nothing)
    values = np.clip(scores.astype(np.float64), 0.0, 1.0)
    ranks = np.searchsorted(np.sort(scores), scores, side="left")
    mass, decile = ranks * BINS // len(scores), ranks * DECILES // len(scores)
    width = np.minimum((values * BINS).astype(np.int64), BINS - 1)
    bins = _bins(width, BINS, values, lows, highs, is_bad)
    given = np.clip(np.where(is_bad, values, 1 - values), _CLIP, 1.0)
    return Calibration(
        len(values),
        float(is_bad.mean()),
        _error(bins),
        _error(_bins(mass, BINS, values, lows, highs, is_bad)),
        float(np.square(values - is_bad).mean()),
        float(-np.log(given).mean()),
        bins,
        _bins(decile, DECILES, values, lows, highs, is_bad),
        _coverage(decile, purposes, values, lows, highs, is_bad),
    )


def _coverage(
    decile: NDArray[np.int64],
    purposes: NDArray[np.uint8],
    values: NDArray[np.float64],
    lows: Scores,
    highs: Scores,
    is_bad: NDArray[np.bool_],
) -> Coverage:
    cells = _bins(decile * 256 + purposes, DECILES * 256, values, lows, highs, is_bad)
    large = [cell for cell in cells if cell.requests >= LEAST]
    inside = sum(cell.requests for cell in large)
    covered = [cell for cell in large if cell.is_covered]
    return Coverage(
        len(large),
        inside,
        len(values) - inside,
        sum(cell.requests for cell in covered) / inside if inside else math.nan,
        sum(cell.requests for cell in large if cell.may_be_covered) / inside if inside else math.nan,
        len(covered) / len(large) if large else math.nan,
        float(np.mean(highs, dtype=np.float64) - np.mean(lows, dtype=np.float64)),
    )


def _bins(
    place: NDArray[np.int64],
    count: int,
    values: NDArray[np.float64],
    lows: Scores,
    highs: Scores,
    is_bad: NDArray[np.bool_],
) -> list[Bin]:
    sizes = np.bincount(place, minlength=count)
    sums = [np.bincount(place, weights=what, minlength=count) for what in (values, is_bad, lows, highs)]
    return [Bin(int(sizes[n]), *(float(total[n] / sizes[n]) for total in sums)) for n in range(count) if sizes[n]]


def _error(bins: list[Bin]) -> float:
    total = sum(scored.requests for scored in bins)
    return sum(scored.requests * abs(scored.score - scored.malicious) for scored in bins) / total
