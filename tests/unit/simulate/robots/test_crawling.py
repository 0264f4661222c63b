from __future__ import annotations

import random

from vedette.simulate.calls import Reply, Truth
from vedette.simulate.robots.claims import CLAIMS
from vedette.simulate.robots.crawling import PAGES, Crawl, crawl, polite
from vedette.simulate.robots.stacks import bot
from vedette.simulate.scenario import Scenario
from vedette.simulate.visit import Visit
from vedette.simulate.world import World


def walk(plan, calls=400, answer=None, seed=3):
    world = World(Scenario(name="mine"), seed)
    rng = random.Random(seed)
    visit = Visit(world.shop, bot(world, rng, CLAIMS["googlebot"]), Truth("good_bot", "a", "a"), rng, world.start)
    script, found = crawl(visit, rng, calls, plan), []
    call = next(script, None)
    while call is not None:
        found.append(call)
        reply = answer(call) if answer else world.shop.answer(call)
        try:
            call = script.send(reply)
        except StopIteration:
            break
    return world, found


def test_a_crawl_begins_with_robots_and_makes_its_calls():
    _, found = walk(Crawl(PAGES, 2.0, renders=0.5))
    assert found[0].endpoint == "robots"
    assert len(found) == 400
    assert {"product", "listing", "article", "price", "reviews", "asset"} <= {call.endpoint for call in found}


def test_some_pages_are_gone_and_some_have_not_changed():
    world, found = walk(Crawl(PAGES, 2.0, gone=0.1, unchanged=0.3))
    assert any(call.endpoint == "product" and not call.is_right for call in found)
    for call in found:
        asked = any(name.lower() == "if-modified-since" for name, _ in call.headers)
        assert asked == (call.status == 304)
    assert any(call.status == 304 for call in found)


def test_the_rate_breathes():
    _, found = walk(Crawl(PAGES, 10.0), calls=300)
    gaps = [later.at - sooner.at for sooner, later in zip(found, found[1:], strict=False)]
    assert min(gaps) < 4.0 < 20.0 < max(gaps)


def test_a_polite_program_rests_when_it_is_told_to():
    rng = random.Random(1)
    assert polite(Reply(429, 1.0, retry_after_s=90.0), rng, 2.0) == 90.0
    assert polite(Reply(503, 1.0), rng, 2.0) >= 20.0
    assert polite(Reply(0, 1.0), rng, 2.0) == 8.0
    assert polite(Reply(404, 1.0), rng, 2.0) == 0.0
    _, found = walk(Crawl(PAGES, 1.0), 20, lambda call: Reply(429, call.at + 0.1, retry_after_s=50.0))
    gaps = [later.at - sooner.at for sooner, later in zip(found[1:], found[2:], strict=False)]
    assert min(gaps) > 50.0
