"""What kernels get of an observation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec import structs

from vedette.collect.devices import DeviceFacts
from vedette.collect.observation import HEADER_SIGNALS, Collector, Observation
from vedette.collect.robots import Claim
from vedette.collect.tokens import TokenFacts
from vedette.config.schema import Config
from vedette.detect.packing import Packing
from vedette.detect.places import K_PARAMETERS, KEYS, SIGNALS
from vedette.types import Request

CALL = Request(timestamp=1e9, id="r", method="GET", path="/products/7", client_address="198.51.100.7", query="a=1&b=2")


@pytest.fixture(scope="module")
def plain() -> Observation:
    return Collector(Config(), b"k" * 32).observe(CALL, 1e9)


def packed(seen: Observation, now: float = 1e9) -> dict[str, float]:
    packing = Packing()
    packing.pack(seen, now)
    return dict(zip(SIGNALS, packing.signals.tolist(), strict=True))


def test_keys_are_in_their_places(plain: Observation) -> None:
    packing = Packing()
    packing.pack(plain, 1e9)
    found = dict(zip(KEYS, packing.keys.tolist(), strict=True))
    assert found["client"] == plain.client
    assert found["address"] == plain.place.hash
    assert found["wide"] == plain.place.wide != 0
    assert found["key"] == 0
    cells = packing.keys[K_PARAMETERS:].view(np.uint8)
    assert (cells[:2] > 0).all()
    assert (cells[2:] == 0).all()


def test_what_is_not_configured_is_unknown(plain: Observation) -> None:
    found = packed(plain)
    for name in ("token_valid", "token_wrong", "device", "device_forged", "signature_invalid", "robot_unlisted"):
        assert math.isnan(found[name]), name
    assert (found["operations"], found["trap"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("state", "valid", "wrong"),
    [
        ("attested", 1.0, 0.0),
        ("valid", 0.6, 0.0),
        ("absent", 0.0, 0.7),
        ("expired", 0.0, 0.4),
        ("bad_signature", 0.0, 1),
    ],
)
def test_states_of_tokens(plain: Observation, state: str, valid: float, wrong: float) -> None:
    found = packed(structs.replace(plain, token=TokenFacts(state)))
    assert (found["token_valid"], found["token_wrong"]) == (valid, wrong)


def test_an_unverified_token_is_unknown(plain: Observation) -> None:
    found = packed(structs.replace(plain, token=TokenFacts("unverified")))
    assert math.isnan(found["token_valid"])
    assert math.isnan(found["token_wrong"])


def test_states_of_devices(plain: Observation) -> None:
    back = packed(structs.replace(plain, device=DeviceFacts("valid", "d", 3600.0)))
    assert (back["device"], back["device_forged"]) == (1.0, 0.0)
    assert back["device_returned"] == pytest.approx(math.log1p(3600.0))
    forged = packed(structs.replace(plain, device=DeviceFacts("forged")))
    assert (forged["device"], forged["device_forged"]) == (0.0, 1.0)
    assert math.isnan(forged["device_returned"])


def test_standing_of_robots(plain: Observation) -> None:
    for standing, value in (("verified", 0.0), ("unlisted", 1.0), ("forged", 1.0)):
        assert packed(structs.replace(plain, claim=Claim("x", "search", standing)))["robot_unlisted"] == value
    assert math.isnan(packed(structs.replace(plain, claim=Claim("x", "search", "unverifiable")))["robot_unlisted"])


def test_age_of_a_browser_is_counted_from_its_release(plain: Observation) -> None:
    facts = structs.replace(plain.known.facts, released=1e9 - 86_400.0)
    seen = structs.replace(plain, known=structs.replace(plain.known, facts=facts))
    assert packed(seen)["agent_age"] == pytest.approx(math.log1p(86_400.0))
    assert packed(seen, 1e9 - 2 * 86_400.0)["agent_age"] == 0.0


def test_networks_pass_through(plain: Observation) -> None:
    place = structs.replace(plain.place, numbers=np.array([1.0, 0.5, 0.25]).tobytes())
    found = packed(structs.replace(plain, place=place))
    assert (found["network_hosting"], found["network_anonymous"], found["network_listed"]) == (1.0, 0.5, 0.25)


@pytest.mark.parametrize(
    ("days", "impossible"),
    [(-400, 0.0), (0, 0.0), (59, 0.0), (61, 1.0)],
)
def test_a_version_from_the_future_cannot_be(plain: Observation, days: int, impossible: float) -> None:
    now = 1.79e9
    facts = structs.replace(plain.known.facts, agent_impossible=0.0, released=now + days * 86_400.0)
    seen = structs.replace(plain, known=structs.replace(plain.known, facts=facts))
    found = packed(seen, now)
    assert found["agent_impossible"] == impossible
    assert found["agent_age"] == pytest.approx(math.log1p(max(0, -days) * 86_400.0))
    assert packed(seen, 1e9)["agent_impossible"] == 0.0, "a clock that is wrong"


def test_header_facts_are_in_their_places(plain: Observation) -> None:
    numbers = np.arange(len(HEADER_SIGNALS), dtype=np.float64)
    found = packed(structs.replace(plain, known=structs.replace(plain.known, numbers=numbers.tobytes())))
    assert [found[name] for name in HEADER_SIGNALS] == numbers.tolist()
    agent = structs.replace(CALL, headers=(("user-agent", "curl/8"),))
    seen = Collector(Config(), b"k" * 32).observe(agent, 1e9)
    assert packed(seen)["client_class"] == seen.known.facts.client_class == 1.0
