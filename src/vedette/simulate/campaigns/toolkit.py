"""The framework of every campaign: who works, with which tools, at which pace, until the budget is spent.

A family is an *act*: one unit of attack, such as one login or one page of products, written once for all levels::

    def act(kit: Toolkit, visit: Visit, rng: Random) -> Script:
        yield from kit.arrive(visit, rng)
        yield from visit.do("price", after=kit.gap(rng), number=17)

:func:`run` gives it visits of the right kind, paces it, spends the budget to the request, and retools. At levels 1
and 2 a set of workers repeat the act; at level 3 each act is a visit of its own from an address of its own. Acts of
level 3 are made of people's steps, :mod:`vedette.simulate.people.journey`.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from vedette.simulate.calls import Arrivals, Call, Reply, Script, Truth
from vedette.simulate.campaigns.disguise import Disguise
from vedette.simulate.campaigns.exits import Exits
from vedette.simulate.campaigns.pacing import Pacer
from vedette.simulate.campaigns.traits import Traits, draw_traits
from vedette.simulate.people.apps import open_app
from vedette.simulate.people.entries import draw_entry, draw_referrer
from vedette.simulate.people.journey import go_to, open_shop, session_cookie
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["Act", "Toolkit", "run"]

_RECENT = 20
_MOST_WORKERS = 1000
_TICKS = 400
_LEAST_CALLS = 60  # nobody is set to work for less
_APP_SHARE = 0.3
_READ_S = 1.0
"""Longer gaps are a person's; shorter ones are a page's that loads."""
_LONGEST_GAP_S = 180.0
_LEAVES, _MOST_PATIENCE_S = 0.7, 120.0


class _Worker(Struct):
    visit: Visit
    generation: int
    acts: int
    calls: int = 0
    made: int = 0


class Toolkit:
    """The tools of one campaign.

    Attributes:
        left: Requests that may still be made.
        level: How well it hides at the moment; the truth keeps the level that the scenario declares.
        generation: How often it has retooled.
        has_given_up: It was stopped once too often.
        rng: Chance of all that it does; its scripts share it, since only one runs at a time. Parts of one name that
            begin at different times have the same tools and do different things with them.
        quiet_until: It lies low until then, after having been stopped.
        employed: Workers that share the pace.
        next_tick: Workers that sleep longer than until then are woken, others wake by themselves.
    """

    def __init__(
        self,
        world: World,
        part: Part,
        threat: str,
        *,
        family: str = "",
        is_app: bool | None = None,
        **traits: Any,
    ) -> None:
        """Draw the tools of a campaign; ``traits`` fixes fields of :class:`~.traits.Traits` for its whole life."""
        self.world, self.part, self.threat = world, part, threat
        self.shop = world.shop
        self.family = family or part.kind
        self.left = world.count(part)
        self.level: int = part.level or 1
        self.generation = 0
        self.has_given_up = False
        tools = world.rng(f"campaigns/{part.name}")
        self.begin, self.end = world.span(part)
        self._at = round(self.begin - world.start)
        self.rng = world.rng(f"campaigns/{part.name}/{self._at}")
        self.quiet_until = self.next_tick = -math.inf
        self._given = traits
        self._wants_app = tools.random() < _APP_SHARE if is_app is None else is_app
        self.employed = 1
        self._identities = 0
        self._workers: dict[int, _Worker] = {}
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._stops = 0
        self._under_way = 0  # calls that visits under way have made
        self._cookie = ""
        self._rented = 0
        self._next_retool = self.begin + part.retool_s if part.retool_s else math.inf
        self._declared = Truth("bad_bot", part.name, self.family, part.name, threat, part.level)
        self._equip(tools)
        self.pacer = Pacer(self.rng, self.level, self.traits, self.begin, self.end, world.shapes)

    def _equip(self, rng: random.Random) -> None:
        """Take up a set of tools."""
        self.traits: Traits = replace(draw_traits(rng, self.level), **self._given)
        self.exits = Exits(self.world, rng, self.level, self.traits)
        self.disguise = Disguise(self.world, rng, self.level, self.traits, is_app=self._wants_app)
        self._rented = 0
        self._even_gap = rng.uniform(1.5, 8.0)

    # -- who -----------------------------------------------------------------------------------------------------------

    def truth(self, worker: int) -> Truth:
        """The truth about one identity; a part that begins at another time, such as a later bout, has others."""
        return replace(self._declared, session=f"{self.part.name}-{self._at}-{worker}")

    def visit(self, rng: random.Random, worker: int, now: float) -> Visit:
        """Give a worker's visit for its next act: a new identity or the old one, as its traits say."""
        known = self._workers.get(worker)
        acts = self.traits.acts
        if known is None or known.generation != self.generation or (acts and known.acts >= acts):
            known = self._workers[worker] = _Worker(self.identity(rng, now, worker), self.generation, 0)
        known.acts += 1
        visit = known.visit
        visit.now = max(visit.now, now)
        return visit

    def identity(self, rng: random.Random, now: float, worker: int = 0) -> Visit:
        """Give somebody new: a client, an address, a true session."""
        traits = self.traits
        place = self.exits.home(worker) if self.level == 1 else self.exits.draw(rng)
        client = self.disguise.client(rng, place)
        visit = Visit(self.shop, client, self.truth(self._identities), rng, now)
        if self.level < 3:
            visit.keeps_cookies = traits.keeps_cookies
        elif visit.keeps_cookies and (traits.carries_cookies or rng.random() < traits.aged):
            client.cookie = self._cookie if traits.carries_cookies else session_cookie(self.shop, rng)
        self._identities += 1
        self._pay()
        return visit

    def move(self, rng: random.Random, visit: Visit) -> None:
        """Go on from the next address, over a new connection."""
        visit.client.move(self.exits.draw(rng))
        visit.client.reconnect(rng)
        self._pay()

    def _pay(self) -> None:
        new, self._rented = self.exits.rented - self._rented, self.exits.rented
        if new:
            self.world.ledger.rented(self._declared, new)

    # -- pace ----------------------------------------------------------------------------------------------------------

    @property
    def is_at_work(self) -> bool:
        """There is budget left, and it has not given up."""
        return self.left > 0 and not self.has_given_up

    @property
    def pending(self) -> float:
        """Requests that visits under way are likely to make yet."""
        return len(self._workers) * max(0.3, self.pacer.act_calls - self._under_way / max(1, len(self._workers)))

    def is_late(self, now: float, budget: int) -> bool:
        """Far less was done than planned, though nobody has stopped it: acts take long, workers are too few."""
        planned = budget * (1.0 - self.pacer.curve.rest(now) / self.pacer.curve.rest(self.begin))
        return not self._stops and budget - self.left < 0.7 * planned - 10.0

    def leave(self, worker: int) -> None:
        """Let a worker go."""
        known = self._workers.pop(worker, None)
        if known is not None:
            self._under_way -= known.made

    def pause(self, rng: random.Random, now: float) -> float:
        """Seconds until a worker's next act."""
        if now < self.quiet_until:
            return self.quiet_until - now + rng.random() * 2.0
        return self.pacer.pause(rng, now, self.left, self.employed)

    def gap(self, rng: random.Random) -> float:
        """Seconds between two calls of one act, where it does not take a person's own steps."""
        if self.level == 1:
            return self.traits.gap_s
        if self.level == 2:
            return self.traits.gap_s * math.exp(0.6 * rng.gauss(0.0, 1.0))
        return self.world.shapes["think_s"].draw(rng)

    # -- preludes ------------------------------------------------------------------------------------------------------

    def arrive(self, visit: Visit, rng: random.Random, **where: Any) -> Script:
        """Come as a person would before the act: open a page or start the app; a plain script does neither.

        ``where`` is that of :func:`~vedette.simulate.people.journey.open_shop`: ``number``, ``category``, ``q`` … At
        level 3 people's usual entries are drawn where it is left out. A known identity does so only now and then.
        """
        if visit.made and rng.random() < 0.8:
            return
        if self.level == 3:
            if self.disguise.is_app and self.traits.loads_pages:
                return (yield from open_app(visit, where.get("number"), where.get("category", "")))
            where = where or draw_entry(self.shop, rng)
            where.setdefault("referer", draw_referrer(rng, where))
            where.setdefault("is_warm", bool(visit.client.cookie) and rng.random() < 0.75)
        if not self.traits.loads_pages:
            if self.level == 3:
                self._pretend(visit, rng, where.get("number"), where.get("category", ""))
            return
        yield from open_shop(visit, **where)

    def _pretend(self, visit: Visit, rng: random.Random, number: int | None = None, category: str = "") -> None:
        """Have been somewhere without a call: its page is the referrer, its cookie comes from an earlier harvest."""
        if number is None:
            go_to(visit, f"/c/{category}" if category else "/")
        else:
            go_to(visit, f"/p/{self.shop.slug(number)}-{self.shop.product_id(number)}")
            visit.seen.append(number)
        if visit.keeps_cookies and not visit.client.cookie:
            visit.client.cookie = session_cookie(self.shop, rng)

    # -- budget and stops ----------------------------------------------------------------------------------------------

    def spend(self, visit: Visit, rng: random.Random, script: Script, worker: int) -> Script:
        """Run an act: count its calls, keep its cookie, move between its calls, hear what comes back."""
        traits, generation, began, ended, calls = self.traits, self.generation, visit.now, visit.now, 0
        known, is_person = self._workers[worker], self.level == 3
        call: Call | None = next(script, None)
        while call is not None:
            if call.endpoint == "asset" and not traits.loads_assets:
                call = _following(script, Reply(304, call.at))
                continue
            if is_person and call.at - ended > _READ_S:
                self._dwell(rng, visit, call, ended)
            if self.left <= 0 or generation != self.generation:  # nothing left, or other tools by now
                script.close()
                return
            self.left -= 1
            self._under_way += 1
            known.made += 1
            calls += 1
            reply = yield call
            ended = max(call.at, reply.ended)
            self.heard(reply, ended)
            if visit.keeps_cookies and not visit.client.cookie and reply.status and not reply.is_stopped:
                visit.client.cookie = session_cookie(self.shop, rng)
            if reply.is_stopped and traits.heeds:
                if is_person and rng.random() < _LEAVES:
                    script.close()
                    break
                visit.now = max(visit.now, ended) + min(reply.retry_after_s, _MOST_PATIENCE_S)
            if traits.carries_cookies:
                self._cookie = visit.client.cookie
            if traits.calls:
                known.calls += 1
                if known.calls >= traits.calls:
                    known.calls = 0
                    self.move(rng, visit)
            call = _following(script, reply)
        if calls:
            self.pacer.learn(calls, visit.now - began)
        else:
            visit.wait(5.0)

    def _dwell(self, rng: random.Random, visit: Visit, call: Call, ended: float) -> None:
        """Give a person's gap the campaign's own haste, and no longer than a proxy keeps an address."""
        if self.traits.even_gaps:
            gap = self._even_gap + visit.travel()
        else:
            gap = (call.at - ended) * self.traits.haste
            if gap > _LONGEST_GAP_S:
                gap = _LONGEST_GAP_S * (0.1 + 0.9 * rng.random())
        call.at = ended + gap
        visit.now = call.at

    def heard(self, reply: Reply, now: float) -> None:
        """Notice what came back: being stopped again and again, or that it is time for other tools."""
        if now >= self._next_retool:
            while self._next_retool <= now:
                self._next_retool += self.part.retool_s
            self._retool()
        self._recent.append(reply.is_stopped)
        if not self.part.adapts or len(self._recent) < _RECENT or 2 * sum(self._recent) <= _RECENT:
            return
        self._stops += 1
        self.has_given_up = self._stops > self.traits.patience
        if self.has_given_up:
            return
        if self.level < 3 and self.rng.random() < 0.3:
            self.level += 1
        pause_s = 300.0 * self.level * math.exp(0.7 * self.rng.gauss(0.0, 1.0))
        self.quiet_until = now + min(pause_s, max(0.0, self.end - now) / 5)
        self._retool()

    def _retool(self) -> None:
        """Change stacks, addresses, pace and order."""
        self.generation += 1
        self._recent.clear()
        self._cookie = ""
        self._equip(self.world.rng(f"campaigns/{self.part.name}/{self.generation}"))
        self.pacer.retooled(self.level, self.traits)
        self.world.ledger.retooled(self._declared, self.level)


