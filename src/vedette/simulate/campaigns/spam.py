"""Spam and skewing: messages that nobody wants, and views and votes that nobody gave."""

from __future__ import annotations

import random
from typing import Any

from vedette.simulate.calls import Arrivals, Script, Word
from vedette.simulate.campaigns.bouts import draw_rate, run_in_bouts
from vedette.simulate.campaigns.manners import come, rest, wander
from vedette.simulate.campaigns.toolkit import Toolkit
from vedette.simulate.people.journey import go_to, look_at_product, make_password
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["CHANNELS", "skewing", "spamming"]

CHANNELS = ("review", "contact", "signup")
"""Where a message is left: as a review, through the contact form, or as the name of a new account."""
_ACCEPTED = 0.85
_REPORTED = 0.25
"""Share of messages that somebody reports; invented, as is that it takes hours."""
_HOUR_S = 3600.0
_OPENINGS = "Great offer;Hello dear;Best price;Earn from home;You have won;Only today;Dear owner;Amazing".split(";")
_MIDDLES = "replica watches;crypto bonus;casino spins;cheap pills;seo links;loan approval;dating chat".split(";")
_ENDINGS = "click here;visit now;write me back;limited time;no risk;100% safe;thank you".split(";")


def spamming(world: World, part: Part) -> Arrivals:
    """Leave messages; option ``channel`` is one of :data:`CHANNELS`."""
    rng = world.rng(f"{part.name}/plan")
    channel = part.options.get("channel", "") or rng.choices(CHANNELS, (0.45, 0.35, 0.2))[0]
    if channel not in CHANNELS:
        raise ValueError(f"no channel {channel[:40]!r}; name one of {', '.join(CHANNELS)}")
    middle, many = rng.choice(_MIDDLES), {1: (1, 10), 2: (1, 4), 3: (1, 1)}[part.level]
    sent = 0

    def leave(kit: Toolkit, visit: Visit, rng: random.Random, number: int) -> Script:
        nonlocal sent
        sent += 1
        is_right = rng.random() < _ACCEPTED
        words: tuple[Word, ...] = ()
        if is_right and rng.random() < _REPORTED:
            words = (Word("abuse_report", _HOUR_S * rng.lognormvariate(1.2, 1.0)),)
        sender = visit.shop.account(visit.shop.accounts + rng.randrange(10**6))
        text = _text(rng, middle)
        body: dict[str, Any]
        how: dict[str, Any] = {}
        if channel == "review":
            body, how = {"stars": "5", "text": text}, {"number": number}
        elif channel == "contact":
            body = {"topic": "contact", "email": sender, "message": text}
        else:
            body = {"email": sender, "password": make_password(rng), "name": text[:40], "terms": True}
            words = (*words, Word("signup_completed", 0.2 + rng.random())) if is_right else ()
        kind = "signup" if channel == "signup" else "message"
        yield from visit.do(
            channel, is_right=is_right, words=words, body=body, prize=f"{kind}:{part.name}-{sent}", **how
        )

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        number = visit.shop.popular_product(rng)
        yield from come(kit, visit, rng, **({"number": number} if channel == "review" else {}))
        yield from wander(kit, visit, int(rng.random() * 2.5))
        if kit.level == 3 and channel != "review":
            go_to(visit, "/contact" if channel == "contact" else "/account/new")
        for place in range(rng.randint(*many)):
            if kit.level == 3:
                visit.now += rng.lognormvariate(3.8, 0.6)  # as long as typing takes
            yield from leave(kit, visit, rng, visit.shop.popular_product(rng) if place else number)
            rest(kit, visit, rng)

    rate = draw_rate(rng, 0.2, 5.0) if part.level == 1 or (part.level == 2 and rng.random() < 0.3) else 0.0
    return run_in_bouts(world, part, "OAT-017", act, rng, rate, bouts=rng.choice((1, 3)))


def skewing(world: World, part: Part) -> Arrivals:
    """Push a few products by views, reported events and wishes; option ``targets`` says how many."""
    rng = world.rng(f"{part.name}/plan")
    count = int(part.option("targets", rng.choice((1, 3, 10))))
    goods = [rng.randrange(world.shop.products) for _ in range(max(1, count))]  # seldom best sellers: hence the push
    means = rng.choice(
        (("product",), ("product", "events"), ("events",), ("product", "wishlist"), ("search", "product"))
    )

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        number = rng.choice(goods)
        if kit.level == 3:
            yield from come(kit, visit, rng, number=number)
            for other in rng.sample(goods, min(len(goods) - 1, rng.randint(0, 2))):
                rest(kit, visit, rng)
                yield from look_at_product(visit, other)
        else:
            yield from come(kit, visit, rng)
        for name in means:
            if name == "product" and kit.level == 3:
                continue
            yield from _push(visit, rng, name, number)
            rest(kit, visit, rng)
        yield from wander(kit, visit, int(rng.random() * 2))

    rate = draw_rate(rng, 0.5, 8.0) if part.level == 1 or (part.level == 2 and rng.random() < 0.5) else 0.0
    return run_in_bouts(world, part, "OAT-016", act, rng, rate, bouts=rng.choice((1, 2, 4)))


def _push(visit: Visit, rng: random.Random, name: str, number: int) -> Script:
    if name == "events":
        events = [{"t": "view", "n": number} for _ in range(rng.randint(1, 4))]
        yield from visit.do("events", body={"events": events})
    elif name == "search":
        yield from visit.do("search", q=visit.shop.slug(number).replace("-", " "))
    elif name == "wishlist":
        yield from visit.do("wishlist", number=number, is_right=False)
    else:
        yield from visit.do(name, number=number)


def _text(rng: random.Random, middle: str) -> str:
    """Some sentences of advertising, about as long as what people write."""
    sentences = [
        f"{rng.choice(_OPENINGS)}, {middle}, {rng.choice(_ENDINGS)}!" for _ in range(1 + int(4 * rng.random() ** 2))
    ]
    if rng.random() < 0.7:
        sentences.append(
            f"https://{middle.partition(' ')[0]}-{rng.randrange(100, 1000)}.example/{rng.getrandbits(24):x}"
        )
    return " ".join(sentences)
