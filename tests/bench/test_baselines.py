"""The simple defences that stand beside Vedette, against counting by hand."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.replay import read_labels

baselines = importlib.import_module("bench.accuracy.baselines")
Limit, Seen = baselines.Limit, baselines.Seen


def seen(times: list[float], addresses: list[int]) -> object:
    count = len(times)
    return Seen(np.arange(count, dtype=np.int32), np.array(times), np.array(addresses), np.zeros(count, np.int64), [""])


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3)), min_size=1, max_size=50),
    st.sampled_from([10.0, 60.0, 100.0]),
)
def test_counts_are_of_the_window_that_ends_with_the_request(requests: list[tuple[int, int]], window: float) -> None:
    requests.sort(key=lambda pair: pair[0])
    times = [float(at) for at, _ in requests]
    counts = baselines.counts_within(seen(times, [address for _, address in requests]), window)
    assert counts.tolist() == [
        sum(
            other == address and at - window < earlier <= at and place <= n
            for place, (earlier, other) in enumerate(requests)
        )
        for n, (at, address) in enumerate(requests)
    ]


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3), st.booleans()), min_size=1, max_size=40))
def test_no_threshold_has_a_better_f1(requests: list[tuple[int, int, bool]]) -> None:
    requests.sort(key=lambda row: row[0])
    traffic = seen([float(row[0]) for row in requests], [row[1] for row in requests])
    bad = np.array([row[2] for row in requests])
    if not bad.any():
        return
    limit, f1 = baselines.best_limit(traffic, bad)

    def f1_of(window: float, most: int) -> float:
        stopped = baselines.counts_within(traffic, window) > most
        return 2 * int((stopped & bad).sum()) / (int(stopped.sum()) + int(bad.sum()))

    assert f1 == pytest.approx(f1_of(*limit))
    assert f1 == pytest.approx(max(f1_of(window, most) for window in baselines.WINDOWS for most in range(1, 41)))


def test_the_list_stops_libraries_and_lets_in_who_is_welcome() -> None:
    agents = baselines.AgentList()
    chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
    for agent in ("python-requests/2.32", "curl/8.5", "Go-http-client/2.0", "Scrapy/2.1", "", "Java/17", "axios/1.7"):
        assert agents.is_stopped(agent), agent
    for agent in (chrome, "ShopApp/5.1 (Android 15) okhttp/4.12.0", "Mozilla/5.0 (compatible; Googlebot/2.1)"):
        assert not agents.is_stopped(agent), agent
    assert agents.is_stopped(chrome.replace("Chrome", "HeadlessChrome"))


def test_a_log_is_read_and_judged(tmp_path: Path) -> None:
    """One address sends forty requests as a library; ten people send one each, one of them with a library."""
    with (tmp_path / "t.jsonl").open("w") as traffic, (tmp_path / "l.csv").open("w") as labels:
        labels.write("http.request.id,actor,session\n")
        for n in range(51):
            is_bad, is_strange = n < 40, n == 50
            agent = "curl/8.5" if is_bad or n == 40 else "Mozilla/5.0"
            record = {
                "timestamp": 1.79e9 + (50 - n) / 10, "http.request.method": "GET", "url.path": "/", "http.request.id": f"r{n}",
                "client.address": "192.0.2.1" if is_bad else f"198.51.100.{n}", "http.request.headers": [["User-Agent", agent]],
            }  # fmt: skip
            traffic.write(json.dumps(record) + "\n")
            if not is_strange:
                labels.write(f"r{n},{'bad_bot' if is_bad else 'human'},s{n}\n")
    labels_ = read_labels(tmp_path / "l.csv")
    found = baselines.read(tmp_path / "t.jsonl", labels_)
    assert len(found.label) == 50, "a request without a label is left out"
    assert np.all(np.diff(found.time) > 0)
    limit, f1, gentle = baselines.tuned(found, labels_, Limit(1.0, 1))
    assert gentle == limit, "no person is stopped by it"
    judged = baselines.by_rate(found, labels_, limit)
    assert limit == Limit(10.0, 1), "all but the first of the forty"
    assert str(limit) == "more than 1 request in 10 s"
    assert f1 == pytest.approx(2 * 39 / (39 + 40))
    assert judged.malicious[0].stopped.hits == 39
    assert judged.people[0].sessions_noticed.hits == 0
    assert judged.malicious[0].at[2].hits == 39, "a rate no higher than that of people's single requests is not caught"
    listed = baselines.by_agent(found, labels_)
    assert listed.malicious[0].stopped.hits == 40
    assert listed.people[0].sessions_hard_stopped.hits == 1


def test_without_malice_the_limit_is_taken_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("http.request.id,actor\n1,human\n")
    labels = read_labels(tmp_path / "l.csv")
    assert baselines.tuned(seen([1.0], [0]), labels, Limit(60.0, 7)) == (Limit(60.0, 7), 0.0, Limit(10.0, 1))


def test_the_gentle_limit_is_the_strictest_that_few_sessions_meet() -> None:
    # two thousand people of one or two requests each at an address of their own, one with five; a bot with nine
    times, addresses, sessions = [], [], []
    for person in range(2000):
        for n in range(5 if person == 0 else 1 + person % 2):
            times.append(float(n))
            addresses.append(person)
            sessions.append(person)
    human = len(times)
    for n in range(9):
        times.append(float(n))
        addresses.append(5000)
        sessions.append(5000)
    is_bad = np.arange(len(times)) >= human
    traffic = seen(times, addresses)
    limit = baselines.gentle_limit(traffic, is_bad, ~is_bad, np.array(sessions, np.int32))
    assert limit == Limit(10.0, 2), "two of 2,000 sessions may notice: the one with five does"
