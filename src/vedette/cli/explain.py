"""``vedette explain ID``: why a decision was made, what followed it, and what would have changed it.

What stands in the log came from clients in part: nothing that could move a terminal's cursor is ever printed.
"""

from __future__ import annotations

import io
import json
import math
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from vedette.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType
    from rich.text import Text

    from vedette.events.what_if import Change, WhatIf

__all__ = ["command"]

COLOURS = {"bad_bot": "red", "good_bot": "cyan", "human": "green", "unknown": "yellow"}
WORDS = {
    "bad_bot": "a malicious bot",
    "good_bot": "a bot that proved who it is",
    "human": "a person",
    "unknown": "not known well enough",
}
ADVICE = """\
  the id is http.request.id, the id in Vedette-Decision, or the instance (urn:uuid:...) of a refusal;
  a decision appears within a second and stays for events.retain; --data names another directory"""
PLAIN_WIDTH = 120
"""Columns where nobody looks on: a file or a pipe."""
NAMED = 4
"""So many pieces of evidence are named one by one."""
_BARS = " ▏▎▍▌▋▊▉█"


def command(
    id: str,
    /,
    *,
    data: Path | None = None,
    config: Path | None = None,
    all: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Say why a decision was made.

    Shows verdict, score with its interval, action and rule, each reason as a bar of signed log-odds, the answer and the
    outcomes that followed, and what would have changed the verdict. Exit code 1 where there is no such decision.

    Example: vedette explain urn:uuid:1c2d6b0e-5f7a-4f0a-9d8b-2f6f0e1f7c11

    Parameters
    ----------
    id
        The request's id, or the support id that a stopped client was given ("instance").
    data
        The data directory; by default the one of the configuration.
    config
        The configuration; by default vedette.yaml where there is one.
    all
        Show every known feature, also those that said nothing.
    json
        Print one JSON object instead.
    """
    directory = _directory(data, config)
    import duckdb

    from vedette.events.views import find
    from vedette.events.what_if import what_if

    try:
        decision = find(directory, id)
    except (OSError, duckdb.Error) as error:
        print(f"{directory}: the event log cannot be read, {_printable(str(error))}", file=sys.stderr)
        return 1
    if decision is None:
        print(f"{_printable(id[:140])}: no such decision below {directory}", file=sys.stderr)
        print(ADVICE, file=sys.stderr)
        return 1
    weighed = what_if(decision)
    if json:
        _print_json(decision, weighed)
        return 0
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    with console.capture() as captured:
        for part in _page(_printable(decision), weighed, console, is_whole=all):
            console.print(part)
    text = captured.get()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a rule's name may hold what this locale cannot show
    sys.stdout.write(text if console.is_terminal else "".join(f"{line.rstrip()}\n" for line in text.splitlines()))
    return 0


def _directory(data: Path | None, config: Path | None) -> Path:
    if data is not None:
        if not data.is_dir():
            raise ConfigError([f"--data: no such directory, {data}, name the directory of events.directory"])
        return data
    chosen = config or (Path("vedette.yaml") if Path("vedette.yaml").exists() else None)
    if chosen is None:
        from vedette.config.schema import Events

        return Path(Events().directory)
    from vedette.config import load

    try:
        return Path(load(chosen, {}).events.directory)
    except ConfigError as error:
        raise ConfigError(
            [*error.problems, "or name the data directory with --data, then no configuration is read"]
        ) from None


def _page(decision: dict[str, Any], weighed: WhatIf, console: Console, *, is_whole: bool) -> list[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    from vedette.detect.threats import NAMES
    from vedette.mitigate.actions import instance

    verdict = decision["verdict"]
    colour = COLOURS.get(verdict, "white")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    head = Text.assemble((str(verdict), f"bold {colour}"), f"  {WORDS.get(verdict, '')}")
    facts.add_row("verdict", head)
    facts.add_row("score", _interval(decision, colour, console))
    facts.add_row("action", _action(decision))
    facts.add_row("rule", Text(str(decision["policy"] or "-")))
    if decision["threat"]:
        facts.add_row("threat", Text(f"{decision['threat']}  {NAMES.get(decision['threat'], '')}"))
    facts.add_row("request", Text(_request(decision)))
    facts.add_row("client", Text(_client(decision)))
    facts.add_row("model", Text(str(decision["model"] or "-")))
    facts.add_row("support id", Text(instance(decision["http.request.id"])))

    parts: list[RenderableType] = [facts, Text("\nwhy", style="bold"), _reasons(decision, console)]
    parts.append(Text("\nsignals", style="bold"))
    parts.extend(Text(f"  {line}") for line in _signals(decision))
    parts.append(Text("\nwhat followed", style="bold"))
    parts.extend(Text(f"  {line}") for line in _sequel(decision))
    parts.append(Text("\nwhat would change the verdict", style="bold"))
    parts.extend(Text(f"  {line}") for line in _turns(decision, weighed))
    if is_whole:
        parts.extend((Text("\nall known features", style="bold"), _features(decision, weighed)))
    return parts


def _signals(decision: dict[str, Any]) -> Iterator[str]:
    """Say which signals were known, which were not, and which were shown to be false."""
    found: dict[str, str] = decision.get("signals") or {}
    for name, state in found.items():
        if state.startswith("contradicted"):
            yield f"{name}: {state}"
    for state in ("known", "unknown"):
        names = [name for name, said in found.items() if said == state]
        if names:
            yield f"{state}: {', '.join(names)}"


def _turns(decision: dict[str, Any], weighed: WhatIf) -> Iterator[str]:
    """Say what carried the verdict."""
    if weighed.because:
        yield weighed.because
        if weighed.basis == "certainty":
            yield f"nothing else matters; without it the evidence would give a score of {weighed.score:.3f}"
        return
    for change in weighed.decisive:
        yield _turn(decision, change)
    if decision["verdict"] == "unknown" and weighed.is_held:
        yield "low is held at 0.89: evidence of one family alone, however strong, never makes a bad_bot"
    if not weighed.decisive:
        yield (
            f"no evidence that was found: without any of it, still {decision['verdict']}"
            if weighed.pieces
            else "nothing was found that speaks for or against this client"
        )


def _turn(decision: dict[str, Any], change: Change) -> str:
    what = " and ".join(change.without[:NAMED])
    if len(change.without) > NAMED:
        what += f" and {len(change.without) - NAMED} more together"
    line = f"without {'all of ' if change.is_family else ''}{what} ({change.weight:+.2f}): "
    if change.verdict != decision["verdict"]:
        line += f"{change.verdict}, "
    return (
        f"{line}score {decision['score']:.2f} -> {change.score:.2f},"
        f" low {decision['score.low']:.2f} -> {change.low:.2f}, high {decision['score.high']:.2f} -> {change.high:.2f}"
    )


def _features(decision: dict[str, Any], weighed: WhatIf) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    from vedette.detect.features import FEATURES, show

    weights = dict(weighed.pieces)
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for feature in FEATURES:
        value = decision["features"].get(feature.name)
        if value is not None:
            weight = f"  {weights[feature.name]:+.2f}" if feature.name in weights else "      "
            shown = "no" if feature.unit == "flag" and not value else show(feature, max(value, 0.0))
            seen = Text(shown).append(f"\n{feature.doc} ({feature.family})", style="dim")
            table.add_row(Text(weight), Text(feature.name, "bold"), seen)
    return table


def _interval(decision: dict[str, Any], colour: str, console: Console) -> Text:
    from rich.text import Text

    low, score, high = decision["score.low"], decision["score"], decision["score.high"]
    width = 40 if console.width >= 90 else 20
    places = [min(int(max(value, 0.0) * width), width - 1) for value in (low, score, high)]
    mark, span, rest = ("●", "━", "─") if _draws(console) else ("o", "=", "-")
    bar = Text()
    for place in range(width):
        inside = places[0] <= place <= places[2]
        bar.append(mark if place == places[1] else span if inside else rest, colour if inside else "dim")
    return Text.assemble(f"{score:.3f}  0 ", bar, f" 1  90 % between {low:.2f} and {high:.2f}")


def _action(decision: dict[str, Any]) -> Text:
    from rich.text import Text

    action = Text(str(decision["action"]), style="bold")
    if decision["degraded"]:
        action.append("  no decision could be had, the request passed (degraded)", style="not bold")
    elif decision["enforced"]:
        action.append("  enforced", style="not bold")
    elif decision["action"] in ("allow", "monitor"):
        action.append("  the request passed", style="not bold")
    else:
        action.append("  not enforced: monitor mode, the request passed", style="not bold")
    if decision["advice"]:
        action.append(f"  advice to the application: {decision['advice']}", style="not bold")
    return action


def _request(decision: dict[str, Any]) -> str:
    endpoint = decision["endpoint.name"] or "an endpoint without a name"
    method = decision["http.request.method"]
    called = endpoint if endpoint.startswith(f"{method} ") else f"{method} {endpoint}"
    return (
        f"{called} ({decision['endpoint.purpose']})"
        f" at {decision['timestamp']} by {decision['user_agent.name'] or 'no user agent'}"
    )


def _client(decision: dict[str, Any]) -> str:
    names = ("address", "session", "account", "fingerprint")
    known = [f"{name} {decision[f'{name}.hash']}" for name in names if decision[f"{name}.hash"]]
    shown = decision["client.address"]
    return ", ".join(([str(shown)] if shown else []) + known) or "-"


def _reasons(decision: dict[str, Any], console: Console) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    reasons = decision["reasons"]
    if not reasons:
        return Text("  nothing spoke for or against this client")
    most = max(2.0, *(abs(reason["weight"]) for reason in reasons if math.isfinite(reason["weight"])))
    table = Table.grid(padding=(0, 1))
    for name in ("weight", "bar", "signal"):
        table.add_column(name, no_wrap=True, justify="right" if name == "weight" else "left")
    table.add_column("what was seen", ratio=1)
    meanings = _meanings()
    for reason in reasons:
        weight = reason["weight"]
        family, doc = meanings.get(reason["signal"], ("", ""))
        seen = Text(reason["detail"] or "")
        if doc:
            seen.append(f"\n{doc} ({family})" if family else f"\n{doc}", style="dim")
        colour = "red" if weight > 0 else "green"
        bar = Text(_bar(weight, most, 12 if console.width >= 90 else 6, is_drawn=_draws(console)), colour)
        table.add_row(Text(f"  {weight:+.2f}"), bar, Text(reason["signal"], "bold"), seen)
    return table


def _bar(weight: float, most: float, width: int, *, is_drawn: bool) -> str:
    eighths = round(min(abs(weight) / most, 1.0) * width * 8) if math.isfinite(weight) else width * 8
    whole, part = divmod(eighths, 8)
    if is_drawn:
        return ("█" * whole + (_BARS[part] if part else "")).ljust(width)
    return (("+" if weight > 0 else "-") * max(whole, 1)).ljust(width)


def _sequel(decision: dict[str, Any]) -> list[str]:
    began = datetime.fromisoformat(decision["timestamp"]) if decision["timestamp"] else None
    lines = []
    answer = decision["answer"]
    if answer is not None:
        duration, size = answer["http.server.request.duration"], answer["http.response.body.size"]
        took = f" after {duration * 1000:.0f} ms" if duration is not None else ""
        lines.append(
            f"the API answered {answer['http.response.status_code']}{took}" + (f", {size} bytes" if size else "")
        )
    elif decision["enforced"] and decision["action"] not in ("allow", "monitor", "delay"):
        lines.append("it did not reach the API")
    else:
        lines.append("no answer of the API was reported")
    for outcome in decision["outcomes"]:
        whose = "" if outcome["of"] == "request" else f" (of the same {outcome['of']})"
        when = ""
        if began is not None and outcome["timestamp"]:
            when = f", {_span((datetime.fromisoformat(outcome['timestamp']) - began).total_seconds())}"
        lines.append(f"{outcome['outcome']}{whose}{when}")
    return lines


def _span(seconds: float) -> str:
    side = "later" if seconds >= 0 else "earlier"
    size = abs(seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if size >= 2 * length:
            return f"{size / length:.0f} {unit} {side}"
    return f"{size:.1f} s {side}"


def _meanings() -> dict[str, tuple[str, str]]:
    from vedette.detect.features import FEATURES
    from vedette.events.what_if import CERTAINTIES

    return {feature.name: (feature.family, feature.doc) for feature in FEATURES} | {
        name: ("certainty", doc) for name, doc in CERTAINTIES.items()
    }


def _draws(console: Console) -> bool:
    return console.is_terminal and console.encoding.lower().startswith("utf")


def _printable(value: Any) -> Any:
    """Replace what a terminal would obey instead of show."""
    if isinstance(value, str):
        return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_printable(item) for item in value]
    return value


def _print_json(decision: dict[str, Any], weighed: WhatIf) -> None:
    import msgspec

    turns = msgspec.to_builtins(weighed)
    turns["changes"] = [change for change in turns["changes"] if change["matters"]]
    # msgspec writes what is not finite as null; ASCII keeps control characters of any kind escaped
    whole = msgspec.json.decode(msgspec.json.encode(decision | {"would_change": turns}))
    print(json.dumps(whole, indent=2))
