"""How many malicious requests are found: in all, by *family* of campaigns and by *level* of hiding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from vedette.replay.judge.ranking import Cut, area, recall_at
from vedette.replay.judge.rows import Rows
from vedette.replay.judge.shares import Share

__all__ = ["Recall", "recalls"]


class Recall(Struct, frozen=True):
    """What was found of some malicious requests.

    Attributes:
        family: The segment of the requests, or empty for all families.
        level: The level, or ``None`` for all.
        stopped: By the policy.
        bad_bot: Given the verdict ``bad_bot``. ``good_bot``, ``human``: taken for one.
        at: With a score at or above each of the cuts.
        auc: Area under the ROC curve of these against all human requests.
    """

    family: str
    level: int | None
    requests: int
    stopped: Share
    bad_bot: Share
    good_bot: Share
    human: Share
    at: list[Share]
    auc: float


def recalls(rows: Rows, humans: NDArray[np.float32], cuts: Sequence[Cut]) -> list[Recall]:
    """Give recall in all, then by level, by family, and by family and level, each in order of name.

    ``humans`` are the sorted scores of human requests.
    """
    is_bad = rows.by("bad_bot")
    if not is_bad.any():
        return []
    names, cells = rows.numbered(lambda kind: (kind.segment, kind.level))
    cells = cells[is_bad]
    order = np.argsort(cells, kind="stable")
    numbers, starts = np.unique(cells[order], return_index=True)
    members = {names[n]: part for n, part in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True)}
    flags = [rows.is_stopped[is_bad]]
    flags += [rows.has_verdict(verdict)[is_bad] for verdict in ("bad_bot", "good_bot", "human")]
    score = rows.score[is_bad]

    def recall(family: str, level: int | None, cells: Sequence[tuple[str, int]]) -> Recall:
        mine = np.concatenate([members[cell] for cell in cells])
        stopped, bad, good, human = [Share(int(np.count_nonzero(flag[mine])), len(mine)) for flag in flags]
        at = [recall_at(cut, score[mine]) for cut in cuts]
        return Recall(family, level, len(mine), stopped, bad, good, human, at, area(humans, score[mine]))

    levels: dict[int, list[tuple[str, int]]] = {}
    families: dict[str, list[tuple[str, int]]] = {}
    for cell in sorted(members):
        families.setdefault(cell[0], []).append(cell)
        levels.setdefault(cell[1], []).append(cell)
    found = [recall("", None, sorted(members))]
    if set(levels) != {0}:
        found += [recall("", level, levels[level]) for level in sorted(levels)]
    if set(families) != {""}:
        found += [recall(family, None, families[family]) for family in families]
        if set(levels) != {0}:
            found += [recall(cell[0], cell[1], [cell]) for cell in sorted(members)]
    return found
