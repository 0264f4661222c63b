"""How well the score tells malicious requests from those of people, whatever the policy makes of it.

A *cut* is a score from which on requests would be stopped, chosen so that no more than a given share of human requests
is at or above it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from vedette.replay.judge.shares import Share

__all__ = ["TARGETS", "Cut", "area", "cut_at", "curve", "recall_at"]

TARGETS = (0.0001, 0.001, 0.01)
"""Shares of human requests that may be at or above a cut."""

Scores = NDArray[np.float32]


class Cut(Struct, frozen=True):
    """A score from which on requests would be stopped.

    Attributes:
        target: The share of human requests that may be at or above it.
        threshold: The smallest score that occurs and keeps to the target; infinite where none does.
        humans: Human requests at or above it.
        is_too_few: There are too few human requests to tell such a rate: not one of them may be at or above the cut.
    """

    target: float
    threshold: float
    humans: Share
    is_too_few: bool


def cut_at(target: float, humans: Scores, everyone: Scores) -> Cut:
    """Find the cut for a target. Equal scores fall on the same side of it, so that the target may not be used up.

    ``humans`` are the scores of human requests, ``everyone`` those of all; both are sorted.
    """
    allowed = math.floor(target * len(humans) + 1e-9)
    if allowed >= len(humans):
        place = 0
    else:
        place = int(np.searchsorted(everyone, humans[len(humans) - 1 - allowed], side="right"))
    threshold = float(everyone[place]) if place < len(everyone) else math.inf
    above = len(humans) - int(np.searchsorted(humans, np.float32(threshold), side="left"))
    return Cut(target, threshold, Share(above, len(humans)), allowed < 1)


def recall_at(cut: Cut, scores: Scores) -> Share:
    """The share of some requests that are at or above a cut."""
    return Share(int(np.count_nonzero(scores >= np.float32(cut.threshold))), len(scores))


def area(humans: Scores, bots: Scores) -> float:
    """The area under the ROC curve: how often a malicious request scores above a human one, ties counted half.

    ``humans`` is sorted. NaN where one of the two is missing.

    >>> area(np.array([0.1, 0.2], np.float32), np.array([0.2, 0.3], np.float32))
    0.875
    """
    if not len(humans) or not len(bots):
        return math.nan
    below = np.searchsorted(humans, bots, side="left").sum(dtype=np.float64)
    not_above = np.searchsorted(humans, bots, side="right").sum(dtype=np.float64)
    return float((below + not_above) / 2 / len(humans) / len(bots))


def curve(humans: Scores, bots: Scores, points: Sequence[float]) -> list[float]:
    """Recall at each of some shares of false positives; both inputs are sorted."""
    found = []
    for share in points:
        cut = cut_at(share, humans, bots)
        found.append(1 - int(np.searchsorted(bots, np.float32(cut.threshold), side="left")) / len(bots))
    return found
