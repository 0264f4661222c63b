"""Write the reference pages that are tables of the code: ``python docs/generate.py``. A test compares them."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

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
    text = (HERE / "reference" / "scenario.md").read_text("utf-8")
    for part, lines in (("kinds", kinds), ("endpoints", endpoints)):
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
}


def main() -> None:
    for page, text in PAGES.items():
        page.write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
