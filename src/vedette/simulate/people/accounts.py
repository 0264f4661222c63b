"""What a shopper does with an account: sign in, sign up, forget the password, look at orders."""

from __future__ import annotations

import random
import zlib
from collections.abc import Generator

from vedette.simulate.calls import Call, Reply, Word
from vedette.simulate.people.pages import Steps, go_to, pause
from vedette.simulate.visit import Visit

__all__ = [
    "Attempts",
    "bearer",
    "draw_attempts",
    "log_in",
    "look_around_account",
    "make_password",
    "password_of",
    "reset_password",
    "sign_up",
]

Attempts = tuple[int, bool, bool]
"""Wrong passwords typed, whether the right one follows, and whether a new one has to be asked for first."""

_REFUSED = (400, 401, 403, 422)
_LENGTHS = (8, 8, 8, 8, 9, 9, 9, 10, 10, 10, 11, 11, 12, 12, 13, 14, 16, 20)
"""Of passwords, equally often; invented. Nothing but their length is ever seen."""


def make_password(rng: random.Random) -> str:
    """Make a password as long as somebody's."""
    return "-" * rng.choice(_LENGTHS)


def password_of(account: str) -> str:
    """The password of an account, always equally long."""
    return "-" * _LENGTHS[zlib.crc32(account.encode()) % len(_LENGTHS)]


def draw_attempts(rng: random.Random) -> Attempts:
    """Draw how a login goes: about two of five attempts fail, as in the RBA data (46 %), nearly all soon put right."""
    chance = rng.random()
    if chance < 0.62:
        return 0, True, False
    if chance < 0.80:
        return 1, True, False
    if chance < 0.86:
        return 2, True, False
    if chance < 0.92:
        return 2 + int(rng.random() * 3), True, True
    return 1 + int(rng.random() * 3), False, False


def log_in(
    visit: Visit,
    account: str,
    *,
    attempts: Attempts | None = None,
    is_autofilled: bool = False,
    password: str = "",
) -> Generator[Call, Reply, bool]:
    """Sign in, with the wrong passwords before; return whether it was done.

    Args:
        attempts: How it goes; drawn where it is left out.
        is_autofilled: The browser or a password manager fills in the form within a second or two.
        password: What is typed in the end; that of the account where it is left out.
    """
    rng = visit.rng
    password = password or password_of(account)
    wrong, is_known, is_reset = attempts or draw_attempts(rng)
    go_to(visit, "/account/login")
    for _ in range(wrong):
        tried = account[:-1] if rng.random() < 0.06 else account  # the name itself mistyped
        typed = make_password(rng) if rng.random() < 0.5 else password[rng.random() < 0.4 :]  # another one, or a slip
        reply = yield from _try(visit, tried, typed, False, is_autofilled)
        if reply.status not in _REFUSED:
            return False
        is_autofilled = False
    if is_reset:
        yield from reset_password(visit, account)
    if not is_known:
        return False
    reply = yield from _try(visit, account, password, True, is_autofilled)
    if not 200 <= reply.status < 300:
        return False
    visit.account = account
    if visit.kind != "fetch":
        visit.client.authorization = bearer(rng)
    yield from visit.do("profile", after=0.02 + 0.1 * rng.random(), waits=False)
    yield from visit.do("cart", after=0.004)
    return True


def _try(
    visit: Visit, account: str, password: str, is_right: bool, is_autofilled: bool
) -> Generator[Call, Reply, Reply]:
    rng = visit.rng
    visit.now += rng.lognormvariate(0.4, 0.5) if is_autofilled else rng.lognormvariate(2.2, 0.55)
    return (
        yield from visit.do(
            "login",
            account=account,
            is_right=is_right,
            body={"email": account, "password": password},
            words=(Word("login_succeeded" if is_right else "login_failed", 0.1 + 0.5 * rng.random()),),
        )
    )


def bearer(rng: random.Random) -> str:
    """Make a bearer token, as long as a small signed one."""
    return f"Bearer {rng.getrandbits(256):064x}"


def reset_password(visit: Visit, account: str) -> Steps:
    """Ask for a new password, wait for the mail, set it."""
    rng = visit.rng
    go_to(visit, "/account/recover")
    yield from visit.do("reset", after=3 + 12 * rng.random(), body={"email": account})
    visit.now += rng.lognormvariate(4.0, 0.7)  # the mail comes and is found
    go_to(visit, "/account/recover/set")
    yield from visit.do(
        "reset_confirm",
        is_right=rng.random() > 0.05,
        body={"code": rng.randrange(10**5, 10**6), "password": password_of(account)},
    )


def sign_up(visit: Visit, account: str) -> Generator[Call, Reply, bool]:
    """Open an account; one of eight tries is refused first, for a weak password or a missing field."""
    rng = visit.rng
    go_to(visit, "/account/new")
    body = {"email": account, "password": password_of(account), "name": account.partition("@")[0], "terms": True}
    for last in (False, True):
        is_right = last or rng.random() > 0.12
        visit.now += rng.lognormvariate(3.6 if not last else 2.3, 0.5)
        words = (Word("signup_completed", 0.2 + rng.random()),) if is_right else ()
        reply = yield from visit.do("signup", is_right=is_right, body=body, words=words)
        if reply.status == 201:
            visit.account = account
            if visit.kind != "fetch":
                visit.client.authorization = bearer(rng)
            yield from visit.do("profile", after=0.1)
            return True
        if reply.status != 422:
            break
    return False


def look_around_account(visit: Visit) -> Steps:
    """Look at orders, one of them, or the profile; needs a login."""
    rng = visit.rng
    go_to(visit, "/account/orders")
    yield from visit.do("orders", page=1)
    first = rng.randrange(2_000_000)
    for at in range(int(rng.random() * 3)):
        pause(visit)
        go_to(visit, "/account/order")
        yield from visit.do("order", order=visit.shop.order_id(first + at * rng.randrange(1, 90_000)))
    if rng.random() < 0.25:
        pause(visit)
        go_to(visit, "/account/profile")
        yield from visit.do("profile")
        if rng.random() < 0.4:
            visit.now += 5 + 30 * rng.random()
            yield from visit.do("profile_change", body={"name": visit.account.partition("@")[0], "city": "-" * 8})
