"""``vedette simulate``: labelled traffic, as a log or fired at an address of one's own."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from vedette.cli import STDIN

if TYPE_CHECKING:
    from vedette.simulate.target.figures import Figures
    from vedette.simulate.world import World
    from vedette.simulate.writing import Writer

__all__ = ["command"]

_ALL = "all"
FILES = ("traffic", "labels", "outcomes", "configuration", "campaigns")
"""What is told of a world; its configuration names further small files, keys, that lie beside it."""


def command(
    *,
    scenario: str = "tiny",
    out: Path | None = None,
    seed: int = 0,
    scale: float = 1.0,
    list: Annotated[bool, Parameter(negative="")] = False,
    target: str = "",
    key: str = "",
    speed: float = 1.0,
    rate: float | None = None,
    count: int | None = None,
    seconds: float | None = None,
    concurrent: int | None = None,
    forwarded_for: Annotated[bool, Parameter(negative="")] = False,
    ca: Path | None = None,
) -> int:
    """Make labelled traffic: people, good bots and attack campaigns, as a log or fired at an address of your own.

    Writes request records, and beside them the labels (who really sent each request), the outcomes that the shop
    learns later, the shop's vedette.yaml, and what each campaign spent and won. The same scenario, seed and scale give
    the same bytes.

    Example: vedette simulate --scenario shop-day --out worlds/shop-day.jsonl.zst

    Then:    vedette replay worlds/shop-day.jsonl.zst worlds/shop-day.outcomes.jsonl.zst
             --config worlds/shop-day.vedette.yaml --labels worlds/shop-day.labels.parquet

    With --target the same world is sent to a running API, by real client programs (aiohttp, curl_cffi, requests). One
    that is not loopback must be a Vedette edge that proves, with the operator's drill key, that this is wanted there.

    Example: vedette simulate --scenario drill --target http://127.0.0.1:8080

    Parameters
    ----------
    scenario
        A world that ships (--list names them), or a YAML file; all makes each that ships, with --out a directory.
    out
        Where request records go: .jsonl.zst, .jsonl.gz or .jsonl, or a directory; the other files take its name.
        Without it SCENARIO.jsonl.zst in this directory; with --target nothing is written then.
    seed
        Of everything that is left to chance. Seeds from 900 on are for testing: they alone hold the campaign families
        and client stacks that tuning must not see.
    scale
        Multiplies every population.
    list
        Name the worlds that ship.
    target
        Scheme, host and port to fire at.
    key
        The drill key, as env:NAME or file:PATH; the same as drill.key at the edge.
    speed
        Seconds of the world in one real second.
    rate
        Requests a second at most: 50 where not given, 500 on loopback; at most 500, on loopback 5000.
    count
        Requests in all: 100,000 where not given, at most 1,000,000.
    seconds
        Real time: 600 where not given, at most 3600.
    concurrent
        Requests under way at once: 200 where not given, at most 1000.
    forwarded_for
        Name the simulated address in X-Forwarded-For, for an edge that trusts loopback as a proxy.
    ca
        File of certificate authorities to check the target with; without it the system's, and on loopback none.
    """
    from vedette.simulate.populations import POPULATIONS
    from vedette.simulate.scenario import find, names, read_scenario

    if list:
        for name in names():
            print(f"{name:<16} {read_scenario(find(name), POPULATIONS).description}")
        return 0
    if not 0.0001 <= scale <= 1000:
        return _wrong(f"--scale {scale:g}: use 0.0001 to 1000")
    from vedette.simulate.world import World

    if target:
        if scenario == _ALL:
            return _wrong("--target takes one scenario at a time")
        how = {"speed": speed, "rate": rate, "count": count, "seconds": seconds, "concurrent": concurrent}
        try:
            file = find(scenario)
            kept = None if out is None else _out(out, file.stem, is_directory=False)
        except ValueError as error:
            return _wrong(error)
        # A drill measures nothing, so nothing is kept back from it.
        world = World(read_scenario(file, POPULATIONS), seed, scale, everything=True)
        return _fire(world, target, kept, key=_secret(key), forwarded_for=forwarded_for, ca=str(ca or ""), **how)
    of_a_drill = {
        "key": key, "speed": speed != 1.0, "rate": rate, "count": count, "seconds": seconds,
        "concurrent": concurrent, "forwarded-for": forwarded_for, "ca": ca,
    }  # fmt: skip
    if meant := [f"--{name}" for name, value in of_a_drill.items() if value not in (None, "", False)]:
        return _wrong(f"{', '.join(meant)}: of a drill, which needs --target")
    try:
        chosen = names() if scenario == _ALL else (scenario,)
        files = [find(name) for name in chosen]
        paths = [_out(out, file.stem, is_directory=scenario == _ALL) for file in files]
    except ValueError as error:
        return _wrong(error)
    from vedette.simulate.build import build
    from vedette.simulate.writing import reason_of

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: nothing half made is left
    for file, path in zip(files, paths, strict=True):
        world = World(read_scenario(file, POPULATIONS), seed, scale)
        began = monotonic()
        try:
            with _Progress(world) as progress:
                writer = build(world, path, progress.show)
        except KeyboardInterrupt:
            print("interrupted: nothing of this world was kept", file=sys.stderr)
            return 130
        except OSError as error:
            said = f"{error.filename or path.parent}: {reason_of(error)}"
            print(f"vedette simulate: {said}; nothing of this world was kept", file=sys.stderr)
            return 1
        _print(world, writer, monotonic() - began)
    return 0


def _wrong(why: object) -> int:
    print(f"vedette simulate: {why}", file=sys.stderr)
    return 2


def _out(out: Path | None, stem: str, *, is_directory: bool) -> Path:
    from vedette.simulate.writing import SUFFIXES, stem_of

    default = f"{stem}.jsonl.zst"
    if out == Path(STDIN):  # what a lone hyphen has become
        raise ValueError("--out -: a world is several files, name the first of them or a directory")
    if is_directory:
        if out is not None and out.name.endswith(SUFFIXES):
            raise ValueError(f"--out {out}: all worlds are many files, name a directory")
        return (out or Path("worlds")) / default
    path = out or Path(default)
    if path.is_dir() or not path.suffix:
        path /= default
    stem_of(path)
    return path


def _secret(text: str) -> str:
    """Read ``--key``; a mistake is reported as one in a configuration is."""
    if not text:
        return ""
    from vedette.config.document import flag_node
    from vedette.config.load import raise_problems
    from vedette.config.reading import Reader, secret

    reader = Reader(None)
    found = secret(reader, flag_node("--key", text), "drill.key")
    raise_problems(reader, "")
    return str(found.value)


def _fire(world: World, url: str, out: Path | None, **how: Any) -> int:
    from rich.console import Console

    from vedette.simulate.target.keeping import fire_and_keep

    with Console(stderr=True).status(f"{world.scenario.name} → {url}") as status:

        def report(figures: Figures) -> None:
            status.update(f"{world.scenario.name} → {url}: {figures.requests:,} requests, {figures.stopped:,} stopped")

        figures, files = fire_and_keep(world, url, out, report=report, **how)
    print(figures.text())
    for what, path in files.items():
        print(f"  {what}: {path}")
    if figures.ended == "interrupted":
        return 130
    return 1 if figures.is_failure or (out is not None and not files) else 0


class _Progress:
    """A bar over the world's time on a terminal; nothing elsewhere."""

    def __init__(self, world: World) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._world = world
        self._began = monotonic()
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bars.add_task(world.scenario.name, total=world.end - world.start, rate="")

    def __enter__(self) -> _Progress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def show(self, at: float, number: int) -> None:
        """Show how far it is."""
        rate = f"{number:,} requests, {number / max(monotonic() - self._began, 0.001):,.0f}/s"
        self._bars.update(self._task, completed=at - self._world.start, rate=rate)


def _print(world: World, writer: Writer, seconds: float) -> None:
    split = "test" if world.is_test else "tuning"
    print(
        f"{world.scenario.name}: {writer.requests:,} requests and {writer.outcomes:,} outcomes over"
        f" {world.scenario.lasts_s / 3600:.1f} h, made in {seconds:.1f} s"
        f" ({writer.requests / max(seconds, 0.001):,.0f}/s), seed {world.seed} ({split})"
    )
    if left := {part.kind for part in world.scenario.parts} - {part.kind for part in world.parts()}:
        print(f"  left out, because they are for testing: {', '.join(sorted(left))}; --seed 900 has them")
    bad = "bad_bot"
    print(
        f"  malicious: {100 * writer.share(bad):.1f} % of all, {100 * writer.share(bad, 'login'):.1f} % of logins,"
        f" {100 * writer.share(bad, 'product'):.1f} % of product pages;"
        f" good bots: {100 * writer.share('good_bot'):.1f} % of all"
    )
    for what in FILES:
        print(f"  {what}: {writer.paths[what]}")
