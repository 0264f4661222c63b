from __future__ import annotations

import random

import pytest

from vedette.simulate.calls import Reply
from vedette.simulate.people.accounts import (
    bearer,
    draw_attempts,
    log_in,
    look_around_account,
    password_of,
    reset_password,
    sign_up,
)

ANNA = "anna.fox@mail.example"


def outcomes(calls):
    return [word.outcome for call in calls for word in call.words]


def test_two_of_five_attempts_fail():
    drawn = [draw_attempts(random.Random(seed)) for seed in range(4000)]
    wrong = sum(count for count, _, _ in drawn)
    right = sum(is_known for _, is_known, _ in drawn)
    assert wrong / (wrong + right) == pytest.approx(0.41, abs=0.04)
    assert all(is_known for _, is_known, is_reset in drawn if is_reset)


@pytest.mark.parametrize("dialect", ["rest", "versioned", "store"])
def test_wrong_passwords_come_before_the_right_one(visit, run, dialect):
    here = visit("browser", "chrome", dialect=dialect)
    calls, is_done = run(here, log_in(here, ANNA, attempts=(2, True, False)))
    logins = [call for call in calls if call.endpoint == "login"]
    assert is_done
    assert [call.is_right for call in logins] == [False, False, True]
    assert outcomes(calls) == ["login_failed", "login_failed", "login_succeeded"]
    assert logins[-1].account == ANNA
    assert here.account == ANNA
    assert all(later.at - earlier.at > 1.0 for earlier, later in zip(logins, logins[1:], strict=False))
    assert all(word.after_s < 1.0 for call in logins for word in call.words)
    assert logins[0].body["password"] != logins[2].body["password"]


def test_who_gives_up_is_not_signed_in(visit, run):
    here = visit()
    calls, is_done = run(here, log_in(here, ANNA, attempts=(3, False, False)))
    assert (is_done, here.account, len(calls)) == (False, "", 3)


def test_a_forgotten_password_is_reset_by_mail(visit, run):
    here = visit()
    calls, is_done = run(here, log_in(here, ANNA, attempts=(2, True, True)))
    names = [call.endpoint for call in calls]
    assert is_done
    assert names[:5] == ["login", "login", "reset", "reset_confirm", "login"]
    assert calls[3].at - calls[2].at > 5.0


def test_a_password_manager_is_quick(visit, run):
    def seconds(is_autofilled, seed):
        here = visit(seed=seed)
        return (
            run(here, log_in(here, ANNA, attempts=(0, True, False), is_autofilled=is_autofilled))[0][0].at
            - 1_790_553_600
        )

    assert sum(seconds(True, seed) for seed in range(30)) * 3 < sum(seconds(False, seed) for seed in range(30))


def test_an_app_gets_a_token_and_a_browser_keeps_its_cookie(visit, run):
    app, browser = visit("app", "okhttp"), visit("browser", "chrome")
    run(app, log_in(app, ANNA, attempts=(0, True, False)))
    run(browser, log_in(browser, ANNA, attempts=(0, True, False)))
    assert app.client.authorization.startswith("Bearer ")
    assert browser.client.authorization == ""
    assert bearer(random.Random(1)) != bearer(random.Random(2))


def test_an_outage_ends_the_attempt(visit, run):
    here = visit()
    calls, is_done = run(here, log_in(here, ANNA, attempts=(3, True, False)), iter([Reply(503, here.now + 9)]))
    assert (is_done, len(calls)) == (False, 1)


def test_a_signup_may_be_refused_once(visit, run):
    again = 0
    for seed in range(200):
        here = visit(seed=seed)
        calls, is_done = run(here, sign_up(here, ANNA))
        signups = [call for call in calls if call.endpoint == "signup"]
        assert is_done
        assert outcomes(calls) == ["signup_completed"]
        assert here.account == ANNA
        again += len(signups) == 2
    assert 8 < again < 50


def test_an_account_has_orders_and_a_profile(visit, run):
    names = set()
    for seed in range(60):
        here = visit(seed=seed)
        here.account = ANNA
        calls, _ = run(here, look_around_account(here))
        assert calls[0].endpoint == "orders"
        assert all(call.path.rsplit("/", 1)[1].isdigit() for call in calls if call.endpoint == "order")
        names |= {call.endpoint for call in calls}
    assert names == {"orders", "order", "profile", "profile_change"}


def test_a_reset_waits_for_the_mail(visit, run):
    here = visit()
    calls, _ = run(here, reset_password(here, ANNA))
    assert [call.endpoint for call in calls] == ["reset", "reset_confirm"]
    assert calls[0].body == {"email": ANNA}


def test_an_account_keeps_its_password():
    assert password_of("anna@mail.example") == password_of("anna@mail.example")
    assert len({len(password_of(f"{number}@mail.example")) for number in range(300)}) > 8
