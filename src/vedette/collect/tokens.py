"""App tokens and proofs of possession: what a client shows to be the app, or the holder of a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from vedette.config.schema import Config
from vedette.snapshot.gathered import Gathered
from vedette.types import Request

__all__ = ["NO_TOKEN", "TokenFacts", "TokenState", "Tokens"]

TokenState = Literal["none", "attested", "valid", "absent", "expired", "bad_signature", "replayed", "unverified"]
"""``absent``: expected by ``expected_when`` and not there. ``unverified``: its keys are not there. ``attested``: proven
by hardware, the only state that is a certainty. ``replayed`` is found by the engine, which remembers ``once``."""


class TokenFacts(Struct, frozen=True, gc=False):
    """What came of the token of a request.

    Attributes:
        name: Of the configured app token, or ``dpop``.
        once: Text that may be used once, or empty; ``until``: Unix seconds until when it has to be remembered.
        age_s: Seconds since it was made, or NaN.
        subject: What the token stands for (an install key, a JWT's ``sub`` or ``cnf``), or empty.
        session: Value of the claim that ``identity.session`` names by ``jwt.CLAIM``, of a verified token, or empty.
        ask: URL of a key set that should be fetched, or empty.
    """

    state: TokenState = "none"
    name: str = ""
    once: str = ""
    until: float = 0.0
    age_s: float = float("nan")
    subject: str = ""
    session: str = ""
    ask: str = ""


NO_TOKEN = TokenFacts()


class Tokens:
    """Checks the configured tokens; never fetches.

    Attributes:
        is_configured: False where no token is ever looked for.
    """

    def __init__(self, config: Config, gathered: Gathered) -> None:
        identity = config.identity
        self.is_configured = bool(identity.app_tokens or identity.jwt or identity.dpop)
        self._config = config
        self._gathered = gathered

    def check(self, request: Request, values: Mapping[str, str], now: float) -> TokenFacts:
        """Check the token that a request carries, or should carry; ``values`` are headers, names in lower case."""
        return NO_TOKEN
