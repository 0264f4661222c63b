"""How well the fields of one request separate attackers of a level from people, within the same endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from bench.honesty.fields import CATEGORIES, FIELDS, Table

__all__ = ["Separation", "separation"]

_MOST_PEOPLE = 120_000
_KEPT = 250
"""Categories told apart in each field; the rest is one category."""


class Separation(NamedTuple):
    """What came out for one level.

    Attributes:
        auc: Of gradient-boosted trees on all fields; .5 is a coin.
        recall: What these trees find of the attacks while they accuse one request of people in a thousand.
        best_field: The one field that separates best by itself, and its AUC.
        fields: AUC of each field by itself.
    """

    level: int
    attacks: int
    auc: float
    recall: float
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


class _Union:
    """Several worlds as one."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.categories = np.concatenate([table.categories for table in tables])
        self.numbers = np.concatenate([table.numbers for table in tables])
        self.endpoint = np.concatenate([table.endpoint for table in tables])
        self.actor = np.concatenate([table.actor for table in tables])
        self.level = np.concatenate([table.level for table in tables])


def _pick(
    table: Table | _Union, level: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float64]]:
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


def _trees(seed: int, categories: list[int], **how: Any) -> HistGradientBoostingClassifier:
    """Trees that are kept from learning the few campaigns of the training worlds by heart."""
    return HistGradientBoostingClassifier(
        max_leaf_nodes=8, min_samples_leaf=100, l2_regularization=20.0, random_state=seed,
        categorical_features=categories, **how,
    )  # fmt: skip


def separation(train: Sequence[Table], test: Table, level: int, *, seed: int = 0) -> Separation:
    """Learn on some worlds, measure on another of another seed: campaigns are not those that were learned from."""
    learned = _Union(train)
    at, truth, weight = _pick(learned, level, seed)
    at_test, truth_test, weight_test = _pick(test, level, seed)
    codes = [_Codes(learned.categories[at, place]) for place in range(len(CATEGORIES))]

    def matrix(table: Table | _Union, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        coded = [code(table.categories[rows, place]) for place, code in enumerate(codes)]
        return np.column_stack([*coded, table.numbers[rows]]).astype(np.float64)

    x, x_test = matrix(learned, at), matrix(test, at_test)
    trees = _trees(seed, list(range(len(CATEGORIES))), max_iter=100, learning_rate=0.05, max_features=0.3)
    scores = trees.fit(x, truth, sample_weight=weight).predict_proba(x_test)[:, 1]
    fields = {}
    for place, name in enumerate(FIELDS):
        one = _trees(seed, [0] if place < len(CATEGORIES) else [], max_iter=30)
        alone = one.fit(x[:, [place]], truth, sample_weight=weight).predict_proba(x_test[:, [place]])[:, 1]
        fields[name] = float(roc_auc_score(truth_test, alone, sample_weight=weight_test))
    return Separation(
        level,
        int(truth_test.sum()),
        float(roc_auc_score(truth_test, scores, sample_weight=weight_test)),
        _recall(scores, truth_test, weight_test, 0.001),
        max(fields.items(), key=lambda pair: pair[1]),
        fields,
    )


def _recall(scores: NDArray[np.float64], truth: NDArray[np.int8], weight: NDArray[np.float64], rate: float) -> float:
    """Share of attacks above the score that this (weighted) share of people's requests passes."""
    people = truth == 0
    order = np.argsort(-scores[people], kind="stable")
    passed = np.cumsum(weight[people][order]) / weight[people].sum()
    cut = scores[people][order][np.searchsorted(passed, rate)]
    return float(np.mean(scores[~people] > cut))
