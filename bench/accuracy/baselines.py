"""Two defences that everybody has, judged by the same measures: a rate limit for each address, a user-agent list.

The rate limit is flattered twice: window and threshold are chosen on the very world that it is judged on, once for the
best F1, once (*gentle*) for the most malicious requests stopped where no more than 0.1 % of human sessions notice.
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

__all__ = [
    "GENTLE",
    "WINDOWS",
    "AgentList",
    "Limit",
    "Seen",
    "best_limit",
    "by_agent",
    "by_rate",
    "counts_within",
    "gentle_limit",
    "read",
    "tuned",
]

WINDOWS = (10.0, 60.0, 600.0, 3600.0)
GENTLE = 0.001
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
        return f"more than {self.most:,} request{'s' if self.most > 1 else ''} in {self.window_s:,.0f} s"


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
    """The window and threshold of best F1, over every threshold of one or more that makes a difference."""
    best, score = Limit(windows[0], 1), 0.0
    total = int(is_bad.sum())
    for window in windows:
        counts = counts_within(seen, window)
        order = np.argsort(-counts, kind="stable")
        ranked = counts[order]
        hits = np.cumsum(is_bad[order])
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # stop all that count as much or more
        f1 = 2 * hits[ends] / (ends + 1 + total) * (ranked[ends] > 1)
        place = int(np.argmax(f1))
        if f1[place] > score:
            best, score = Limit(window, int(ranked[ends[place]]) - 1), float(f1[place])
    return best, score


def gentle_limit(
    seen: Seen,
    is_bad: NDArray[np.bool_],
    is_human: NDArray[np.bool_],
    session: NDArray[np.int32],
    windows: tuple[float, ...] = WINDOWS,
) -> Limit:
    """The limit that stops most malicious requests of those that no more than 0.1 % of human sessions ever meet."""
    best, score = Limit(windows[0], 1), -1
    mine = is_human & (session >= 0)
    for window in windows:
        counts = counts_within(seen, window)
        peaks = np.zeros(int(session.max(initial=-1)) + 1, np.int64)
        np.maximum.at(peaks, session[mine], counts[mine])
        peaks = np.sort(peaks[peaks > 0])  # what each human session comes to, at most
        allowed = int(GENTLE * len(peaks))
        most = max(1, int(peaks[len(peaks) - 1 - allowed])) if len(peaks) else 1
        stopped = int(np.count_nonzero(counts[is_bad] > most))
        if stopped > score:
            best, score = Limit(window, most), stopped
    return best


def tuned(seen: Seen, labels: Labels, fallback: Limit) -> tuple[Limit, float, Limit]:
    """Give the limit of best F1 with that F1, and the gentle one.

    Where nothing is malicious nothing can be tuned: the first is ``fallback``, and its F1 is 0.
    """
    actors = np.array([kind.actor for kind in labels.kind_list])[labels.kinds[seen.label]]
    is_bad = actors == "bad_bot"
    gentle = gentle_limit(seen, is_bad, actors == "human", labels.sessions[seen.label])
    return (*(best_limit(seen, is_bad) if is_bad.any() else (fallback, 0.0)), gentle)


def by_rate(seen: Seen, labels: Labels, limit: Limit) -> Judgement:
    """Judge a rate limit; its score is the rank of the count."""
    counts = counts_within(seen, limit.window_s)
    distinct, rank = np.unique(counts, return_inverse=True)
    score = (rank / max(len(distinct), 1)).astype(np.float32)
    return judge(Rows.of_stops(labels, seen.label, seen.time, score, counts > limit.most, "rate_limit"))


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
