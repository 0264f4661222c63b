"""The drill's figures as Markdown tables, for the terminal and the README."""

from __future__ import annotations

from collections.abc import Sequence

from bench.drill.people import Refusal
from bench.drill.run import Act
from demo.tally import Population

__all__ = ["markdown"]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s"


def _tools(acts: Sequence[Act]) -> list[str]:
    lines = [
        "| tool | what it does | sent | reached the shop | must be stopped within | was stopped after "
        "| later requests that got through | met |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for act in acts:
        found = act.finding
        met = "yes" if act.is_met else "no" if act.is_proven else "not proven"
        lines.append(
            f"| `{act.tool.name}` | {act.tool.what} | {found.sent:,} | {found.reached:,} | {found.within_s:.0f} s "
            f"| {_seconds(found.after_s)} | {found.late_reached} of {found.late_sent:,} ({_percent(found.share)}) "
            f"| {met} |"
        )
    return lines


def _people(crowds: Sequence[Population], minutes: float) -> list[str]:
    lines = [
        f"| people, {minutes:g} min | addresses | sent | reached the shop | stopped | without an answer | met |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for crowd in crowds:
        met = "yes" if crowd.stopped == 0 and crowd.failed == 0 else "no"
        lines.append(
            f"| {crowd.name} | {len(crowd.clients)} | {len(crowd.sent):,} | {len(crowd.reached):,} "
            f"| {crowd.stopped} | {crowd.failed} | {met} |"
        )
    return lines


def _extra(acts: Sequence[Act]) -> list[str]:
    lines = [
        "| not announced | what it does | sent | reached the shop | stopped | stopped after |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for act in acts:
        crowd, kind = act.population, "honest: " if act.tool.is_honest else ""
        after = "–" if act.tool.is_honest else _seconds(act.finding.after_s)
        lines.append(
            f"| `{act.tool.name}` | {kind}{act.tool.what} | {len(crowd.sent):,} | {len(crowd.reached):,} "
            f"| {_percent(crowd.stopped / max(1, len(crowd.sent)))} | {after} |"
        )
    return lines


def markdown(
    acts: Sequence[Act], crowds: Sequence[Population], refusal: Refusal | None, extra: Sequence[Act], minutes: float
) -> str:
    """All that was measured, as Markdown."""
    blocks = []
    if acts:
        blocks.append("\n".join(_tools(acts)))
    if crowds:
        blocks.append("\n".join(_people(crowds, minutes)))
    if refusal:
        word = "met" if refusal.is_met else "missed"
        blocks.append(f"Refusal read by a page of another origin in Chromium: {word}; {refusal.text}.")
    if extra:
        blocks.append("\n".join(_extra(extra)))
    return "\n\n".join(blocks) + "\n"