def _following(script: Script, reply: Reply) -> Call | None:
    try:
        return script.send(reply)
    except StopIteration:
        return None


Act = Callable[[Toolkit, Visit, random.Random], Script]
"""One unit of attack by one visit, with its prelude. It makes a call at least: time passes only while one is made."""


def run(world: World, part: Part, threat: str, act: Act, kit: Toolkit | None = None, **how: Any) -> Arrivals:
    """Give the arrivals of a campaign.

    Args:
        kit: Where the family has made its own; ``how`` is for making one: ``family``, ``is_app``, fields of traits.
    """
    kit = kit or Toolkit(world, part, threat, **how)
    return _visits(kit, act) if kit.level == 3 and kit.traits.acts == 1 else _workers(kit, act)


def _visits(kit: Toolkit, act: Act) -> Arrivals:
    """Visits that begin independently of one another, each with an act."""
    now, number, rng = kit.begin, 0, kit.rng
    tick = (kit.end - kit.begin) / _TICKS
    while kit.is_at_work and now < kit.end:
        wait = max(kit.pacer.until_next(rng, now, kit.left - kit.pending), kit.quiet_until - now)
        if wait > tick:  # look again then; of exponential waits no memory is needed
            now += tick
            yield now, _nobody()
            continue
        now += wait
        yield now, _visit(kit, number, act, now)
        number += 1


