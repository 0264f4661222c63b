from __future__ import annotations

import pytest

from vedette.simulate.calls import Reply
from vedette.simulate.people.checkout import buy, check_gift_card, try_coupon


def words(calls):
    return [word for call in calls for word in call.words]


def test_what_is_in_the_cart_is_paid_for(visit, run):
    here = visit()
    here.cart = [4, 9]
    calls, is_paid = run(here, buy(here, declined=0.0))
    names = [call.endpoint for call in calls]
    assert is_paid
    assert here.cart == []
    assert "cart_add" not in names
    assert names.index("checkout") < names.index("payment")
    assert [word.outcome for word in words(calls)][:1] == ["conversion"]
    assert 0.0 < words(calls)[0].after_s < 3600.0


def test_an_empty_cart_is_filled_first(visit, run):
    here = visit(seed=2)
    calls, is_paid = run(here, buy(here, declined=0.0))
    assert is_paid
    assert calls[0].endpoint == "cart_add"


def test_a_card_is_declined_now_and_then(visit, run):
    declined = paid = back = 0
    for seed in range(1500):
        here = visit(seed=seed)
        here.cart = [1]
        calls, _ = run(here, buy(here))
        found = [word.outcome for word in words(calls)]
        declined += "payment_declined" in found
        paid += "conversion" in found
        back += sum(word.outcome == "chargeback" and word.after_s > 86_400 for word in words(calls))
        assert not any(call.prize for call in calls)
    assert declined / 1500 == pytest.approx(0.04, abs=0.015)
    assert paid > 1400
    assert back < 12


def test_a_card_that_always_fails_is_given_up(visit, run):
    here = visit(seed=4)
    here.cart = [1]
    calls, is_paid = run(here, buy(here, declined=1.0))
    payments = [call for call in calls if call.endpoint == "payment"]
    assert not is_paid or len(payments) > 1
    assert not payments[0].is_right
    assert len(payments) <= 3


def test_no_payment_follows_a_failed_checkout(visit, run):
    here = visit(seed=1)
    here.cart = [1]
    calls, is_paid = run(here, buy(here), (Reply(503, here.now + 1e6) for _ in iter(int, 1)))
    assert not is_paid
    assert "payment" not in [call.endpoint for call in calls]


def test_coupons_are_tried_until_one_is_good(visit, run):
    lengths = set()
    for seed in range(80):
        here = visit(seed=seed)
        calls, _ = run(here, try_coupon(here))
        assert all(not call.is_right for call in calls[:-1])
        lengths.add(len(calls))
    assert lengths >= {1, 2}
    assert max(lengths) <= 4


def test_a_gift_card_is_one_number_however_often_it_is_typed(visit, run):
    for seed in range(60):
        here = visit(seed=seed)
        calls, _ = run(here, check_gift_card(here))
        assert len({call.body["number"] for call in calls}) == 1
        assert len(calls[0].body["number"]) == 16
