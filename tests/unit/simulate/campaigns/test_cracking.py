"""Guessing passwords: many on few accounts, few on many."""

from __future__ import annotations

from collections import Counter

import pytest


def logins(found):
    return [call for call in found.calls if call.endpoint == "login"]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_cracking_tries_few_accounts_often(campaign, level):
    found = campaign("credential_cracking", level, 4000, seed=902)
    counts = Counter(call.account for call in logins(found))
    assert {call.truth.threat for call in found.calls} == {"OAT-007"}
    assert sum(counts.values()) > 10 * len(counts)


def test_an_account_that_falls_is_left_alone(campaign):
    fallen = 0
    for seed in range(901, 907):
        tries = logins(campaign("credential_cracking", 1, 3000, seed=seed, hours=8))
        last = {}
        for place, call in enumerate(tries):
            last[call.account] = place
            if call.is_right:
                fallen += 1
                assert call.prize == f"account:{call.account}"
        for place, call in enumerate(tries):
            if call.is_right:  # with others at work, one more try may be under way
                assert last[call.account] - place < 40
    assert fallen > 3


@pytest.mark.parametrize("level", [1, 2, 3])
def test_spraying_tries_many_accounts_seldom(campaign, level):
    found = campaign("password_spraying", level, 4000, seed=904)
    counts = Counter(call.account for call in logins(found))
    assert {call.truth.threat for call in found.calls} == {"OAT-007"}
    assert max(counts.values()) <= 6
    assert len(counts) > 150


def test_spraying_goes_round_with_one_password_at_a_time(campaign):
    found = campaign("password_spraying", 1, 3000, seed=905)
    tried = {}
    order = []
    for call in logins(found):
        tried.setdefault(call.account, []).append(call.body["password"])
        order.append(call.body["password"])
    assert all(len(set(passwords)) == len(passwords) for passwords in tried.values())
    changes = sum(earlier != later for earlier, later in zip(order, order[1:], strict=False))
    assert changes < 0.05 * len(order)
    assert sum(call.is_right for call in logins(found)) / len(order) < 0.03
