from __future__ import annotations

from types import SimpleNamespace

import pytest

from vedette.simulate.calls import Reply, Truth
from vedette.simulate.ledger import Ledger

TRUTH = Truth("bad_bot", "s-1", "carding", campaign="carding-2", threat="OAT-001", level=2)


def call(prize="", *, right=True, truth=TRUTH, at=10.0):
    return SimpleNamespace(truth=truth, prize=prize, is_right=right, at=at)


def test_only_campaigns_have_books():
    ledger = Ledger()
    ledger.add(call(truth=Truth("human", "s", "web")), Reply(200, 1.0))
    assert ledger.accounts == {}


@pytest.mark.parametrize(
    ("made", "reply", "won"),
    [
        (call("card:1"), Reply(200, 1.0), 1),
        (call("card:1", right=False), Reply(402, 1.0), 0),
        (call("card:1"), Reply(503, 1.0), 0),
        (call("card:1"), Reply(403, 1.0, is_stopped=True), 0),
        (call(""), Reply(200, 1.0), 0),
    ],
)
def test_a_prize_is_won_where_the_shop_accepts_and_nobody_stops(made, reply, won):
    ledger = Ledger()
    ledger.add(made, reply)
    assert ledger.accounts["carding-2"].won == won


def test_the_same_thing_is_won_once():
    ledger = Ledger()
    for prize in ("card:1", "card:1", "card:2", "account:a"):
        ledger.add(call(prize), Reply(200, 1.0))
    assert dict(ledger.accounts["carding-2"].prizes) == {"card": 2, "account": 1}


def test_costs_add_up_and_a_success_costs_more_where_more_is_stopped():
    def cost(stopped):
        ledger = Ledger()
        ledger.rented(TRUTH, 100)
        for number in range(1000):
            ledger.add(call(f"card:{number}"), Reply(200, 1.0, is_stopped=number % 10 < stopped))
        if stopped:
            ledger.retooled(TRUTH)
        return ledger.accounts["carding-2"].record("carding-2")

    free, defended = cost(0), cost(9)
    assert free["requests"] == defended["requests"] == 1000
    assert free["cost"] == pytest.approx(1000 * 0.000_02 + 100 * 0.002)
    assert defended["stopped"] == 900
    assert defended["cost_per_success"] > 100 * free["cost_per_success"]


def test_tools_of_a_higher_level_cost_what_they_cost_there():
    ledger = Ledger()
    ledger.retooled(TRUTH, 2)
    ledger.retooled(TRUTH, 3)
    ledger.add(call("card:1"), Reply(200, 1.0))
    account = ledger.accounts["carding-2"]
    assert (account.level, account.hides, account.retools) == (2, 3, 2)
    assert account.cost == pytest.approx(40 + 150 + 0.000_3)


def test_no_success_has_no_price():
    ledger = Ledger()
    ledger.add(call("card:1", right=False), Reply(402, 1.0))
    assert ledger.accounts["carding-2"].record("x")["cost_per_success"] is None
