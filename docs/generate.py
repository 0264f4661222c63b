"""Write the reference pages that are tables of the code: ``python docs/generate.py``. A test compares them."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

from vedette.collect.robots import PURPOSES, Robot, known
from vedette.collect.signals import PRIVACY, SIGNALS
from vedette.detect.certainties import NAMES as CERTAINTIES
from vedette.detect.features import BIAS, FAMILIES, FEATURES
from vedette.simulate.populations import POPULATIONS
from vedette.simulate.shop import DIALECTS, ENDPOINTS
from vedette.simulate.world import HELD_OUT_FAMILIES
from vedette.telemetry import METRICS

__all__ = ["PAGES"]

HERE = Path(__file__).parent


def signals() -> str:
    """The page of signals."""
    lines = [
        "# Signals: what a reason may name",
        "",
        "Written by `docs/generate.py` from `vedette.detect.features`; do not edit by hand.",
        "",
        "A reason of a decision names one feature, its weight in log-odds (positive: towards malicious automation)",
        "and what was seen. The name is stable. A weight of 0 means: measured and logged, but without a say before it",
        "has been learned. `most` is the largest weight that the expert prior gives; all signals of a family together",
        f"are held within the family's bounds. Before any evidence the log-odds are {BIAS:g}.",
        "",
        "| family | at most | at least | what it is about |",
        "| --- | --- | --- | --- |",
        *(f"| {family.name} | +{family.cap:g} | {family.floor:g} | {family.doc} |" for family in FAMILIES),
        "",
        "## Certainties",
        "",
        "| signal | what it means |",
        "| --- | --- |",
        *(f"| `{name}` | {what} |" for name, what in CERTAINTIES.items()),
        "",
        f"## Signals ({len(SIGNALS)})",
        "",
        "What is taken from a request. For each decision every signal is *known*, *unknown* (the door does not see it,",
        "or the request cannot show it) or *contradicted* (another signal shows it to be false); unknown never counts",
        "as innocent or guilty. `vedette explain` and `GET /v1/decisions/{id}` tell the state of each.",
        "",
        "| signal | meaning | unit | source | privacy | can contradict | what attackers do about it |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {s.name} | {_cell(s.meaning)} | {_cell(s.unit)} | {_cell(s.source)} | {s.privacy} "
            f"| {s.contradicts or '–'} | {_cell(s.evasion)} |"
            for s in SIGNALS
        ),
        "",
        *(f"- *{name}*: {what}" for name, what in PRIVACY.items()),
        "",
        f"## Features ({len(FEATURES)})",
        "",
        "What is measured from signals: the names that a reason may have.",
        "",
        "| feature | signal | family | of | window | most | what is measured |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| `{f.name}` | {f.signal} | {f.family} | {f.entity} | {f.window or '–'} "
            f"| {f.weight:+g} | {_cell(f.doc)} |"
            for f in FEATURES
        ),
        "",
    ]
    return "\n".join(lines)


def metrics() -> str:
    """The page of metrics."""
    lines = [
        "# Metrics",
        "",
        "Written by `docs/generate.py` from `vedette.telemetry`; do not edit by hand.",
        "",
        "`GET /metrics` on the console's address gives them in the Prometheus text format. Every label value comes",
        "from a closed set, never from a client, so the number of series is bounded.",
        "",
        "| metric | kind | labels | what it counts |",
        "| --- | --- | --- | --- |",
    ]
    for metric in METRICS:
        labels = "; ".join(f"`{name}`: {', '.join(values)}" for name, values in metric.labels.items()) or "–"
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {_cell(metric.help)} |")
    return "\n".join([*lines, ""])


def scenario() -> str:
    """The page of scenarios: its tables of kinds and endpoints from the code, the rest as it stands."""
    kinds = ["| section | kind | who |", "| --- | --- | --- |"]
    for section, populations in POPULATIONS.items():
        for name, population in populations.items():
            said = " ".join((population.__doc__ or "").strip().split("\n\n")[0].split()).replace("``", "`")
            said = _DATA.sub(partial(_listed, sys.modules[population.__module__]), said)
            held = " (held out for testing)" if name in HELD_OUT_FAMILIES else ""
            kinds.append(f"| `{section}` | `{name}` | {_cell(said)}{held} |")
    endpoints = ["| endpoint | method | purpose | by default |", "| --- | --- | --- | --- |"]
    for name, endpoint in ENDPOINTS.items():
        path = DIALECTS["rest"].paths[name]
        endpoints.append(f"| `{name}` | {endpoint.method} | {endpoint.purpose} | `{path}` |")
    return _between("scenario.md", {"kinds": kinds, "endpoints": endpoints})


def agents() -> str:
    """The page of agents: its tables of robots from the catalogue, the rest as it stands."""
    robots = known()
    told = [robot for robot in robots if robot.operator]
    lines = [
        f"{len(robots)} names, from `src/vedette/data/robots` (see there for sources); the tables are written by",
        "`docs/generate.py`.",
        "",
        "| purpose | what for | names |",
        "| --- | --- | --- |",
    ]
    for purpose, what in PURPOSES.items():
        lines.append(f"| `{purpose}` | {what} | {sum(robot.purpose == purpose for robot in robots)} |")
    lines += ["", "### Those whose operator is told", "", "| name | operator | purpose | how it proves itself |"]
    lines.append("| --- | --- | --- | --- |")
    for robot in told:
        lines.append(f"| `{robot.name}` | {robot.operator} | `{robot.purpose}` | {_proof(robot)} |")
    lines += ["", "### Those whose name alone is known", ""]
    for purpose in PURPOSES:
        names = [robot.name for robot in robots if robot.purpose == purpose and not robot.operator]
        if names:
            lines += [f"`{purpose}`: {', '.join(names)}", ""]
    return _between("agents.md", {"robots": lines[:-1]})


def _proof(robot: Robot) -> str:
    """Say how a claim is checked."""
    proofs = []
    if robot.feed:
        whole = "all its ranges" if robot.is_complete else "ranges"
        proofs.append(f"{whole}, `{robot.family or robot.name}`: <{robot.feed}>")
    elif robot.ranges:
        proofs.append(f"ranges, `{robot.ranges[0]}`")
    if robot.suffixes:
        proofs.append("DNS below " + ", ".join(f"`{suffix}`" for suffix in robot.suffixes))
    if robot.directory:
        proofs.append(f"signs as `{robot.directory}`")
    shared = "never trusted" if robot.is_shared else ""
    return "; ".join([*proofs, *([shared] if shared else [])]) or "–"


def _between(page: str, parts: dict[str, list[str]]) -> str:
    """Give a page with its parts between marks replaced."""
    text = (HERE / "reference" / page).read_text("utf-8")
    for part, lines in parts.items():
        begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
        before, rest = text.split(begin, 1)
        text = before + "\n".join([begin, *lines, end]) + rest.split(end, 1)[1]
    return text


_DATA = re.compile(r":data:`(\w+)`")


def _listed(module: ModuleType, found: re.Match[str]) -> str:
    """Write the words that a name in a docstring stands for."""
    return ", ".join(f"`{word}`" for word in getattr(module, found[1]))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES = {
    HERE / "reference" / "signals.md": signals,
    HERE / "reference" / "metrics.md": metrics,
    HERE / "reference" / "scenario.md": scenario,
    HERE / "reference" / "agents.md": agents,
}


def main() -> None:
    for page, text in PAGES.items():
        page.write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
