"""Credential stuffing: unique pairs, few of them right, a canary now and then."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from vedette.simulate.campaigns.stuffing import leaked_pairs
from vedette.simulate.campaigns.toolkit import Toolkit
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.settings import CANARY_ACCOUNTS
from vedette.simulate.world import World

MIDNIGHT = 1_790_553_600.0


def pairs(count, right, exists, seed=1):
    part = Part(section="campaigns", kind="credential_stuffing", name="s", count=count, level=1)
    world = World(Scenario(name="day", start=MIDNIGHT, accounts=100_000), 901)
    kit = Toolkit(world, part, "OAT-008")
    return world, list(islice(leaked_pairs(kit, random.Random(seed), right, exists), count))


def test_shares_of_right_pairs_and_of_accounts_that_exist():
    world, found = pairs(40_000, 0.01, 0.4)
    known = {world.shop.account(number) for number in range(100_000)}
    assert sum(is_right for _, is_right in found) / len(found) == pytest.approx(0.01, abs=0.002)
    assert sum(name in known for name, _ in found) / len(found) == pytest.approx(0.4, abs=0.02)
    assert all(name in known for name, is_right in found if is_right)


def test_no_account_is_tried_twice():
    _, found = pairs(30_000, 0.01, 0.5)
    names = [name for name, _ in found if name not in CANARY_ACCOUNTS]
    assert len(set(names)) > 0.999 * len(names)


def test_canaries_are_rare_and_never_right():
    hits = []
    for seed in range(30):
        _, found = pairs(3000, 0.01, 0.5, seed)
        canaries = [is_right for name, is_right in found if name in CANARY_ACCOUNTS]
        assert not any(canaries)
        hits.append(len(canaries))
    assert 0 in hits
    assert 0 < sum(hits) / len(hits) < 6


@pytest.mark.parametrize("level", [1, 2, 3])
def test_logins_of_a_campaign(campaign, level):
    found = campaign("credential_stuffing", level, 6000, seed=903)
    logins = [call for call in found.calls if call.endpoint == "login"]
    accounts = [call.account for call in logins]
    assert len(set(accounts)) > 0.98 * len(accounts)
    assert sum(call.is_right for call in logins) / len(logins) < 0.04
    assert {call.truth.threat for call in logins} == {"OAT-008"}
    assert found.books.prizes["account"] == len({call.account for call in logins if call.is_right})


def test_what_was_taken_is_looked_at(campaign):
    found = campaign("credential_stuffing", 2, 3000, seed=903, options=RIGHT)
    after = [
        later.endpoint
        for earlier, later in zip(found.calls, found.calls[1:], strict=False)
        if earlier.endpoint == "login" and earlier.is_right and later.truth.session == earlier.truth.session
    ]
    assert after.count("profile") > 20


class _Options(dict):
    """Options that a cached fixture can tell apart."""

    def __hash__(self):
        return id(self)


RIGHT = _Options(right="0.1")


def test_a_pair_without_an_answer_is_tried_again(duel):
    seen = set()

    def stops(call):
        if call.endpoint != "login" or call.account in seen or len(seen) >= 8:
            return False
        seen.add(call.account)
        return True

    found = duel("credential_stuffing", 1, stops, 600)
    accounts = [call.account for call in found.calls if call.endpoint == "login"]
    assert len(seen) == 8
    assert all(accounts.count(account) == 2 for account in seen)


def test_a_sorted_list_is_gone_through_in_its_order():
    def share(seed):
        part = Part(section="campaigns", kind="credential_stuffing", name="s", count=600, level=1)
        from vedette.simulate.campaigns import FAMILIES
        from vedette.simulate.play import play

        world = World(Scenario(name="day", start=MIDNIGHT, accounts=100_000), seed)
        names = [
            call.account
            for call, _ in play(FAMILIES["credential_stuffing"](world, part), world.shop.answer, world.end)
            if call.endpoint == "login"
        ]
        return sum(later > earlier for earlier, later in zip(names, names[1:], strict=False)) / (len(names) - 1)

    shares = [share(seed) for seed in range(901, 913)]
    assert any(share > 0.95 for share in shares)
    assert any(0.4 < share < 0.6 for share in shares)
