from __future__ import annotations

import random
from ipaddress import ip_address, ip_network

import pytest

from vedette.simulate.networks import load_networks
from vedette.simulate.robots.claims import CLAIMS, claims_of, is_true, place


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=lambda claim: claim.name)
def test_a_bot_comes_from_where_its_operator_says(claim):
    networks, rng = load_networks(), random.Random(3)
    found = [place(networks, rng, claim) for _ in range(40)]
    if not claim.ranges:
        assert {address.kind for address in found} == {"datacentre"}
    elif claim.ranges[0].startswith("bot:"):
        assert {address.kind for address in found} == set(claim.ranges)
    else:
        prefixes = [ip_network(text) for text in claim.ranges]
        for address in found:
            assert any(ip_address(address.address) in prefix for prefix in prefixes), address


def test_prefixes_hold_whole_networks_and_their_edges_are_never_used():
    networks, rng = load_networks(), random.Random(4)
    claim = CLAIMS["applebot"]
    prefixes = [ip_network(text) for text in claim.ranges]
    edges = {str(prefix.network_address) for prefix in prefixes} | {str(p.broadcast_address) for p in prefixes}
    assert not edges & {place(networks, rng, claim).address for _ in range(400)}


def test_every_bot_says_who_it_is():
    for name, claim in CLAIMS.items():
        assert claim.user_agents
        word = name.replace("-", "")[:6]
        assert all(word in agent.lower().replace("-", "").replace(" ", "") for agent in claim.user_agents), name


def test_each_sort_has_several():
    for sort in ("search", "ai", "user_fetcher", "preview", "monitor", "feed"):
        assert len(claims_of(sort)) >= 3, sort


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS.values() if claim.ranges], ids=lambda claim: claim.name)
def test_what_is_true_can_be_told_from_what_is_claimed(claim):
    networks, rng = load_networks(), random.Random(5)
    assert all(is_true(networks, claim, place(networks, rng, claim).address) for _ in range(20))
    assert not any(is_true(networks, claim, networks.draw(rng, "home").address) for _ in range(20))


def test_nothing_is_true_of_a_bot_that_publishes_nothing():
    networks, rng = load_networks(), random.Random(5)
    assert not is_true(networks, CLAIMS["slackbot"], place(networks, rng, CLAIMS["slackbot"]).address)
