"""When was a tool stopped, and was that soon enough?

*Stopped within N seconds* means that of the requests sent later than N seconds after the first, at most one in twenty
reaches the shop.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from msgspec import Struct

__all__ = ["ALLOWED_SHARE", "FEWEST", "Finding", "judge", "stopped_after"]

ALLOWED_SHARE = 0.05
FEWEST = 20
"""Fewer late requests than this prove nothing: the tool gave up, or never ran."""


class Finding(Struct, frozen=True):
    """What came of one tool.

    Attributes:
        late_sent: Requests sent later than ``within_s`` after the first; ``late_reached`` those that got through.
        after_s: Seconds after the first request from which on the share holds, or ``None`` where it never does.
    """

    within_s: float
    sent: int
    reached: int
    late_sent: int
    late_reached: int
    after_s: float | None

    @property
    def share(self) -> float:
        """Share of the late requests that reached the shop."""
        return self.late_reached / self.late_sent if self.late_sent else 0.0

    @property
    def is_proven(self) -> bool:
        return self.late_sent >= FEWEST

    @property
    def is_met(self) -> bool:
        return self.is_proven and self.share <= ALLOWED_SHARE


def judge(sent: Sequence[float], reached: Sequence[float], within_s: float) -> Finding:
    """Compare the times of sending with those of arrival at the shop.

    >>> finding = judge([0, 1, 2, *range(3, 43)], [0.1, 1.1, 2.1], within_s=2.5)
    >>> finding.late_sent, finding.late_reached, finding.is_met, finding.after_s
    (40, 0, True, 1)
    """
    sent, reached = sorted(sent), sorted(reached)
    if not sent:
        return Finding(within_s, 0, len(reached), 0, 0, None)
    limit = sent[0] + within_s
    late_sent = len(sent) - bisect.bisect_right(sent, limit)
    late_reached = len(reached) - bisect.bisect_right(reached, limit)
    return Finding(within_s, len(sent), len(reached), late_sent, late_reached, stopped_after(sent, reached))


def stopped_after(sent: Sequence[float], reached: Sequence[float]) -> float | None:
    """Smallest time after the first request from which on the allowed share holds; both lists are in order."""
    for number, moment in enumerate(sent):
        late_sent = len(sent) - number - 1
        if late_sent < FEWEST:
            return None
        late_reached = len(reached) - bisect.bisect_right(reached, moment)
        if late_reached <= ALLOWED_SHARE * late_sent:
            return moment - sent[0]
    return None
