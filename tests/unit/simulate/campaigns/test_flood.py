"""Floods ask for what is dear, fast from few addresses or slowly from very many."""

from collections import Counter

import pytest

DEAR = {"search", "suggest", "listing", "graphql", "export", "reviews", "home"}


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("seed", [901, 902, 903])
def test_plain_floods_are_fast(campaign, level, seed):
    found = campaign("application_flood", level, 3000, seed=seed)
    assert {call.truth.threat for call in found.calls} == {"OAT-015"}
    assert len(found.calls) > 2700
    assert sum(call.endpoint in DEAR for call in found.calls) > 0.85 * len(found.calls)
    seconds = Counter(int(call.at) for call in found.calls)
    assert max(seconds.values()) > 8
    assert not found.books.prizes


def test_good_imitations_are_slow_each_and_many(campaign):
    addresses = []
    for seed in range(901, 907):
        found = campaign("application_flood", 3, 2000, seed=seed)
        each = Counter(call.client.address for call in found.calls)
        addresses.append(len(each))
        busiest = max(each.values())
        assert busiest < 120
        assert len(found.calls) > 1500
    assert max(addresses) > 500
    assert min(addresses) > 60


def test_no_cache_has_the_answers(campaign):
    queries = [
        call.query
        for seed in range(901, 907)
        for call in campaign("application_flood", 1, 3000, seed=seed).calls
        if call.endpoint == "search"
    ]
    assert len(set(queries)) > 0.95 * len(queries) > 500


def test_campaigns_differ_in_what_they_ask_for(campaign):
    mixes = {
        tuple(sorted({call.endpoint for call in campaign("application_flood", 1, 3000, seed=seed).calls}))
        for seed in range(901, 911)
    }
    assert len(mixes) >= 3
