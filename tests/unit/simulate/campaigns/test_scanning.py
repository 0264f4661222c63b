"""Scanners ask for what is not there, and oddly for what is."""

from collections import Counter

import pytest

from vedette.simulate.settings import DECOY_PATHS
from vedette.simulate.shop import ENDPOINTS


def never(call):
    return False


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("seed", [901, 902])
def test_probes_are_refused(campaign, level, seed):
    found = campaign("vulnerability_scanning", level, 1000, seed=seed)
    probes = [(call, reply) for call, reply in found.exchanges if not call.endpoint]
    assert {call.truth.threat for call in found.calls} == {"OAT-014"}
    assert len(probes) > (100 if level < 3 else 40)
    assert not any(call.is_right for call, _ in probes)
    assert {reply.status for _, reply in probes} <= {403, 404}
    assert len({call.path for call, _ in probes}) > 0.5 * len(probes)
    assert not found.books.prizes


def test_real_endpoints_are_teased(campaign):
    odd = Counter()
    for seed in range(901, 907):
        for call in campaign("vulnerability_scanning", 2, 1000, seed=seed).calls:
            if call.endpoint:
                odd["method"] += call.method != ENDPOINTS[call.endpoint].method
                odd["input"] += "%27" in call.path + call.query or "%3C" in call.path + call.query
            assert " " not in call.path and "'" not in call.query
    assert odd["method"] > 20
    assert odd["input"] > 20


def test_a_few_happen_upon_decoys(duel):
    found = duel("vulnerability_scanning", 1, never, count=1000, options={"decoys": "0.1"})
    assert 30 < sum(call.path in DECOY_PATHS for call in found.calls) < 200
    none = duel("vulnerability_scanning", 1, never, count=1000, options={"decoys": "0", "classics": "0"})
    assert sum(call.path in DECOY_PATHS for call in none.calls) < 5, "composed by chance"


def test_good_imitations_hide_a_few_probes_among_pages(campaign):
    found = campaign("vulnerability_scanning", 3, 1000)
    each = Counter(call.truth.session for call in found.calls if not call.endpoint)
    assert max(each.values()) <= 3
    assert sum(call.endpoint in ("home", "product", "asset", "bootstrap") for call in found.calls) > 100
