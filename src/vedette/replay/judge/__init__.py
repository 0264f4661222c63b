"""What decisions were worth, where labels say who really sent each request.

*Stopped* means that the action keeps the request from the API; a person is *noticed* by a challenge, delay or rate
limit and *hard-stopped* by any other stop (contract, section 3). A *segment* is a population; that of malicious
requests is their *family*, and their *level* says how well they hide.

Flow: ``accuracy`` takes decisions in and keeps them as ``rows``; at the end ``ranking`` looks at the score alone,
``families`` at what was found, ``harm`` at people and good bots, ``campaigns`` at delays and losses, ``calibration``
at scores as probabilities; ``text`` prints the *judgement*. All of these are functions of columns, without a clock.
"""

from __future__ import annotations

from vedette.replay.judge.accuracy import Accuracy, Judgement, write
from vedette.replay.judge.shares import Share
from vedette.replay.judge.text import lines

__all__ = ["Accuracy", "Judgement", "Share", "lines", "write"]
