"""Crawlers: search engines, AI crawlers with the fetchers that users trigger, and price comparison."""

from __future__ import annotations

import random

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.clients import Client
from vedette.simulate.networks import Address
from vedette.simulate.robots.claims import CLAIMS, Claim, claims_of, place
from vedette.simulate.robots.crawling import PAGES, Crawl, crawl, polite
from vedette.simulate.robots.keys import COMPARERS, partner_key
from vedette.simulate.robots.runs import Run, choose, runs, truth_of
from vedette.simulate.robots.stacks import bot, field, library, own_stack
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["ai_crawler", "price_comparison", "search_engine"]

_COMPARISONS = ("PreisRadar", "CompareHub", "Guenstigster", "OfferScout")
"""Names of price comparison sites, invented."""


def search_engine(world: World, part: Part) -> Arrivals:
    """Crawl for a search engine; option ``name`` says which, else each by its share."""
    rng = world.rng(part.name)
    wanted = part.options.get("name", "")
    engines = (CLAIMS[wanted],) if wanted else claims_of("search")
    weights = [engine.weight for engine in engines]
    for run in runs(world, part, rng, calls=120, gap=9.0):
        claim = choose(rng, engines, weights)
        own = world.rng(f"{part.name}/{run.number}")
        client = bot(world, own, claim)
        plan = Crawl(
            PAGES, run.gap * (0.6 + own.random()), renders=0.35 if "Chrome/" in client.stack.user_agent else 0.0
        )
        yield run.at, _crawl(world, part, own, client, run, plan)


def ai_crawler(world: World, part: Part) -> Arrivals:
    """Crawl for training and for search, faster and in fewer, longer runs; and fetch one page because a user asked."""
    rng = world.rng(part.name)
    crawlers, fetchers = claims_of("ai"), claims_of("user_fetcher")
    weights = [claim.weight for claim in crawlers]
    fetcher_weights = [claim.weight for claim in fetchers]
    for run in runs(world, part, rng, calls=25, gap=3.0):
        own = world.rng(f"{part.name}/{run.number}")
        if run.calls < 12:
            claim = choose(rng, fetchers, fetcher_weights)
            yield run.at, _fetch(world, part, own, claim, run)
        else:
            claim = choose(rng, crawlers, weights)
            plan = Crawl(PAGES, run.gap * (0.15 + 1.2 * own.random()), unchanged=0.03, depth=1.0, has_map=0.6)
            yield run.at, _crawl(world, part, own, bot(world, own, claim), run, plan)


def _crawl(world: World, part: Part, rng: random.Random, client: Client, run: Run, plan: Crawl) -> Script:
    visit = Visit(world.shop, client, truth_of(part, run.number), rng, run.at)
    return crawl(visit, rng, run.calls, plan)


def _fetch(world: World, part: Part, rng: random.Random, claim: Claim, run: Run) -> Script:
    """Look something up for a user who asked a question: a search and a few results, in quick succession."""
    visit = Visit(world.shop, bot(world, rng, claim), truth_of(part, run.number), rng, run.at)
    left = run.calls
    while left > 0:
        question = rng.random()
        if question < 0.3:
            yield from visit.do("search", kind="navigate", q=world.shop.words(rng))
            left -= 1
        for _ in range(min(left, 1 + int(3 * rng.random() ** 2))):
            name = "product" if rng.random() < 0.75 else "article"
            number = world.shop.popular_product(rng)
            yield from visit.do(
                name, kind="navigate", after=0.2 + 2.5 * rng.random() ** 2, number=number, slug=world.shop.slug(number)
            )
            left -= 1
        visit.client.move(place(world.networks, rng, claim))
        visit.wait(30.0 + run.gap * 40.0 * rng.random())


def price_comparison(world: World, part: Part) -> Arrivals:
    """Read prices for comparison sites: half with a key from an agreement, half only with an honest User-Agent."""
    rng = world.rng(part.name)
    each = []
    for number in range(COMPARERS):
        own = world.rng(f"{part.name}/site/{number}")
        name = _COMPARISONS[number % len(_COMPARISONS)]
        home = world.networks.draw(own, "datacentre", "DE")
        hosts = [home] + [world.networks.in_same_network(own, home) for _ in range(3)]
        agent = f"{name}Bot/{1 + own.randrange(4)}.{own.randrange(10)} (+https://www.{name.lower()}.example/bot)"
        stack = own_stack(world.stacks, name.lower(), agent, library(world, own).family)
        key = partner_key(world, f"{part.name}-{number}") if number % 2 == 0 else ""
        each.append((stack, hosts, key))

    for run in runs(world, part, rng, calls=150, gap=2.5):
        stack, hosts, key = each[run.number % COMPARERS]
        own = world.rng(f"{part.name}/{run.number}")
        client = Client.make(stack, own.choice(hosts), own)
        if key:
            client.extra = (field(client, "X-Api-Key", key),)
        yield run.at, _compare(world, part, own, client, hosts, run)


def _compare(world: World, part: Part, rng: random.Random, client: Client, hosts: list[Address], run: Run) -> Script:
    """Walk a slice of the catalogue in the order of the site's own table: each price, and now and then the product."""
    visit = Visit(world.shop, client, truth_of(part, run.number), rng, run.at)
    left, rest = run.calls, 0.0
    if not client.extra:
        yield from visit.do("robots", kind="navigate")
        left -= 1
    first = int(world.shop.products * rng.random() ** 1.5)
    at = 0
    while left > 0:
        number = world.shop.ranked_product(first + at)
        at += 1
        for name in ("product", "price") if rng.random() < 0.25 else ("price",):
            if left > 0:
                after = rest + run.gap * rng.lognormvariate(0.0, 0.35)
                reply = yield from visit.do(name, after=after, kind="api", number=number)
                rest = polite(reply, rng, run.gap)
                left -= 1
        if at % 40 == 0:
            client.move(rng.choice(hosts))
