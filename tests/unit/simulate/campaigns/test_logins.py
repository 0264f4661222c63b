"""Logins and sign-ups of campaigns, step by step."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from vedette.simulate.calls import Reply
from vedette.simulate.campaigns.logins import abused, look_inside, register, rewritten, try_login
from vedette.simulate.campaigns.toolkit import Toolkit
from vedette.simulate.people.accounts import make_password
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

MIDNIGHT = 1_790_553_600.0


def make(level, seed=901, **how):
    part = Part(section="campaigns", kind="stuffing", name="stuffing", count=1000, level=level)
    kit = Toolkit(World(Scenario(name="day", start=MIDNIGHT), seed), part, "OAT-008", is_app=False, **how)
    return kit, kit.identity(kit.rng, kit.begin)


def drive(kit, steps, status=0):
    calls = []
    try:
        call = next(steps)
        while True:
            calls.append(call)
            reply = kit.shop.answer(call)
            call = steps.send(Reply(status, reply.ended) if status else reply)
    except StopIteration as end:
        return calls, end.value


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("is_right", [True, False])
def test_a_pair_is_right_or_not(level, is_right):
    kit, visit = make(level)
    calls, is_in = drive(kit, try_login(kit, visit, kit.rng, "a@b.example", is_right=is_right, noticed=1.0))
    (login,) = [call for call in calls if call.endpoint == "login"]
    assert is_in is is_right
    assert (login.account, login.is_right) == ("a@b.example", is_right)
    assert login.prize == ("account:a@b.example" if is_right else "")
    outcomes = [word.outcome for word in login.words]
    assert outcomes == (["login_succeeded", "abuse_report"] if is_right else ["login_failed"])
    assert visit.account == ("a@b.example" if is_right else "")


@pytest.mark.parametrize("level", [1, 3])
@pytest.mark.parametrize("status", [429, 503])
def test_no_answer_tells_nothing(level, status):
    kit, visit = make(level)
    assert drive(kit, try_login(kit, visit, kit.rng, "a@b.example", is_right=True), status)[1] is None


def test_the_next_try_of_a_script_begins_signed_out():
    kit, visit = make(1)
    drive(kit, try_login(kit, visit, kit.rng, "a@b.example", is_right=True))
    assert visit.client.authorization
    calls, _ = drive(kit, try_login(kit, visit, kit.rng, "c@d.example", is_right=False))
    assert "authorization" not in {name.lower() for name, _ in calls[0].headers}


@pytest.mark.parametrize("level", [1, 2, 3])
def test_what_was_taken_is_looked_at(level):
    counts = Counter()
    for seed in range(20):
        kit, visit = make(level, 901 + seed)
        visit.account = "a@b.example"
        calls, _ = drive(kit, look_inside(kit, visit, kit.rng))
        counts.update({call.endpoint for call in calls})
    assert counts["orders"] == 20
    assert 3 < counts["gift_card"] < 17


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_sign_up_is_won_once(level):
    for seed in range(20):
        kit, visit = make(level, 901 + seed)
        calls, _ = drive(kit, register(kit, visit, kit.rng, "false@name.example", noticed=1.0))
        won = [call for call in calls if call.prize]
        assert [call.prize for call in won] == ["signup:false@name.example"]
        assert [word.outcome for word in won[0].words] == ["signup_completed", "abuse_report"]
        assert won[0].is_right


def test_a_refused_sign_up_wins_nothing():
    kit, visit = make(1)
    calls, _ = drive(kit, register(kit, visit, kit.rng, "false@name.example", is_right=False))
    assert [(call.prize, call.words, call.is_right) for call in calls] == [("", (), False)]


def test_owners_notice_after_hours_to_days():
    rng = random.Random(1)
    delays = [word.after_s for _ in range(2000) for word in abused(rng, 0.5)]
    assert 850 < len(delays) < 1150
    assert sum(3600 < delay < 10 * 86_400 for delay in delays) / len(delays) > 0.95


def test_steps_are_rewritten_and_heard():
    kit, visit = make(1)

    def steps():
        yield from visit.do("profile")
        return "done"

    heard = []

    def rewrite(call):
        call.prize = "x:1"

    calls, end = drive(kit, rewritten(steps(), rewrite, lambda call, reply: heard.append((call.prize, reply.status))))
    assert (end, calls[0].prize, heard) == ("done", "x:1", [("x:1", 200)])


@pytest.mark.parametrize("level", [1, 2, 3])
def test_passwords_are_as_long_as_people_s_and_differ_from_try_to_try(level):
    kit, visit = make(level)
    rng = random.Random(4)
    theirs = {len(make_password(rng)) for _ in range(500)}
    mine = set()
    for _ in range(60):
        calls, _ = drive(kit, try_login(kit, visit, kit.rng, "a@b.example", is_right=False))
        mine |= {len(call.body["password"]) for call in calls if call.endpoint == "login"}
    assert len(mine) > 5
    assert mine <= theirs
