"""Cracking at the till: stolen cards tried out, and the rest of a card, gift cards and coupon codes guessed."""

from __future__ import annotations

import random
from collections.abc import Generator

from msgspec import Struct

from vedette.simulate.calls import Arrivals, Call, Reply, Script, Word
from vedette.simulate.campaigns.bouts import draw_rate, run_in_bouts
from vedette.simulate.campaigns.manners import come, rest, wander
from vedette.simulate.campaigns.toolkit import Act, Toolkit
from vedette.simulate.people.journey import go_to, look_at_product
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["card_cracking", "carding", "gift_card_cracking", "token_cracking"]

_DAY_S = 86_400.0
_CHARGED_BACK = 0.6
"""Share of payments with stolen cards whose owners complain; invented."""
_BATCHES = {1: (10, 60), 2: (2, 10), 3: (1, 2)}
"""Tries with one cart, by level."""
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class _Card(Struct):
    """A card of which something is missing.

    Attributes:
        secret: The number of the guess that is right, from 1; ``tried`` so many were made.
    """

    id: str
    secret: int
    tried: int = 0


def _run(world: World, part: Part, threat: str, act: Act, rng: random.Random) -> Arrivals:
    """Work fast for a while where it does not have to hide, else all the time; option ``rate`` says otherwise."""
    rate = 0.0
    if rng.random() < (0.7, 0.4, 0.0)[part.level - 1]:
        rate = draw_rate(rng, 0.2, 4.0)
    return run_in_bouts(world, part, threat, act, rng, rate, bouts=rng.choice((1, 2, 3)))


def carding(world: World, part: Part) -> Arrivals:
    """Try many stolen cards with small payments as a guest; option ``valid`` is the share that is good."""
    rng = world.rng(f"{part.name}/plan")
    valid = part.option("valid", 0.02 * 8 ** rng.random())
    batch = rng.randint(*_BATCHES[part.level])
    goods = [world.shop.popular_product(rng) for _ in range(rng.choice((1, 1, 3, 20)))]
    dearest = 400 if part.level == 3 else rng.choice((15, 60, 200))
    tried = 0

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        nonlocal tried
        if not (yield from _to_the_till(kit, visit, rng, rng.choice(goods))):
            return
        amount = 100 * rng.randrange(9 if dearest == 400 else 1, dearest)
        for _ in range(batch):
            tried += 1
            is_right = rng.random() < valid
            reply = yield from _pay(kit, visit, rng, f"{part.name}-{tried}", rng.getrandbits(96), amount, is_right)
            if is_right and 200 <= reply.status < 300:  # the cart is bought: on with another one
                if kit.level == 3:
                    go_to(visit, "/checkout/done")
                    yield from visit.do("cart", after=0.1 + 0.2 * rng.random())
                break
        visit.cart.clear()

    return _run(world, part, "OAT-001", act, rng)


def card_cracking(world: World, part: Part) -> Arrivals:
    """Guess the expiry date or check number of a few cards whose numbers are known."""
    rng = world.rng(f"{part.name}/plan")
    guesses = rng.choice((60, 120, 1000))  # five years of months; two halves of them; three digits
    batch = rng.randint(*_BATCHES[part.level])
    width = {1: rng.choice((1, 1, 3)), 2: rng.randint(3, 20), 3: rng.randint(20, 200)}[part.level]
    good = world.shop.popular_product(rng)
    cards: list[_Card] = []
    known = 0

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        nonlocal known
        if not (yield from _to_the_till(kit, visit, rng, good)):
            return
        amount = 100 * rng.randrange(9, 400 if kit.level == 3 else 30)
        while len(cards) < width:
            known += 1
            cards.append(_Card(f"{part.name}-{known}", 1 + rng.randrange(guesses)))
        card = cards[0] if kit.level == 1 else rng.choice(cards)
        token = int.from_bytes(card.id.encode()[-12:], "big")
        for _ in range(batch):
            card.tried += 1
            is_right = card.tried == card.secret
            if is_right:
                cards.remove(card)
            reply = yield from _pay(kit, visit, rng, card.id, token, amount, is_right)
            if is_right:
                if reply.is_stopped or not 200 <= reply.status < 300:  # nothing learned: once more
                    card.tried -= 1
                    cards.append(card)
                break
            if card not in cards:  # another worker has opened it
                break
        visit.cart.clear()

    return _run(world, part, "OAT-010", act, rng)


