"""``vedette feeds``: which lists of addresses there are, how old, and what became of them; or refresh them now."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from vedette.config import load
from vedette.errors import ConfigError

if TYPE_CHECKING:
    from vedette.config.schema import Config
    from vedette.gather.feed_store import FeedState
    from vedette.gather.feeds import FeedKeeper

__all__ = ["command"]

DEFAULT = Path("vedette.yaml")
HEADS = ("NAME", "KIND", "ENTRIES", "AGE", "NEXT", "STATE", "SOURCE")
NUMBERS = ("ENTRIES", "AGE", "NEXT")


def command(
    action: Literal["list", "update"] = "list",
    /,
    *names: str,
    accept: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    config: Path | None = None,
    data: Path | None = None,
) -> int:
    """Show reputation feeds, or refresh them now.

    Lists the feeds of the configuration with their age, when they are read next, and what went wrong; then what ships
    with Vedette. With update, refreshes all of them, or those that are named, whether they are due or not, and says
    what became of each; the exit code is 1 where one failed or was held back. No vedette serve needs to run; one that
    does takes the new ranges over within seconds.

    Examples: vedette feeds;  vedette feeds update;  vedette feeds update tor --accept

    Parameters
    ----------
    action
        What to do.
    names
        Feeds to refresh; all where none is named.
    accept
        Take over a change that was held back because too much came or went at once.
    json
        Print JSON.
    config
        The configuration (vedette.yaml where there is one).
    data
        The data directory (what the configuration says, else vedette-data).
    """
    from vedette.gather.feeds import FeedKeeper

    chosen = config or (DEFAULT if DEFAULT.exists() else None)
    read = load(chosen, data=data)
    if action == "list" and (names or accept):
        raise ConfigError(["feeds list: takes no names and no --accept, did you mean feeds update?"])
    for name in names:
        if name not in {feed.name for feed in read.feeds}:
            known = ", ".join(feed.name for feed in read.feeds) or "none"
            raise ConfigError([f'feeds update: no such feed, "{name[:60]}", configured: {known}'])
    keeper = FeedKeeper(read, Path(read.events.directory))
    if action == "update":
        return _update(keeper, names, accept=accept, as_json=json)
    if json:
        _print_json(keeper, keeper.states())
    else:
        _table(read, keeper)
    return 0


def _update(keeper: FeedKeeper, names: tuple[str, ...], *, accept: bool, as_json: bool) -> int:
    import asyncio

    from vedette.gather.feeds import BusyError

    def told(state: FeedState) -> None:
        cut = f", {state.cut} cut as private or own" if state.cut else ""
        what = f"{state.entries:,} entries{cut}" if state.state == "ok" else f"{state.state}: {state.error}"
        print(f"{state.name}: {what}", file=sys.stderr if as_json else sys.stdout, flush=True)
        if state.state == "held":
            print(f"  to take it over all the same: vedette feeds update {state.name!r} --accept", file=sys.stderr)

    if not keeper.feeds:
        print("no feeds are configured (feeds: in vedette.yaml)", file=sys.stderr)
    try:
        done = asyncio.run(keeper.refresh(names or list(keeper.feeds), time.time(), accept=accept, told=told))
    except BusyError as error:
        print(f"vedette feeds: {error}; try again", file=sys.stderr)
        return 1
    if as_json:
        _print_json(keeper, done)
    return int(any(state.state != "ok" for state in done))


def _print_json(keeper: FeedKeeper, states: list[FeedState]) -> None:
    import msgspec

    found = []
    for state in states:
        feed = keeper.feeds[state.name]
        told: dict[str, Any] = {
            "name": feed.name,
            "kind": feed.kind,
            "source": feed.url,
            "format": feed.format,
            "state": state.state,
            "error": state.error or None,
            "entries": state.entries,
            "cut": state.cut,
            "checked": state.checked or None,
            "confirmed": state.confirmed or None,
            "date": state.date or None,
            "next": keeper.next_refresh(state.name) or None,
        }
        found.append(told)
    print(msgspec.json.format(msgspec.json.encode(found)).decode())


def _table(read: Config, keeper: FeedKeeper) -> None:
    now = time.time()
    rows: list[tuple[str, ...]] = [HEADS]
    errors = []
    for state in keeper.states():
        feed = keeper.feeds[state.name]
        after = keeper.next_refresh(state.name) - now
        age = _span(now - state.date) if state.date else "-"
        due = "due" if after <= 0 else _span(after)
        kind = feed.robot or feed.kind
        rows.append((state.name, kind, f"{state.entries:,}", age, due, state.state, feed.url))
        if state.error:
            errors.append(f"{state.name}: {state.error}")
    rows += _shipped(now)
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADS))]
    for row in rows:
        cells = [
            cell.rjust(width) if head in NUMBERS else cell.ljust(width)
            for cell, width, head in zip(row, widths, HEADS, strict=True)
        ]
        print("  ".join(cells).rstrip())
    if errors:
        print("\n" + "\n".join(errors))
    if not read.feeds:
        print("\nno feeds are configured (feeds: in vedette.yaml)")


def _shipped(now: float) -> list[tuple[str, ...]]:
    """One row for each kind that ships, with the age of its oldest list."""
    from vedette.snapshot.networks import NetworkMap

    rows: list[tuple[str, ...]] = []
    sources = NetworkMap.shipped().sources
    for kind in dict.fromkeys(source.kind for source in sources):
        of_kind = [source for source in sources if source.kind == kind]
        oldest = min(of_kind, key=lambda source: source.date)
        state = "shipped" if any(source.is_alive(now) for source in of_kind) else "too old"
        entries = f"{sum(source.entries for source in of_kind):,}"
        rows.append(("(shipped)", kind, entries, _span(now - oldest.date), "-", state, f"{len(of_kind)} lists"))
    return rows


def _span(seconds: float) -> str:
    """A time as people say it, in its largest unit."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("m", 60.0)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
