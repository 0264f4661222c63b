"""A judgement as lines for a terminal: tables of at most 110 columns, what is worst first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from vedette.replay.judge.accuracy import Judgement
from vedette.replay.judge.campaigns import Campaign, Delay, Moment
from vedette.replay.judge.families import Recall
from vedette.replay.judge.harm import Population
from vedette.replay.judge.ranking import Cut
from vedette.replay.judge.shares import Share

__all__ = ["FAMILIES", "MOST_CAMPAIGNS", "SEGMENTS", "cut_name", "lines", "measures", "printable", "worst_first"]

FAMILIES, SEGMENTS, BOTS, MOST_CAMPAIGNS = 15, 10, 5, 8
"""Rows of each table; the file of figures has them all."""

_MIDDLE = 1  # the cut at 0.1 % false positives stands for the score in the table of families


def lines(judged: Judgement) -> Iterator[str]:
    """Give what ``vedette replay --labels`` prints."""
    undecided = f" ({judged.undecided:,} of requests that were not decided)" if judged.undecided else ""
    yield f"labels: {judged.labels:,}{undecided}, decisions without one: {judged.unlabelled:,}"
    yield f"{'measure':<66} {'share':>9} {'of':>10}   {'90 % interval':<16} 95 % interval"
    for name, share in measures(judged):
        if share.total:
            spans = [" – ".join(f"{100 * end:.2f}" for end in span) for span in (share.within_90, share.within_95)]
            yield f"{name:<66} {100 * share.value:>7.2f} % {share.total:>10,}   {spans[0]:<16} {spans[1]}"
    if judged.malicious and judged.cuts:
        yield f"area under the ROC curve, malicious against human requests: {judged.malicious[0].auc:.4f}"
    yield from _calibration(judged)
    yield from _levels(judged)
    yield from _families(judged)
    yield from _people("people by segment, the most harmed first", judged.people, SEGMENTS)
    yield from _bots(judged)
    yield from _campaigns(judged)


def measures(judged: Judgement) -> Iterator[tuple[str, Share]]:
    """Every overall share with its name."""
    if judged.malicious:
        found = judged.malicious[0]
        yield "recall: malicious requests stopped", found.stopped
        yield "recall: malicious requests with verdict bad_bot", found.bad_bot
        for cut, share in zip(judged.cuts, found.at, strict=True):
            yield f"recall at {cut_name(cut)}", share
    yield "precision: stopped requests that are malicious", judged.precision_stopped
    yield "precision: verdict bad_bot that is malicious", judged.precision_bad_bot
    if judged.people:
        people = judged.people[0]
        yield "false positives: human requests stopped", people.stopped
        yield "false positives: human requests noticed", people.noticed
        yield "false positives: human requests hard-stopped", people.hard_stopped
        yield "false positives: human requests with verdict bad_bot", people.bad_bot
        yield "human sessions ever noticed or stopped", people.sessions_noticed
        yield "human sessions ever hard-stopped", people.sessions_hard_stopped
    if judged.good_bots:
        yield "false positives: good bots' requests stopped", judged.good_bots[0].stopped
    if judged.malicious:
        yield "malicious requests taken for a good bot", judged.malicious[0].good_bot
        yield "malicious requests taken for a human", judged.malicious[0].human


def cut_name(cut: Cut) -> str:
    """Say what a cut is, and where it is an extrapolation."""
    target = f"{100 * cut.target:g} % false positives"
    if cut.is_too_few:
        return f"{target} (too few human requests to tell)"
    return f"{target} (score {_score(cut.threshold)})"


def worst_first(found: Sequence[Campaign]) -> list[Campaign]:
    """Order campaigns by how many of their requests got through."""
    return sorted(found, key=lambda one: (one.stopped.hits - one.stopped.total, one.name))


def printable(text: str, width: int) -> str:
    """Cut a name from a file to a width, and replace what a terminal could take for a command."""
    shown = "".join(letter if letter.isprintable() else "·" for letter in text[: width + 1])
    return shown if len(shown) <= width else shown[: width - 1] + "…"


def _score(threshold: float) -> str:
    return "above all that occur" if math.isinf(threshold) else f"≥ {threshold:.4f}"


def _percent(share: Share | None) -> str:
    if share is None or not share.total:
        return "–"
    return f"{100 * share.value:.2f}" if share.value < 0.0995 else f"{100 * share.value:.1f}"


def _calibration(judged: Judgement) -> Iterator[str]:
    told = judged.calibration
    if not told.requests:
        return
    yield (
        f"calibration: ECE {told.ece:.4f} ({told.ece_equal_mass:.4f} in bins of equal mass), Brier {told.brier:.4f}, "
        f"log-loss {told.log_loss:.4f}, malicious {100 * told.malicious:.2f} %"
    )
    held = told.coverage
    if held.cells:
        yield (
            f"90 % interval: holds the truth for {100 * held.by_request:.1f} % of requests "
            f"({100 * held.by_request_or_chance:.1f} % allowing for chance) in {held.cells} cells; "
            f"mean width {held.width:.3f}"
        )


def _levels(judged: Judgement) -> Iterator[str]:
    levels = [found for found in judged.malicious if not found.family and found.level is not None]
    if levels and judged.cuts:
        heads = "".join(f"{f'{100 * cut.target:g} % FP':>11}" for cut in judged.cuts)
        yield f"\n{'malicious requests, %':<24}{'requests':>10}{'stopped':>11}{'bad_bot':>11}{heads}{'AUC':>9}"
        for found in levels:
            shares = "".join(f"{_percent(share):>11}" for share in (found.stopped, found.bad_bot, *found.at))
            yield f"{f'level {found.level}':<24}{found.requests:>10,}{shares}{found.auc:>9.4f}"


def _families(judged: Judgement) -> Iterator[str]:
    cells = {(found.family, found.level): found for found in judged.malicious if found.family}
    families = [found for found in judged.malicious if found.family and found.level is None]
    if not families:
        return
    levels = sorted({level for _, level in cells if level is not None})

    def row(family: str, what: str) -> str:
        wanted = [cells.get((family, level)) for level in (None, *levels)]
        return "".join(f"{_percent(_of(found, what)):>7}" for found in wanted)

    heads = "".join(f"{head:>7}" for head in ("all", *(f"L{level}" for level in levels)))
    wide = len(heads)
    yield f"\n{'found by family, %':<24}{'':>10}  {'stopped by policy':>{wide}}  {'0.1 % false positives':>{wide}}"
    yield f"{'':<24}{'requests':>10}  {heads}  {heads}"
    families.sort(key=lambda found: (found.stopped.value, found.family))
    for found in families[:FAMILIES]:
        name = printable(found.family, 24)
        yield f"{name:<24}{found.requests:>10,}  {row(found.family, 'stopped')}  {row(found.family, 'score')}"
    yield from _rest(len(families) - FAMILIES, "families")


def _of(found: Recall | None, what: str) -> Share | None:
    if found is None:
        return None
    if what == "stopped":
        return found.stopped
    return found.at[_MIDDLE] if found.at else None


def _people(title: str, found: Sequence[Population], most: int) -> Iterator[str]:
    told = sorted(
        found[1:],
        key=lambda one: (one.sessions_noticed.hits, one.stopped.hits, one.requests),
        reverse=True,
    )
    if not told:
        return
    yield f"\n{title:<42}{'sessions':>10}{'noticed, %':>12}{'95 %':>15}{'hard, %':>9}{'requests stopped, %':>21}"
    for one in told[:most]:
        span = " – ".join(f"{100 * end:.2f}" for end in one.sessions_noticed.within_95) if one.sessions else "–"
        yield (
            f"{printable(one.segment, 42):<42}{one.sessions:>10,}{_percent(one.sessions_noticed):>12}"
            f"{span:>15}{_percent(one.sessions_hard_stopped):>9}{_percent(one.stopped):>21}"
        )
    yield from _rest(len(told) - most, "segments")


def _bots(judged: Judgement) -> Iterator[str]:
    told = sorted(judged.good_bots[1:], key=lambda one: (one.stopped.hits, one.requests), reverse=True)
    if told:
        yield f"\n{'good bots by segment':<42}{'requests':>10}{'stopped, %':>12}{'95 %':>15}{'bad_bot, %':>12}"
    for one in told[:BOTS]:
        span = " – ".join(f"{100 * end:.2f}" for end in one.stopped.within_95)
        name = printable(one.segment, 42)
        yield f"{name:<42}{one.requests:>10,}{_percent(one.stopped):>12}{span:>15}{_percent(one.bad_bot):>12}"
    yield from _rest(len(told) - BOTS, "segments")
    forged = [one for one in judged.malicious if one.family and one.level is None and one.good_bot.hits]
    if forged:
        told_as = ", ".join(f"{printable(one.family, 24)} {_percent(one.good_bot)} %" for one in forged[:BOTS])
        yield f"taken for a good bot: {told_as}"


def _campaigns(judged: Judgement) -> Iterator[str]:
    for name, told in (("campaigns", judged.campaign_delay), ("malicious sessions", judged.session_delay)):
        if told is not None:
            yield f"{'' if name != 'campaigns' else chr(10)}first stop: {_delay(told)} {name}{_medians(told)}"
    if judged.prizes:
        won = ", ".join(
            f"{word} {loss.leaked_before_half:,}/{loss.leaked:,}/{loss.offered:,}"
            for word, loss in judged.prizes.items()
        )
        yield f"won before half stopped/in all/on offer: {won}"
        most = max((one.catalogue_before_half for one in judged.campaigns), default=math.nan)
        if most > 0:
            yield f"most of the catalogue taken by one campaign before it was half stopped: {100 * most:.2f} %"
    if not judged.campaigns:
        return
    title = f"{'campaign, what let most through first':<40}{'L':>2}{'requests':>10}{'stopped, %':>11}"
    yield f"{title}{'first stop after':>20}{'half stopped':>20}"
    for one in worst_first(judged.campaigns)[:MOST_CAMPAIGNS]:
        yield (
            f"{printable(one.name, 40):<40}{one.level or '–':>2}{one.requests:>10,}{_percent(one.stopped):>11}"
            f"{_moment(one.first_stop):>20}{_moment(one.half_stopped):>20}"
        )
    yield from _rest(len(judged.campaigns) - MOST_CAMPAIGNS, "campaigns")


def _delay(told: Delay) -> str:
    return f"{told.stopped.hits:,} of {told.stopped.total:,}"


def _medians(told: Delay) -> str:
    return f", median after {told.seconds:,.1f} s and {told.requests:,.0f} requests" if told.stopped.hits else ""


def _moment(moment: Moment | None) -> str:
    return "never" if moment is None else f"{moment.requests:,} / {moment.seconds:,.0f} s"


def _rest(count: int, what: str) -> Iterator[str]:
    if count > 0:
        yield f"… and {count:,} more {what}; --accuracy FILE.json has all"
