from __future__ import annotations

import random

import pytest

from vedette.simulate.calls import Reply, Truth
from vedette.simulate.cases.backend import PATIENCE, retried
from vedette.simulate.clients import Client
from vedette.simulate.scenario import Scenario
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

OUTAGE = ((36_000.0, 1200.0, 0.8),)


def repeats(found):
    """Calls that follow a failed one of the same session with the same path."""
    last, again = {}, []
    for seen in found:
        before = last.get((seen.call.truth.session, seen.call.path, seen.call.method))
        if before is not None and not 0 < before.reply.status < 500 and seen.call.at - before.reply.ended < 12.0:
            again.append(seen)
        last[seen.call.truth.session, seen.call.path, seen.call.method] = seen
    return again


def test_clients_try_again_only_while_the_outage_lasts(cases):
    world, found = cases("flaky_backend", 200, outages=OUTAGE)
    again = repeats(found)
    assert len(again) > 200
    end = world.start + OUTAGE[0][0] + OUTAGE[0][1] + 60.0
    assert all(world.start + OUTAGE[0][0] <= seen.call.at <= end for seen in again)


def test_without_an_outage_nobody_tries_again(cases):
    _, found = cases("flaky_backend", 100)
    assert found
    assert repeats(found) == []


def test_most_sessions_meet_the_outage(cases, by_session):
    world, found = cases("flaky_backend", 200, outages=OUTAGE)
    met = sum(any(not 0 < seen.reply.status < 500 for seen in rows) for rows in by_session(found).values())
    assert met > 0.5 * len(by_session(found))


@pytest.mark.parametrize("waits", [waits for _, waits in PATIENCE])
def test_a_call_is_made_again_until_it_is_answered(waits):
    world = World(Scenario(name="mine"), 1)
    rng = random.Random(1)
    client = Client.make(world.stacks.draw(rng), world.address(rng, "home"), rng)
    visit = Visit(world.shop, client, Truth("human", "a", "a"), rng, 0.0)

    def steps():
        got = yield visit.call("cart")
        assert got.status == 200
        yield visit.call("orders")

    script, made = retried(visit, steps(), waits), []
    call = next(script)
    for status in (503, 0, 200, 404):
        made.append(call)
        try:
            call = script.send(Reply(status, call.at + 0.5))
        except StopIteration:
            break
    assert [call.endpoint for call in made] == ["cart", "cart", "cart", "orders"]
    assert made[1].at - made[0].at - 0.5 == pytest.approx(waits[0], rel=0.3)


def test_nobody_tries_for_ever():
    world = World(Scenario(name="mine"), 1)
    rng = random.Random(1)
    client = Client.make(world.stacks.draw(rng), world.address(rng, "home"), rng)
    visit = Visit(world.shop, client, Truth("human", "a", "a"), rng, 0.0)

    def steps():
        yield visit.call("cart")

    script, made = retried(visit, steps(), (1.0, 1.0)), 0
    call = next(script, None)
    while call is not None:
        made += 1
        try:
            call = script.send(Reply(503, call.at + 0.1))
        except StopIteration:
            call = None
    assert made == 3
