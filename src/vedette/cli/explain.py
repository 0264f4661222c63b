"""``vedette explain ID``: why a decision was made, what followed it, and what would have changed it."""

from __future__ import annotations

import json
import math
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from vedette.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = ["command", "turning_points"]

BAD_LOW = 0.9
HUMAN_HIGH = 0.1
COLOURS = {"bad_bot": "red", "good_bot": "cyan", "human": "green", "unknown": "yellow"}
WORDS = {
    "bad_bot": "a malicious bot",
    "good_bot": "a bot that proved who it is",
    "human": "a person",
    "unknown": "not known well enough",
}
CERTAINTIES = {
    "honeypot": "touched what nobody honest ever touches",
    "revoked_session": "its session was ended by an earlier decision, or its client is held",
    "override": "an operator labelled this session or client",
    "partner": "carries the key of a configured partner",
}
_BARS = " ▏▎▍▌▋▊▉█"


def command(
    id: str,
    /,
    *,
    data: Path | None = None,
    config: Path | None = None,
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
    json
        Print one JSON object instead.
    """
    directory = _directory(data, config)
    from vedette.events.views import find

    decision = find(directory, id)
    if decision is None:
        print(f"{id[:140]}: no such decision below {directory}", file=sys.stderr)
        print(
            "  the id is http.request.id, the id in Vedette-Decision, or the urn:uuid: of a refusal's instance;\n"
            "  a decision appears within a second, and stays for events.retain; --data names another directory",
            file=sys.stderr,
        )
        return 1
    if json:
        _print_json(decision | {"would_change": turning_points(decision)})
    else:
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=False)
        for part in _page(decision, console):
            console.print(part)
    return 0


def turning_points(decision: dict[str, Any]) -> list[str]:
    """Say which evidence decided: what the verdict would be without it, or what it would take to be another."""
    verdict, low, high = decision["verdict"], decision["score.low"], decision["score.high"]
    reasons = decision["reasons"]
    certain = [reason["signal"] for reason in reasons if reason["signal"] in CERTAINTIES]
    if certain:
        return [f"{certain[0]} is a certainty: no other evidence was asked, and none would change it"]
    if decision["degraded"]:
        return ["no decision could be had: nothing was weighed"]
    for_malice = [reason for reason in reasons if reason["weight"] > 0]
    middle = _logit(decision["score"])
    spread = max(_logit(high) - middle, 0.0)
    if verdict == "bad_bot":
        return [_without(for_malice, middle, spread, low)]
    points = []
    if verdict != "good_bot":
        uncapped = _sigmoid(middle - spread)
        strong = _strong(reasons)
        if uncapped >= BAD_LOW and len(strong) < 2:
            only = strong[0] if strong else "one family"
            points.append(
                f"bad_bot would take evidence of a second family worth +2.0: all that is strong is of {only},"
                " and one family alone never lifts low above 0.89"
            )
        else:
            needed = _logit(BAD_LOW) + spread - middle
            points.append(
                f"bad_bot (low of {BAD_LOW} or more) would take about {needed:+.1f} log-odds of further evidence"
            )
    if verdict == "unknown":
        needed = _logit(HUMAN_HIGH) - spread - middle
        points.append(
            f"human (high of {HUMAN_HIGH} or less) would take about {needed:+.1f} log-odds, or a narrower interval"
        )
    return points


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

    return Path(load(chosen, {}).events.directory)


def _page(decision: dict[str, Any], console: Console) -> list[RenderableType]:
    from rich.table import Table
    from rich.text import Text

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
        facts.add_row("threat", Text(str(decision["threat"])))
    facts.add_row("request", Text(_request(decision)))
    facts.add_row("client", Text(_client(decision)))
    facts.add_row("model", Text(str(decision["model"] or "-")))
    facts.add_row("support id", Text(f"urn:uuid:{decision['http.request.id']}"))

    parts: list[RenderableType] = [facts, Text("\nwhy", style="bold"), _reasons(decision, console)]
    parts.append(Text("\nwhat followed", style="bold"))
    parts.extend(Text(f"  {line}") for line in _sequel(decision))
    points = turning_points(decision)
    if points:
        parts.append(Text("\nwhat would change the verdict", style="bold"))
        parts.extend(Text(f"  {line}") for line in points)
    return parts


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
    return (
        f"{decision['http.request.method']} {endpoint} ({decision['endpoint.purpose']})"
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

    return {feature.name: (feature.family, feature.doc) for feature in FEATURES} | {
        name: ("certainty", doc) for name, doc in CERTAINTIES.items()
    }


def _without(for_malice: list[dict[str, Any]], middle: float, spread: float, low: float) -> str:
    """Take reasons away, strongest first, until the verdict would no longer be ``bad_bot``."""
    needs_two = len(_strong(for_malice)) >= 2
    left = middle
    for count, reason in enumerate(for_malice, 1):
        left -= reason["weight"]
        names = " and ".join(each["signal"] for each in for_malice[:count])
        would = _sigmoid(left - spread)
        if would < BAD_LOW:
            return (
                f"without {names}, low would be about {would:.2f} instead of {low:.2f}: below {BAD_LOW}, not a bad_bot"
            )
        if needs_two and len(_strong(for_malice[count:])) < 2:
            return (
                f"without {names}, only one family of evidence would be strong, which never lifts low above 0.89:"
                " not a bad_bot"
            )
    return "no listed reason decides: without all of them low would still be 0.9 or more"


def _strong(reasons: list[dict[str, Any]]) -> list[str]:
    """Name the families whose listed reasons add at least +2 log-odds."""
    return [family for family, weight in _families(reasons).items() if weight >= 2.0]


def _families(reasons: list[dict[str, Any]]) -> dict[str, float]:
    meanings = _meanings()
    sums: dict[str, float] = {}
    for reason in reasons:
        family = meanings.get(reason["signal"], ("", ""))[0]
        sums[family] = sums.get(family, 0.0) + reason["weight"]
    return sums


def _draws(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")


def _logit(p: float) -> float:
    p = min(max(p, 1e-6), 1.0 - 1e-6)
    return math.log(p / (1.0 - p))


def _sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z)) if z > -700 else 0.0


def _print_json(decision: dict[str, Any]) -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return None
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value

    print(json.dumps(plain(decision), ensure_ascii=False, indent=2))
