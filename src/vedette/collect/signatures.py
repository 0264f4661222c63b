"""Web Bot Auth: requests that an agent signs (RFC 9421, tag ``web-bot-auth``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from vedette.config.schema import Config
from vedette.snapshot.gathered import Gathered
from vedette.types import Request

__all__ = ["UNSIGNED", "Signed", "Signatures"]


class Signed(Struct, frozen=True, gc=False):
    """What a signature proves.

    Attributes:
        standing: ``none``: there is no such signature. ``invalid``: it is there and wrong, expired or malformed.
            ``unverified``: its keys are not known (yet), or too many had to be checked in this second.
        name: Of the configured agent (``good_bots.agents``), or the origin of its directory.
        is_configured: The operator named this agent; anybody else's signature proves an identity, not good will.
        once: Text that may be used once (agent and nonce), or empty; ``until`` is how long it has to be remembered.
        ask: URL of a directory that should be fetched, or empty.
        why: For the operator: what is wrong with it.
    """

    standing: Literal["none", "verified", "invalid", "unverified"] = "none"
    name: str = ""
    is_configured: bool = False
    once: str = ""
    until: float = 0.0
    ask: str = ""
    why: str = ""


UNSIGNED = Signed()


class Signatures:
    """Verifies signatures with keys that are at hand; never fetches."""

    def __init__(self, config: Config, gathered: Gathered) -> None:
        self._config = config
        self._gathered = gathered

    def verify(self, request: Request, values: Mapping[str, str], now: float) -> Signed:
        """Verify the signature of a request, if it has one; ``values`` are its headers, names in lower case."""
        return UNSIGNED
