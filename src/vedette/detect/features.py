"""The one table of features: what each is, of which family, and how much it says before any label exists.

A feature's value is a number, or NaN where its signal is unknown; unknown is never zero. The expert prior turns a value
into evidence, in log-odds, by one line segment::

    evidence = weight * clip((value - none) / (full - none), 0, 1)

so ``none`` is where the value says nothing, ``full`` where it has said all it can. A negative weight is evidence for a
person. Evidence of one family is correlated, so each family's sum is capped (:data:`FAMILIES`): a flood cannot count
as rate evidence five times. ``BIAS`` is the log-odds before anything is known.

How the weights were derived, and what each would change, stands in ``docs/decisions/0030-expert-prior.md``; the
ablation lives in the tests. Counts are shown as counts and stored as ``log1p``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vedette.detect.families import FAMILIES, GROUPS, Family, Feature, Group
from vedette.detect.measures import FEATURES

__all__ = ["BIAS", "FAMILIES", "FEATURES", "GROUPS", "Family", "Feature", "Group", "index", "model_array", "show"]

BIAS = -2.2
"""Log-odds of malice before any evidence: about 10 %, the lower end of the share of malicious API calls (mission)."""


COUNT = len(FEATURES)
_INDEX = {feature.name: position for position, feature in enumerate(FEATURES)}
_FAMILY = {family.name: position for position, family in enumerate(FAMILIES)}


def index(name: str) -> int:
    """Position of a feature in the vector.

    Raises:
        KeyError: There is no such feature.
    """
    return _INDEX[name]


def model_array() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Give the prior as an array of shape (features, 5): family, none, full, weight, group (-1 for none)."""
    groups = {name: float(place) for place, group in enumerate(GROUPS) for name in group.features}
    return np.array(
        [(_FAMILY[f.family], f.none, f.full, f.weight, groups.get(f.name, -1.0)) for f in FEATURES], np.float64
    )


def family_array() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Give the families as an array of shape (families, 2): cap, floor."""
    return np.array([(f.cap, f.floor) for f in FAMILIES], np.float64)


def show(feature: Feature, value: float) -> str:
    """Say what was seen, for people.

    >>> show(FEATURES[index("client_missing")], float(np.log1p(41)))
    'asks for what is not there: 41'
    >>> show(FEATURES[index("client_class")], 1.0), show(FEATURES[index("client_class")], 0.5)
    ('names itself a library: 1', 'is no known browser or app: 0.5')
    """
    unit = feature.unit
    if feature.name == "client_class" and value < 1.0:
        return f"is no known browser or app: {value:.2g}"
    if unit == "count":
        return f"{feature.says}: {math.expm1(min(value, 30.0)):.0f}"
    if unit == "flag":
        return feature.says
    if unit == "share":
        return f"{feature.says}: {100.0 * value:.0f} %"
    if unit == "bits":
        return f"{feature.says}: {value:.1f} bits"
    if unit == "seconds":
        return f"{feature.says}: {math.expm1(min(value, 30.0)):.0f} s"
    return f"{feature.says}: {value:.2g}"
