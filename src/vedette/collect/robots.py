"""Who a crawler or agent says it is, and whether that is so: verified, forged, or not to be told.

A name is a claim; published ranges, forward-confirmed DNS, a signature or a partner's key are proofs.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from vedette.config.schema import Config
from vedette.snapshot.gathered import Gathered
from vedette.snapshot.networks import NetworkFacts

__all__ = ["NOBODY", "Claim", "Robots", "Standing"]

Standing = Literal["none", "verified", "forged", "unlisted", "unverifiable"]
"""``forged``: the claimant publishes a check, it was made now, and it failed: a certainty. ``unlisted``: the address is
not in ranges that shipped or were fetched some time ago: evidence only. ``unverifiable``: no check is published, or its
result is not there yet."""


class Claim(Struct, frozen=True, gc=False):
    """What a request says about being a robot, and what became of it.

    Attributes:
        name: Lower-case name of the robot (``googlebot``), or empty.
        purpose: ``search``, ``ai_training``, ``ai_search``, ``ai_user``, ``monitor``, ``preview``, ``archive`` … or
            empty.
        by: ``ranges``, ``dns``, ``signature``, or empty.
        ask: DNS has not been asked yet and should be.
    """

    name: str = ""
    purpose: str = ""
    standing: Standing = "none"
    by: str = ""
    ask: bool = False


NOBODY = Claim()


class Robots:
    """The catalogue of known robots, ready to be asked."""

    def __init__(self, config: Config, gathered: Gathered) -> None:
        self._config = config
        self._gathered = gathered

    def claim(self, agent: str, address: str, facts: NetworkFacts, now: float) -> Claim:
        """Judge the claim of a User-Agent from an address (an IP address as text)."""
        return NOBODY
