"""What is kept of each decision that has a label: a few numbers in columns, some thirty bytes a request."""

from __future__ import annotations

from array import array
from functools import cached_property
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from vedette.replay.labels import Kind, Labels, hash_of
from vedette.types import STOPPING, Action, Decision, Purpose, Verdict

__all__ = ["HARD_STOPPING", "NOTICEABLE", "Columns", "Rows"]

NOTICEABLE = frozenset({"challenge", "delay", "rate_limit"})
"""What a person notices and gets over (contract, section 3)."""
HARD_STOPPING = STOPPING - NOTICEABLE

_ACTIONS: tuple[str, ...] = get_args(Action)
_VERDICTS: tuple[str, ...] = get_args(Verdict)
_PURPOSES: tuple[str, ...] = get_args(Purpose)
_ACTION = {name: place for place, name in enumerate(_ACTIONS)}
_VERDICT = {name: place for place, name in enumerate(_VERDICTS)}
_PURPOSE = {name: place for place, name in enumerate(_PURPOSES)}
_BATCH = 65_536


class Rows:
    """The labelled decisions in the order in which they were made, as columns of equal length.

    ``label`` is the place of each request's label in ``labels``; actions, verdicts and purposes are numbers.
    """

    def __init__(
        self,
        labels: Labels,
        label: NDArray[np.int32],
        time: NDArray[np.float64],
        score: NDArray[np.float32],
        low: NDArray[np.float32],
        high: NDArray[np.float32],
        action: NDArray[np.uint8],
        verdict: NDArray[np.uint8],
        purpose: NDArray[np.uint8],
    ) -> None:
        self.labels, self.label, self.time = labels, label, time
        self.score, self.low, self.high, self.purpose = score, low, high, purpose
        self._action, self._verdict = action, verdict

    @classmethod
    def of_stops(
        cls,
        labels: Labels,
        label: NDArray[np.int32],
        time: NDArray[np.float64],
        score: NDArray[np.float32],
        is_stopped: NDArray[np.bool_],
        action: Action,
    ) -> Rows:
        """Give the rows of a simpler defence, which stops by one action or does nothing, and knows no interval."""
        actions = np.where(is_stopped, _ACTION[action], _ACTION["allow"]).astype(np.uint8)
        verdicts = np.where(is_stopped, _VERDICT["bad_bot"], _VERDICT["unknown"]).astype(np.uint8)
        nothing = np.zeros(len(label), np.float32)
        return cls(labels, label, time, score, nothing, nothing + 1, actions, verdicts, np.zeros(len(label), np.uint8))

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def kind(self) -> NDArray[np.int32]:
        """Number of each request's kind."""
        found: NDArray[np.int32] = self.labels.kinds[self.label]
        return found

    @cached_property
    def session(self) -> NDArray[np.int32]:
        """Number of each request's session, -1 where none is known."""
        found: NDArray[np.int32] = self.labels.sessions[self.label]
        return found

    @cached_property
    def prize(self) -> NDArray[np.int32]:
        """Number of what each request wins, -1 for nothing."""
        found: NDArray[np.int32] = self.labels.prizes[self.label]
        return found

    def of_kind(self, wanted: Any) -> NDArray[np.bool_]:
        """Which requests are of a kind that ``wanted`` accepts."""
        return np.array([bool(wanted(kind)) for kind in self.labels.kind_list], np.bool_)[self.kind]

    def numbered(self, of: Any) -> tuple[list[Any], NDArray[np.int32]]:
        """Name what ``of`` gives for the kinds, and the number of that name for each request."""
        names: dict[Any, int] = {}
        wide = np.array([names.setdefault(of(kind), len(names)) for kind in self.labels.kind_list], np.int32)
        return list(names), wide[self.kind]

    def by(self, actor: str) -> NDArray[np.bool_]:
        """Which requests are an actor's."""

        def is_theirs(kind: Kind) -> bool:
            return kind.actor == actor

        return self.of_kind(is_theirs)

    @cached_property
    def is_stopped(self) -> NDArray[np.bool_]:
        """Which requests would not have reached the API."""
        return np.isin(self._action, [_ACTION[name] for name in sorted(STOPPING)])

    @cached_property
    def is_noticed(self) -> NDArray[np.bool_]:
        """Which requests were met with something that a person notices."""
        return np.isin(self._action, [_ACTION[name] for name in sorted(NOTICEABLE)])

    @cached_property
    def is_hard_stopped(self) -> NDArray[np.bool_]:
        """Which requests were stopped by what a person does not get over."""
        return np.isin(self._action, [_ACTION[name] for name in sorted(HARD_STOPPING)])

    def has_verdict(self, verdict: Verdict) -> NDArray[np.bool_]:
        """Which requests got a verdict."""
        found: NDArray[np.bool_] = np.equal(self._verdict, _VERDICT[verdict])
        return found


class _Column:
    """Values that are added one by one and kept as a plain array."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._kept: list[NDArray[Any]] = []
        self.fresh: array[Any] = array(code)

    def add_batch(self, is_kept: NDArray[np.bool_]) -> None:
        self._kept.append(np.array(self.fresh)[is_kept])
        self.fresh = array(self._code)

    def put(self, values: NDArray[Any]) -> None:
        self._kept.append(values)

    def read(self) -> NDArray[Any]:
        if len(self._kept) != 1:
            self._kept = [np.concatenate(self._kept) if self._kept else np.zeros(0, self._code)]
        return self._kept[0]


class Columns:
    """Takes decisions in; those without a label are counted and dropped, many at a time."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._unlabelled = 0
        self._hashes = array("q")
        self.label, self.time = _Column("i"), _Column("d")
        self.score, self.low, self.high = _Column("f"), _Column("f"), _Column("f")
        self.action, self.verdict, self.purpose = _Column("B"), _Column("B"), _Column("B")

    def add(self, id: str, timestamp: float, decision: Decision) -> None:
        """Take in one decision about the request ``id`` that arrived at ``timestamp``."""
        self._hashes.append(hash_of(id))
        self.time.fresh.append(timestamp)
        self.score.fresh.append(decision.score)
        self.low.fresh.append(decision.low)
        self.high.fresh.append(decision.high)
        self.action.fresh.append(_ACTION[decision.action])
        self.verdict.fresh.append(_VERDICT[decision.verdict])
        self.purpose.fresh.append(_PURPOSE[decision.purpose])
        if len(self._hashes) == _BATCH:
            self._look_up()

    def _look_up(self) -> None:
        if not self._hashes:
            return
        found = self._labels.find(np.array(self._hashes))
        self._hashes = array("q")
        is_labelled = found >= 0
        self._unlabelled += len(found) - int(np.count_nonzero(is_labelled))
        self.label.put(found[is_labelled])
        for column in (self.time, self.score, self.low, self.high, self.action, self.verdict, self.purpose):
            column.add_batch(is_labelled)

    def rows(self) -> tuple[Rows, int]:
        """Give what was taken in until now, and how many decisions had no label."""
        self._look_up()
        columns = (self.label, self.time, self.score, self.low, self.high, self.action, self.verdict, self.purpose)
        return Rows(self._labels, *(column.read() for column in columns)), self._unlabelled
