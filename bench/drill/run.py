"""One act of the drill: fresh shop, fresh Vedette, clean tables, one tool or one crowd, and what came of it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from bench.drill.certificate import make_certificate
from bench.drill.judge import Finding, judge
from bench.drill.tools import Scene, Tool
from demo.processes import Programs, free_port, start_shop, start_vedette
from demo.tally import Population, Tally

__all__ = ["Act", "Stage", "run_tool", "stage"]

SETTLE_S = 1.0
GRACE_S = 20
UNANSWERED_SHARE = 0.05


class Stage(Struct):
    """A protected shop, and where things are written."""

    programs: Programs
    url: str
    directory: Path
    sent: Path
    reached: Path

    def relay(self, name: str, address: str) -> str:
        """Start a relay that leaves from ``address``; return where a tool must be pointed to."""
        port = free_port()
        self.programs.start(
            f"relay-{name}",
            [
                *(sys.executable, "-m", "bench.drill.relay", "--listen", f"127.0.0.1:{port}", "--bind", address),
                *("--target", self.url.split("://")[1], "--population", name, "--log", str(self.sent)),
            ],
        )
        self.programs.wait_listening(f"relay-{name}", port)
        return f"{self.url.split('://')[0]}://127.0.0.1:{port}"


@contextmanager
def stage(keep: Path | None = None, *, bare: bool = False, tls: bool = False) -> Iterator[Stage]:
    """Start the shop, and Vedette in front of it unless ``bare``, with empty tables; stop both afterwards."""
    with tempfile.TemporaryDirectory(prefix="vedette-drill-") as temporary:
        directory = keep or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        reached = directory / "reached.jsonl"
        with Programs(directory / "logs") as programs:
            url = start_shop(programs, reached)
            if not bare:
                pair = make_certificate(directory / "tls") if tls else None
                url, _ = start_vedette(programs, url, directory / "data", tls=pair)
            yield Stage(programs, url, directory, directory / "sent.jsonl", reached)


class Act(Struct):
    """What one tool did and what came of it."""

    tool: Tool
    finding: Finding
    population: Population
    statuses: dict[int, int]

    @property
    def is_proven(self) -> bool:
        """Enough was sent late, and the tool did get answers: a dead address stops everybody."""
        return self.finding.is_proven and self.population.failed <= UNANSWERED_SHARE * len(self.population.sent)

    @property
    def is_met(self) -> bool:
        return self.is_proven and self.finding.is_met


def run_tool(tool: Tool, place: Stage, seconds: int, say: Callable[[str], None]) -> Act:
    """Let ``tool`` loose on ``place`` until it ends or its time is over."""
    address = f"127.{tool.owner}.0.1"
    url = place.url if tool.binds else place.relay(tool.name, address)
    scene = Scene(url, address, seconds, place.directory, place.sent, tool.name)
    place.programs.start(tool.name, tool.command(scene))
    if not place.programs.wait(tool.name, seconds + (GRACE_S if tool.binds else 0)):
        place.programs.stop(tool.name)
    place.programs.settle(SETTLE_S)
    if not tool.binds:
        place.programs.stop(f"relay-{tool.name}")
    tally = Tally(place.sent, place.reached, {tool.owner: tool.name}, frozenset({tool.name} if tool.is_honest else ()))
    tally.read()
    population = tally.populations[tool.name]
    if not population.sent:
        say(
            f"{tool.name} sent nothing; its log:\n{place.programs.log(tool.name).read_text('utf-8', 'replace')[-2000:]}"
        )
    finding = judge(population.sent, population.reached, tool.within_s)
    return Act(tool, finding, population, dict(tally.statuses[tool.name]))
