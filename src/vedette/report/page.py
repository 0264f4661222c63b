"""The report page: gathered figures in, one HTML file out."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from markupsafe import Markup

from vedette.detect.threats import NAMES
from vedette.report.charts import COLUMNS, histogram, timeline
from vedette.report.gather import Gathered
from vedette.report.judged import judged_rows
from vedette.types import STOPPING, Decision, Request

if TYPE_CHECKING:
    from vedette.config.schema import Config
    from vedette.doors.logs import MalformedTally
    from vedette.replay import Figures, Judgement

__all__ = ["Report"]

CLIENTS = 15
ENDPOINTS = 20
_LEGEND = (("bad_bot", "bad bot"), ("unknown", "unknown"), ("good_bot", "good bot"), ("human", "human"))


class Report:
    """A page in the making: a consumer of a replay. Nothing is written before :meth:`write`."""

    def __init__(self, target: Path) -> None:
        """Check the target; raises ``ValueError`` or ``OSError`` where no page could be written there."""
        if target.suffix not in (".html", ".htm"):
            message = f"{target}: the name must end in .html"
            raise ValueError(message)
        if not target.parent.is_dir():
            raise FileNotFoundError(2, "no such directory", str(target.parent))
        self._target = target
        self._gathered = Gathered()

    def expect(self, place: int) -> None:
        """Nothing to do before the decision is made."""

    def add(self, _place: int, request: Request, decision: Decision) -> None:
        """Take in one decision."""
        self._gathered.add(request, decision)

    def write(
        self,
        figures: Figures,
        malformed: MalformedTally,
        sources: Sequence[str],
        config: Config,
        judged: Judgement | None = None,
    ) -> Path:
        """Write the page, all at once; an older one of that name is replaced.

        A page about an interrupted replay says so, and its name gets ``.partial`` before the suffix.
        """
        target = self._target
        if figures.interrupted:
            target = target.with_suffix(f".partial{target.suffix}")
        page = render(self._gathered, figures, malformed, sources, config, judged)
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            draft.write_text(page, encoding="utf-8", errors="replace")
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return target


def render(
    gathered: Gathered,
    figures: Figures,
    malformed: MalformedTally,
    sources: Sequence[str],
    config: Config,
    judged: Judgement | None = None,
) -> str:
    """Give the page as text."""
    folder = resources.files("vedette.report")
    css = (folder / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    template = Environment(autoescape=True, trim_blocks=True).from_string(
        (folder / "page.html.j2").read_text(encoding="utf-8")
    )
    hours = (figures.last - figures.first) / 3600.0
    return template.render(
        css=Markup(css),  # noqa: S704  # a file of our own
        css_hash=f"sha256-{digest}",
        headline=_headline(gathered),
        subline=_subline(gathered),
        interrupted=figures.interrupted,
        period=f"{_day(figures.first)} to {_day(figures.last)} UTC ({_span(hours)})",
        sources=", ".join(Path(source).name for source in sources[:3]) + (" …" if len(sources) > 3 else ""),
        policy=config.policy_name,
        model=gathered.model,
        cards=_cards(gathered),
        step=_step(gathered),
        timeline=Markup(timeline(gathered.buckets, gathered.step_s)),  # noqa: S704  # charts escapes what it shows
        histogram=Markup(histogram(gathered.scores)),  # noqa: S704
        legend=_LEGEND,
        rules=_rules(gathered),
        threats=_threats(gathered),
        clients=_clients(gathered),
        endpoints=_endpoints(gathered),
        endpoint_count=f"{len(gathered.endpoints):,}",
        judged=judged_rows(judged) if judged is not None else None,
        malformed=malformed.examples,
        malformed_total=f"{malformed.total:,}",
        malformed_kinds=", ".join(f"{count:,} {kind}" for kind, count in malformed.kinds.most_common(5)),
        notes=_notes(figures),
    )


def _headline(gathered: Gathered) -> str:
    share = _percent(gathered.stopped, gathered.requests)
    if not gathered.stopped:
        return f"Nothing to stop: none of {gathered.requests:,} requests looked malicious enough to act on."
    threat = gathered.threats.most_common(1)
    what = f", mostly {NAMES[threat[0][0]]}" if threat else ""
    return f"{gathered.stopped:,} of {gathered.requests:,} requests ({share}) would have been stopped{what}."


def _subline(gathered: Gathered) -> str:
    stopped = [client for client in gathered.clients.values() if client.stopped]
    suspects = f"{len(stopped):,} of {len(gathered.clients):,} clients would have been stopped at least once"
    busiest = max(stopped, key=lambda client: client.stopped, default=None)
    if busiest is None:
        return suspects + "."
    share = _percent(busiest.stopped, gathered.stopped)
    return f"{suspects}; the busiest of them accounts for {share} of what would be stopped."


def _cards(gathered: Gathered) -> list[dict[str, str]]:
    cards = [
        {"value": f"{gathered.requests:,}", "label": "requests"},
        {
            "value": f"{gathered.stopped:,}",
            "label": f"would be stopped ({_percent(gathered.stopped, gathered.requests)})",
        },
    ]
    for verdict, label in (("bad_bot", "bad bot"), ("human", "human"), ("unknown", "unknown")):
        count = gathered.verdicts[verdict]
        cards.append({"value": _percent(count, gathered.requests), "label": f"verdict {label}"})
    return cards


def _rules(gathered: Gathered) -> list[dict[str, Any]]:
    rows = []
    for (name, action), count in gathered.rules.most_common(12):
        kind = "act" if action in STOPPING else "watch" if action in ("monitor", "delay") else "pass"
        share = 100 * count / gathered.requests
        rows.append(
            {
                "name": name,
                "action": action.replace("_", " "),
                "count": f"{count:,}",
                "kind": kind,
                "width": f"{max(share, 0.5):.1f}",
                "share": _percent(count, gathered.requests),
            }
        )
    return rows


def _threats(gathered: Gathered) -> list[dict[str, str]]:
    most = max(gathered.threats.values(), default=1)
    return [
        {"code": code, "name": NAMES[code], "count": f"{count:,}", "width": f"{max(100 * count / most, 1):.1f}"}
        for code, count in gathered.threats.most_common(8)
    ]


def _clients(gathered: Gathered) -> list[dict[str, str]]:
    suspects = [pair for pair in gathered.clients.items() if pair[1].score >= 0.5]
    suspects.sort(key=lambda pair: (pair[1].stopped, pair[1].score), reverse=True)
    return [
        {
            "name": f"{key:016x}"[:10],
            "first": client.first_id,
            "requests": f"{client.requests:,}",
            "stopped": f"{client.stopped:,}",
            "score": f"{client.score:.3f}",
            "low": f"{client.low:.2f}",
            "threat": f"{client.threat} {NAMES[client.threat]}" if client.threat else "",
            "why": "; ".join(client.reasons),
            "agent": client.agent,
        }
        for key, client in suspects[:CLIENTS]
    ]


def _endpoints(gathered: Gathered) -> list[dict[str, Any]]:
    busiest = sorted(gathered.endpoints.items(), key=lambda pair: pair[1].requests, reverse=True)[:ENDPOINTS]
    return [
        {
            "name": name,
            "purpose": endpoint.purpose.replace("_", " "),
            "requests": f"{endpoint.requests:,}",
            "stopped": f"{endpoint.stopped:,}" if endpoint.stopped else "–",
            "width": f"{100 * endpoint.stopped / endpoint.requests:.1f}",
            "threats": [code for code, _ in endpoint.threats.most_common(3)],
        }
        for name, endpoint in busiest
    ]


def _notes(figures: Figures) -> list[str]:
    notes = []
    if figures.late:
        notes.append(f"{figures.late:,} lines came too late to be put in order and were decided at the clock's time.")
    if figures.outcomes:
        notes.append(f"{figures.outcomes:,} outcomes were taken into account from their own time on.")
    return notes


def _step(gathered: Gathered) -> str:
    first, last = min(gathered.buckets), max(gathered.buckets)
    seconds = gathered.step_s * max(1, -(-(last - first + 1) // COLUMNS))
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds > 1 else "second"
    minutes = seconds / 60.0
    if minutes < 60:
        return f"{minutes:.0f} min" if minutes != 1 else "minute"
    return f"{minutes / 60:.1f} h"


def _percent(part: int, whole: int) -> str:
    """A share, with a space that does not break before the sign."""
    share = 100 * part / whole if whole else 0.0
    if 99.95 <= share < 100:
        text = "> 99.9 %"
    else:
        text = f"{share:.2f} %" if 0 < share < 1 else f"{share:.1f} %"
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _span(hours: float) -> str:
    if hours < 1:
        return f"{hours * 60:.1f} min"
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.1f} days"


def _day(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M")
