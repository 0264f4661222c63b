"""What needs no model: an operator's word, honeypots, forged and verified agents, replayed and attested tokens.

The order is that of the contract (section 3): an operator's override, bad certainties, then good ones. A good certainty
holds only in its place: a verified agent on the purposes that it may visit, a partner's key as it is usually used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct

from vedette.collect.observation import Observation
from vedette.detect.features import index
from vedette.types import Reason, Verdict

__all__ = ["BAD", "GOOD", "NAMES", "Settled", "agent_of", "settle"]

GOOD = (0.01, 0.0, 0.02)
BAD = (0.99, 0.95, 1.0)
"""Score, low and high of certainties (contract, section 3)."""
HUMAN_HIGH = 0.1
BAD_LOW = 0.9
WEIGHT = 6.0
"""Log-odds by which a certainty is shown among the reasons."""
TIMES_BUSY = 2.0
"""Bits by which an API key's use may pass its busiest hour before its holder is judged like anybody: four times."""
OLD_SESSION = float(np.log1p(1800.0))

NAMES = {
    "override": "an operator labelled this session or client",
    "revoked_session": "the session was ended by an earlier decision, or its client is held",
    "honeypot": "a path, account or object was touched that nobody honest touches",
    "forged_agent": "a crawler is claimed that publishes a check, the check was made, and it failed",
    "replayed_token": "a token or signature that may be used once was used again",
    "verified_agent": "a crawler or agent proved who it is, on a purpose that it may visit",
    "partner": "the request carries the key of a configured partner, used as it usually is",
    "attested_token": "hardware vouches for the app that made this request",
}
"""Reasons that are no feature: each settles the score by itself."""

_KEY_NETWORK, _KEY_FINGERPRINT, _KEY_VOLUME = index("key_network"), index("key_fingerprint"), index("key_volume")
_WELCOME, _SESSION_AGE, _TAINT = index("welcome"), index("session_age"), index("client_taint")


class Settled(Struct, frozen=True, gc=False):
    """What is settled without a model.

    Attributes:
        certainty: Score, low and high in place of the scorer's, or ``None``.
        is_bad: A bad certainty: it outranks holds and limits.
        agent: Name of the verified agent, or empty.
    """

    verdict: Verdict
    certainty: tuple[float, float, float] | None = None
    reason: Reason | None = None
    is_bad: bool = False
    agent: str = ""


_HUMAN, _UNKNOWN, _BAD_BOT = Settled("human"), Settled("unknown"), Settled("bad_bot")


def agent_of(seen: Observation) -> str:
    """Give the name of the agent that proved who it is, or an empty string."""
    if seen.signed.standing == "verified" and seen.signed.is_configured:
        return seen.signed.name
    return seen.claim.name if seen.claim.standing == "verified" else ""


def settle(
    seen: Observation,
    features: Any,
    status: str,
    low: float,
    high: float,
    *,
    is_replayed: bool,
    purposes: frozenset[str],
) -> Settled:
    """Settle what can be; otherwise say what the interval means.

    Args:
        features: The vector; of it only what is known of habit and history.
        status: What is in force for the client (``mitigate.sessions``).
        low, high: The scorer's interval.
        is_replayed: Something that may be used once was used again.
        purposes: Where verified agents are in their place.
    """
    if status == "good":
        return _certain("human", GOOD, "override", "an operator's word")
    if status == "bad":
        return _certain("bad_bot", BAD, "override", "an operator's word")
    if status == "refused":
        return _certain("bad_bot", BAD, "revoked_session", "session was ended")
    if seen.trap.is_certain and not _is_known_well(features):
        return _certain("bad_bot", BAD, "honeypot", f"touched a honeypot {seen.trap.kind}")
    if seen.claim.standing == "forged":
        return _certain("bad_bot", BAD, "forged_agent", f"is not {seen.claim.name}")
    if is_replayed:
        return _certain("bad_bot", BAD, "replayed_token", "a token was used twice")
    if agent := agent_of(seen):
        if seen.route.purpose in purposes:
            how = seen.claim.by if seen.claim.name == agent else "signature"
            return _certain("good_bot", GOOD, "verified_agent", f"{agent}, by {how}", agent)
    elif seen.partner:
        from_elsewhere = features[_KEY_NETWORK] > 0.0 and not seen.is_at_home
        if not (from_elsewhere or features[_KEY_FINGERPRINT] > 0.0 or features[_KEY_VOLUME] >= TIMES_BUSY):
            return _certain("good_bot", GOOD, "partner", f"key of partner {seen.partner}")
    if low >= BAD_LOW:
        return _BAD_BOT if not agent else Settled("bad_bot", agent=agent)
    if seen.token.state == "attested":
        return Settled("human", None, Reason("attested_token", -WEIGHT, f"token {seen.token.name}"), agent=agent)
    if agent:
        return Settled("unknown", agent=agent)
    return _HUMAN if high <= HUMAN_HIGH else _UNKNOWN


def _certain(
    verdict: Verdict, certainty: tuple[float, float, float], signal: str, detail: str, agent: str = ""
) -> Settled:
    is_bad = certainty is BAD
    return Settled(verdict, certainty, Reason(signal, WEIGHT if is_bad else -WEIGHT, detail), is_bad, agent)


def _is_known_well(features: Any) -> bool:
    """Say whether the client has a history that a trick on a person would spoil: logged in, or half an hour here.

    The taint of this touch is in the features already; more than one touch is no accident.
    """
    return bool(features[_TAINT] < 1.5 and (features[_WELCOME] > 0.0 or features[_SESSION_AGE] >= OLD_SESSION))
