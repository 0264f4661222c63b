"""What looks like an attack and is none: offices, flash crowds, releases, outages, travellers, test automation.

Each kind is a function of a world and a part that gives arrivals in order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vedette.simulate.calls import Arrivals
from vedette.simulate.scenario import Part
from vedette.simulate.world import World

__all__ = ["KINDS"]

KINDS: Mapping[str, Callable[[World, Part], Arrivals]] = {}
