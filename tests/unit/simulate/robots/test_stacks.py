from __future__ import annotations

import random

import pytest

from vedette.simulate.clients import load_stacks
from vedette.simulate.robots.claims import CLAIMS
from vedette.simulate.robots.stacks import bot, bot_stack, field, library, own_stack
from vedette.simulate.scenario import Scenario
from vedette.simulate.world import World


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=lambda claim: claim.name)
def test_a_bot_speaks_as_its_handshake_promises(claim):
    for agent in claim.user_agents:
        stack = bot_stack(load_stacks(), claim, agent)
        assert "{" not in stack.user_agent
        is_newer = stack.tls.ja4[0][0][8:10] == "h2"
        assert stack.protocol == ("2" if is_newer else "1.1")
        fields = dict(stack.fields("navigate", {"host": "shop.example"}))
        assert ("Host" in fields) == (not is_newer)
        assert fields.get("user-agent", fields.get("User-Agent")) == stack.user_agent
        assert not {"cookie", "accept-language"} & {name.lower() for name in fields}


def test_a_rendering_crawler_has_the_handshake_of_todays_chrome():
    stacks = load_stacks()
    stack = bot_stack(stacks, CLAIMS["googlebot"], CLAIMS["googlebot"].user_agents[0])
    assert stack.tls in {chrome.tls for chrome in stacks.family("chrome")}
    assert ("from", "googlebot(at)googlebot.com") in stack.headers["navigate"]


def test_no_bot_wears_a_stack_that_is_held_out():
    held = {stack.tls for family in ("firefox", "go") for stack in load_stacks().family(family)}
    for claim in CLAIMS.values():
        assert bot_stack(load_stacks(), claim, claim.user_agents[0]).tls not in held, claim.name


def test_a_bot_is_behind_one_of_its_own_addresses():
    world = World(Scenario(name="mine"), 1)
    client = bot(world, random.Random(1), CLAIMS["bingbot"])
    assert client.network == "bot:bing"
    assert "bingbot" in client.stack.user_agent


def test_libraries_keep_their_names_and_tuning_worlds_have_none_in_go():
    world = World(Scenario(name="mine"), 1)
    found = {library(world, random.Random(number)).family for number in range(200)}
    assert len(found) > 3
    assert "go" not in found
    assert "go" in {library(World(Scenario(name="mine"), 901), random.Random(number)).family for number in range(200)}


def test_own_names_are_written_as_the_protocol_does():
    world = World(Scenario(name="mine"), 1)
    newer = bot(world, random.Random(1), CLAIMS["googlebot"])
    older = bot(world, random.Random(1), CLAIMS["claudebot"])
    assert field(newer, "X-Api-Key", "k") == ("x-api-key", "k")
    assert field(older, "X-Api-Key", "k") == ("X-Api-Key", "k")
    assert own_stack(world.stacks, "mine", "mine/1", "no such family").tls == world.stacks.family("curl")[0].tls
