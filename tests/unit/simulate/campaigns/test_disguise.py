"""What clients of each level look like on the wire."""

from __future__ import annotations

import random
from itertools import islice

import pytest
from msgspec.structs import replace

from vedette.simulate.campaigns.disguise import Disguise
from vedette.simulate.campaigns.traits import draw_traits
from vedette.simulate.play import play
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

MIDNIGHT = 1_790_553_600.0


@pytest.fixture(scope="module")
def world():
    return World(Scenario(name="day", start=MIDNIGHT), 901)


def clients(world, level, seed, count=1, *, is_app=False, **traits):
    rng = random.Random(seed)
    disguise = Disguise(world, rng, level, replace(draw_traits(rng, level), **traits), is_app=is_app)
    return [disguise.client(rng, world.address(rng, "home")) for _ in range(count)]


def handshakes(world, *kinds):
    return {ja4 for stack in world.stacks.all if stack.kind in kinds for ja4, _ in stack.tls.ja4}


def agent_of(client):
    kind = "fetch" if "fetch" in client.stack.headers else "api"
    return next((value for name, value in client.headers(kind, "shop.example") if name.lower() == "user-agent"), "")


@pytest.mark.parametrize("level", [1, 2])
def test_the_lower_levels_have_a_library_s_handshake(world, level):
    known = handshakes(world, "library")
    assert all(client.ja4 in known for seed in range(60) for client in clients(world, level, seed, 3))


def test_half_of_the_plain_scripts_call_themselves_a_browser(world):
    agents = [agent_of(clients(world, 1, seed)[0]) for seed in range(200)]
    assert 0.35 < sum(agent.startswith("Mozilla/") for agent in agents) / 200 < 0.65


def test_copied_headers_are_a_browser_s_with_slips(world):
    orders, protocols, mismatched = set(), set(), 0
    browsers = {
        tuple(name for name, _ in stack.headers["fetch"]) for stack in world.stacks.all if stack.kind == "browser"
    }
    for seed in range(120):
        client = clients(world, 2, seed)[0]
        headers = client.headers("fetch", "shop.example")
        orders.add(tuple(name for name, _ in client.stack.headers["fetch"]) in browsers)
        protocols.add(client.protocol)
        assert agent_of(client).startswith("Mozilla/")
        assert not any(name.startswith("{") for name, _ in headers)
        hints = next((value for name, value in headers if name.lower() == "sec-ch-ua"), "")
        version = agent_of(client).partition("Chrome/")[2].partition(".")[0]
        mismatched += bool(hints) and f'"{version}"' not in hints
    assert orders == {True, False}
    assert protocols == {"1.1", "2"}
    assert 5 < mismatched < 60


def test_impersonation_is_drawn_as_people_are(world):
    found = [client for seed in range(20) for client in clients(world, 3, seed, 100, old_tls=False)]
    assert all(client.stack.kind == "browser" for client in found)
    assert all(client.ja4 in {ja4 for ja4, _ in client.stack.tls.ja4} for client in found)
    part = Part(section="people", kind="web", name="web", count=1500)
    people = {}
    crowd = World(Scenario(name="day", start=MIDNIGHT, parts=(part,)), 901)
    for call, _ in islice(play(crowd.arrivals(), crowd.shop.answer, crowd.end), 20_000):
        people[call.truth.session] = call.client.stack.family
    theirs, mine = list(people.values()), [client.stack.family for client in found]
    assert len(theirs) > 300
    for family in ("chrome", "safari_ios", "edge"):
        assert mine.count(family) / len(mine) == pytest.approx(theirs.count(family) / len(theirs), abs=0.08)


def test_an_old_handshake_is_another_version_s(world):
    found = clients(world, 3, 1, 300, old_tls=True)
    others = [client for client in found if client.ja4 not in {ja4 for ja4, _ in client.stack.tls.ja4}]
    assert len(others) > 100
    for client in others:
        family = {ja4 for stack in world.stacks.family(client.stack.family) for ja4, _ in stack.tls.ja4}
        assert client.ja4 in family


@pytest.mark.parametrize("level", [2, 3])
def test_a_copy_of_the_app_has_a_device_id(world, level):
    for client in clients(world, level, 3, 5, is_app=True):
        assert client.device
        assert ("x-device-id", client.device) in client.headers("api", "shop.example")
        assert "ShopApp" in agent_of(client)


def test_stacks_that_are_held_out_stay_out():
    world = World(Scenario(name="day", start=MIDNIGHT), 7)
    for level in (1, 2, 3):
        for seed in range(80):
            client = clients(world, level, seed)[0]
            assert client.stack.family not in ("firefox", "go")
            assert "Firefox/" not in agent_of(client) or client.stack.family != "firefox"


def test_languages_are_those_of_the_shop_or_of_the_exit(world):
    rng = random.Random(5)
    there = world.networks.draw(rng, "home", "FR")
    made = {}
    for speaks_home in (True, False):
        traits = replace(draw_traits(random.Random(1), 3), speaks_home=speaks_home, old_tls=False)
        disguise = Disguise(world, random.Random(1), 3, traits)
        made[speaks_home] = [disguise.client(rng, there).language[:2] for _ in range(100)]
    assert made[True].count("de") > 50
    assert made[False].count("fr") > 50


def test_who_speaks_like_the_shop_s_country_writes_it_as_that_version_does(world):
    found = [client for seed in range(8) for client in clients(world, 3, seed, 150, speaks_home=True, old_tls=False)]
    firefox = [client for client in found if client.stack.family == "firefox" and client.stack.major >= 147]
    several = [client.language for client in firefox if client.language.count(",") == 2]
    assert len(several) > 5
    assert all(";q=0.9," in language for language in several)
