"""Signed agents at work: assistants that look things up, compare and fill a basket for somebody who asked."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Generator

from vedette.simulate.calls import Arrivals, Call, Reply, Script
from vedette.simulate.clients import Client
from vedette.simulate.robots.crawling import polite
from vedette.simulate.robots.runs import Run, runs, truth_of
from vedette.simulate.robots.signing import AGENTS, Signer, signer
from vedette.simulate.robots.stacks import own_stack
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World

__all__ = ["signed_agent"]


def signed_agent(world: World, part: Part) -> Arrivals:
    """Visit as an assistant that proves who it is with a signature on every call."""
    rng = world.rng(part.name)
    signers = [signer(world, agent) for agent in AGENTS]
    homes = [world.networks.draw(world.rng(f"agent/{agent.name}"), "datacentre") for agent in AGENTS]
    for run in runs(world, part, rng, calls=7, gap=4.0):
        which = rng.randrange(len(AGENTS))
        agent, own = AGENTS[which], world.rng(f"{part.name}/{run.number}")
        stack = own_stack(world.stacks, agent.name, agent.user_agent, "chrome" if "{" in agent.user_agent else "curl")
        client = Client.make(stack, world.networks.in_same_network(own, homes[which]), own)
        yield run.at, _errand(world, part, own, client, signers[which], run)


def _errand(world: World, part: Part, rng: random.Random, client: Client, signer: Signer, run: Run) -> Script:
    visit = Visit(world.shop, client, truth_of(part, run.number), rng, run.at)
    left, rest, number = run.calls, 0.0, world.shop.popular_product(rng)
    while left > 0:
        chance = rng.random()
        if left == run.calls:
            name = "search"
        elif chance < 0.5:
            name, number = "product", world.shop.popular_product(rng)
        else:
            name = (
                "price"
                if chance < 0.75
                else "reviews"
                if chance < 0.92 or signer.agent.name != "basket"
                else "cart_add"
            )
        reply = yield from _signed(visit, signer, name, rest + run.gap * rng.lognormvariate(0.0, 0.8), number)
        rest = polite(reply, rng, run.gap)
        left -= 1


def _signed(visit: Visit, signer: Signer, name: str, after: float, number: int) -> Generator[Call, Reply, Reply]:
    ids = {"q": visit.shop.words(visit.rng)} if name == "search" else {"number": number}
    path, query = visit.shop.url(name, ids)
    method = "POST" if name == "cart_add" else "GET"
    nonce = b64encode(visit.rng.randbytes(64)).decode()
    visit.client.extra = signer.fields(visit.shop.host, method, path, int(visit.now + after), nonce)
    return (yield from visit.do(name, after=after, kind="api", path=path, query=query, method=method, number=number))
