"""A shopper's way through the shop: all steps, and the usual way of stringing them together.

Each step is a generator of calls over a :class:`~vedette.simulate.visit.Visit`; a script goes through some::

    yield from open_shop(visit, number=17, referer="https://www.google.com/")
    yield from browse(visit, requests=30)
    yield from log_in(visit, account)
    yield from buy(visit)
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from vedette.simulate.people.accounts import (
    Attempts,
    bearer,
    draw_attempts,
    log_in,
    look_around_account,
    make_password,
    reset_password,
    sign_up,
)
from vedette.simulate.people.checkout import buy, check_gift_card, try_coupon
from vedette.simulate.people.cookies import session_cookie, take_cookie
from vedette.simulate.people.errands import run_errand
from vedette.simulate.people.pages import (
    Steps,
    add_to_cart,
    browse,
    choose,
    go_to,
    leave_after,
    load_file,
    look_at_article,
    look_at_listing,
    look_at_product,
    open_shop,
    open_tabs,
    pause,
    report,
    search,
)
from vedette.simulate.visit import Visit

__all__ = [
    "Attempts",
    "Habits",
    "Steps",
    "add_to_cart",
    "bearer",
    "browse",
    "buy",
    "check_gift_card",
    "choose",
    "draw_attempts",
    "go_to",
    "leave_after",
    "load_file",
    "log_in",
    "look_around_account",
    "look_at_article",
    "look_at_listing",
    "look_at_product",
    "make_password",
    "open_shop",
    "open_tabs",
    "pause",
    "report",
    "reset_password",
    "search",
    "session_cookie",
    "shop_around",
    "sign_up",
    "take_cookie",
    "try_coupon",
]


class Habits(Struct):
    """What somebody tends to do in the shop.

    Attributes:
        account: Login name; ``has_account`` whether it exists, ``logs_in`` how likely it is used without need.
        is_autofilled: Forms are filled in by the browser or a password manager.
        pace: Factor on all pauses.
        tabs: Likelihood of opening several products at once.
        carts: Share of product pages whose product goes into the cart.
        buys: Likelihood of paying for a cart that is not empty.
        move: Called now and then, where the client's address may change on the way.
    """

    account: str = ""
    has_account: bool = False
    logs_in: float = 0.2
    is_autofilled: bool = False
    pace: float = 1.0
    tabs: float = 0.02
    carts: float = 0.065
    buys: float = 0.33
    move: Callable[[], None] | None = None


def shop_around(visit: Visit, requests: int, habits: Habits) -> Steps:
    """Go through an open shop for about as many calls: look, sign in, run errands, and perhaps buy."""
    rng, pace = visit.rng, habits.pace
    signs_in = not visit.account and habits.has_account and rng.random() < habits.logs_in
    legs = 3 if requests - visit.made > 24 else 2
    for leg in range(1, legs + 1):
        yield from browse(
            visit, requests=visit.made + (requests - visit.made) * leg // legs, carts=habits.carts, pace=pace
        )
        if habits.move is not None:
            habits.move()
        if leg == legs or visit.made >= requests:
            break
        if signs_in and not visit.account:
            pause(visit, pace)
            if (yield from log_in(visit, habits.account, is_autofilled=habits.is_autofilled)) and rng.random() < 0.45:
                yield from look_around_account(visit)
            signs_in = False
        if rng.random() < 0.06:
            pause(visit, pace)
            yield from run_errand(visit, habits.account)
        if rng.random() < habits.tabs:
            yield from open_tabs(visit, 2 + int(rng.expovariate(0.3)))
    if visit.cart and rng.random() < habits.buys:
        pause(visit, pace)
        if not visit.account:
            if habits.has_account:
                yield from log_in(visit, habits.account, is_autofilled=habits.is_autofilled)
            elif habits.account and rng.random() < 0.3:
                yield from sign_up(visit, habits.account)
        yield from buy(visit)
