"""The table of features."""

from __future__ import annotations

import math

from vedette.detect.features import BIAS, COUNT, FAMILIES, FEATURES, family_array, index, model_array, show


def test_names_are_unique_and_families_exist() -> None:
    assert len({feature.name for feature in FEATURES}) == COUNT >= 30
    assert {feature.family for feature in FEATURES} <= {family.name for family in FAMILIES}


def test_segments_are_sane() -> None:
    for feature in FEATURES:
        assert feature.none != feature.full, feature.name
        assert math.isfinite(feature.none + feature.full + feature.weight)
        assert feature.doc
        assert feature.says


def test_one_family_alone_cannot_pass_certainty_and_two_can() -> None:
    # contract, section 3: one family never lifts `low` above 0.89
    strongest = sorted((family.cap for family in FAMILIES), reverse=True)
    assert BIAS + strongest[0] - 1.645 * 0.8 < math.log(0.9 / 0.1)
    assert BIAS + strongest[0] + strongest[1] - 1.645 * 0.8 > math.log(0.9 / 0.1)


def test_arrays_follow_the_table() -> None:
    model = model_array()
    assert model.shape == (COUNT, 5)
    assert model[index("attack_tool"), 3] == 3.0
    assert family_array().shape == (len(FAMILIES), 2)


def test_values_are_shown_in_their_unit() -> None:
    assert show(FEATURES[index("client_rate_1m")], math.log1p(120)) == "requests in a minute: 120"
    assert show(FEATURES[index("gap_repeat")], 0.93) == "gaps repeat: 93 %"
    assert show(FEATURES[index("session_age")], math.log1p(600)) == "session of long standing: 600 s"
    assert show(FEATURES[index("gap_entropy")], 0.5) == "gaps fall into one octave: 0.5 bits"
    assert show(FEATURES[index("probe")], 1.0) == "probes for weaknesses"
    assert "0.5" in show(FEATURES[index("headers_missing")], 0.5)
