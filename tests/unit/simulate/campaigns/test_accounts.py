"""False accounts, and the accounts of customers who gave their passwords away."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from vedette.simulate.play import play
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

MIDNIGHT = 1_790_553_600.0


@pytest.mark.parametrize("level", [1, 2, 3])
def test_creation_signs_up_under_new_names(campaign, level):
    found = campaign("account_creation", level, 3000, seed=903)
    signups = [call for call in found.calls if call.endpoint == "signup"]
    names = [call.prize for call in signups if call.is_right]
    assert {call.truth.threat for call in found.calls} == {"OAT-019"}
    assert len(set(names)) > 0.99 * len(names) > 100
    assert all(name.startswith("signup:") for name in names)
    assert 0 < sum(not call.is_right for call in signups) < 0.25 * len(signups)
    assert found.books.prizes["signup"] > 0.95 * len(names)
    outcomes = Counter(word.outcome for call in signups for word in call.words)
    assert outcomes["signup_completed"] == len(names)
    assert 0.1 < outcomes["abuse_report"] / len(names) < 0.3


def test_names_are_disposable_below_the_third_level(campaign):
    shares = {}
    for level in (1, 3):
        names = [call.prize for call in campaign("account_creation", level, 3000, seed=903).calls if call.prize]
        shares[level] = sum(name.endswith(".test") for name in names) / len(names)
    assert shares[1] > 0.5
    assert shares[3] == 0.0


@pytest.mark.parametrize("level", [1, 2, 3])
def test_aggregation_signs_in_with_right_passwords_and_reads(campaign, level):
    found = campaign("account_aggregation", level, 4000, seed=904)
    logins = [call for call in found.calls if call.endpoint == "login"]
    assert {call.truth.threat for call in found.calls} == {"OAT-020"}
    assert sum(call.is_right for call in logins) / len(logins) > 0.9
    assert {"orders", "profile"} <= {call.endpoint for call in found.calls}
    assert not any(word.outcome == "abuse_report" for call in logins for word in call.words)


def test_aggregation_comes_at_fixed_hours(campaign):
    for seed in range(901, 905):
        found = campaign("account_aggregation", 1, 2000, seed=seed, hours=22.0)
        hours = Counter(int(call.at - MIDNIGHT) // 1800 for call in found.calls)
        assert len(hours) < 20


def test_aggregation_comes_back_to_its_customers(campaign):
    seen = 0
    for seed in range(901, 907):
        visits = defaultdict(int)
        for call in campaign("account_aggregation", 1, 2000, seed=seed, hours=22.0).calls:
            visits[call.account] += call.endpoint == "login"
        seen += max(visits.values()) > 1
    assert seen >= 3


@pytest.mark.parametrize(("seed", "takes_part"), [(7, False), (899, False), (900, True)])
def test_aggregation_is_held_out_of_the_tuning_seeds(seed, takes_part):
    kinds = ("account_aggregation", "account_creation")
    parts = tuple(Part(section="campaigns", kind=kind, name=kind, count=20, level=1) for kind in kinds)
    world = World(Scenario(name="day", start=MIDNIGHT, accounts=5000, parts=parts), seed)
    names = {call.truth.campaign for call, _ in play(world.arrivals(), world.shop.answer, world.end)}
    assert names == ({*kinds} if takes_part else {"account_creation"})


def test_made_up_names_are_no_longer_than_people_s(campaign):
    found = campaign("account_creation", 3, 900)
    names = [call.body["email"].partition("@")[0] for call in found.calls if call.endpoint == "signup"]
    digits = {len(name) - len(name.rstrip("0123456789")) for name in names}
    assert len(names) > 50
    assert digits <= {0, 2, 4}
