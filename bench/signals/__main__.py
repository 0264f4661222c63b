"""Run the clients and write the page: ``python -m bench.signals [--only NAME …] [--out FILE]``.

Figures are kept in ``measured.json``, so that ``--only`` measures one client anew and leaves the
others as they were. Exit code 1 where a client sent nothing, or something must be installed first: then
only ``--out`` is written.
"""

from __future__ import annotations

import argparse
import itertools
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bench.signals.clients import CLIENTS, OWN, Ask, Client, chrome, missing
from bench.signals.page import Attack, Cell, Measured, page
from bench.signals.place import Place, protected
from demo.processes import Programs, Stopped
from vedette.detect.features import FEATURES
from vedette.events.views import find
from vedette.events.what_if import what_if

OUT = Path(__file__).parents[2] / "docs" / "signals.md"
MEASURED = Path(__file__).with_name("measured.json")
FIRST = 4
CLIENT_S = 60.0
TRIES = 8
"""A run counts only where every request was decided in time, which a busy machine may need several for."""
CLEAR = 0.5
"""Log-odds from which a signal of behaviour is named: weaker ones come and go with the speed of the machine."""
LOGGED_S = 20.0
ALONE = frozenset(feature.name for feature in FEATURES if feature.entity == "request")
"""Signals that one request shows by itself."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Runs:
    """Lets clients ask, each time from another address, and reads what the engine thought of it."""

    def __init__(self, directory: Path, agent: str, display: str) -> None:
        self.silent: list[str] = []
        self._directory = directory
        self._agent = agent
        self._display = display
        self._addresses = (f"198.18.{number}.7" for number in itertools.count(1))

    def run(self, client: Client, place: Place, mode: str, *, is_lie: bool, many: bool = False) -> list[dict[str, Any]]:
        """Let a client ask once; give the decisions on its first requests, or on its last where they are many."""
        for _ in range(TRIES):
            self._ask(client, place, mode, is_lie=is_lie, many=many)
            wanted = [id for id in place.api.ids if id][-1:] if many else place.api.ids[:FIRST]
            if wanted and all(wanted):  # else one was not decided in time
                return [found for id in wanted if (found := _decision(place.data, id))]
        what = "was not decided upon in time" if place.api.ids else "sent nothing"
        self.silent.append(f"{client.name} ({mode})")
        text = place.programs.log(client.program or client.module).read_text("utf-8", "replace")
        say(f"{client.name} ({mode}) {what}; its log ends:\n{text[-1500:]}")
        return []

    def _ask(self, client: Client, place: Place, mode: str, *, is_lie: bool, many: bool) -> None:
        place.api.ids.clear()
        with place.from_address(next(self._addresses)) as url:
            ask = Ask(url, mode, self._agent if is_lie else OWN, self._directory, many)
            command = client.command(ask)
            if self._display:
                command = ["env", f"DISPLAY={self._display}", *command]
            name = client.program or client.module
            place.programs.start(name, command)
            if not place.programs.wait(name, CLIENT_S):
                say(f"{client.name} ({mode}): stopped after {CLIENT_S:.0f} s")
            place.programs.stop(name)


def _decision(data: Path, id: str) -> dict[str, Any] | None:
    """Read a decision from the event log, into which it comes within a second."""
    over = time.monotonic() + LOGGED_S
    while (found := find(data, id)) is None and time.monotonic() < over:
        time.sleep(0.1)
    return found


def cell_of(decisions: list[dict[str, Any]]) -> Cell:
    """Join what the decisions on single requests say against a client."""
    weights: dict[str, float] = {}
    certain: dict[str, None] = {}
    for decision in decisions:
        weighed = what_if(decision)
        pieces = dict(weighed.pieces) if weighed.pieces else {r["signal"]: r["weight"] for r in decision["reasons"]}
        for name, weight in pieces.items():
            if weight > 0.0 and name in ALONE:
                weights[name] = max(weights.get(name, 0.0), weight)
        if weighed.basis == "certainty":
            certain[decision["reasons"][0]["signal"]] = None
    ranked = sorted(weights, key=lambda name: (-round(weights[name], 2), name))
    return Cell(round(max(decision["score"] for decision in decisions), 2), tuple(ranked), tuple(certain))


def behaviour_of(decision: dict[str, Any]) -> tuple[str, ...]:
    """Name the clear signals of a decision that no single request shows, the strongest first."""
    pieces = what_if(decision).pieces
    return tuple(name for name, weight in pieces if weight >= CLEAR and name not in ALONE)


@contextmanager
def display(programs: Programs, *, is_wanted: bool) -> Iterator[str]:
    """Start a screen without a screen, where windows are wanted."""
    if not is_wanted:
        yield ""
        return
    programs.start("screen", ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
    over = time.monotonic() + 20
    number = ""
    while not number and time.monotonic() < over:
        number = next((line for line in programs.log("screen").read_text().splitlines() if line.isdigit()), "")
        time.sleep(0.1)
    yield f":{number}"
    programs.stop("screen")


def main() -> int:
    names = [client.name for client in CLIENTS]
    parser = argparse.ArgumentParser(prog="python -m bench.signals", description="What betrays real clients.")
    parser.add_argument("--only", action="append", choices=names, help="run this client (may be repeated)")
    parser.add_argument("--out", type=Path, help="another file for the page, with these clients alone")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    wanted = [client for client in CLIENTS if not given.only or client.name in given.only]
    commands = missing(wanted)
    clients = [client for client in wanted if client.is_here]
    agent = chrome()
    measured = Measured()
    if given.only and given.out is None and MEASURED.exists():
        measured = msgspec.json.decode(MEASURED.read_bytes(), type=Measured)
    measured.agent = agent
    with tempfile.TemporaryDirectory(prefix="vedette-signals-") as temporary:
        directory = Path(temporary)
        with_windows = any(client.program == "Xvfb" for client in clients)
        with Programs(directory / "screen") as programs, display(programs, is_wanted=with_windows) as screen:
            runs = Runs(directory, agent, screen)
            try:
                for number, client in enumerate(clients):
                    began = time.monotonic()
                    _measure(runs, client, directory / str(number), measured)
                    say(f"{client.name}: {time.monotonic() - began:.0f} s")
            except Stopped as stopped:
                say(str(stopped))
                return 1
    if clients and (given.out or not commands):
        (given.out or OUT).write_text(page(list(CLIENTS), measured), "utf-8")
        if given.out is None:
            MEASURED.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n")
    if commands:
        say("left out for want of programs; install them with\n  " + "\n  ".join(commands))
    return 1 if commands or runs.silent else 0


def _measure(runs: Runs, client: Client, directory: Path, measured: Measured) -> None:
    measured.versions[client.name] = client.version
    tables = [measured.truth, measured.lie] if client.lies else [measured.truth]
    for table in tables:
        table[client.name] = {}
    for tls in (False, True):
        modes = [mode for mode in client.modes if (mode != "plain") == tls]
        with protected(directory / ("tls" if tls else "plain"), tls=tls) as place:
            for mode in modes:
                for is_lie, table in enumerate(tables):
                    if decisions := runs.run(client, place, mode, is_lie=bool(is_lie)):
                        table[client.name][mode] = cell_of(decisions)
            if client.many and tls and (found := runs.run(client, place, modes[-1], is_lie=True, many=True)):
                score = round(found[-1]["score"], 2)
                measured.attacks[client.name] = Attack(modes[-1], score, behaviour_of(found[-1]))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
