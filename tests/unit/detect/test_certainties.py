"""The order of what is certain, and the place in which a good certainty holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec import structs

from vedette.collect.honeypots import Touch
from vedette.collect.observation import Collector, Observation
from vedette.collect.robots import Claim
from vedette.collect.signatures import Signed
from vedette.collect.tokens import TokenFacts
from vedette.config.schema import Config
from vedette.detect.certainties import BAD, GOOD, NAMES, Settled, agent_of, settle
from vedette.detect.features import COUNT, index
from vedette.types import Request

PURPOSES = frozenset({"product", "listing"})
CALL = Request(timestamp=1e9, id="r", method="GET", path="/products/7", client_address="198.51.100.7")
GOOGLEBOT = Claim("googlebot", "search", "verified", "dns")
TRAPPED = Touch("path", True, 1.0)


@pytest.fixture(scope="module")
def plain() -> Observation:
    return Collector(Config(), b"k" * 32).observe(CALL, 1e9)


def judged(seen: Observation, status: str = "free", low: float = 0.1, high: float = 0.9, **values: Any) -> Settled:
    features = np.full(COUNT, np.nan, np.float32)
    replayed = values.pop("is_replayed", False)
    for name, value in values.items():
        features[index(name)] = value
    return settle(seen, features, status, low, high, is_replayed=replayed, purposes=PURPOSES)


def signal_of(found: Settled) -> str:
    return found.reason.signal if found.reason is not None else ""


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.95, 0.99, "bad_bot"), (0.0, 0.1, "human"), (0.1, 0.5, "unknown"), (0.9, 1, "bad_bot")],
)
def test_without_certainty_the_interval_decides(plain: Observation, low: float, high: float, verdict: str) -> None:
    found = judged(plain, low=low, high=high)
    assert (found.verdict, found.certainty, found.reason, found.is_bad) == (verdict, None, None, False)


def test_an_operators_word_outranks_all(plain: Observation) -> None:
    trapped = structs.replace(plain, trap=TRAPPED)
    assert judged(trapped, "good").verdict == "human"
    assert judged(trapped, "good").certainty == GOOD
    assert signal_of(judged(structs.replace(plain, claim=GOOGLEBOT), "bad")) == "override"


@pytest.mark.parametrize(
    ("changes", "status", "replayed", "signal"),
    [
        ({}, "refused", False, "revoked_session"),
        ({"trap": TRAPPED}, "free", False, "honeypot"),
        ({"claim": Claim("googlebot", "search", "forged", "dns")}, "free", False, "forged_agent"),
        ({}, "free", True, "replayed_token"),
        ({"claim": GOOGLEBOT}, "free", True, "replayed_token"),
        ({"trap": TRAPPED, "partner": "feed"}, "free", False, "honeypot"),
    ],
)
def test_bad_certainties_come_before_good_ones(
    plain: Observation, changes: dict[str, Any], status: str, replayed: bool, signal: str
) -> None:
    found = judged(structs.replace(plain, **changes), status, is_replayed=replayed)
    assert (signal_of(found), found.verdict, found.certainty, found.is_bad) == (signal, "bad_bot", BAD, True)
    assert signal in NAMES


def test_a_doubtful_touch_is_no_certainty(plain: Observation) -> None:
    assert judged(structs.replace(plain, trap=Touch("path", False, 0.25, "cross-site"))).certainty is None


def test_one_touch_of_somebody_of_long_standing_is_no_certainty(plain: Observation) -> None:
    trapped = structs.replace(plain, trap=TRAPPED)
    assert judged(trapped, client_taint=1.0, session_age=np.log1p(3600.0)).certainty is None
    assert judged(trapped, client_taint=0.5, welcome=1.0).certainty is None
    assert judged(trapped, client_taint=1.0, session_age=np.log1p(60.0)).certainty == BAD
    assert judged(trapped, client_taint=2.0, session_age=np.log1p(3600.0)).certainty == BAD


def test_a_verified_agent_is_good_in_its_place_alone(plain: Observation) -> None:
    seen = structs.replace(plain, claim=GOOGLEBOT)
    found = judged(seen)
    assert (found.verdict, found.certainty, found.agent) == ("good_bot", GOOD, "googlebot")
    elsewhere = structs.replace(seen, route=structs.replace(seen.route, purpose="login"))
    found = judged(elsewhere, low=0.2, high=0.6)
    assert (found.verdict, found.certainty, found.agent) == ("unknown", None, "googlebot")
    assert judged(elsewhere, low=0.95).verdict == "bad_bot"


def test_a_signature_is_trusted_only_of_agents_that_the_operator_named(plain: Observation) -> None:
    mine = structs.replace(plain, signed=Signed("verified", "price-robot", is_configured=True))
    anybody = structs.replace(plain, signed=Signed("verified", "https://bot.example"))
    assert (agent_of(mine), judged(mine).verdict) == ("price-robot", "good_bot")
    assert (agent_of(anybody), judged(anybody).verdict) == ("", "unknown")


@pytest.mark.parametrize("standing", ["unlisted", "unverifiable", "none"])
def test_a_claim_alone_settles_nothing(plain: Observation, standing: Any) -> None:
    found = judged(structs.replace(plain, claim=Claim("googlebot", "search", standing)))
    assert (found.certainty, found.agent) == (None, "")


@pytest.mark.parametrize(
    ("habit", "is_good"),
    [
        ({}, True),
        ({"key_network": 0.0, "key_fingerprint": 0.0, "key_volume": 1.0}, True),
        ({"key_network": 1.0}, False),
        ({"key_fingerprint": 1.0}, False),
        ({"key_volume": 2.5}, False),
    ],
)
def test_a_partners_key_loses_its_certainty_with_its_habits(
    plain: Observation, habit: dict[str, float], is_good: bool
) -> None:
    found = judged(structs.replace(plain, partner="feed"), **habit)
    assert (found.certainty == GOOD, found.verdict) == (is_good, "good_bot" if is_good else "unknown")


def test_attested_hardware_makes_a_person_unless_evidence_is_overwhelming(plain: Observation) -> None:
    seen = structs.replace(plain, token=TokenFacts("attested", "android"))
    found = judged(seen)
    assert (found.verdict, found.certainty, signal_of(found)) == ("human", None, "attested_token")
    assert judged(seen, low=0.92).verdict == "bad_bot"
    assert judged(structs.replace(plain, token=TokenFacts("valid", "android"))).verdict == "unknown"


def test_a_partner_may_say_beforehand_where_it_calls_from(plain: Observation) -> None:
    place = structs.replace(plain.place, facts=structs.replace(plain.place.facts, is_own=True, is_known=True))
    elsewhere = structs.replace(plain, partner="feed", place=place)  # of the operator, or of another partner
    assert judged(elsewhere, key_network=1.0).certainty is None
    seen = structs.replace(elsewhere, is_at_home=True)
    assert judged(seen, key_network=1.0).certainty == GOOD
    assert judged(seen, key_network=1.0, key_fingerprint=1.0).certainty is None