def gift_card_cracking(world: World, part: Part) -> Arrivals:
    """Guess numbers of gift cards and see what is left on them; option ``valid`` is the share that exists."""
    rng = world.rng(f"{part.name}/plan")
    valid = part.option("valid", 0.001 * 10 ** rng.random())
    batch = rng.randint(*_BATCHES[part.level])
    is_in_order, first = rng.random() < 0.4, rng.randrange(10**15, 9 * 10**15)
    tried = 0

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        nonlocal tried
        yield from come(kit, visit, rng)
        if kit.level == 3:
            yield from wander(kit, visit, int(rng.random() * 3))
            go_to(visit, "/gift-cards")
            rest(kit, visit, rng)
        for _ in range(batch):
            tried += 1
            number = first + tried if is_in_order else rng.randrange(10**15, 10**16)
            yield from visit.do(
                "gift_card", is_right=rng.random() < valid, prize=f"gift_card:{number}", body={"number": str(number)}
            )
            rest(kit, visit, rng)

    return _run(world, part, "OAT-002", act, rng)


def token_cracking(world: World, part: Part) -> Arrivals:
    """Guess codes of coupons; option ``valid`` is the share that is good."""
    rng = world.rng(f"{part.name}/plan")
    valid = part.option("valid", 0.002 * 10 ** rng.random())
    batch = rng.randint(*_BATCHES[part.level]) * (2 if part.level == 1 else 1)
    good = world.shop.popular_product(rng)
    head, length = rng.choice(("", "", "WIN", "SAVE", "VIP")), rng.choice((7, 8, 8))

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        if not (yield from _fill_cart(kit, visit, rng, good)):
            return
        for _ in range(batch):
            code = head + "".join(rng.choices(_LETTERS, k=length - len(head)))
            yield from visit.do("coupon", is_right=rng.random() < valid, prize=f"token:{code}", body={"code": code})
            rest(kit, visit, rng)
        if kit.level == 1 and rng.random() < 0.5:
            visit.cart.clear()

    return _run(world, part, "OAT-002", act, rng)


def _fill_cart(kit: Toolkit, visit: Visit, rng: random.Random, number: int) -> Generator[Call, Reply, bool]:
    """Come and have something in the cart."""
    yield from come(kit, visit, rng, number=number)
    if visit.cart:
        return True
    if kit.level == 3 and rng.random() < 0.5:
        yield from wander(kit, visit, 1 + int(rng.random() * 2))
        rest(kit, visit, rng)
        yield from look_at_product(visit, number)
        rest(kit, visit, rng)
    reply = yield from visit.do("cart_add", number=number)
    if not 200 <= reply.status < 300:
        return False
    visit.cart.append(number)
    rest(kit, visit, rng)
    if kit.level == 3 or (kit.level == 2 and kit.traits.loads_pages):
        go_to(visit, "/cart")
        yield from visit.do("cart")
        rest(kit, visit, rng)
    return True


def _to_the_till(kit: Toolkit, visit: Visit, rng: random.Random, number: int) -> Generator[Call, Reply, bool]:
    """Come as a guest, with a cart, as far as where one pays."""
    if not (yield from _fill_cart(kit, visit, rng, number)):
        return False
    go_to(visit, "/checkout")
    reply = yield from visit.do("checkout", body={"shipping": "standard", "items": len(visit.cart)})
    rest(kit, visit, rng)
    return 200 <= reply.status < 300


def _pay(
    kit: Toolkit, visit: Visit, rng: random.Random, card: str, token: int, amount: int, is_right: bool
) -> Generator[Call, Reply, Reply]:
    if kit.level == 3:
        visit.now += rng.lognormvariate(3.6, 0.5)  # as long as typing a card takes
    words: tuple[Word, ...]
    if not is_right:
        words = (Word("payment_declined", 0.2 + rng.random()),)
    elif rng.random() < _CHARGED_BACK:
        conversion = Word("conversion", rng.lognormvariate(2.5, 1.2))
        words = (conversion, Word("chargeback", _DAY_S * rng.lognormvariate(2.7, 0.5)))
    else:
        words = (Word("conversion", rng.lognormvariate(2.5, 1.2)),)
    reply = yield from visit.do(
        "payment",
        is_right=is_right,
        prize=f"card:{card}",
        words=words,
        body={"method": "card", "token": f"{token:024x}", "amount": amount},
    )
    if kit.level < 3:
        rest(kit, visit, rng)
    return reply
