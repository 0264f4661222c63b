"""The consumer that compares decisions with labels, and the *judgement* that comes of it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from vedette.replay.judge.calibration import Calibration, calibrate
from vedette.replay.judge.campaigns import Campaign, Delay, campaigns, delay
from vedette.replay.judge.families import Recall, recalls
from vedette.replay.judge.harm import Population, populations
from vedette.replay.judge.ranking import TARGETS, Cut, curve, cut_at
from vedette.replay.judge.rows import Columns, Rows
from vedette.replay.judge.shares import Share
from vedette.replay.labels import ACTORS, Labels
from vedette.types import Decision, Request

__all__ = ["POINTS", "Accuracy", "Judgement", "Loss", "judge", "write"]

POINTS = tuple(10 ** (power / 8) for power in range(-40, 1))
"""Shares of false positives at which the ROC curve is told: 0.001 % to 100 %."""


class Loss(Struct, frozen=True):
    """Different things of one kind, added up over the campaigns."""

    offered: int = 0
    leaked: int = 0
    leaked_before_half: int = 0


class Judgement(Struct, frozen=True):
    """What decisions were worth (``docs/reference/replay.md`` defines each figure).

    Attributes:
        labels: How many the file holds; ``undecided`` are those whose request was not among the decisions.
        unlabelled: Decisions without a label; they are left out of everything else.
        requests: Labelled decisions by actor.
        precision_stopped: Share of the stopped requests that are malicious; ``precision_bad_bot`` likewise.
        cuts: Scores that keep to a share of human requests.
        malicious: Recall in all, by level, by family, by both.
        people, good_bots: The whole population, then its segments.
        curve: Share of human requests and recall, along the ROC curve.
        campaign_delay, session_delay: Time to the first stop over all campaigns, and over all malicious sessions.
        prizes: What was at stake, by kind.
    """

    labels: int
    undecided: int
    unlabelled: int
    requests: dict[str, int]
    precision_stopped: Share
    precision_bad_bot: Share
    cuts: list[Cut]
    malicious: list[Recall]
    people: list[Population]
    good_bots: list[Population]
    calibration: Calibration
    curve: list[tuple[float, float]]
    campaign_delay: Delay | None
    session_delay: Delay | None
    prizes: dict[str, Loss]
    catalogue: int
    campaigns: list[Campaign]


class Accuracy:
    """Keeps decisions for a judgement: a consumer of a replay."""

    def __init__(self, labels: Labels) -> None:
        self._columns = Columns(labels)

    def expect(self, place: int) -> None:
        """Nothing to do before the decision is made."""

    def add(self, _place: int, request: Request, decision: Decision) -> None:
        """Take in one decision."""
        self._columns.add(request.id, request.timestamp, decision)

    def judgement(self) -> Judgement:
        """Judge what has been decided until now."""
        return judge(*self._columns.rows())


def judge(rows: Rows, unlabelled: int = 0) -> Judgement:
    """Judge labelled decisions."""
    is_bad, is_human = rows.by("bad_bot"), rows.by("human")
    humans, bots = np.sort(rows.score[is_human]), np.sort(rows.score[is_bad])
    everyone = np.sort(rows.score)
    cuts = [cut_at(target, humans, everyone) for target in TARGETS] if len(humans) else []
    named, number = rows.numbered(lambda kind: kind.campaign)
    campaign = np.where(np.array([bool(name) for name in named], np.bool_)[number], number, -1).astype(np.int32)
    judged = campaigns(rows)
    is_decided = np.zeros(len(rows.labels), np.bool_)
    is_decided[rows.label] = True
    return Judgement(
        labels=len(rows.labels),
        undecided=int(np.count_nonzero(~is_decided)),
        unlabelled=unlabelled,
        requests={actor: int(np.count_nonzero(rows.by(actor))) for actor in ACTORS},
        precision_stopped=_precision(rows.is_stopped, is_bad),
        precision_bad_bot=_precision(rows.has_verdict("bad_bot"), is_bad),
        cuts=cuts,
        malicious=recalls(rows, humans, cuts),
        people=populations(rows, "human", cuts),
        good_bots=populations(rows, "good_bot", cuts),
        calibration=calibrate(rows.score, rows.low, rows.high, is_bad, rows.purpose),
        curve=list(zip(POINTS, curve(humans, bots, POINTS), strict=True)) if len(humans) and len(bots) else [],
        campaign_delay=delay(campaign, rows, is_bad),
        session_delay=delay(rows.session, rows, is_bad),
        prizes=_losses(judged),
        catalogue=rows.labels.catalogue,
        campaigns=judged,
    )


def _precision(flags: NDArray[np.bool_], is_bad: NDArray[np.bool_]) -> Share:
    return Share(int(np.count_nonzero(flags & is_bad)), int(np.count_nonzero(flags)))


def _losses(judged: list[Campaign]) -> dict[str, Loss]:
    words = sorted({word for campaign in judged for word in campaign.offered})
    return {
        word: Loss(
            sum(campaign.offered.get(word, 0) for campaign in judged),
            sum(campaign.leaked.get(word, 0) for campaign in judged),
            sum(campaign.leaked_before_half.get(word, 0) for campaign in judged),
        )
        for word in words
    }


def write(judgement: Judgement, target: Path, *, partial: bool = False) -> Path:
    """Write a judgement as JSON, all at once; partial results get ``.partial`` before the suffix. NaN is ``null``."""
    if partial:
        target = target.with_suffix(f".partial{target.suffix}")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(judgement)) + b"\n")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target