def _visit(kit: Toolkit, number: int, act: Act, now: float) -> Script:
    if kit.is_at_work:
        visit = kit.visit(kit.rng, number, now)
        yield from kit.spend(visit, kit.rng, act(kit, visit, kit.rng), number)
        kit.leave(number)


def _workers(kit: Toolkit, act: Act) -> Arrivals:
    """Workers that repeat the act, and more of them where they turn out too few.

    From one tick to the next, those who sleep longer are parked, so that who wakes has the tools of that moment.
    """
    rng, now = kit.rng, kit.begin
    budget = kit.left
    tick = (kit.end - kit.begin) / _TICKS
    kit.employed = min(kit.traits.workers, max(1, kit.left // _LEAST_CALLS))
    apart = rng.uniform(0.02, 2.0) if rng.random() < 0.3 else kit.pacer.apart(kit.left)
    parked = [(now + min(apart * worker, 0.5 * (kit.end - now)), worker) for worker in range(kit.employed)]
    while kit.is_at_work and now < kit.end:
        lacks, kit.pacer.lacks = kit.pacer.lacks, 0
        if not lacks and kit.is_late(now, budget):
            lacks = 1 + kit.employed // 4
        for _ in range(min(lacks, 4 + 2 * kit.employed, _MOST_WORKERS - kit.employed)):
            heappush(parked, (now, kit.employed))
            kit.employed += 1
        kit.next_tick = now + tick
        while parked and parked[0][0] < kit.next_tick:
            due, worker = heappop(parked)
            if due < kit.quiet_until:
                heappush(parked, (kit.quiet_until + 30.0 * rng.random(), worker))
                continue
            yield due, _worker(kit, worker, act, due, parked)
        now += tick
        yield now, _nobody()


def _worker(kit: Toolkit, number: int, act: Act, now: float, parked: list[tuple[float, int]]) -> Script:
    rng = kit.rng
    while kit.is_at_work and now < kit.end:
        visit = kit.visit(rng, number, now)
        yield from kit.spend(visit, rng, act(kit, visit, rng), number)
        now = visit.now + kit.pause(rng, visit.now)
        if now >= kit.next_tick:
            heappush(parked, (now, number))
            return
    kit.leave(number)


def _nobody() -> Script:
    """Only a moment to look who is due and whether more are needed."""
    yield from ()
