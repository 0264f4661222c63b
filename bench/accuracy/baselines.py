"""Two defences that everybody has, judged by the same measures: a rate limit for each address, a user-agent list.

The rate limit is flattered: window and threshold are those with the best F1 on the very world that it is judged on.
"""

from __future__ import annotations

import re
from array import array
from pathlib import Path
from typing import NamedTuple

import numpy as np
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from numpy.typing import NDArray

from vedette.doors.logs import Log, MalformedTally, Recorded
from vedette.replay.judge.accuracy import Judgement, judge
from vedette.replay.judge.rows import Rows
from vedette.replay.labels import Labels, hash_of

__all__ = ["WINDOWS", "AgentList", "Limit", "Seen", "best_limit", "by_agent", "by_rate", "counts_within", "read"]

WINDOWS = (10.0, 60.0, 600.0, 3600.0)
WELCOME = frozenset({"search-engine", "monitoring", "social-preview", "feed-reader", "ai-crawler"})
"""Kinds of bots that most owners of an API let in by their name."""
APP_LIBRARIES = frozenset({"okhttp", "CFNetwork", "Dart"})
"""On the list, but the library of the shop's own apps: with them on it, every customer with a phone is stopped."""
MORE = (
    r"^$|^-$|^Java/|Python-urllib|PostmanRuntime|GuzzleHttp|Faraday|^node$|undici|PhantomJS|sqlmap|nikto|masscan|zgrab"
)


class Seen(NamedTuple):
    """What the baselines look at of each labelled request, in the order of the log."""

    label: NDArray[np.int32]
    time: NDArray[np.float64]
    address: NDArray[np.int64]
    agent: NDArray[np.int64]
    agents: list[str]


class Limit(NamedTuple):
    """More than ``most`` requests of one address within ``window_s``, the one at hand included, are refused."""

    window_s: float
    most: int

    def __str__(self) -> str:
        return f"more than {self.most:,} requests in {self.window_s:,.0f} s"


def read(traffic: Path, labels: Labels) -> Seen:
    """Read a log; requests without a label are left out."""
    hashes, times = array("q"), array("d")
    addresses, agents = array("q"), array("q")
    known_addresses: dict[str, int] = {}
    known_agents: dict[str, int] = {}
    for _, event in Log(str(traffic), "jsonl", MalformedTally()).events():
        if not isinstance(event, Recorded):
            continue
        request = event.request
        agent = request.user_agent or next(
            (value for name, value in request.headers or () if name.lower() == "user-agent"), ""
        )
        hashes.append(hash_of(request.id))
        times.append(request.timestamp)
        addresses.append(known_addresses.setdefault(request.client_address, len(known_addresses)))
        agents.append(known_agents.setdefault(agent, len(known_agents)))
    label = labels.find(np.array(hashes, np.int64))
    kept = label >= 0
    time = np.array(times)
    order = np.flatnonzero(kept)[np.argsort(time[kept], kind="stable")]
    return Seen(label[order], time[order], np.array(addresses)[order], np.array(agents)[order], list(known_agents))


def counts_within(seen: Seen, window_s: float) -> NDArray[np.int64]:
    """For each request, how many its address sent within the window that ends with it, refused ones included."""
    ticks = np.round((seen.time - seen.time.min()) * 1e6).astype(np.int64)
    window = int(window_s * 1e6)
    stride = int(ticks.max()) + window + 1
    order = np.lexsort((ticks, seen.address))
    keys = seen.address[order] * stride + ticks[order]
    first = np.searchsorted(keys, keys - window, side="right")
    counts = np.empty(len(keys), np.int64)
    counts[order] = np.arange(len(keys)) - first + 1
    return counts


def best_limit(seen: Seen, is_bad: NDArray[np.bool_], windows: tuple[float, ...] = WINDOWS) -> tuple[Limit, float]:
    """The window and threshold of best F1, over every threshold that makes a difference."""
    best, score = Limit(windows[0], 0), -1.0
    total = int(is_bad.sum())
    for window in windows:
        counts = counts_within(seen, window)
        order = np.argsort(-counts, kind="stable")
        ranked = counts[order]
        hits = np.cumsum(is_bad[order])
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # stop all that count as much or more
        f1 = 2 * hits[ends] / (ends + 1 + total)
        place = int(np.argmax(f1))
        if f1[place] > score:
            best, score = Limit(window, int(ranked[ends[place]]) - 1), float(f1[place])
    return best, score


def by_rate(seen: Seen, labels: Labels, fallback: Limit) -> tuple[Judgement, Limit, float]:
    """Judge the rate limit; ``fallback`` is used where nothing is malicious, so that nothing can be tuned."""
    is_bad = np.array([kind.actor == "bad_bot" for kind in labels.kind_list], np.bool_)[labels.kinds[seen.label]]
    limit, f1 = best_limit(seen, is_bad) if is_bad.any() else (fallback, 0.0)
    counts = counts_within(seen, limit.window_s)
    distinct, rank = np.unique(counts, return_inverse=True)
    score = (rank / max(len(distinct), 1)).astype(np.float32)
    rows = Rows.of_stops(labels, seen.label, seen.time, score, counts > limit.most, "rate_limit")
    return judge(rows), limit, f1


class AgentList:
    """Says of a user agent whether a list of bots, crawlers and HTTP libraries would have it stopped.

    >>> [AgentList().is_stopped(agent) for agent in ("curl/8.14.1", "Mozilla/5.0 (X11; Linux x86_64)", "")]
    [True, False, True]
    """

    def __init__(self) -> None:
        welcome, stopped = [], [MORE]
        for entry in CRAWLER_USER_AGENTS_DATA:
            pattern = str(entry["pattern"])
            if pattern in APP_LIBRARIES:
                continue
            (welcome if WELCOME.intersection(entry.get("tags", ())) else stopped).append(pattern)
        self._welcome = re.compile("|".join(welcome))
        self._stopped = re.compile("|".join(stopped))

    def is_stopped(self, agent: str) -> bool:
        return not (agent and self._welcome.search(agent)) and bool(self._stopped.search(agent))


def by_agent(seen: Seen, labels: Labels) -> Judgement:
    """Judge the user-agent list."""
    agents = AgentList()
    stopped = np.array([agents.is_stopped(agent) for agent in seen.agents], np.bool_)[seen.agent]
    return judge(Rows.of_stops(labels, seen.label, seen.time, stopped.astype(np.float32), stopped, "block"))
