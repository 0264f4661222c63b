"""Every population that a scenario can name, by section and kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vedette.simulate import campaigns, cases, people, robots
from vedette.simulate.calls import Arrivals
from vedette.simulate.scenario import Part, Section
from vedette.simulate.world import World

__all__ = ["POPULATIONS", "Population"]

Population = Callable[[World, Part], Arrivals]
"""Gives the arrivals of one part of a world, in order of time."""

POPULATIONS: Mapping[Section, Mapping[str, Population]] = {
    "people": people.KINDS,
    "robots": robots.KINDS,
    "campaigns": campaigns.FAMILIES,
    "cases": cases.KINDS,
}
