"""A shopper's way through the shop: all steps, and the usual way of stringing them together.

Each step is a generator of calls over a :class:`~vedette.simulate.visit.Visit`; a script goes through some::

    yield from open_shop(visit, number=17, referer="https://www.google.com/")
    yield from browse(visit, requests=30)
    yield from log_in(visit, account)
    yield from buy(visit)
"""

from __future__ import annotations

from vedette.simulate.people.accounts import (
    Attempts,
    bearer,
    draw_attempts,
    log_in,
    look_around_account,
    reset_password,
    sign_up,
)
from vedette.simulate.people.checkout import buy, check_gift_card, try_coupon
from vedette.simulate.people.cookies import session_cookie, take_cookie
from vedette.simulate.people.pages import (
    Steps,
    add_to_cart,
    browse,
    choose,
    go_to,
    load_file,
    look_at_article,
    look_at_listing,
    look_at_product,
    open_shop,
    pause,
    report,
    search,
)

__all__ = [
    "Attempts",
    "Steps",
    "add_to_cart",
    "bearer",
    "browse",
    "buy",
    "check_gift_card",
    "choose",
    "draw_attempts",
    "go_to",
    "load_file",
    "log_in",
    "look_around_account",
    "look_at_article",
    "look_at_listing",
    "look_at_product",
    "open_shop",
    "pause",
    "report",
    "reset_password",
    "search",
    "session_cookie",
    "sign_up",
    "take_cookie",
    "try_coupon",
]
