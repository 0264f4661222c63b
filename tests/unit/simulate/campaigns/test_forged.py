"""Forged crawlers have the name, at level 3 the whole look, and never the address."""

from collections import Counter

import pytest

from vedette.simulate.campaigns.forged import NAMES
from vedette.simulate.robots.claims import CLAIMS, is_true
from vedette.simulate.robots.stacks import own_stack


def never(call):
    return False


def claims_of(world):
    """Crawlers by their User-Agents as sent."""
    return {
        own_stack(world.stacks, claim.name, agent, claim.speaks, claim.sender).user_agent: claim
        for claim in CLAIMS.values()
        for agent in claim.user_agents
    }


def agent_of(call):
    return next(value for name, value in call.headers if name.lower() == "user-agent")


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("seed", [901, 902, 903])
def test_the_name_is_a_crawlers_and_the_address_is_not(campaign, level, seed):
    found = campaign("forged_search_engine", level, 800, seed=seed)
    known = claims_of(found.world)
    assert {call.truth.threat for call in found.calls} == {"OAT-011"}
    assert {call.truth.actor for call in found.calls} == {"bad_bot"}
    addresses = {}
    for call in found.calls:
        claim = known[agent_of(call)]
        assert claim.name in NAMES
        addresses[call.client.address] = claim
    assert not any(is_true(found.world.networks, claim, address) for address, claim in addresses.items())
    assert found.books.prizes["object"] > 100


@pytest.mark.parametrize("name", NAMES)
def test_no_address_is_true_even_where_networks_are_shared(duel, name):
    found = duel("forged_search_engine", 2, never, count=400, options={"name": name})
    claim = CLAIMS[name]
    assert {claims_of(found.world)[agent_of(call)].name for call in found.calls} == {name}
    assert not any(is_true(found.world.networks, claim, call.client.address) for call in found.calls)


def test_the_look_gets_better_by_level(duel):
    looks = []
    for level in (1, 2, 3):
        found = duel("forged_search_engine", level, never, count=200, options={"name": "googlebot"})
        claim = CLAIMS["googlebot"]
        real = [
            own_stack(found.world.stacks, claim.name, agent, claim.speaks, claim.sender) for agent in claim.user_agents
        ]
        shakes = {ja4 for stack in real for ja4, _ in stack.tls.ja4}
        fields = {tuple(name.lower() for name, _ in stack.headers["navigate"]) for stack in real}
        call = found.calls[-1]
        kept = tuple(name.lower() for name, _ in call.headers)
        is_alike = any(set(kept) <= set(names) for names in fields)
        looks.append((is_alike, call.client.ja4 in shakes))
    assert looks[1][0] and not looks[1][1]
    assert looks[2] == (True, True)
    assert not looks[0][1]


def test_it_scrapes(campaign):
    places = Counter(call.endpoint for call in campaign("forged_search_engine", 3, 800).calls)
    assert places["product"] > 300
    assert set(places) <= {"robots", "product", "price", "listing", "article"}
    assert not any(call.client.cookie for call in campaign("forged_search_engine", 3, 800).calls)


def test_an_unknown_name_is_told(duel):
    with pytest.raises(ValueError, match="no name 'nobody'; name one of googlebot"):
        duel("forged_search_engine", 1, never, options={"name": "nobody"})
