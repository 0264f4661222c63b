"""Campaigns that come in bouts: fast for a while, then gone, and back after some hours.

Robots in the EDGAR log of 2017 made 1 to 20 requests a second each; spread over a whole day a budget would give a rate
that no fast scraper has.
"""

from __future__ import annotations

import random
from itertools import chain
from typing import Any

from msgspec.structs import replace

from vedette.simulate.calls import Arrivals
from vedette.simulate.campaigns.toolkit import Act, Toolkit, run
from vedette.simulate.scenario import Part
from vedette.simulate.world import World

__all__ = ["draw_rate", "run_in_bouts"]

_SHORTEST_S, _LEAST_APART_S = 20.0, 1800.0


def draw_rate(rng: random.Random, low: float, high: float) -> float:
    """Draw requests a second, small rates as likely as large ones on a logarithmic scale."""
    return float(low * (high / low) ** rng.random())


def run_in_bouts(
    world: World, part: Part, threat: str, act: Act, rng: random.Random, rate: float, *, bouts: int = 1, **how: Any
) -> Arrivals:
    """Give the arrivals of a campaign that works at a rate, in so many bouts spread over its time.

    Args:
        rate: Requests a second, unless option ``rate`` says otherwise; 0 spreads the budget over the whole time, as
            does a part that changes its tools by the clock, since it means to stay.
        how: For the toolkit.
    """
    rate = part.option("rate", rate)
    if rate <= 0.0 or part.retool_s:
        return run(world, part, threat, act, **how)
    begin, end = world.span(part)
    budget = world.count(part)
    bouts = max(1, min(bouts, budget, int((end - begin) / _LEAST_APART_S)))
    slot_s = (end - begin) / bouts
    arrivals = []
    for number in range(bouts):
        share = budget // bouts + (number < budget % bouts)
        lasts_s = min(slot_s, max(_SHORTEST_S, share / rate))
        at_s = begin - world.start + number * slot_s + rng.random() * (slot_s - lasts_s)
        arrivals.append(_bout(world, replace(part, at_s=at_s, lasts_s=lasts_s), number, threat, act, share, how))
    return chain(*arrivals)


def _bout(world: World, part: Part, number: int, threat: str, act: Act, share: int, how: dict[str, Any]) -> Arrivals:
    """Work once: with the tools of the last time, but not by the same chance."""
    kit = Toolkit(world, part, threat, **how)
    kit.left = share
    kit.rng = world.rng(f"campaigns/{part.name}/bout/{number}")
    yield from run(world, part, threat, act, kit)
