"""Run the drill: ``python -m bench.drill [--only NAME …] [--minutes 5] [--extra] [--out drill.md]``.

Exit code 0 when every bound is met, 1 when one is missed or something must be installed first.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.drill.people import Refusal, run_people, run_refusal
from bench.drill.run import Act, run_tool, stage
from bench.drill.table import markdown
from bench.drill.tools import EXTRA, TOOLS, Tool, missing
from demo.processes import Stopped
from demo.tally import Population

PEOPLE = "people"
RESULTS = Path(__file__).with_name("README.md")
HEAD = """# The drill, measured

By `make drill` on {date:%Y-%m-%d}, with {cores} cores for tools, relay, edge, engine and shop together. Each tool comes
from an address of its own to clean tables. *Sent* is counted at the relay or by the client, *reached* by the shop.

"""


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(tool: Tool, given: argparse.Namespace) -> Act:
    seconds = min(tool.seconds, given.seconds) if given.seconds else tool.seconds
    keep = given.keep / tool.name if given.keep else None
    _say(f"{tool.name}: {tool.what}, {seconds} s")
    with stage(keep, bare=given.bare, tls=given.tls) as place:
        act = run_tool(tool, place, seconds, _say)
    found = act.finding
    _say(f"  sent {found.sent}, reached {found.reached}, stopped after {found.after_s}, statuses {act.statuses}")
    return act


def _people(given: argparse.Namespace) -> tuple[list[Population], Refusal]:
    _say(f"people and Chromium: {given.minutes:g} minutes")
    with stage(given.keep / PEOPLE if given.keep else None, bare=given.bare, tls=given.tls) as place:
        crowds = run_people(place, given.minutes * 60, _say)
        for crowd in crowds:
            _say(f"  {crowd.name}: sent {len(crowd.sent)}, stopped {crowd.stopped}, harmed {sorted(crowd.harmed)}")
        refusal = run_refusal(place)
    _say(f"  refusal across origins: {refusal.text}")
    return crowds, refusal


def main() -> int:
    names = [tool.name for tool in (*TOOLS, *EXTRA)]
    parser = argparse.ArgumentParser(
        prog="python -m bench.drill", description="Real tools against the protected demo shop."
    )
    parser.add_argument("--only", action="append", choices=[*names, PEOPLE], help="run this one (may be repeated)")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long people and Chromium visit (default 5)")
    parser.add_argument("--seconds", type=int, default=0, help="cap on the time of each tool")
    parser.add_argument("--extra", action="store_true", help="also run attackers and honest programs nobody announced")
    parser.add_argument("--bare", action="store_true", help="without Vedette: what an unprotected shop gets")
    parser.add_argument("--tls", action="store_true", help="over TLS; tools that need a relay are left out")
    parser.add_argument("--keep", type=Path, help="directory for logs and data of each act")
    parser.add_argument("--out", type=Path, help="file for the tables (a whole run: bench/drill/README.md)")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    chosen = [tool for tool in TOOLS if not given.only or tool.name in given.only]
    if given.tls:  # a relay cannot count what it cannot read
        chosen = [tool for tool in chosen if tool.binds]
    extra = [tool for tool in EXTRA if (given.extra and not given.only) or (given.only and tool.name in given.only)]
    with_people = not given.only or PEOPLE in given.only
    commands = missing((*chosen, *extra), with_people=with_people)
    if commands:
        _say("the drill needs programs that are not here; install them with\n  " + "\n  ".join(commands))
        return 1

    crowds: list[Population] = []
    refusal: Refusal | None = None
    try:
        acts = [_run(tool, given) for tool in chosen]
        if with_people:
            crowds, refusal = _people(given)
        strangers = [_run(tool, given) for tool in extra]
    except Stopped as stopped:
        _say(str(stopped))
        return 1
    text = markdown(acts, crowds, refusal, strangers, given.minutes)
    print(text)
    out = given.out or (None if given.only or given.bare or given.tls else RESULTS)
    if out:
        out.write_text(HEAD.format(date=datetime.now(UTC), cores=os.cpu_count()) + text, "utf-8")
    met = all(act.is_met for act in acts) and all(crowd.stopped == crowd.failed == 0 for crowd in crowds)
    return 0 if met and (refusal is None or refusal.is_met) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
