"""The demo: a shop, ``vedette serve`` in front of it, people and attackers, and a live view. ``python -m demo``.

Everything runs on loopback addresses and in a temporary directory; Ctrl-C ends it at any time with the summary.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.live import Live

from demo.cast import CAST, HONEST, OWNERS
from demo.decisions import Decisions
from demo.processes import Programs, Stopped, start_shop, start_vedette
from demo.tally import Tally
from demo.view import Story, line, page, summary

LINE_EVERY_S = 5


def _play(programs: Programs, story: Story, sent: Path, show: Callable[[], None]) -> None:
    """Let each population enter at its time, and show the story once a second until the time is over."""
    began = time.monotonic()
    waiting = list(CAST)
    while (elapsed := time.monotonic() - began) < story.seconds:
        for role in [role for role in waiting if role.enters_s <= elapsed]:
            waiting.remove(role)
            programs.start(
                role.name,
                [
                    *(sys.executable, "-m", "demo.bots", role.name, "--url", story.url, "--address", role.address),
                    *("--log", str(sent), "--seconds", str(story.seconds - elapsed)),
                    *("--longest-pause", str(role.longest_pause)),
                ],
            )
        if not programs.is_running("vedette"):
            raise Stopped(f"vedette ended; its log is {programs.log('vedette')}")
        story.read(elapsed)
        show()
        time.sleep(max(0.0, 1.0 - (time.monotonic() - began - elapsed)))


def _show(programs: Programs, story: Story, sent: Path, console: Console) -> None:
    if console.is_terminal:
        with Live(console=console, screen=console.height >= 12, auto_refresh=False) as live:
            _play(programs, story, sent, lambda: live.update(page(story, console), refresh=True))
        return

    def print_line() -> None:
        if round(story.elapsed) % LINE_EVERY_S == 0:
            console.print(line(story), soft_wrap=True)

    _play(programs, story, sent, print_line)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description="People and bots visit a shop behind Vedette.")
    parser.add_argument("--seconds", type=float, default=75.0, help="how long it runs (default 75)")
    parser.add_argument("--keep", type=Path, help="keep data and logs in this directory")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console()
    with tempfile.TemporaryDirectory(prefix="vedette-demo-") as temporary:
        directory = given.keep or Path(temporary)
        sent, reached, data = directory / "sent.jsonl", directory / "reached.jsonl", directory / "data"
        try:
            with Programs(directory / "logs") as programs:
                with console.status(
                    "starting the shop, and Vedette in front of it; the first start compiles for a minute"
                ):
                    shop = start_shop(programs, reached)
                    url, took = start_vedette(programs, shop, data)
                console.print(f"ready after {took:.1f} s: {url} is protected, {shop} is the bare shop", soft_wrap=True)
                story = Story(Tally(sent, reached, OWNERS, HONEST), Decisions(data), url, given.seconds)
                with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C ends the demo early, with its figures
                    _show(programs, story, sent, console)
                programs.settle(0.5)
                story.read(story.elapsed + 1)
                console.print(summary(story))
                return 0
        except Stopped as stopped:
            console.print(str(stopped), style="red", markup=False, highlight=False)
            return 1
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
