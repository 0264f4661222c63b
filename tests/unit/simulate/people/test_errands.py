from __future__ import annotations

from collections import Counter

import pytest

from vedette.simulate.people.errands import ERRANDS, run_errand

CALLS = {
    "article": {"article"},
    "wishlist": {"wishlist"},
    "signup": {"signup", "profile"},
    "coupon": {"cart_add", "coupon"},
    "gift_card": {"gift_card"},
    "contact": {"contact"},
    "newsletter": {"contact"},
    "review": {"review"},
    "waitlist": {"waitlist"},
    "recommendations": {"graphql"},
}


@pytest.mark.parametrize("errand", ERRANDS)
def test_every_errand_makes_its_own_calls(visit, run, errand):
    here = visit("browser", "chrome", seed=3)
    calls, _ = run(here, run_errand(here, "anna@mail.example", errand))
    assert {call.endpoint for call in calls} == CALLS[errand]
    assert calls[-1].at >= calls[0].at


def test_errands_are_drawn_by_their_weight(visit, run):
    seen = Counter()
    for seed in range(600):
        here = visit("browser", "chrome", seed=seed)
        calls, _ = run(here, run_errand(here, "anna@mail.example"))
        seen[calls[0].endpoint if calls else ""] += 1
    assert seen["article"] > seen["graphql"] > 0
    assert seen["article"] / 600 == pytest.approx(0.22, abs=0.06)


def test_a_wishlist_needs_a_login(visit, run):
    here = visit()
    assert not run(here, run_errand(here, "", "wishlist"))[0][0].is_right
    here.account = "anna@mail.example"
    assert run(here, run_errand(here, "", "wishlist"))[0][0].is_right


def test_nobody_signs_up_twice(visit, run):
    here = visit()
    here.account = "anna@mail.example"
    assert run(here, run_errand(here, "anna@mail.example", "signup"))[0] == []
