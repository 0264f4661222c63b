import math

import numpy as np
import pytest

from vedette.detect import scorers
from vedette.detect.features import FAMILIES, FEATURES, index
from vedette.events.what_if import CERTAINTIES, what_if

PLAIN = getattr(scorers.score, "py_func", scorers.score)


def decided(names=(), *, seen=50.0, is_new=False, **changes):
    """A decision of the prior over features that say all they can, in the form in which it is found."""
    features = np.full(len(FEATURES), np.nan, np.float32)
    for name in names:
        features[index(name)] = FEATURES[index(name)].full
    pieces, result = np.zeros(len(features), np.float32), np.zeros(scorers.RESULT)
    PLAIN(features, *scorers.prior(), seen, is_new, pieces, result)
    score, low, high = result[:3].tolist()
    decision = {
        "degraded": False,
        "model": scorers.MODEL,
        "features": {
            feature.name: None if math.isnan(value) else value
            for feature, value in zip(FEATURES, features.tolist(), strict=True)
        },
        "reasons": [],
        "score": score,
        "score.low": low,
        "score.high": high,
        "verdict": "bad_bot" if low >= 0.9 else "human" if high <= 0.1 else "unknown",
    }
    return decision | changes


def without(names, *, seen, is_new, gone):
    """What the scorer itself says where a feature has its neutral value."""
    features = np.full(len(FEATURES), np.nan, np.float32)
    for name in names:
        features[index(name)] = FEATURES[index(name)].full
    features[index(gone)] = FEATURES[index(gone)].none
    pieces, result = np.zeros(len(features), np.float32), np.zeros(scorers.RESULT)
    PLAIN(features, *scorers.prior(), seen, is_new, pieces, result)
    return result[:3].tolist()


@pytest.mark.parametrize(("seen", "is_new"), [(0.0, True), (3.0, False), (500.0, True)])
@pytest.mark.parametrize("gone", ["client_rate_1m", "attack_tool", "client_taint"])
def test_a_change_is_what_the_scorer_would_have_said(seen, is_new, gone):
    names = ("client_rate_1m", "attack_tool", "client_taint")
    found = what_if(decided(names, seen=seen, is_new=is_new))
    change = next(change for change in found.changes if change.without == (gone,))
    assert (change.score, change.low, change.high) == pytest.approx(
        without(names, seen=seen, is_new=is_new, gone=gone), abs=1e-6
    )


def test_what_is_left_of_one_family_is_held_as_the_scorer_holds_it():
    names = ("client_rate_10s", "client_rate_1m", "ignored_limits", "client_class", "attack_tool")
    decision = decided(names, seen=1e6)
    assert decision["verdict"] == "bad_bot"
    change = next(change for change in what_if(decision).changes if change.without == ("attack_tool",))
    assert (change.low, change.verdict, change.matters) == (0.89, "unknown", True)


def test_the_pieces_add_up_to_the_score():
    found = what_if(decided(("client_rate_10s", "client_rate_1m", "client_rate_1h", "attack_tool", "human_pace")))
    middle = math.log(found.score / (1.0 - found.score))
    assert middle == pytest.approx(-2.2 + sum(weight for _, weight in found.pieces), abs=1e-5)


def test_a_single_piece_that_carries_the_verdict_is_named():
    decision = decided(("client_rate_1m", "client_taint"))
    assert decision["score"] > 0.5
    decisive = what_if(decision).decisive
    assert {change.without for change in decisive} >= {("client_taint",)}
    assert all(change.verdict != decision["verdict"] or change.score < 0.5 for change in decisive)


def test_a_family_is_named_where_its_cap_hides_each_piece():
    rates = ("client_rate_10s", "client_rate_1m", "client_rate_1h", "address_rate_10s", "ignored_limits")
    decision = decided((*rates, "attack_tool"))
    found = what_if(decision)
    family = next(change for change in found.changes if change.is_family)
    assert family.without == ("rate and timing",)
    assert family.weight == pytest.approx(next(f.cap for f in FAMILIES if f.name == "rate and timing"), abs=1e-5)


def test_what_it_takes_together_is_named_where_nothing_alone_matters():
    names = ("attack_tool", "client_taint", "client_rate_1m", "client_missing")
    found = what_if(decided(names))
    assert not any(change.matters for change in found.changes[:-1])
    (together,) = found.decisive
    assert len(together.without) == 3
    assert together.verdict == "unknown"


def test_evidence_of_one_family_is_held():
    rates = ("client_rate_10s", "client_rate_1m", "ignored_limits")
    held = decided((*rates, "client_class"), seen=1e6)
    assert held["score.low"] == 0.89
    assert what_if(held).is_held
    assert not what_if(decided((*rates, "attack_tool"), seen=1e6)).is_held
    assert not what_if(decided(("client_class",))).is_held


def test_nothing_known_says_so():
    found = what_if(decided())
    assert (found.basis, found.pieces, found.changes, found.decisive) == ("evidence", (), (), ())


@pytest.mark.parametrize("signal", CERTAINTIES)
def test_a_certainty_overrules_and_what_evidence_says_is_still_told(signal):
    decision = decided(("client_rate_1m",))
    evidence = decision["score"]
    reason = {"signal": signal, "weight": 6.0, "detail": ""}
    found = what_if(decision | {"reasons": [reason], "score": 0.99, "score.low": 0.95, "score.high": 1.0})
    assert (found.basis, found.score) == ("certainty", pytest.approx(evidence))
    assert signal in found.because
    assert found.changes == ()


@pytest.mark.parametrize(
    "changes",
    [{"model": "learned-7"}, {"features": {}}, {"features": {"other": 1.0}}, {"score": 0.123}],
    ids=["model", "no features", "other features", "other weights"],
)
def test_what_another_version_decided_is_not_recomputed(changes):
    found = what_if(decided(("client_rate_1m",)) | changes)
    assert (found.basis, found.changes) == ("other_model", ())
    assert found.because


def test_a_degraded_decision_weighed_nothing():
    assert what_if(decided(degraded=True, features={})).basis == "degraded"


def test_a_person_is_explained_too():
    decision = decided(("human_pace", "browser_whole", "session_age", "welcome", "static_share"), seen=1e6)
    found = what_if(decision)
    assert decision["verdict"] == "human"
    assert found.pieces
    assert all(weight <= 0 for _, weight in found.pieces)
    assert all(change.score > decision["score"] for change in found.changes)
