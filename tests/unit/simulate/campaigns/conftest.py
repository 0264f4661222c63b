"""Worlds with one campaign in them, played against the shop or against somebody who stops it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest

from vedette.simulate.calls import Call, Counterpart, Reply
from vedette.simulate.campaigns import FAMILIES
from vedette.simulate.play import play
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

MIDNIGHT = 1_790_553_600.0
HOUR = 3600.0
Exchange = tuple[Call, Reply]


def make_part(kind: str, level: int, count: int = 2000, hours: float = 6.0, **how: Any) -> Part:
    return Part(
        section="campaigns",
        kind=kind,
        name=how.pop("name", f"{kind}-{level}"),
        count=count,
        level=level,
        at_s=HOUR,
        lasts_s=hours * HOUR,
        **how,
    )


def make_world(*parts: Part, seed: int = 901, scale: float = 1.0) -> World:
    scenario = Scenario(name="day", start=MIDNIGHT, accounts=50_000, products=3000, parts=parts)
    return World(scenario, seed, scale)


class Campaign:
    """What one campaign did in its world."""

    def __init__(self, part: Part, *, seed: int = 901, scale: float = 1.0, stops: Callable[[Call], bool] | None = None):
        self.part = part
        self.world = make_world(part, seed=seed, scale=scale)
        self.exchanges: list[Exchange] = []
        for call, reply in play(FAMILIES[part.kind](self.world, part), self._counterpart(stops), self.world.end):
            self.world.ledger.add(call, reply)
            self.exchanges.append((call, reply))
        self.calls = [call for call, _ in self.exchanges if call.truth.actor == "bad_bot"]
        self.books = self.world.ledger.accounts[part.name]

    def _counterpart(self, stops: Callable[[Call], bool] | None) -> Counterpart:
        def answer(call: Call) -> Reply:
            if stops is not None and stops(call):
                return Reply(403, call.at + 0.002, is_stopped=True)
            return self.world.shop.answer(call)

        return answer if stops is not None else self.world.shop.answer


@pytest.fixture(scope="session")
def campaign() -> Callable[..., Campaign]:
    """Play a campaign in a log; equal ones are played once."""

    @lru_cache
    def played(kind: str, level: int, count: int = 2000, seed: int = 901, hours: float = 6.0, **how: Any) -> Campaign:
        return Campaign(make_part(kind, level, count, hours, **how), seed=seed)

    return played


@pytest.fixture
def duel() -> Callable[..., Campaign]:
    """Play a campaign against somebody who stops the calls that ``stops`` says."""

    def played(
        kind: str, level: int, stops: Callable[[Call], bool], count: int = 2000, seed: int = 901, **how: Any
    ) -> Campaign:
        return Campaign(make_part(kind, level, count, **how), seed=seed, stops=stops)

    return played
