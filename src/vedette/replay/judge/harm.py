"""Whom the decisions harmed: people and good bots, by *segment* of the population, by request and by session."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from vedette.replay.judge.ranking import Cut
from vedette.replay.judge.rows import Rows
from vedette.replay.judge.shares import Share
from vedette.types import Actor

__all__ = ["MOST_SEGMENTS", "Population", "populations"]

MOST_SEGMENTS = 1_000
"""Segments told apart, the largest ones."""


class Population(Struct, frozen=True):
    """What some people, or some good bots, met with.

    Attributes:
        segment: Empty for all segments.
        stopped, noticed, hard_stopped, bad_bot: Of their requests.
        above: Requests with a score at or above each of the cuts.
        sessions: How many they are, as far as labels name them.
        sessions_noticed: Sessions that ever met with a challenge, delay, rate limit or stop.
        sessions_hard_stopped: Sessions that ever met with a stop other than a challenge or rate limit.
        sessions_stopped: Sessions of which any request did not reach the API.
    """

    segment: str
    requests: int
    stopped: Share
    noticed: Share
    hard_stopped: Share
    bad_bot: Share
    above: list[Share]
    sessions: int
    sessions_noticed: Share
    sessions_hard_stopped: Share
    sessions_stopped: Share


def populations(rows: Rows, actor: Actor, cuts: Sequence[Cut]) -> list[Population]:
    """Give the whole population of an actor, then its segments in order of name."""
    mine = rows.by(actor)
    if not mine.any():
        return []
    names, number = rows.numbered(lambda kind: kind.segment)
    segment = number[mine].astype(np.int64)
    hard, stopped = rows.is_hard_stopped[mine], rows.is_stopped[mine]
    flags = [
        stopped,
        rows.is_noticed[mine],
        hard,
        rows.has_verdict("bad_bot")[mine],
        *(rows.score[mine] >= np.float32(cut.threshold) for cut in cuts),
    ]
    ever = [rows.is_noticed[mine] | hard, hard, stopped]
    session = rows.session[mine].astype(np.int64)
    everyone = np.zeros(len(segment), np.int64)
    found = _tell([""], everyone, flags, session, ever)
    sizes = np.bincount(segment, minlength=len(names))
    largest = set(np.argsort(-sizes, kind="stable")[:MOST_SEGMENTS].tolist())
    told = _tell(names, segment, flags, session, ever)
    found += sorted((told[n] for n in largest if sizes[n] and names[n]), key=lambda population: population.segment)
    return found


def _tell(
    names: Sequence[str],
    segment: NDArray[np.int64],
    flags: Sequence[NDArray[np.bool_]],
    session: NDArray[np.int64],
    ever: Sequence[NDArray[np.bool_]],
) -> list[Population]:
    count = len(names)
    totals = np.bincount(segment, minlength=count)
    hits = [np.bincount(segment[flag], minlength=count) for flag in flags]
    known = session >= 0
    key = segment[known] * (int(session.max()) + 1) + session[known]
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    home = segment[known][first]
    sessions = np.bincount(home, minlength=count)
    met = [np.bincount(which, weights=flag[known], minlength=len(first)) > 0 for flag in ever]
    harmed = [np.bincount(home[flag], minlength=count) for flag in met]
    found = []
    for n, name in enumerate(names):
        stopped, noticed, hard, bad, *above = [Share(int(hit[n]), int(totals[n])) for hit in hits]
        ever_noticed, ever_hard, ever_stopped = [Share(int(hit[n]), int(sessions[n])) for hit in harmed]
        found.append(
            Population(
                name,
                int(totals[n]),
                stopped,
                noticed,
                hard,
                bad,
                above,
                int(sessions[n]),
                ever_noticed,
                ever_hard,
                ever_stopped,
            )
        )
    return found
