from __future__ import annotations

from vedette.simulate.people import journey
from vedette.simulate.people.journey import Habits, open_shop, shop_around


def test_everything_that_journey_names_is_there():
    assert all(hasattr(journey, name) for name in journey.__all__)


def around(visit, run, requests, seed=1, **habits):
    here = visit("browser", "chrome", seed=seed)
    opened, _ = run(here, open_shop(here))
    calls, _ = run(here, shop_around(here, requests, Habits(**habits)))
    return here, opened + calls


def test_a_visit_makes_about_as_many_calls_as_it_should(visit, run):
    for requests in (20, 80, 300):
        lengths = [len(around(visit, run, requests, seed, buys=0.0)[1]) for seed in range(20)]
        assert all(requests <= length < requests + 60 for length in lengths)


def test_only_who_has_an_account_signs_in(visit, run):
    def logins(**habits):
        return sum(
            call.endpoint == "login"
            for seed in range(20)
            for call in around(visit, run, 60, seed, account="anna@mail.example", buys=0.0, **habits)[1]
        )

    assert logins(has_account=True, logs_in=1.0) >= 20
    assert logins(has_account=True, logs_in=0.0) == 0
    assert logins(has_account=False, logs_in=1.0) == 0


def test_who_pays_has_something_in_the_cart(visit, run):
    paid = 0
    for seed in range(40):
        here, calls = around(visit, run, 80, seed, carts=0.5, buys=1.0)
        names = [call.endpoint for call in calls]
        paid += "payment" in names
        if "payment" in names:
            assert "cart_add" in names
    assert paid > 25


def test_somebody_moves_between_parts_of_a_visit(visit, run):
    moved = []
    around(visit, run, 100, move=lambda: moved.append(1))
    assert len(moved) == 3


def test_tabs_are_opened_by_who_likes_them(visit, run):
    def documents(tabs):
        return sum(
            call.endpoint == "home"
            for seed in range(20)
            for call in around(visit, run, 60, seed, tabs=tabs, buys=0.0)[1]
        )

    assert documents(1.0) > 2 * documents(0.0)


def test_pace_is_a_factor_on_pauses(visit, run):
    def lasts(pace):
        return sum(
            calls[-1].at - calls[0].at
            for seed in range(20)
            for calls in [around(visit, run, 60, seed, pace=pace, buys=0.0)[1]]
        )

    assert lasts(0.2) < 0.5 * lasts(1.0)
