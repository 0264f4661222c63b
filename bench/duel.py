"""Plays a world against an engine that really stops requests: what does one success cost the attacker?

``python -m bench.duel`` plays ``cat-and-mouse`` twice in virtual time, against nobody and against an enforcing engine,
and writes both books side by side into ``docs/simulation.md``. Campaigns hear that they are stopped and change their
tools, in the duel; undefended they do so every hour all the same, as their scenario says.
"""

from __future__ import annotations

import argparse
import heapq
import tempfile
from collections import Counter
from pathlib import Path

from bench.report import Table, write
from vedette.config import load
from vedette.engine import Engine
from vedette.simulate.calls import Call, Reply
from vedette.simulate.ledger import Account
from vedette.simulate.play import play
from vedette.simulate.populations import POPULATIONS
from vedette.simulate.scenario import find, read_scenario
from vedette.simulate.settings import configuration
from vedette.simulate.world import World
from vedette.types import STOPPING, Answer, Outcome, Request

PAGE = Path(__file__).parent.parent / "docs" / "simulation.md"
REFUSAL_S = 0.002
"""How soon a refusal is there; the shop takes longer."""


class Duel:
    """A counterpart of :func:`vedette.simulate.play.play`: the engine decides, the shop answers what it lets through.

    Attributes:
        people: True sessions of people, and of those the ones ever stopped.
    """

    def __init__(self, world: World, engine: Engine) -> None:
        self._world = world
        self._engine = engine
        self._due: list[tuple[float, int, Answer | Outcome]] = []
        self._number = self._pushed = 0
        self.people: set[str] = set()
        self.harmed: set[str] = set()

    def __call__(self, call: Call) -> Reply:
        """Decide about a call, having observed everything that was known before it."""
        now, client = call.at, call.client
        while self._due and self._due[0][0] <= now:
            at, _, event = heapq.heappop(self._due)
            self._engine.observe(event, at)
        self._number += 1
        id = f"{self._number:08x}"
        decision = self._engine.decide(
            Request(
                timestamp=now,
                id=id,
                method=call.method,
                path=call.path,
                query=call.query,
                client_address=client.address,
                scheme="https",
                host=self._world.shop.host,
                protocol=client.protocol,
                headers=call.headers,
                request_body_size=call.body_size,
                ja3=client.ja3,
                ja4=client.ja4,
                tls_version=client.tls_version,
                user_name=call.account,
            ),
            now,
        )
        if call.truth.actor == "human":
            self.people.add(call.truth.session)
        if decision.action in STOPPING:
            if call.truth.actor == "human":
                self.harmed.add(call.truth.session)
            status = {"rate_limit": 429, "challenge": 401, "redirect": 302}.get(decision.action, 403)
            return Reply(status, now + REFUSAL_S, 200, is_stopped=True, retry_after_s=decision.directive.retry_after_s)
        reply = self._world.shop.answer(call)
        if reply.status:
            took = reply.ended - now
            self._later(Answer(timestamp=reply.ended, id=id, status=reply.status, duration=took, body_size=reply.size))
            for word in call.words:
                self._later(Outcome(timestamp=reply.ended + word.after_s, outcome=word.outcome, request_id=id))
        return reply

    def _later(self, event: Answer | Outcome) -> None:
        self._pushed += 1
        heapq.heappush(self._due, (event.timestamp, self._pushed, event))


def fight(name: str, seed: int, scale: float, *, is_defended: bool) -> tuple[dict[str, Account], Duel | None]:
    """Play a world to its end; return the books of its campaigns."""
    world = World(read_scenario(find(name), POPULATIONS), seed, scale)
    duel = None
    if is_defended:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "vedette.yaml"
            file.write_text(configuration(world), encoding="utf-8")
            engine = Engine.open(load(file, {"mode": "enforce"}), key=bytes(32))
        duel = Duel(world, engine)
    for call, reply in play(world.arrivals(), duel or world.shop.answer, world.end):
        world.ledger.add(call, reply)
    return world.ledger.accounts, duel


def table(free: dict[str, Account], defended: dict[str, Account]) -> Table:
    """Put both books side by side, by family and level."""
    made = Table("campaign", "won undefended", "won defended", "stopped", "retools", "$ a success", "defended", "times")
    for name, before in sorted(free.items()):
        after = defended.get(name, Account(before.family, before.threat, before.level, prizes=Counter()))
        cost = before.cost / before.won if before.won else None
        cost_after = after.cost / after.won if after.won else None
        stopped = f"{100 * after.stopped / after.requests:.0f} %" if after.requests else ""
        times = f"{cost_after / cost:,.0f}" if cost and cost_after else "never again" if cost else ""
        spent = [f"{value:.4f}" if value is not None else "no success" for value in (cost, cost_after)]
        made.add(name, f"{before.won:,}", f"{after.won:,}", stopped, after.retools, *spent, times)
    return made


def main() -> None:
    """Fight and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="cat-and-mouse")
    parser.add_argument("--seed", type=int, default=900)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    free, _ = fight(options.scenario, options.seed, options.scale, is_defended=False)
    defended, duel = fight(options.scenario, options.seed, options.scale, is_defended=True)
    assert duel is not None
    told = f"People's sessions ever stopped: {len(duel.harmed):,} of {len(duel.people):,}."
    text = f"{told}\n\n{table(free, defended)}"
    print(text)
    if not options.no_write:
        write("duel", text, PAGE)


if __name__ == "__main__":
    main()
