"""What a drill did: who sent how much, what of it was stopped, which people were noticed, what campaigns won."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from msgspec import Struct, field

from vedette.simulate.calls import Call, Reply
from vedette.simulate.ledger import Ledger

__all__ = ["Ended", "Figures", "Population"]

Ended = Literal["done", "count", "time", "interrupted", "refused", "unanswered"]
_WHY: dict[Ended, str] = {
    "done": "the world has ended",
    "count": "the largest number of requests is reached",
    "time": "the time is over",
    "interrupted": "interrupted",
    "refused": "the edge no longer says that the drill is wanted",
    "unanswered": "the target does not answer",
}


_LOST = 0.2
"""Share of people's calls answered 404 from which the world does not fit its target."""


class Population(Struct):
    """Requests of one segment. ``sessions`` are true ones, and ``noticed`` those of them that were stopped."""

    actor: str
    requests: int = 0
    stopped: int = 0
    unanswered: int = 0
    sessions: set[str] = field(default_factory=set)
    noticed: set[str] = field(default_factory=set)


class Figures(Struct):
    """The result of a drill, whole or partial.

    Attributes:
        ended: Why it ended; ``detail`` is what the target or the edge said to that.
        late: Calls that waited for their turn because of the bound on the rate, or on calls under way.
        cut: Calls that were under way when it ended.
        asked: Calls of people that the API answered, and of those the ones answered 404, ``unknown``.
        replaced: Family and library that stood for its program → calls.
        notes: What the reader must know about how it was done.
    """

    ended: Ended = "done"
    detail: str = ""
    requests: int = 0
    stopped: int = 0
    unanswered: int = 0
    late: int = 0
    cut: int = 0
    asked: int = 0
    unknown: int = 0
    seconds: float = 0.0
    populations: dict[str, Population] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    replaced: dict[tuple[str, str], int] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def is_failure(self) -> bool:
        """The drill could not do what it was asked to."""
        return self.ended in ("refused", "unanswered")

    def add(self, call: Call, reply: Reply) -> None:
        """Count a call as it was sent, with its reply in real time."""
        truth = call.truth
        name = truth.campaign or truth.segment
        one = self.populations.get(name)
        if one is None:
            one = self.populations[name] = Population(truth.actor)
        self.requests += 1
        one.requests += 1
        one.sessions.add(truth.session)
        if reply.is_stopped:
            self.stopped += 1
            one.stopped += 1
            one.noticed.add(truth.session)
        elif not reply.status:
            self.unanswered += 1
            one.unanswered += 1
        elif truth.actor == "human":
            self.asked += 1
            self.unknown += reply.status == 404
        self.ledger.add(call, reply)

    def text(self) -> str:
        """The summary: people first, then good bots, then each campaign with what it spent and won."""
        why = f"{_WHY[self.ended]}: {self.detail}" if self.detail else _WHY[self.ended]
        rate = self.requests / self.seconds if self.seconds else 0.0
        lines = [
            f"{why}. {self.requests:,} requests in {self.seconds:.0f} s ({rate:.0f} a second), "
            f"{self.stopped:,} stopped, {self.unanswered:,} unanswered, {self.late:,} late, {self.cut:,} cut off",
        ]
        if self.populations:
            lines += ["", f"{'population':<28} {'requests':>9} {'stopped':>9} {'sessions':>9} {'noticed':>9}"]
        order = {"human": 0, "good_bot": 1, "bad_bot": 2}
        for name, one in sorted(self.populations.items(), key=lambda item: (order.get(item[1].actor, 3), item[0])):
            share = one.stopped / one.requests
            lines.append(
                f"{name[:28]:<28} {one.requests:>9,} {share:>9.1%} {len(one.sessions):>9,} {len(one.noticed):>9,}"
            )
        if self.ledger.accounts:
            lines += ["", f"{'campaign':<28} {'spent':>10} {'retooled':>9} {'won':>9} {'a success':>10}"]
        for name, account in sorted(self.ledger.accounts.items()):
            each = f"${account.cost / account.won:.4f}" if account.won else "nothing"
            spent = f"${account.cost:.2f}"
            lines.append(f"{name[:28]:<28} {spent:>10} {account.retools:>9,} {account.won:>9,} {each:>10}")
        notes = [*self.notes]
        if self.unknown > _LOST * self.asked:
            notes.append(
                f"{self.unknown / self.asked:.0%} of people's calls were answered 404, so they looked like people who"
                " are lost: name your API's paths and ids in the scenario (shop.paths, shop.first_product)"
            )
        replaced = sorted(self.replaced.items(), key=lambda item: (-item[1], item[0]))
        notes += [f"{family}: {library} stood for it ({n:,} calls)" for (family, library), n in replaced]
        return "\n".join([*lines, *([""] if notes else []), *notes])
