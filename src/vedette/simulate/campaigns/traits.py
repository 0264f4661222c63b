"""What a campaign is like at its level: drawn once for each campaign, and again whenever it changes its tools.

Shares are invented. They follow what is written about such tools: plain scripts hammer from a few addresses, those one
step up copy headers and rent blocks of datacentres, the best go like browsers through homes and slip only sometimes.
"""

from __future__ import annotations

import random
from typing import Literal

from msgspec import Struct

__all__ = ["Activity", "Traits", "draw_traits"]

Activity = Literal["steady", "bouts", "night", "ramp", "swings", "day", "hours"]
"""When it is busy: at all times alike, on and off, at night, ever more, in swings, as people are, at fixed hours."""

_ACTIVITIES: dict[int, tuple[tuple[Activity, ...], tuple[float, ...]]] = {
    1: (("steady", "bouts", "ramp"), (0.45, 0.4, 0.15)),
    2: (("steady", "bouts", "night", "swings"), (0.35, 0.15, 0.2, 0.3)),
    3: (("day", "swings"), (0.85, 0.15)),
}
_TELL = 0.15
_JITTER = {1: (0.0, 0.25), 2: (0.35, 1.0), 3: (0.8, 1.4)}


class Traits(Struct, frozen=True, kw_only=True):
    """How a campaign works.

    Attributes:
        workers: How many work at once, before it turns out how many it takes.
        acts: Units of attack that one identity does before the next: a new client, a new cookie; 0 means for ever.
        calls: Requests from one address before the next; 0 means as long as the identity.
        activity: When it is busy.
        jitter: Spread of its pauses: log-standard deviation, or at level 1 the share by which a sleep varies.
        gap_s: Pause between the calls of one act; at level 3 people's gaps count, and ``haste`` is a factor on them.
        keeps_cookies: Sends the cookie that the shop has set; ``carries_cookies``: to the next identity as well.
        aged: Share of its identities that come with a cookie of an earlier visit, as people who come back do.
        loads_pages: Opens pages before it calls what it wants (at level 3 one that does not pretends to have);
            ``loads_assets``: with the files that they embed.
        old_tls: Speaks with the handshake of a browser some versions older than the one it names.
        even_gaps: Every gap of its visits is the same.
        in_order: Goes through ids and lists in their order.
        speaks_home: Asks for the languages of the shop's country, wherever its address is.
        is_abroad: Its addresses are all over the world.
        mobile: Share of its residential addresses that are those of mobile carriers.
        heeds: When it is refused, a script waits as long as it was told to, and who passes for a person leaves.
        patience: Changes of tools because it was stopped, before it gives up.
    """

    workers: int
    acts: int
    calls: int
    activity: Activity
    jitter: float
    gap_s: float
    haste: float = 1.0
    keeps_cookies: bool = True
    carries_cookies: bool = False
    aged: float = 0.0
    loads_pages: bool = False
    loads_assets: bool = False
    old_tls: bool = False
    even_gaps: bool = False
    in_order: bool = False
    speaks_home: bool = True
    is_abroad: bool = False
    mobile: float = 0.0
    heeds: bool = False
    patience: int = 4

    @property
    def tells(self) -> tuple[str, ...]:
        """What gives a campaign of the third level away, if anything."""
        found = {
            "no assets": not self.loads_assets,
            "carried cookies": self.carries_cookies,
            "old tls": self.old_tls,
            "even gaps": self.even_gaps,
            "in order": self.in_order,
            "moving": self.calls == 1,
        }
        return tuple(name for name, is_there in found.items() if is_there)


def draw_traits(rng: random.Random, level: int) -> Traits:
    """Draw what a campaign of this level is like."""
    low, high = _JITTER[level]
    names, shares = _ACTIVITIES[level]
    activity = rng.choices(names, shares)[0]
    jitter = rng.uniform(low, high)
    patience = rng.randint(2, 8)
    if level == 1:
        return Traits(
            workers=rng.choice((1, 1, 2, 4, 8, 16)),
            acts=0,
            calls=0,
            activity=activity,
            jitter=0.0 if rng.random() < 0.5 else jitter,
            gap_s=rng.choice((0.0, 0.0, 0.05, 0.5)),
            keeps_cookies=rng.random() < 0.4,
            in_order=rng.random() < 0.5,
            speaks_home=rng.random() < 0.5,
            patience=patience,
        )
    if level == 2:
        return Traits(
            workers=rng.choice((4, 8, 16, 32)),
            acts=rng.choice((0, 1, 5, 20, 50)),
            calls=1 if rng.random() < 0.4 else rng.choice((2, 5, 10, 25, 50)),
            activity=activity,
            jitter=jitter,
            gap_s=rng.choice((0.2, 0.5, 1.0, 2.0)),
            keeps_cookies=rng.random() < 0.5,
            loads_pages=rng.random() < 0.5,
            in_order=rng.random() < 0.25,
            speaks_home=rng.random() < 0.6,
            heeds=rng.random() < 0.5,
            patience=patience,
        )
    return Traits(
        workers=16,
        acts=1,
        calls=1 if rng.random() < _TELL else 0,
        activity=activity,
        jitter=jitter,
        gap_s=rng.uniform(2.0, 12.0),
        haste=rng.uniform(0.6, 1.1),
        carries_cookies=rng.random() < _TELL,
        aged=rng.choice((0.0, 0.4, 0.8)),
        loads_pages=rng.random() < 0.6,
        loads_assets=rng.random() < 0.6,
        old_tls=rng.random() < _TELL,
        even_gaps=rng.random() < _TELL,
        in_order=rng.random() < _TELL,
        speaks_home=rng.random() < 0.5,
        is_abroad=rng.random() < 0.3,
        mobile=rng.choice((0.05, 0.15, 0.35)),
        heeds=True,
        patience=patience,
    )
