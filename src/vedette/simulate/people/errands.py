"""Small things that people do in a shop beside looking and buying."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from vedette.simulate.people.accounts import sign_up
from vedette.simulate.people.checkout import check_gift_card, try_coupon
from vedette.simulate.people.pages import Steps, add_to_cart, choose, go_to, look_at_article
from vedette.simulate.visit import Visit

__all__ = ["ERRANDS", "run_errand"]

ERRANDS = {
    "article": 22.0,
    "wishlist": 20.0,
    "signup": 14.0,
    "coupon": 8.0,
    "gift_card": 6.0,
    "contact": 6.0,
    "newsletter": 8.0,
    "review": 6.0,
    "waitlist": 6.0,
    "recommendations": 4.0,
}
"""How often each is run, against the others; invented."""
_NAMES = tuple(ERRANDS)
_WEIGHTS = list(accumulate(ERRANDS.values()))


def run_errand(visit: Visit, account: str = "", errand: str = "") -> Steps:
    """Run one errand, drawn where none is named; some of them need a login or a mail address."""
    rng = visit.rng
    errand = errand or _NAMES[bisect_right(_WEIGHTS, rng.random() * _WEIGHTS[-1], 0, len(_WEIGHTS) - 1)]
    if errand == "article":
        yield from look_at_article(visit)
    elif errand == "wishlist":
        yield from visit.do("wishlist", number=choose(visit), is_right=bool(visit.account))
    elif errand == "signup":
        if account and not visit.account:
            yield from sign_up(visit, account)
    elif errand == "coupon":
        if visit.cart or (yield from add_to_cart(visit, choose(visit))):
            yield from try_coupon(visit)
    elif errand == "gift_card":
        go_to(visit, "/gift-cards")
        yield from check_gift_card(visit)
    elif errand in ("contact", "newsletter"):
        go_to(visit, f"/{errand}")
        visit.now += rng.lognormvariate(4.2, 0.6) if errand == "contact" else rng.lognormvariate(2.0, 0.5)
        length = int(rng.lognormvariate(5.2, 0.6)) if errand == "contact" else 10
        body = {"topic": errand, "email": account, "message": "-" * length}
        yield from visit.do("contact", is_right=rng.random() > 0.05, body=body)
    elif errand == "review":
        visit.now += rng.lognormvariate(4.0, 0.6)
        body = {"stars": str(1 + int(5 * rng.random() ** 0.5)), "text": "-" * int(rng.lognormvariate(4.9, 0.7))}
        yield from visit.do("review", number=choose(visit), is_right=rng.random() > 0.05, body=body)
    elif errand == "waitlist":
        yield from visit.do("waitlist", number=choose(visit), body={"email": account})
    else:
        yield from visit.do("graphql", body={"operationName": "Recommendations", "variables": {"first": 12}})
