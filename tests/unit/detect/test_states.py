"""Known, unknown, contradicted: told of any feature vector."""

from __future__ import annotations

import pytest

from vedette.collect.signals import SIGNALS
from vedette.detect.features import FEATURES, index
from vedette.detect.states import WITNESSES, states

NOTHING = dict.fromkeys((feature.name for feature in FEATURES), None)


def test_every_signal_has_witnesses_that_exist() -> None:
    assert set(WITNESSES) == {signal.name for signal in SIGNALS}
    for names in WITNESSES.values():
        assert names
        for name in names:
            index(name)


def test_without_features_everything_is_unknown() -> None:
    assert {found.state for found in states(NOTHING).values()} == {"unknown"}
    assert {found.state for found in states({}).values()} == {"unknown"}
    assert {found.state for found in states(dict.fromkeys(NOTHING, float("nan"))).values()} == {"unknown"}


@pytest.mark.parametrize(
    ("feature", "by"),
    [("tls_conflict", "TLS handshake"), ("hints_conflict", "client hints"), ("headers_missing", "headers")],
)
def test_what_contradicts_the_user_agent(feature: str, by: str) -> None:
    full = FEATURES[index(feature)].full
    found = states({**NOTHING, "client_class": 0.0, feature: full})
    assert found["user agent"].state == "contradicted"
    assert found["user agent"].by == (by,)
    innocent = states({**NOTHING, "client_class": 0.0, feature: 0.0})
    assert (innocent["user agent"].state, innocent["user agent"].by) == ("known", ())


def test_behaviour_contradicts_nothing() -> None:
    loud = {f.name: f.full for f in FEATURES if f.entity != "request"}
    assert "contradicted" not in {found.state for found in states({**NOTHING, **loud}).values()}


@pytest.mark.parametrize("feature", ["client_class", "attack_tool", "agent_absent", "agent_age"])
def test_a_client_that_tells_the_truth_does_not_contradict_itself(feature: str) -> None:
    full = FEATURES[index(feature)].full
    found = states({**NOTHING, "client_class": 1.0, feature: full})["user agent"]
    assert (found.state, found.by) == ("known", ())


def test_an_agent_that_cannot_be_contradicts_itself() -> None:
    found = states({**NOTHING, "client_class": 0.0, "agent_impossible": 1.0})["user agent"]
    assert (found.state, found.by) == ("contradicted", ("user agent",))


@pytest.mark.parametrize(("objects", "state"), [(0.0, "unknown"), (0.7, "known")])
def test_an_object_is_known_from_the_first_one_on(objects: float, state: str) -> None:
    assert states({**NOTHING, "coverage": objects})["object"].state == state
