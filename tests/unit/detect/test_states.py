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
