"""Shares with their uncertainty: so many of so many, and where the true share may lie."""

from __future__ import annotations

import math

from msgspec import Struct
from msgspec.structs import force_setattr

__all__ = ["Z90", "Z95", "Share", "wilson"]

Z90, Z95 = 1.6448536269514722, 1.959963984540054


class Share(Struct, frozen=True):
    """``hits`` of ``total``, with the Wilson intervals of 90 % and 95 %.

    The intervals hold for requests that are independent of each other. Those of one session or campaign are not, so
    that the truth is less certain than they say.

    >>> share = Share(0, 100)
    >>> share.value, round(share.within_95[1], 4)
    (0.0, 0.037)
    """

    hits: int
    total: int
    value: float = math.nan
    within_90: tuple[float, float] = (0.0, 1.0)
    within_95: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.total:
            force_setattr(self, "value", self.hits / self.total)
            force_setattr(self, "within_90", wilson(self.hits, self.total, Z90))
            force_setattr(self, "within_95", wilson(self.hits, self.total, Z95))


def wilson(hits: int, total: int, z: float) -> tuple[float, float]:
    """Give the Wilson score interval for a normal quantile ``z``; (0, 1) of nothing."""
    if not total:
        return 0.0, 1.0
    p = hits / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == total else min(1.0, middle + half)
    return low, high
