"""Cookies that come back from elsewhere, devices that are everywhere."""

from __future__ import annotations

from collections import defaultdict

import pytest

from vedette.simulate.campaigns import FAMILIES
from vedette.simulate.campaigns.tokens import farmed_tokens
from vedette.simulate.play import play
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

MIDNIGHT = 1_790_553_600.0


def cookie_of(call):
    return next((value for name, value in call.headers if name.lower() == "cookie"), "")


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_stolen_cookie_was_its_owner_s_before(campaign, level):
    found = campaign("replayed_cookies", level, 1200, seed=902)
    first, addresses, owners = {}, defaultdict(set), set()
    for call, _ in found.exchanges:
        cookie = cookie_of(call)
        if not cookie:
            continue
        first.setdefault(cookie, call.truth.actor)
        addresses[cookie, call.truth.actor].add(call.client.address)
        if call.truth.actor == "human":
            owners.add(cookie)
            assert (call.truth.campaign, call.truth.threat, call.truth.level) == ("", "", 0)
    assert {call.truth.threat for call in found.calls} == {"OAT-008"}
    stolen = {cookie_of(call) for call in found.calls} & owners
    assert len(stolen) > 5
    assert all(first[cookie] == "human" for cookie in stolen)
    assert all(not addresses[cookie, "human"] & addresses[cookie, "bad_bot"] for cookie in stolen)
    assert found.books.prizes["account"] <= len(stolen)
    assert found.books.requests == len(found.calls) == 1200


def test_some_cookies_are_over(campaign):
    found = campaign("replayed_cookies", 1, 1200, seed=902)
    statuses = [
        reply.status for call, reply in found.exchanges if call.truth.actor == "bad_bot" and call.endpoint == "profile"
    ]
    assert 0.05 < statuses.count(401) / len(statuses) < 0.7


def test_a_library_without_a_jar_sends_the_cookie_all_the_same(campaign):
    for seed in range(901, 909):
        found = campaign("replayed_cookies", 1, 200, seed=seed)
        assert all(cookie_of(call) for call in found.calls if call.endpoint == "profile")


@pytest.mark.parametrize("level", [2, 3])
def test_few_devices_are_used_from_many_addresses(campaign, level):
    for seed in range(901, 905):
        found = campaign("farmed_tokens", level, 1500, seed=seed)
        addresses = defaultdict(set)
        for call in found.calls:
            if call.endpoint == "asset":  # which the system loads, not the app
                continue
            device = next(value for name, value in call.headers if name.lower() == "x-device-id")
            addresses[device].add(call.client.address)
        assert len(addresses) <= 30
        assert max(map(len, addresses.values())) > 5


def test_a_use_that_is_none_is_refused():
    part = Part(section="campaigns", kind="farmed_tokens", name="farm", count=10, level=1, options={"use": "resale"})
    with pytest.raises(ValueError, match="no use 'resale'; name one of signup, login"):
        farmed_tokens(World(Scenario(name="day", start=MIDNIGHT), 901), part)


def test_devices_are_farmed_for_sign_ups_or_for_logins(campaign):
    threats = set()
    for seed in range(901, 913):
        found = campaign("farmed_tokens", 1, 100, seed=seed)
        (threat,) = {call.truth.threat for call in found.calls}
        assert any(call.endpoint == ("signup" if threat == "OAT-019" else "login") for call in found.calls)
        threats.add(threat)
    assert threats == {"OAT-008", "OAT-019"}


@pytest.mark.parametrize("kind", ["replayed_cookies", "price_scraping"])
def test_a_campaign_without_a_time_begins_when_the_seed_has_it(kind):
    part = Part(section="campaigns", kind=kind, name="some", count=60, level=1, at_s=-1.0, lasts_s=6 * 3600.0)
    begins = set()
    for seed in range(901, 905):
        world = World(Scenario(name="day", start=MIDNIGHT, accounts=5000, products=500, parts=(part,)), seed)
        begin, end = world.span(part)
        played = play(FAMILIES[kind](world, part), world.shop.answer, world.end)
        times = [call.at for call, _ in played if call.truth.actor == "bad_bot"]
        assert begin <= times[0] <= times[-1] < end + 600
        begins.add(begin)
    assert len(begins) == 4
