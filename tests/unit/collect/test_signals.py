"""The table of signals holds together."""

from __future__ import annotations

import pytest

from vedette.collect.signals import PRIVACY, SIGNALS, signal
from vedette.detect.features import FEATURES


def test_names_are_unique_and_every_column_says_something() -> None:
    assert len({one.name for one in SIGNALS}) == len(SIGNALS)
    for one in SIGNALS:
        assert one.privacy in PRIVACY
        assert all((one.meaning, one.unit, one.source, one.evasion)), one.name


def test_contradicted_signals_exist() -> None:
    names = {one.name for one in SIGNALS} | {"Accept-Language"}
    for one in SIGNALS:
        assert {name for name in one.contradicts.split(", ") if name} <= names


def test_every_feature_is_made_of_a_signal_and_every_signal_is_used() -> None:
    assert {feature.signal for feature in FEATURES} == {one.name for one in SIGNALS}


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        signal("tea leaves")
