"""The expert prior: caps, interval, explanation; and what each piece of evidence is worth alone (ablation)."""

from __future__ import annotations

import numpy as np
import pytest

from vedette.detect.features import BIAS, COUNT, FAMILIES, FEATURES, index
from vedette.detect.scorers import LOW_CAP, RESULT, prior, score

MODEL, FAMILY_CAPS = prior()


def judge(values: dict[str, float], *, n: float = 1000.0, is_new: bool = False) -> tuple[np.ndarray, np.ndarray]:
    features = np.full(COUNT, np.nan, np.float32)
    for name, value in values.items():
        features[index(name)] = value
    pieces = np.zeros(COUNT, np.float32)
    result = np.zeros(RESULT)
    score(features, MODEL, FAMILY_CAPS, n, is_new, pieces, result)
    return pieces, result


def full(*names: str) -> dict[str, float]:
    return {name: FEATURES[index(name)].full for name in names}


def family(name: str) -> list[str]:
    return [feature.name for feature in FEATURES if feature.family == name and feature.weight > 0]


def test_nothing_known_gives_the_base_rate_and_a_wide_interval() -> None:
    _, result = judge({}, n=0, is_new=True)
    assert result[0] == pytest.approx(1 / (1 + np.exp(-BIAS)))
    assert result[1] < 0.02
    assert result[2] > 0.4


@pytest.mark.parametrize("name", [entry.name for entry in FAMILIES])
def test_one_family_alone_is_never_certain(name: str) -> None:
    pieces, result = judge(full(*family(name)))
    cap = next(entry.cap for entry in FAMILIES if entry.name == name)
    assert pieces.sum() == pytest.approx(min(cap, sum(FEATURES[index(n)].weight for n in family(name))), abs=1e-5)
    assert result[1] <= LOW_CAP


def test_two_strong_families_are_certain() -> None:
    _, result = judge(full("client_refusals", "accounts_per_address", "attack_tool"))
    assert result[1] >= 0.9
    assert result[5] >= 2


@pytest.mark.parametrize("name", [feature.name for feature in FEATURES if feature.weight])
def test_each_feature_alone_moves_the_score_its_way_and_never_blocks(name: str) -> None:
    weight = FEATURES[index(name)].weight
    _, none = judge({name: FEATURES[index(name)].none})
    pieces, result = judge(full(name))
    assert none[3] == pytest.approx(BIAS)
    assert pieces[index(name)] == pytest.approx(weight, abs=1e-5)
    assert (result[0] > none[0]) == (weight > 0)
    assert result[1] < 0.6, "no single signal may stop anybody outside login"


def test_pieces_add_up_to_the_score() -> None:
    pieces, result = judge(full(*[feature.name for feature in FEATURES]))
    assert BIAS + pieces.sum() == pytest.approx(result[3], abs=1e-4)


def test_interval_narrows_with_requests_and_contains_the_score() -> None:
    widths = []
    for n in (1, 5, 20, 1000):
        _, result = judge(full("client_refusals"), n=n)
        assert result[1] <= result[0] <= result[2]
        widths.append(result[2] - result[1])
    assert widths == sorted(widths, reverse=True)
    assert judge({}, is_new=True)[1][4] > judge({})[1][4]


def test_reasons_are_the_strongest_first() -> None:
    pieces, result = judge(full("attack_tool", "client_class", "fast_follow", "browser_whole"))
    places = [int(place) for place in result[6:11] if place >= 0]
    assert [FEATURES[place].name for place in places] == ["attack_tool", "client_class", "fast_follow", "browser_whole"]
    assert [abs(pieces[place]) for place in places] == sorted((abs(pieces[place]) for place in places), reverse=True)
    assert result[11:15].tolist() == pytest.approx([pieces[place] for place in places])


def test_many_weak_families_together_are_not_certain() -> None:
    values = {}
    for entry in FAMILIES:
        feature = max((f for f in FEATURES if f.family == entry.name), key=lambda f: f.weight)
        share = min(1.9 / feature.weight, 1.0)
        values[feature.name] = feature.none + share * (feature.full - feature.none)
    _, result = judge(values)
    assert result[5] == 0
    assert result[3] - 1.645 * result[4] > np.log(9), "without the cap, low would pass 0.9"
    assert result[1] == pytest.approx(LOW_CAP)
