"""Getting at goods before people do: holding stock in carts, buying up what is dropped, and jumping the queue.

A shop's cart keeps its goods for about a quarter of an hour; that, and how fast a drop sells out, is invented.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Generator
from typing import Any, NamedTuple

from msgspec.structs import replace

from vedette.simulate.calls import Arrivals, Call, Reply, Script, Truth, Word
from vedette.simulate.campaigns.bouts import draw_rate, run_in_bouts
from vedette.simulate.campaigns.manners import come, rest, wander
from vedette.simulate.campaigns.toolkit import Act, Toolkit, run
from vedette.simulate.clients import Client
from vedette.simulate.networks import Address
from vedette.simulate.people.journey import go_to, look_at_product
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World
from vedette.types import OutcomeName

__all__ = ["EXPEDITES", "expediting", "inventory_hoarding", "scalping"]

_EXPIRES_S = 900.0
_SOLD_OUT_S = 240.0
"""After a drop, an order is accepted with a probability that falls by e in this time."""
_MOST_WORKERS, _MOST_CARTS = 500, 2000
EXPEDITES = ("funnel", "queue", "bidding")
"""What is hurried: an order without a look at anything, places in waiting lists, offers at the till."""


class _Held(NamedTuple):
    """A cart that somebody has to come back to."""

    due: float
    client: Client
    truth: Truth
    goods: list[int]


def inventory_hoarding(world: World, part: Part) -> Arrivals:
    """Hold goods in carts without ever buying, and renew before they expire; option ``targets`` says how many goods.

    At level 3 the same browser comes back for that, from another address.
    """
    rng = world.rng(f"{part.name}/plan")
    targets = int(part.option("targets", rng.choice((2, 8, 40))))
    goods = [world.shop.popular_product(rng) for _ in range(max(1, targets))]
    most = {1: 30, 2: 8, 3: 3}[part.level]
    renewals = {1: rng.randint(3, 12), 2: rng.randint(1, 4), 3: 0}[part.level]
    comes_back = rng.random() * 0.8
    carts: deque[_Held] = deque(maxlen=_MOST_CARTS)
    held = 0

    def fill(kit: Toolkit, visit: Visit, rng: random.Random) -> Generator[Call, Reply, list[int]]:
        nonlocal held
        chosen = rng.sample(goods, min(len(goods), rng.randint(1, most)))
        yield from come(kit, visit, rng, number=chosen[0])
        for number in chosen:
            if kit.level == 3 and number not in visit.seen:
                yield from look_at_product(visit, number)
                rest(kit, visit, rng)
            held += 1
            prize = f"stock:{visit.shop.product_id(number)}-{held}"
            yield from visit.do("cart_add", number=number, is_right=rng.random() < 0.93, prize=prize)
            rest(kit, visit, rng)
            if rng.random() < (0.3 if kit.level == 3 else 0.7):
                count = rng.randint(2, 4) if kit.level == 3 else rng.choice((5, 10, 20, 99))
                yield from visit.do("cart_change", number=number, is_right=count < 99, body={"count": count})
                rest(kit, visit, rng)
        yield from wander(kit, visit, int(rng.random() * 3))
        return chosen

    def renew(kit: Toolkit, visit: Visit, rng: random.Random, chosen: list[int]) -> Script:
        go_to(visit, "/cart")
        if kit.level == 3:
            yield from visit.do("cart")
            rest(kit, visit, rng)
        for number in chosen:
            yield from visit.do("cart_change", number=number, body={"count": rng.randint(1, 3)})
            rest(kit, visit, rng)

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        if kit.level == 3 and carts and carts[0].due <= visit.now:
            cart = carts.popleft()
            client = visit.client
            cart.client.move(Address(client.address, client.asn, client.country, client.network))
            cart.client.reconnect(rng)
            visit.client, visit.truth = cart.client, cart.truth
            visit.kind = "fetch" if "fetch" in cart.client.stack.headers else "api"
            yield from kit.arrive(visit, rng, is_warm=True)
            yield from renew(kit, visit, rng, cart.goods)
        else:
            cart = _Held(0.0, visit.client, visit.truth, (yield from fill(kit, visit, rng)))
        for _ in range(renewals):
            visit.now += _EXPIRES_S * (0.95 if kit.level == 1 else rng.uniform(0.6, 0.97))
            if visit.now >= kit.end:
                return
            yield from renew(kit, visit, rng, cart.goods)
        if part.level == 3 and rng.random() < comes_back:
            carts.append(cart._replace(due=visit.now + _EXPIRES_S * rng.uniform(0.6, 0.9)))

    calls, lasts_s = (1.7 + renewals) * min(len(goods), most) / 2, _EXPIRES_S * 0.8 * renewals + 5.0
    begin, end = world.span(part)
    at_once = world.count(part) / calls * lasts_s / (end - begin)
    kit = Toolkit(world, part, "OAT-021", workers=min(_MOST_WORKERS, 1 + math.ceil(at_once)))
    if part.level < 3:
        kit.pacer.act_calls, kit.pacer.act_s = calls, lasts_s
    return run(world, part, "OAT-021", act, kit)


def scalping(world: World, part: Part) -> Arrivals:
    """Buy up a few goods in the seconds after they are dropped.

    Options: ``drop``, seconds after the part's begin, and ``goods``, how many.
    """
    rng = world.rng(f"{part.name}/plan")
    begin, end = world.span(part)
    drop = begin + min((end - begin) * 0.98, part.option("drop", (end - begin) * rng.uniform(0.3, 0.7)))
    count = int(part.option("goods", rng.choice((1, 1, 3))))
    goods = [world.shop.popular_product(rng) for _ in range(max(1, count))]
    before = min(drop - begin, rng.uniform(*((200.0, 1200.0), (300.0, 2400.0), (600.0, 2400.0))[part.level - 1]))
    after = min(end - drop, rng.uniform(0.15, 0.4) * before + 20.0)
    reserve = world.count(part) * 0.35
    polls = rng.choice((("product",), ("price",), ("product", "price")))
    ready_s = {1: 8.0, 2: 30.0, 3: 600.0}[part.level]
    waits = rng.random() < 0.6
    bought = 0

    def buy(kit: Toolkit, visit: Visit, rng: random.Random, number: int) -> Generator[Call, Reply, bool]:
        nonlocal bought
        chance = math.exp(-max(0.0, visit.now - drop) / _SOLD_OUT_S)
        reply = yield from visit.do("cart_add", number=number, is_right=rng.random() < chance)
        if not 200 <= reply.status < 300:
            return False
        bought += 1
        yield from _order(kit, visit, rng, number, f"stock:{visit.shop.product_id(number)}-{bought}")
        return True

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        number = rng.choice(goods)
        yield from kit.arrive(visit, rng, **({"number": number} if kit.level == 3 else {}))
        visit.now += 0.5 * rng.random() if kit.level == 3 else 0.0
        left_s = drop - visit.now
        if left_s > ready_s:
            if waits and rng.random() < (0.3 if kit.level == 3 else 0.05):
                body = {"email": visit.shop.account(visit.shop.accounts + rng.randrange(10**6))}
                yield from visit.do("waitlist", number=number, body=body)
                rest(kit, visit, rng)
            for name in polls:
                yield from visit.do(name, number=number)
            return
        while left_s > 0.9:  # in sight: it stays, and looks now and then
            looks = (2.0, 6.0) if kit.level < 3 else (15.0, 90.0) if kit.left > reserve else (90.0, 160.0)
            visit.now += min(left_s - 0.3, rng.uniform(*looks))
            yield from visit.do(polls[0], number=number)
            left_s = drop - visit.now
        visit.now = max(visit.now, drop + 0.4 * rng.random())
        for _ in range({1: 4, 2: 2, 3: 1}[kit.level]):
            if not (yield from buy(kit, visit, rng, number)):
                break

    part = replace(part, at_s=drop - before - world.start, lasts_s=before + after)
    kit = Toolkit(world, part, "OAT-005", activity="steady")
    kit.pacer.act_calls = 4.0 if part.level < 3 else 20.0
    return run(world, part, "OAT-005", act, kit)


def expediting(world: World, part: Part) -> Arrivals:
    """Go faster than people can through what they have to wait for; option ``mode`` is one of :data:`EXPEDITES`."""
    rng = world.rng(f"{part.name}/plan")
    mode = part.options.get("mode", "") or rng.choices(EXPEDITES, (0.5, 0.3, 0.2))[0]
    if mode not in EXPEDITES:
        raise ValueError(f"no mode {mode[:40]!r}; name one of {', '.join(EXPEDITES)}")
    act = {"funnel": _funnel, "queue": _queue, "bidding": _bidding}[mode](part.name)
    rate = draw_rate(rng, 0.5, 8.0) if part.level == 1 or (part.level == 2 and rng.random() < 0.5) else 0.0
    return run_in_bouts(world, part, "OAT-006", act, rng, rate, bouts=rng.choice((1, 3, 6)))


def _funnel(name: str) -> Act:
    won = 0

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        nonlocal won
        number = visit.shop.popular_product(rng)
        yield from come(kit, visit, rng, number=number)
        reply = yield from visit.do("cart_add", number=number, is_right=rng.random() > 0.02)
        if 200 <= reply.status < 300:
            won += 1
            yield from _order(kit, visit, rng, number, f"stock:{name}-{won}")

    return act


def _queue(name: str) -> Act:
    """Take places in waiting lists, many from one client or one from each of many."""
    won = 0

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        nonlocal won
        number = visit.shop.popular_product(rng)
        yield from come(kit, visit, rng, number=number)
        for _ in range(1 if kit.level == 3 else rng.randint(1, 10)):
            won += 1
            body = {"email": visit.shop.account(rng.randrange(visit.shop.accounts))}
            yield from visit.do(
                "waitlist", number=number, after=0.2 * rng.random(), body=body, prize=f"token:{name}-{won}"
            )
            if kit.level < 3:
                rest(kit, visit, rng)

    return act


def _bidding(name: str) -> Act:
    """Put something into the cart and press the till again and again until it opens."""
    won = 0

    def act(kit: Toolkit, visit: Visit, rng: random.Random) -> Script:
        nonlocal won
        number = visit.shop.popular_product(rng)
        yield from come(kit, visit, rng, number=number)
        yield from visit.do("cart_add", number=number)
        presses = rng.randint(1, 4) if kit.level == 3 else rng.randint(3, 20)
        for press in range(presses):
            is_right = press == presses - 1
            body: dict[str, Any] = {"shipping": "standard", "items": 1}
            yield from visit.do("checkout", after=0.15 + 0.4 * rng.random(), is_right=is_right, body=body)
        won += 1
        yield from _pay(visit, rng, f"stock:{name}-{won}")

    return act


def _order(kit: Toolkit, visit: Visit, rng: random.Random, number: int, prize: str) -> Script:
    """Check out and pay within a second or two, with everything filled in."""
    hurry = (0.0, 0.01, 0.15, 0.5)[kit.level]
    go_to(visit, "/checkout")
    after = hurry * (0.5 + rng.random())
    reply = yield from visit.do("checkout", after=after, body={"shipping": "standard", "items": 1}, number=number)
    if 200 <= reply.status < 300:
        visit.now += hurry * (0.5 + 2.0 * rng.random())
        yield from _pay(visit, rng, prize)


def _pay(visit: Visit, rng: random.Random, prize: str) -> Script:
    is_right = rng.random() > 0.05
    outcome: OutcomeName = "conversion" if is_right else "payment_declined"
    word = Word(outcome, rng.lognormvariate(2.5, 1.2) if is_right else 0.2 + rng.random())
    body = {"method": "card", "token": f"{rng.getrandbits(96):024x}", "amount": 100 * rng.randrange(9, 400)}
    yield from visit.do("payment", is_right=is_right, prize=prize, words=(word,), body=body)
    visit.cart.clear()
