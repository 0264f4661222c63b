"""What a shopper does to pay: cart, coupons, gift cards, checkout, payment."""

from __future__ import annotations

from collections.abc import Generator

from vedette.simulate.calls import Call, Reply, Word
from vedette.simulate.people.pages import Steps, add_to_cart, choose, go_to, pause
from vedette.simulate.visit import Visit

__all__ = ["buy", "check_gift_card", "try_coupon"]

_DECLINED = 0.04
"""Share of people's payments that the bank declines; invented, in the range that payment providers tell."""
_CHARGED_BACK = 0.002
_DAY_S = 86_400.0


def buy(visit: Visit, *, declined: float = _DECLINED) -> Generator[Call, Reply, bool]:
    """Buy what is in the cart, or one product if it is empty; return whether it was paid for."""
    rng = visit.rng
    if not visit.cart and not (yield from add_to_cart(visit, choose(visit))):
        return False
    pause(visit, 0.5)
    go_to(visit, "/cart")
    yield from visit.do("cart")
    if rng.random() < 0.25:
        number = visit.cart[-1]
        yield from visit.do("cart_change", after=1 + 6 * rng.random(), number=number, body={"count": 2})
    if rng.random() < 0.15:
        yield from try_coupon(visit)
    pause(visit, 0.5)
    go_to(visit, "/checkout")
    reply = yield from visit.do("checkout", body={"shipping": "standard", "items": len(visit.cart)})
    if reply.status != 200:
        return False
    if rng.random() < 0.05:
        yield from check_gift_card(visit)
    for _ in range(3):
        visit.now += rng.lognormvariate(2.5 if visit.account else 4.0, 0.5)
        is_good = rng.random() >= declined
        reply = yield from visit.do(
            "payment",
            is_right=is_good,
            body={"method": "card", "token": f"{rng.getrandbits(96):024x}", "amount": 100 * rng.randrange(9, 400)},
            words=_words(visit, is_good),
        )
        if 200 <= reply.status < 300:
            visit.cart.clear()
            go_to(visit, "/checkout/done")
            yield from visit.do("cart", after=0.1 + 0.2 * rng.random())
            return True
        if reply.status != 402 or rng.random() < 0.35:
            break  # gives up, buys elsewhere
        declined = 0.4  # the same card, or another one
    return False


def _words(visit: Visit, is_good: bool) -> tuple[Word, ...]:
    rng = visit.rng
    if not is_good:
        return (Word("payment_declined", 0.2 + rng.random()),)
    conversion = Word("conversion", rng.lognormvariate(2.5, 1.2))
    if rng.random() < _CHARGED_BACK:
        return conversion, Word("chargeback", _DAY_S * rng.lognormvariate(2.7, 0.5))
    return (conversion,)


def try_coupon(visit: Visit) -> Steps:
    """Try one coupon or a few; most that people find are over."""
    rng = visit.rng
    for _ in range(1 + int(rng.random() * rng.random() * 4)):
        is_right = rng.random() < 0.4
        visit.now += 4 + 12 * rng.random()
        yield from visit.do(
            "coupon", is_right=is_right, body={"code": f"{visit.shop.slug(rng.randrange(900))[:8].upper()}"}
        )
        if is_right:
            break


def check_gift_card(visit: Visit) -> Steps:
    """Ask what is left on a gift card; its long number is mistyped now and then."""
    rng = visit.rng
    number = rng.randrange(10**15, 10**16)
    while True:
        visit.now += rng.lognormvariate(2.6, 0.4)
        is_right = rng.random() < 0.88
        yield from visit.do("gift_card", is_right=is_right, body={"number": str(number)})
        if is_right or rng.random() < 0.3:
            return
