"""Writes ``docs/accuracy.md`` from judgements: what was measured and how, one section a world."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.accuracy.worlds import Figures, Result
from bench.report import Table

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"

HEAD = """# Accuracy

What `vedette` finds, misses and harms in simulated worlds, with the shipped `balanced` policy. `make accuracy` writes
this page; nothing on it depends on the machine. How the worlds are made, and how far they can be trusted, stands in
[Simulation](simulation.md); what each figure means, in [Replay](reference/replay.md#labels).

```sh
make accuracy                                # all worlds: builds, replays and judges them, then writes this page
make accuracy ARGS="shop-day --scale 0.1"    # one world, a tenth of it

vedette simulate --scenario shop-day --seed {seed} --out shop-day.jsonl.zst      # the same by hand
vedette replay shop-day.jsonl.zst shop-day.outcomes.jsonl.zst --config shop-day.vedette.yaml \\
  --labels shop-day.labels.parquet --accuracy figures.json --report report.html
```

- Figures are for seed {seed}, which was set aside: it holds campaign families and client stacks that no tuning has
  seen. Seed {tuning}, which may be tuned on, stands in one line beside it.{scale}
- **Stopped** counts requests that would not have reached the API: block, challenge, rate limit, redirect, decoy. A
  person is **noticed** by a challenge, delay, rate limit or stop and **hard-stopped** by a stop that is neither
  challenge nor rate limit. Replay acts on nothing: nobody stopped turns away, retools or comes back.
- **At 0.1 %** is the share of malicious requests whose score is at or above the smallest score that no more than 0.1 %
  of human requests reach; “few” marks rates for which a world has too few human requests to tell.
- Brackets are 95 % Wilson intervals. They take requests for independent; those of one session or campaign are not, so
  that the truth is less certain.
- **Defaults** is Vedette without any configuration: purposes are guessed from paths, sessions from usual cookie names.
- **First stop** and **half stopped** say how long after the first request of a campaign, and in brackets how many of
  its requests came before; medians where there are several campaigns. One is half stopped when half of its last twenty
  requests are.
- **Won** counts different accounts, cards, objects and so on of each campaign, whose requests were not stopped.
  Costs are the simulation's, invented but consistent: the same spending divided by what is won.
- **What each signal adds**: the score anew without the features of one [signal](reference/signals.md) and the
  certainties that come from it. A small loss does not mean that a signal is worth little: others may say the same.
  Hosting, VPN and Tor networks are known better here than outside: worlds draw addresses from the lists that ship.
- **Rate limit** refuses an address that sends more than so many requests in a sliding window (10 s, 60 s, 10 min or
  1 h). It is flattered: window and threshold are chosen on the very world, held-out labels included, once for the best
  F1, once (**gentle**) to stop as much as it can where no more than 0.1 % of human sessions notice.
- **Agent list** blocks user agents on the public list of the package `crawler-user-agents` and the HTTP libraries that
  such lists name, and requests without one. It lets in search engines, monitors, previews, feed readers and AI crawlers
  by their name, whoever claims it, and the libraries of the shop's own apps.
"""

LEVELS = (1, 2, 3)


def page(results: Sequence[Result], seed: int, tuning_seed: int, scale: float) -> str:
    """Give the whole page."""
    said = "" if scale == 1.0 else f" Populations are scaled by {scale:g}."
    parts = [HEAD.format(seed=seed, tuning=tuning_seed, scale=said), _summary(results)]
    parts += [_world(result, seed, tuning_seed) for result in results]
    return "\n".join(parts).rstrip() + "\n"


# -- numbers ---------------------------------------------------------------------------------------------------------


def percent(value: float | None) -> str:
    """A share with as many digits as it needs.

    >>> [percent(value) for value in (None, 0.0, 1.0, 0.5, 0.0123, 0.00004)]
    ['–', '0 %', '100 %', '50.0 %', '1.23 %', '0.004 %']
    """
    if value is None:
        return "–"
    if value in (0.0, 1.0):
        return f"{100 * value:.0f} %"
    if value > 0.9995:
        return f"{100 * value:.2f} %"
    return f"{100 * value:.1f} %" if value >= 0.0995 else f"{100 * value:.2f} %" if value >= 0.00095 else (
        f"{100 * value:.3f} %"
    )  # fmt: skip


def share(told: Figures | None, *, spread: bool = False) -> str:
    if not told or not told["total"]:
        return "–"
    if not spread:
        return percent(told["value"])
    low, high = told["within_95"]
    return f"{percent(told['value'])} [{percent(low).removesuffix(' %')}, {percent(high).removesuffix(' %')}]"


def area(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def seconds(value: float | None) -> str:
    if value is None:
        return "–"
    if value < 120:
        return f"{value:.1f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def _first(told: Sequence[Figures]) -> Figures:
    return told[0] if told else {}


def _at(judged: Figures, place: int) -> str:
    if not judged["malicious"] or not judged["cuts"]:
        return "–"
    few = " (few)" if judged["cuts"][place]["is_too_few"] else ""
    return share(judged["malicious"][0]["at"][place]) + few


def _defences(result: Result) -> list[tuple[str, Figures]]:
    return [
        ("**Vedette**", result.configured),
        ("Vedette, defaults", result.defaults),
        ("rate limit, best F1", result.rate),
        ("rate limit, gentle", result.gentle),
        ("agent list", result.agents),
    ]


# -- sections --------------------------------------------------------------------------------------------------------


def _overall(table: Table, first: Sequence[str], judged: Figures) -> None:
    bad, people, bots = (_first(judged[what]) for what in ("malicious", "people", "good_bots"))
    table.add(
        *first,
        share(bad.get("stopped")),
        *(_at(judged, place) for place in range(3)),
        area(bad.get("auc")),
        share(judged["precision_stopped"]),
        share(people.get("stopped")),
        share(people.get("sessions_noticed")),
        share(people.get("sessions_hard_stopped")),
        share(bots.get("stopped")),
        share(bad.get("good_bot")) if first[-1].startswith(("**Vedette", "Vedette")) else "–",
    )


_COLUMNS = (
    "defence", "malicious stopped", "at 0.01 %", "at 0.1 %", "at 1 %", "AUC", "precision", "human requests stopped",
    "people noticed", "people hard-stopped", "good bots' requests stopped", "taken for a good bot",
)  # fmt: skip


def _summary(results: Sequence[Result]) -> str:
    table = Table("world", *_COLUMNS)
    for result in results:
        for place, (name, judged) in enumerate(_defences(result)):
            _overall(table, [f"[{result.name}](#{result.name})" if not place else "", name], judged)
    return f"## All worlds\n\n{table}\n"


def _world(result: Result, seed: int, tuning_seed: int) -> str:
    judged = result.configured
    count = sum(judged["requests"].values())
    people = _first(judged["people"])
    facts = [f"{count:,} requests", f"{percent(judged['calibration']['malicious'])} of them malicious"]
    if people:
        facts.append(f"{people['sessions']:,} human sessions")
    count = len(judged["campaigns"])
    facts.append(f"{count or 'no'} campaign{'s' if count > 1 else ''}")
    limit, f1, gentle = result.limits
    tuned = f"F1 {f1:.2f}" if f1 else "nothing to tune on: that of the first world above"
    parts = [
        f"## {result.name}\n\n{result.description}\n",
        f"{', '.join(facts)}. The rate limit of best F1 refuses {limit} ({tuned}), the gentle one {gentle}.\n",
    ]
    table = Table(*_COLUMNS)
    for name, told in _defences(result):
        _overall(table, [name], told)
    _overall(table, [f"Vedette, seed {tuning_seed}"], result.tuning)
    parts.append(f"{table}\n")
    sections: tuple[tuple[str, Callable[[Result], Table | None]], ...] = (
        ("Malicious requests stopped, by family and level (1 / 2 / 3)", _families),
        ("Delays and losses, Vedette, by family", _losses),
        ("What was won, by defence (before half stopped / in all / on offer)", _prizes),
        ("People, by segment", _people),
        ("Good bots, by segment: requests stopped", _bots),
        ("Calibration", _calibration),
        ("What each signal adds", _ablation),
    )
    for title, make in sections:
        made = make(result)
        if made is not None:
            parts.append(f"### {title}\n\n{made}\n")
    return "\n".join(parts)


def _families(result: Result) -> Table | None:
    judged = result.configured
    cells = {(one["family"], one["level"]): one for one in judged["malicious"]}
    families = sorted({family for family, _ in cells if family})
    if not families:
        return None
    others = [
        {(one["family"], one["level"]): one for one in told["malicious"]}
        for told in (result.defaults, result.rate, result.gentle, result.agents)
    ]

    def triple(told: dict[Any, Figures], family: str, of: Callable[[Figures], Figures]) -> str:
        levels = LEVELS if any((family, level) in told for level in LEVELS) else (0,)
        found = [told.get((family, level)) for level in levels]
        return " / ".join(share(of(one)).removesuffix(" %") if one else "–" for one in found)

    table = Table(
        "family", "requests", "**Vedette**", "score at 0.1 %", "AUC", "defaults", "best F1", "gentle", "agent list"
    )
    for family in ("", *families):
        whole = cells.get((family, None))
        if whole is None:
            continue
        table.add(
            _words(family) if family else "all",
            f"{whole['requests']:,}",
            triple(cells, family, lambda one: one["stopped"]),
            triple(cells, family, lambda one: one["at"][1]) if judged["cuts"] else "–",
            " / ".join(
                f"{one['auc']:.3f}" if one and one["auc"] is not None else "–"
                for one in (cells.get((family, level)) for level in LEVELS)
            ),
            *(triple(other, family, lambda one: one["stopped"]) for other in others),
        )
    return table


def _ablation(result: Result) -> Table | None:
    told = result.ablation
    if told is None:
        return None

    def row(name: str, known: str, without: Figures, alone: Figures | None) -> None:
        cells = [without, *([alone] if alone else [])]
        found = [
            cell
            for one in cells
            for cell in (
                area(one["all"]["auc"]),
                " / ".join(area(one[str(level)]["auc"]) for level in LEVELS),
                percent(one["all"]["at"]),
                " / ".join(percent(one[str(level)]["at"]).removesuffix(" %") for level in LEVELS),
            )
        ]
        # of a signal alone AUC and share are enough
        table.add(name, known, *found[:4], *((found[5], found[6]) if alone else ("–", "–")))

    table = Table(
        "left out", "known in", "AUC without", "by level 1 / 2 / 3", "malicious at 0.1 % without",
        "by level 1 / 2 / 3", "AUC of it alone, by level", "at 0.1 %, alone",
    )  # fmt: skip
    row("nothing", "–", told["all"], None)
    for name, one in told["families"].items():
        row(f"*family: {name}*", "–", one["without"], None)
    signals = sorted(told["signals"].items(), key=lambda item: item[1]["without"]["all"]["auc"] or 0.0)
    for name, one in signals:
        row(name, percent(one["known"]), one["without"], one["alone"])
    return table


def _losses(result: Result) -> Table | None:
    families: dict[str, list[Figures]] = defaultdict(list)
    for one in result.configured["campaigns"]:
        families[one["family"]].append(one)
    if not families:
        return None
    table = Table(
        "family", "campaigns", "first stop, level 1 / 2 / 3", "half stopped, level 1 / 2 / 3",
        "won before half stopped / in all / on offer", "attacker's cost of one, undefended / with Vedette",
    )  # fmt: skip
    for family, found in sorted(families.items()):
        levels = [[one for one in found if one["level"] == level] for level in LEVELS]
        if not any(levels):
            levels = [found]
        table.add(
            _words(family) or "–",
            len(found),
            " / ".join(_moments([one["first_stop"] for one in some]) for some in levels),
            " / ".join(_moments([one["half_stopped"] for one in some]) for some in levels),
            _won(found),
            _cost(found, result.costs),
        )
    return table


def _moments(moments: Sequence[Figures | None]) -> str:
    """The median of those that came; how many of how many where some never did."""
    told = [moment for moment in moments if moment is not None]
    if not told:
        return "never" if moments else "–"
    after = seconds(median(moment["seconds"] for moment in told))
    some = f", {len(told)} of {len(moments)}" if len(told) < len(moments) else ""
    return f"{after} ({median(moment['requests'] for moment in told):,.0f}{some})"


def _won(found: Sequence[Figures]) -> str:
    words = sorted({word for one in found for word in one["offered"]})
    told = []
    for word in words:
        sums = [sum(one[what].get(word, 0) for one in found) for what in ("leaked_before_half", "leaked", "offered")]
        text = f"{_words(word)} {' / '.join(f'{value:,}' for value in sums)}"
        worst = max((one["catalogue_before_half"] or 0.0 for one in found), default=0.0)
        if word == "object" and found[0]["catalogue"] is not None:
            text += f" (at most {percent(worst)} of the catalogue before half stopped)"
        told.append(text)
    return "; ".join(told) or "–"


def _cost(found: Sequence[Figures], costs: dict[str, float]) -> str:
    """What an attacker pays for one prize, as the world counts it; the same spending, fewer prizes."""
    spent = sum(costs.get(one["name"], 0.0) for one in found)
    offered, leaked = (sum(sum(one[what].values()) for one in found) for what in ("offered", "leaked"))
    if not offered or not spent:
        return "–"
    return f"{_dollars(spent / offered)} / {_dollars(spent / leaked) if leaked else 'none won'}"


def _dollars(value: float) -> str:
    return f"$ {value:.2f}" if value >= 0.995 else f"$ {value:.2g}" if value >= 0.0001 else f"$ {value:.6f}"


def _prizes(result: Result) -> Table | None:
    words = list(result.configured["prizes"])
    if not words:
        return None
    table = Table("defence", *(_words(word) for word in words))
    for name, judged in _defences(result):
        prizes = [judged["prizes"].get(word, {}) for word in words]
        cells = [
            " / ".join(f"{loss.get(what, 0):,}" for what in ("leaked_before_half", "leaked", "offered"))
            for loss in prizes
        ]
        table.add(name, *cells)
    return table


def _people(result: Result) -> Table | None:
    told = result.configured["people"]
    if not told:
        return None
    others = [{one["segment"]: one for one in judged["people"]} for _, judged in _defences(result)[1:]]
    table = Table(
        "segment", "requests", "stopped", "sessions", "noticed", "hard-stopped", "defaults: noticed",
        "best F1: noticed", "gentle: noticed", "agent list: hard-stopped",
    )  # fmt: skip
    for one in told:
        defaults, rate, gentle, agents = (other.get(one["segment"], {}) for other in others)
        table.add(
            _words(one["segment"]) or "all",
            f"{one['requests']:,}",
            share(one["stopped"]),
            f"{one['sessions']:,}",
            share(one["sessions_noticed"], spread=True),
            share(one["sessions_hard_stopped"], spread=True),
            share(defaults.get("sessions_noticed")),
            share(rate.get("sessions_noticed")),
            share(gentle.get("sessions_noticed")),
            share(agents.get("sessions_hard_stopped")),
        )
    return table


def _bots(result: Result) -> Table | None:
    told = result.configured["good_bots"]
    if not told:
        return None
    others = [{one["segment"]: one for one in judged["good_bots"]} for _, judged in _defences(result)[1:]]
    table = Table(
        "segment", "requests", "**Vedette**", "verdict `bad_bot`", "defaults", "best F1", "gentle", "agent list"
    )
    for one in told:
        table.add(
            _words(one["segment"]) or "all",
            f"{one['requests']:,}",
            share(one["stopped"], spread=True),
            share(one["bad_bot"]),
            *(share(other.get(one["segment"], {}).get("stopped")) for other in others),
        )
    return table


def _calibration(result: Result) -> Table:
    table = Table(
        "", "ECE", "ECE, equal mass", "Brier", "log-loss", "90 % interval holds", "by tenth of the score, lowest first",
        "mean width",
    )  # fmt: skip
    for name, judged in (("**Vedette**", result.configured), ("Vedette, defaults", result.defaults)):
        told, held = judged["calibration"], judged["calibration"]["coverage"]
        deciles = " ".join("yes" if _is_covered(one) else "no" for one in told["deciles"])
        table.add(
            name,
            *(f"{told[what]:.4f}" for what in ("ece", "ece_equal_mass", "brier", "log_loss")),
            f"{percent(held['by_request'])} of requests ({percent(held['by_request_or_chance'])} allowing for chance)",
            deciles,
            f"{held['width']:.3f}" if held["width"] is not None else "–",
        )
    return table


def _is_covered(one: Figures) -> bool:
    return bool(one["low"] - 1e-6 <= one["malicious"] <= one["high"] + 1e-6)


def _words(name: str) -> str:
    return name.replace("_", " ").replace("|", "/")
