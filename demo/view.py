"""The terminal view: who came, what reached the shop, what Vedette decided and why; a page, or plain lines."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from demo.cast import CAST, population_of
from demo.decisions import Decisions
from demo.tally import Population, Tally

__all__ = ["Story", "line", "page", "summary"]

THREATS = {
    "OAT-001": "carding",
    "OAT-002": "token cracking",
    "OAT-004": "fingerprinting",
    "OAT-007": "credential cracking",
    "OAT-008": "credential stuffing",
    "OAT-010": "card cracking",
    "OAT-011": "scraping",
    "OAT-014": "vulnerability scanning",
    "OAT-015": "denial of service",
    "OAT-018": "footprinting",
    "OAT-019": "account creation",
}
VERDICT_STYLES = {"human": "green", "good_bot": "cyan", "unknown": "yellow", "bad_bot": "red"}
STOPPING = frozenset({"block", "rate_limit", "redirect", "challenge", "decoy"})
BARS = " ▁▂▃▄▅▆▇█"
WIDE, TALL, NARROW = 100, 26, 66


class Story:
    """What the view shows: both counts, how far the demo is, and where the shop can be visited."""

    def __init__(self, tally: Tally, decisions: Decisions, url: str, seconds: float) -> None:
        self.tally, self.decisions, self.url, self.seconds = tally, decisions, url, seconds
        self.elapsed = 0.0
        self._before: dict[str, tuple[int, int]] = {}
        self.per_second: dict[str, tuple[int, int]] = {}

    def read(self, elapsed: float) -> None:
        """Take what is new; once a second."""
        step = max(0.2, elapsed - self.elapsed)
        self.elapsed = elapsed
        self.tally.read()
        self.decisions.read()
        for name, crowd in self.tally.populations.items():
            sent, reached = len(crowd.sent), len(crowd.reached)
            before = self._before.get(name, (0, 0))
            self.per_second[name] = (round((sent - before[0]) / step), round((reached - before[1]) / step))
            self._before[name] = (sent, reached)


def _share(crowd: Population) -> Text:
    share = crowd.stopped / len(crowd.sent) if crowd.sent else 0.0
    good = share == 0 if crowd.is_honest else share > 0.9
    style = "dim" if not crowd.sent else "green" if good else "yellow"
    return Text(f"{100 * share:.0f} %" if crowd.sent else "–", style)


def _crowds(story: Story, *, wide: bool) -> Table:
    table = Table(expand=True, box=None, padding=(0, 1), header_style="bold")
    table.add_column("who")
    table.add_column("sent", justify="right")
    table.add_column("reached the shop", justify="right")
    table.add_column("stopped", justify="right")
    if wide:
        table.add_column("now: sent → shop /s", justify="right")
    table.add_column("people harmed", justify="right")
    for role in CAST:
        crowd = story.tally.populations[role.name]
        sent, reached = story.per_second.get(role.name, (0, 0))
        cells: list[RenderableType] = [
            Text(role.what, "green" if role.is_honest else "red"),
            f"{len(crowd.sent):,}",
            f"{len(crowd.reached):,}",
            _share(crowd),
        ]
        if wide:
            cells.append(f"{sent} → {reached}" if crowd.sent else Text(f"enters at {role.enters_s:.0f} s", "dim"))
        cells.append(Text(f"{len(crowd.harmed)} of {len(crowd.clients)}", "red" if crowd.harmed else "green")
                     if role.is_honest else "")  # fmt: skip
        table.add_row(*cells)
    return table


def _short(crowd: Population) -> Text:
    harm = f" {len(crowd.harmed)} harmed" if crowd.is_honest else ""
    return Text.assemble(f"{crowd.name:9.9}{len(crowd.sent):>7} → {len(crowd.reached):<6} ", _share(crowd), harm)


def _spark(counts: list[int]) -> str:
    top = max(*counts, 1)
    return "".join(BARS[(count * 8 + top - 1) // top] for count in counts)


def _verdicts(story: Story) -> Table:
    table = Table(expand=True, box=None, padding=(0, 1), header_style="bold")
    table.add_column("verdict")
    table.add_column("in all", justify="right")
    table.add_column("/s", justify="right")
    table.add_column("last 40 s", no_wrap=True)
    for verdict, style in VERDICT_STYLES.items():
        counts = list(story.decisions.rates.get(verdict, [0]))
        table.add_row(
            Text(verdict, style), f"{story.decisions.verdicts[verdict]:,}", str(counts[-1]), Text(_spark(counts), style)
        )
    return table


def _counts(story: Story) -> Text:
    actions = "  ".join(f"{name} {count:,}" for name, count in story.decisions.actions.most_common(5))
    threats = "  ".join(
        f"{THREATS.get(code, code)} {count:,}" for code, count in story.decisions.threats.most_common(4)
    )
    return Text.assemble(("actions  ", "bold"), actions or "–", "\n", ("threats  ", "bold"), threats or "–")


def _recent(story: Story, rows: int) -> Table:
    table = Table(expand=True, box=None, padding=(0, 1), header_style="bold")
    for name in ("time", "who", "endpoint", "verdict", "score", "action"):
        table.add_column(name, no_wrap=True)
    table.add_column("because", ratio=1, no_wrap=True, overflow="ellipsis")
    for record in list(story.decisions.recent)[-rows:]:
        reasons = ", ".join(f"{reason.signal} {reason.weight:+.1f}" for reason in record.reasons[:4])
        table.add_row(
            f"{datetime.fromtimestamp(record.timestamp):%H:%M:%S}",
            population_of(record.client_address or ""),
            record.endpoint,
            Text(record.verdict, VERDICT_STYLES.get(record.verdict, "")),
            f"{record.score:.2f}",
            Text(record.action, "red" if record.action in STOPPING else "yellow"),
            reasons,
        )
    return table


def page(story: Story, console: Console) -> RenderableType:
    """The whole view, as large as the terminal allows."""
    wide, tall = console.width >= WIDE, console.height >= TALL
    if console.width < NARROW:
        return Group(*(_short(story.tally.populations[role.name]) for role in CAST))
    title = f"Vedette · {story.elapsed:.0f} of {story.seconds:.0f} s · visit the protected shop at {story.url}"
    crowds = _crowds(story, wide=wide)
    if not tall:
        return Group(Text(title, "bold"), crowds, _counts(story))
    rows = max(1, console.height - 23)
    return Group(
        Text(title, "bold"),
        Panel(crowds, title="who came, and what reached the shop"),
        Panel(Group(_verdicts(story), _counts(story)), title="what Vedette decided"),
        Panel(_recent(story, rows), title="the latest decisions that were not simply let through"),
    )


def line(story: Story) -> str:
    """One line for a log or a pipe."""
    parts = []
    for role in CAST:
        crowd = story.tally.populations[role.name]
        harm = f", {len(crowd.harmed)} harmed" if role.is_honest else ""
        parts.append(f"{role.name} {len(crowd.sent)} sent {len(crowd.reached)} reached{harm}")
    return f"{story.elapsed:4.0f} s  {story.decisions.total} decisions | " + " | ".join(parts)


def summary(story: Story) -> RenderableType:
    """What it all came to."""
    table = Table(
        title="The demo in figures",
        caption="reached: counted by the shop; last 10 s: what was stopped of a population's last ten seconds",
        title_justify="left",
        caption_justify="left",
    )
    for name, side in (("who", "left"), ("sent", "right"), ("reached", "right"), ("stopped", "right")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]  # one of the words above
    table.add_column("last 10 s", justify="right")
    table.add_column("harmed", justify="right")
    for role in CAST:
        crowd = story.tally.populations[role.name]
        table.add_row(
            role.what,
            f"{len(crowd.sent):,}",
            f"{len(crowd.reached):,}",
            _share(crowd),
            _late_share(crowd),
            f"{len(crowd.harmed)} of {len(crowd.clients)}" if role.is_honest else "",
        )
    return table


def _late_share(crowd: Population) -> str:
    if not crowd.sent:
        return "–"
    since = crowd.sent[-1] - 10.0
    sent = sum(moment >= since for moment in crowd.sent)
    return f"{100 * max(0.0, 1 - crowd.reached_since(since) / sent):.0f} %"
