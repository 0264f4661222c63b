"""Small SVG drawings without script: areas over time, bars, a histogram with intervals.

Colours come from the page's style sheet by class, so that light and dark follow the reader.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from vedette.report.gather import VERDICTS, Bucket, ScoreBin

__all__ = ["COLUMNS", "frame", "histogram", "line_across", "timeline"]

WIDTH, HEIGHT = 960, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 34
COLUMNS = 160
INTERVALS = 150


def timeline(buckets: dict[int, Bucket], step_s: float) -> str:
    """Draw requests over time, stacked by verdict, with a line for what would be stopped."""
    first, last = min(buckets), max(buckets)
    span = last - first + 1
    width = max(1, math.ceil(span / COLUMNS))
    columns = [Bucket() for _ in range(math.ceil(span / width))]
    for number, bucket in buckets.items():
        column = columns[(number - first) // width]
        column.verdicts = [a + b for a, b in zip(column.verdicts, bucket.verdicts, strict=True)]
        column.stopped += bucket.stopped
    peak = max(sum(column.verdicts) for column in columns)
    scale = _nice(peak)
    inner_w, inner_h = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    each = inner_w / len(columns)

    def y(value: float) -> float:
        return TOP + inner_h * (1 - value / scale)

    parts = [frame("Requests over time by verdict"), *_grid(scale)]
    base = [0] * len(columns)
    for place, verdict in enumerate(VERDICTS):
        top = [low + column.verdicts[place] for low, column in zip(base, columns, strict=True)]
        if any(column.verdicts[place] for column in columns):
            upper = [
                f"{LEFT + n * each:.1f},{y(v):.1f} {LEFT + (n + 1) * each:.1f},{y(v):.1f}" for n, v in enumerate(top)
            ]
            lower = [
                f"{LEFT + (n + 1) * each:.1f},{y(v):.1f} {LEFT + n * each:.1f},{y(v):.1f}" for n, v in enumerate(base)
            ]
            parts.append(f'<polygon class="{verdict}" points="{" ".join(upper)} {" ".join(reversed(lower))}"/>')
        base = top
    if any(column.stopped for column in columns):
        points = [f"{LEFT + (n + 0.5) * each:.1f},{y(column.stopped):.1f}" for n, column in enumerate(columns)]
        parts.append(f'<polyline class="stopped" points="{" ".join(points)}"/>')
    for n, column in enumerate(columns):
        when = _moment((first + n * width) * step_s, long=True)
        told = ", ".join(f"{v.replace('_', ' ')} {c:,}" for v, c in zip(VERDICTS, column.verdicts, strict=True) if c)
        title = f"{when}: {told or 'nothing'}; would be stopped {column.stopped:,}"
        parts.append(
            f'<rect class="hit" x="{LEFT + n * each:.1f}" y="{TOP}" width="{each:.1f}" height="{inner_h}">'
            f"<title>{escape(title)}</title></rect>"
        )
    days = span * step_s > 2 * 86_400
    for mark in range(6):
        at = first + span * mark / 5
        x = LEFT + inner_w * mark / 5
        anchor = "start" if mark == 0 else "end" if mark == 5 else "middle"
        label = _moment(at * step_s, days=days, seconds=span * step_s < 600)
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - 12}" text-anchor="{anchor}">{label}</text>')
    return "".join([*parts, "</svg>"])


def histogram(bins: Sequence[ScoreBin]) -> str:
    """Draw how many requests got which score (logarithmic), and below it the mean interval of each bar."""
    inner_w, inner_h = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    most = max((scored.requests for scored in bins), default=1)
    top = math.ceil(math.log10(max(most, 10)))
    each = inner_w / len(bins)
    parts = [frame("Requests by score, and the mean interval of each bar", height=HEIGHT + INTERVALS)]
    for power in range(top + 1):
        parts += line_across(TOP + inner_h * (1 - power / top), _short(10**power))
    for half in range(3):
        parts += line_across(_interval_y(half / 2), f"{half / 2:g}")
    start, end = _interval_y(0.0), _interval_y(1.0)
    parts.append(f'<line class="diagonal" x1="{LEFT}" y1="{start:.1f}" x2="{LEFT + inner_w}" y2="{end:.1f}"/>')
    for place, scored in enumerate(bins):
        if not scored.requests:
            continue
        x = LEFT + place * each
        tall = inner_h * max(0.02, math.log10(scored.requests) / top)
        kind = "bad_bot" if place >= 18 else "unknown" if place >= 2 else "human"
        low, high = scored.low / scored.requests, scored.high / scored.requests
        title = f"score {place / len(bins):.2f} to {(place + 1) / len(bins):.2f}: {scored.requests:,} requests, "
        title += f"mean interval {low:.2f} to {high:.2f}"
        parts.append(
            f'<rect class="{kind}" x="{x + 2:.1f}" y="{TOP + inner_h - tall:.1f}" width="{each - 4:.1f}" '
            f'height="{tall:.1f}"><title>{escape(title)}</title></rect>'
        )
        upper = _interval_y(high)
        parts.append(
            f'<rect class="interval" x="{x + 2:.1f}" y="{upper:.1f}" width="{each - 4:.1f}" rx="3" '
            f'height="{max(_interval_y(low) - upper, 2):.1f}"><title>{escape(title)}</title></rect>'
        )
    for tenth in range(11):
        x = LEFT + inner_w * tenth / 10
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - 14}" text-anchor="middle">{tenth / 10:.1f}</text>')
    return "".join([*parts, "</svg>"])


def _interval_y(probability: float) -> float:
    """Where a probability stands in the panel below the histogram."""
    return HEIGHT + INTERVALS - 8 - (INTERVALS - 16) * probability


def line_across(y: float, label: str, *, left: int = LEFT, right: int = WIDTH - RIGHT) -> list[str]:
    """Draw a rule of the grid with its label."""
    return [
        f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>',
        f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>',
    ]


def frame(label: str, width: int = WIDTH, height: int = HEIGHT) -> str:
    """Begin a drawing; ``label`` is what it is called aloud."""
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'


def _grid(scale: float) -> list[str]:
    inner_h = HEIGHT - TOP - BOTTOM
    lines = []
    for quarter in range(5):
        lines += line_across(TOP + inner_h * (1 - quarter / 4), _short(scale * quarter / 4))
    return lines


def _nice(value: float) -> float:
    """Round up to a number whose quarters are easy to read."""
    power = 10 ** math.floor(math.log10(max(value, 1)))
    return float(next(step * power for step in (1, 2, 3, 4, 6, 8, 10) if step * power >= value))


def _short(value: float) -> str:
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _moment(timestamp: float, *, days: bool = False, long: bool = False, seconds: bool = False) -> str:
    when = datetime.fromtimestamp(timestamp, UTC)
    return when.strftime("%Y-%m-%d %H:%M:%S" if long else "%d %b" if days else "%H:%M:%S" if seconds else "%H:%M")
