"""Every family of attack, at every level: equal for equal seeds, within its budget, true in its labels."""

from __future__ import annotations

import pytest

from vedette.simulate.calls import Reply
from vedette.simulate.campaigns import FAMILIES
from vedette.simulate.play import play
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

PRIZES = {"account", "card", "gift_card", "token", "object", "stock", "signup", "message"}
COUNT = 250


def calls_of(kind, level, seed=901, count=COUNT, answer=None, **how):
    part = Part(section="campaigns", kind=kind, name=f"{kind}-{level}", count=count, level=level, **how)
    world = World(Scenario(name="t", start=1_790_553_600.0, lasts_s=7200.0, products=500, parts=(part,)), seed)
    return [call for call, _ in play(FAMILIES[kind](world, part), answer or world.shop.answer, world.end)]


def shown(calls):
    """What a record would show."""
    return [
        (
            call.at,
            call.method,
            call.path,
            call.query,
            call.headers,
            call.body_size,
            call.client.address,
            call.client.ja3,
        )
        for call in calls
    ]


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("kind", FAMILIES)
def test_a_family_at_a_level(kind, level):
    found = calls_of(kind, level)
    campaign = [call for call in found if call.truth.actor == "bad_bot"]
    assert COUNT * 0.5 < len(campaign) <= COUNT
    assert [call.at for call in found] == sorted(call.at for call in found)
    for call in campaign:
        truth = call.truth
        assert (truth.campaign, truth.segment, truth.level) == (f"{kind}-{level}", kind, level)
        assert truth.session.startswith(truth.campaign)
        assert truth.threat.startswith("OAT-0")
        assert call.path.startswith("/") and " " not in call.path + call.query
        assert not call.prize or call.prize.partition(":")[0] in PRIZES
        assert len(call.prize) != len(call.prize.partition(":")[0]) + 1, "a prize has an id"
    assert len({call.truth.threat for call in campaign}) == 1
    again = calls_of(kind, level)
    assert shown(again) == shown(found)
    assert [call.truth for call in again] == [call.truth for call in found]
    assert shown(calls_of(kind, level, seed=902)) != shown(found)


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("kind", FAMILIES)
def test_a_family_ends_when_it_is_always_stopped(kind, level):
    refused = calls_of(kind, level, answer=lambda call: Reply(403, call.at + 0.01, is_stopped=True))
    assert 0 < sum(call.truth.actor == "bad_bot" for call in refused) <= COUNT


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_family_bears_an_outage_and_a_budget_of_one(kind):
    assert calls_of(kind, 2, answer=lambda call: Reply(0, call.at + 30.0), count=60)
    assert len(calls_of(kind, 1, count=1)) >= 1
