"""How well the fields of one request separate attackers of a level from people, within the same endpoints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from bench.honesty.fields import CATEGORIES, FIELDS, NUMBERS, Table

__all__ = ["Separation", "separation"]

_MOST_PEOPLE = 120_000
_KEPT = 250
"""Categories told apart in each field; the rest is one category."""


class Separation(NamedTuple):
    """What came out for one level.

    Attributes:
        auc: Of gradient-boosted trees on all fields; .5 is a coin.
        best_field: The one field that separates best by itself, and its AUC.
        fields: AUC of each field by itself.
    """

    level: int
    attacks: int
    auc: float
    best_field: tuple[str, float]
    fields: dict[str, float]


class _Codes:
    """Maps the categories of the training world to small numbers."""

    def __init__(self, column: NDArray[np.int64]) -> None:
        values, counts = np.unique(column, return_counts=True)
        self.known = np.sort(values[np.argsort(-counts, kind="stable")[:_KEPT]])

    def __call__(self, column: NDArray[np.int64]) -> NDArray[np.int64]:
        places = np.minimum(np.searchsorted(self.known, column), len(self.known) - 1)
        return np.where(self.known[places] == column, places, len(self.known))


def _pick(table: Table, level: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float64]]:
    """Choose attackers of a level and people, weighted so that both call each endpoint equally often."""
    bad = np.flatnonzero((table.actor == "bad_bot") & (table.level == level) & (table.endpoint != 0))
    people = np.flatnonzero(table.actor == "human")
    shared = np.intersect1d(np.unique(table.endpoint[bad]), np.unique(table.endpoint[people]))
    bad = bad[np.isin(table.endpoint[bad], shared)]
    people = people[np.isin(table.endpoint[people], shared)]
    if len(people) > _MOST_PEOPLE:
        people = np.sort(np.random.default_rng(seed).choice(people, _MOST_PEOPLE, replace=False))
    where = np.concatenate([bad, people])
    truth = np.concatenate([np.ones(len(bad), np.int8), np.zeros(len(people), np.int8)])
    weight = np.ones(len(where))
    for endpoint in shared:
        here = table.endpoint[where] == endpoint
        good, evil = here & (truth == 0), here & (truth == 1)
        if good.any():
            weight[good] = evil.sum() / good.sum()
    return where, truth, weight


def separation(train: Table, test: Table, level: int, *, seed: int = 0) -> Separation:
    """Learn on one world, measure on another of another seed: campaigns are not those that were learned from."""
    at, truth, weight = _pick(train, level, seed)
    at_test, truth_test, weight_test = _pick(test, level, seed)
    codes = [_Codes(train.categories[at, place]) for place in range(len(CATEGORIES))]

    def matrix(table: Table, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        coded = [code(table.categories[rows, place]) for place, code in enumerate(codes)]
        return np.column_stack([*coded, table.numbers[rows]]).astype(np.float64)

    x, x_test = matrix(train, at), matrix(test, at_test)
    trees = HistGradientBoostingClassifier(
        max_iter=150, max_leaf_nodes=31, random_state=seed, categorical_features=list(range(len(CATEGORIES)))
    )
    trees.fit(x, truth, sample_weight=weight)
    auc = roc_auc_score(truth_test, trees.predict_proba(x_test)[:, 1], sample_weight=weight_test)
    fields = {}
    for place, name in enumerate(FIELDS):
        one = HistGradientBoostingClassifier(
            max_iter=30, max_leaf_nodes=15, random_state=seed,
            categorical_features=[0] if place < len(CATEGORIES) else None,
        )  # fmt: skip
        one.fit(x[:, [place]], truth, sample_weight=weight)
        fields[name] = float(
            roc_auc_score(truth_test, one.predict_proba(x_test[:, [place]])[:, 1], sample_weight=weight_test)
        )
    best = max(fields.items(), key=lambda pair: pair[1])
    assert len(FIELDS) == len(CATEGORIES) + len(NUMBERS)
    return Separation(level, int(truth_test.sum()), float(auc), best, fields)
