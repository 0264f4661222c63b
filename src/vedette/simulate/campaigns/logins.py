"""Logins and sign-ups of campaigns, plain at the lower levels and as people do them at the third."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Generator
from typing import TypeVar

from vedette.simulate.calls import Call, Reply, Script, Word
from vedette.simulate.campaigns.toolkit import Toolkit
from vedette.simulate.people.errands import run_errand
from vedette.simulate.people.journey import bearer, log_in, look_around_account, make_password, sign_up
from vedette.simulate.visit import Visit

__all__ = ["abused", "look_inside", "register", "rewritten", "try_login"]

T = TypeVar("T")
_DAY_S = 86_400.0


def rewritten(
    script: Generator[Call, Reply, T],
    rewrite: Callable[[Call], None],
    heard: Callable[[Call, Reply], None] | None = None,
) -> Generator[Call, Reply, T]:
    """Run somebody else's steps with each call changed before it is made, and noted when it was answered."""
    try:
        call = next(script)
        while True:
            rewrite(call)
            reply = yield call
            if heard is not None:
                heard(call, reply)
            call = script.send(reply)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # untyped by Python


def abused(rng: random.Random, share: float) -> tuple[Word, ...]:
    """The report of a customer whose account was taken: some notice, after hours or days."""
    if rng.random() >= share:
        return ()
    return (Word("abuse_report", 0.8 * _DAY_S * math.exp(1.1 * rng.gauss(0.0, 1.0))),)


def try_login(
    kit: Toolkit,
    visit: Visit,
    rng: random.Random,
    account: str,
    *,
    is_right: bool,
    noticed: float = 0.3,
    password: str = "",
) -> Generator[Call, Reply, bool | None]:
    """Try one pair; return whether it was right, or None where there was no answer to tell.

    Args:
        noticed: Likelihood that the owner of an account that was taken reports it later.
    """
    words: tuple[Word, ...] = (Word("login_succeeded" if is_right else "login_failed", 0.1 + 0.5 * rng.random()),)
    if is_right:
        words += abused(rng, noticed)
    prize = f"account:{account}" if is_right else ""
    password = password or make_password(rng)
    answers: list[int] = []

    def rewrite(call: Call) -> None:
        if call.endpoint == "login":
            call.is_right, call.words, call.prize = is_right, words, prize

    def heard(call: Call, reply: Reply) -> None:
        if call.endpoint == "login":
            answers.append(0 if reply.is_stopped else reply.status)

    if kit.level == 3:
        is_autofilled = rng.random() < 0.5
        yield from rewritten(
            log_in(visit, account, attempts=(0, True, False), is_autofilled=is_autofilled, password=password),
            rewrite,
            heard,
        )
    else:
        visit.account = visit.client.authorization = ""
        reply = yield from visit.do(
            "login",
            after=kit.gap(rng) if visit.made else 0.0,
            account=account,
            is_right=is_right,
            body={"email": account, "password": password},
            prize=prize,
            words=words,
        )
        answers.append(0 if reply.is_stopped else reply.status)
        if 200 <= answers[-1] < 300:
            visit.account = account
            if visit.kind != "fetch":
                visit.client.authorization = bearer(rng)
    status = answers[-1] if answers else 0
    if 200 <= status < 300:
        return True
    return False if status in (400, 401, 403, 404, 422) else None


def look_inside(kit: Toolkit, visit: Visit, rng: random.Random, *, pays: bool = True) -> Script:
    """Look what an account that was taken is worth: profile, orders, and gift cards where they pay."""
    if kit.level == 3:
        yield from look_around_account(visit)
        if pays and rng.random() < 0.5:
            yield from run_errand(visit, errand="gift_card")
        return
    yield from visit.do("profile", after=kit.gap(rng))
    yield from visit.do("orders", after=kit.gap(rng), page=1)
    if pays and rng.random() < 0.5:
        body = {"number": str(rng.randrange(10**15, 10**16))}
        yield from visit.do("gift_card", after=kit.gap(rng), is_right=rng.random() < 0.5, body=body)


def register(
    kit: Toolkit, visit: Visit, rng: random.Random, account: str, *, is_right: bool = True, noticed: float = 0.2
) -> Script:
    """Open an account that nobody is behind."""
    words: tuple[Word, ...] = ()
    if is_right:
        words = (Word("signup_completed", 0.2 + rng.random()), *abused(rng, noticed))
    prize = f"signup:{account}" if is_right else ""

    def rewrite(call: Call) -> None:
        if call.endpoint == "signup" and call.is_right:
            call.prize, call.words = prize, words

    if kit.level == 3:
        yield from rewritten(sign_up(visit, account), rewrite)
        return
    body = {"email": account, "password": make_password(rng), "name": account.partition("@")[0], "terms": True}
    yield from visit.do(
        "signup", after=kit.gap(rng) if visit.made else 0.0, is_right=is_right, body=body, prize=prize, words=words
    )
