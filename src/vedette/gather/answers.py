"""The answers of DNS that are kept: bounded, and so that a flood of forgers cannot push out those who are true."""

from __future__ import annotations

from collections.abc import Mapping

from vedette.snapshot.findings import MOST, Finding

__all__ = ["Answers"]

REMEMBERED_S = 86_400.0
"""How long after its answer has grown old an address that was verified is still asked about before others."""


class Answers:
    """Answers by place (:func:`vedette.snapshot.findings.place_of`).

    Verified ones have room of their own: nobody but the operators of crawlers can fill it.
    """

    def __init__(self, known: Mapping[int, Finding] | None = None, *, most: int = MOST) -> None:
        self._most = most // 2
        self._verified: dict[int, Finding] = {}
        self._others: dict[int, Finding] = {}
        for place, finding in (known or {}).items():
            self.put(place, finding)

    def __len__(self) -> int:
        return len(self._verified) + len(self._others)

    def get(self, place: int, now: float) -> Finding | None:
        """Give an answer that still counts."""
        found = self._verified.get(place) or self._others.get(place)
        return found if found is not None and found.until > now else None

    def was_verified(self, place: int) -> bool:
        """Say whether the last answer was that it is true, however old."""
        return place in self._verified

    def put(self, place: int, finding: Finding) -> None:
        """Keep an answer; where there are too many of its sort, the oldest of them goes."""
        self._verified.pop(place, None)
        self._others.pop(place, None)
        kept = self._verified if finding.standing == "verified" else self._others
        kept[place] = finding
        if len(kept) > self._most:
            del kept[next(iter(kept))]

    def tidy(self, now: float) -> bool:
        """Forget what is too old; say whether there was any."""
        before = len(self)
        self._others = {place: one for place, one in self._others.items() if one.until > now}
        self._verified = {place: one for place, one in self._verified.items() if one.until + REMEMBERED_S > now}
        return len(self) < before

    def all(self) -> dict[int, Finding]:
        """Give all that is kept."""
        return self._verified | self._others
