"""Recorded traffic through the engine, in virtual time: the same decisions as live, and the same each time.

The *clock* is the time of what is being decided; it only moves forward. Input is put in order within a *window*; a
*late* line is older than the clock and is decided at it. Each answer is observed when it ended, so that a decision
sees only what had been answered before it. Replay never acts: recorded answers stay, sessions are not revoked.

Flow: logs → ``order`` puts events in time → ``run`` feeds the engine → *consumers* (``output`` writes decisions in
input order, ``judge`` compares them with labels, ``vedette.report`` draws a page).
"""

from __future__ import annotations

from vedette.replay.judge import Accuracy, Judgement
from vedette.replay.labels import Labels, read_labels
from vedette.replay.output import Output
from vedette.replay.run import Consumer, Decides, Figures, replay, seed_key

__all__ = [
    "Accuracy",
    "Consumer",
    "Decides",
    "Figures",
    "Judgement",
    "Labels",
    "Output",
    "read_labels",
    "replay",
    "seed_key",
]
