"""The part of the page that compares decisions with labels: curves, a heat table, who was harmed, what was lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from markupsafe import Markup

from vedette.replay import Judgement
from vedette.replay.judge.calibration import Bin
from vedette.replay.judge.campaigns import Campaign, Moment
from vedette.replay.judge.families import Recall
from vedette.replay.judge.harm import Population
from vedette.replay.judge.shares import Share
from vedette.replay.judge.text import measures, worst_first
from vedette.report.charts import frame, line_across

__all__ = ["calibration_plot", "judged_rows", "roc"]

CAMPAIGNS, SEGMENTS, FAMILIES = 25, 20, 40
SIZE, EDGE, FOOT = 460, 46, 40
"""Of a square drawing: its side, the room left of it and above, and below."""


def judged_rows(judged: Judgement) -> dict[str, Any]:
    """Put a judgement into what the page shows."""
    return {
        "shares": [
            {"name": name, "value": _percent(share), "interval": _span(share), "total": f"{share.total:,}"}
            for name, share in measures(judged)
            if share.total
        ],
        "auc": f"{judged.malicious[0].auc:.4f}" if judged.malicious and judged.cuts else "",
        "roc": Markup(roc(judged.curve)) if judged.curve else "",  # noqa: S704  # numbers only
        "calibration": Markup(calibration_plot(judged.calibration.deciles)),  # noqa: S704
        "calibrated": _calibrated(judged),
        "heat": _heat(judged),
        "people": _people(judged.people),
        "good_bots": _people(judged.good_bots),
        "prizes": [
            {
                "kind": word.replace("_", " "),
                "before": f"{loss.leaked_before_half:,}",
                "leaked": f"{loss.leaked:,}",
                "offered": f"{loss.offered:,}",
            }
            for word, loss in judged.prizes.items()
        ],
        "campaigns": [_campaign(one) for one in worst_first(judged.campaigns)[:CAMPAIGNS]],
        "campaign_count": f"{len(judged.campaigns):,}",
    }


def roc(points: Sequence[tuple[float, float]]) -> str:
    """Draw recall over the share of human requests, whose axis is logarithmic."""
    first, last = math.log10(points[0][0]), math.log10(points[-1][0])

    def x(share: float) -> float:
        return EDGE + (SIZE - EDGE - 14) * (math.log10(share) - first) / (last - first)

    parts = [frame("Recall by share of human requests at or above the score", SIZE, SIZE - EDGE)]
    parts += _rules_across()
    for power in range(math.ceil(first), math.floor(last) + 1):
        at = x(10.0**power)
        label = f"{100 * 10.0**power:g} %"
        anchor = "end" if power == 0 else "middle"
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_y(0):.1f}" y2="{_y(1):.1f}"/>')
        parts.append(f'<text x="{at:.1f}" y="{_y(0) + 18:.1f}" text-anchor="{anchor}">{label}</text>')
    drawn = " ".join(f"{x(share):.1f},{_y(recall):.1f}" for share, recall in points)
    chance = " ".join(f"{x(share):.1f},{_y(share):.1f}" for share, _ in points)
    parts.append(f'<polyline class="diagonal" fill="none" points="{chance}"/>')
    parts.append(f'<polyline class="curve" points="{drawn}"/>')
    for share, recall in points:
        title = f"{100 * share:.3g} % of human requests: {100 * recall:.1f} % of malicious ones"
        parts.append(_dot(x(share), _y(recall), "hit", 7, title))
    return "".join([*parts, "</svg>"])


def calibration_plot(bins: Sequence[Bin]) -> str:
    """Draw the malicious share of each tenth of the requests over its mean score, with the mean interval."""
    wide = SIZE - EDGE - 14
    parts = [frame("Malicious share by mean score, with the mean interval", SIZE, SIZE - EDGE), *_rules_across()]
    for fifth in range(6):
        at = EDGE + wide * fifth / 5
        anchor = "end" if fifth == 5 else "start" if fifth == 0 else "middle"
        parts.append(f'<text x="{at:.1f}" y="{_y(0) + 18:.1f}" text-anchor="{anchor}">{fifth / 5:g}</text>')
    parts.append(f'<line class="diagonal" x1="{EDGE}" y1="{_y(0):.1f}" x2="{EDGE + wide}" y2="{_y(1):.1f}"/>')
    for one in bins:
        x = EDGE + wide * min(max(one.score, 0.0), 1.0)
        title = f"{one.requests:,} requests: mean score {one.score:.3f}, {100 * one.malicious:.1f} % malicious, "
        title += f"mean interval {one.low:.2f} to {one.high:.2f}"
        top, bottom = _y(one.high), _y(one.low)
        parts.append(
            f'<rect class="interval thin" x="{x - 4:.1f}" y="{top:.1f}" width="8" rx="3" '
            f'height="{max(bottom - top, 2):.1f}"><title>{escape(title)}</title></rect>'
        )
    for one in bins:
        x = EDGE + wide * min(max(one.score, 0.0), 1.0)
        title = f"mean score {one.score:.3f}, {100 * one.malicious:.1f} % malicious"
        parts.append(_dot(x, _y(one.malicious), "dot" if one.is_covered else "dot out", 5, title))
    return "".join([*parts, "</svg>"])


def _y(share: float) -> float:
    return 12 + (SIZE - EDGE - FOOT - 12) * (1 - share)


def _rules_across() -> list[str]:
    parts: list[str] = []
    for fifth in range(6):
        parts += line_across(_y(fifth / 5), f"{20 * fifth} %", left=EDGE, right=SIZE - 14)
    return parts


def _dot(x: float, y: float, kind: str, radius: int, title: str) -> str:
    side = 2 * radius
    return (
        f'<rect class="{kind}" x="{x - radius:.1f}" y="{y - radius:.1f}" width="{side}" height="{side}" '
        f'rx="{radius}"><title>{escape(title)}</title></rect>'
    )


def _calibrated(judged: Judgement) -> str:
    told = judged.calibration
    if not told.requests:
        return ""
    text = f"Expected calibration error {told.ece:.3f}, Brier score {told.brier:.3f}, log-loss {told.log_loss:.3f}."
    held = told.coverage
    if held.cells:
        text += (
            f" The interval, {held.width:.2f} wide on average, holds the malicious share for "
            f"{100 * held.by_request:.0f} % of the requests, {100 * held.by_request_or_chance:.0f} % allowing for "
            "chance (by tenth of the score and purpose of the endpoint)."
        )
    return text


def _heat(judged: Judgement) -> dict[str, Any] | None:
    """Recall by family and level: by policy, and by score at 0.1 % false positives."""
    cells = {(found.family, found.level): found for found in judged.malicious}
    families = [found for found in judged.malicious if found.family and found.level is None]
    if not families:
        return None
    families.sort(key=lambda found: (found.stopped.value, found.family))
    levels = sorted({level for _, level in cells if level is not None})
    heads = ["all", *(f"level {level}" if level else "no level" for level in levels)]

    def row(found: Recall) -> dict[str, Any]:
        mine = [cells.get((found.family, level)) for level in (None, *levels)]
        return {
            "family": found.family.replace("_", " ") or "all families",
            "requests": f"{found.requests:,}",
            "stopped": [_cell(cell, lambda one: one.stopped) for cell in mine],
            "score": [_cell(cell, lambda one: one.at[1]) for cell in mine] if judged.cuts else [],
        }

    everything = cells["", None]
    rows = [row(found) for found in (everything, *families[:FAMILIES])]
    name = f"{100 * judged.cuts[1].target:g} % false positives" if judged.cuts else ""
    return {"heads": heads, "rows": rows, "cut": name, "more": max(0, len(families) - FAMILIES)}


def _cell(found: Recall | None, share_of: Callable[[Recall], Share]) -> dict[str, str]:
    if found is None:
        return {"text": "", "kind": "", "title": ""}
    share = share_of(found)
    title = f"{share.hits:,} of {share.total:,}, 90 % interval {_span(share)}"
    whole = f"{100 * share.value:.0f}" if share.value in (0.0, 1.0) else f"{100 * share.value:.1f}"
    return {"text": whole, "kind": f"heat{min(10, int(share.value * 10))}", "title": title}


def _people(found: Sequence[Population]) -> dict[str, Any] | None:
    if not found:
        return None
    told = sorted(found[1:], key=lambda one: (one.sessions_noticed.hits, one.stopped.hits, one.requests), reverse=True)
    rows = [
        {
            "segment": one.segment.replace("_", " ") or "all",
            "requests": f"{one.requests:,}",
            "stopped": _percent(one.stopped),
            "sessions": f"{one.sessions:,}",
            "noticed": _percent(one.sessions_noticed),
            "noticed_span": _span(one.sessions_noticed) if one.sessions else "",
            "hard": _percent(one.sessions_hard_stopped),
            "width": f"{100 * one.sessions_noticed.value:.1f}" if one.sessions else "0",
        }
        for one in (found[0], *told[:SEGMENTS])
    ]
    return {"rows": rows, "more": max(0, len(told) - SEGMENTS)}


def _campaign(one: Campaign) -> dict[str, Any]:
    won = [
        f"{one.leaked_before_half.get(word, 0):,}/{one.leaked.get(word, 0):,}/{offered:,} {word.replace('_', ' ')}"
        for word, offered in one.offered.items()
    ]
    return {
        "name": one.name[:60],
        "what": f"{one.threat or one.family}{f', level {one.level}' if one.level else ''}",
        "requests": f"{one.requests:,}",
        "stopped": _percent(one.stopped),
        "first": _moment(one.first_stop),
        "half": _moment(one.half_stopped),
        "won": won,
    }


def _moment(moment: Moment | None) -> str:
    if moment is None:
        return "never"
    seconds = moment.seconds
    text = f"{seconds:,.1f} s" if seconds < 120 else f"{seconds / 60:,.0f} min" if seconds < 7200 else ""
    return f"{text or f'{seconds / 3600:,.1f} h'} · {moment.requests:,}"


def _percent(share: Share) -> str:
    return f"{100 * share.value:.2f} %" if share.total else "–"


def _span(share: Share) -> str:
    return " – ".join(f"{100 * end:.2f}" for end in share.within_90) + " %"
