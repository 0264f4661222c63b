"""What a claimed browser would send: the data that ships, and how it is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isnan

import pytest

from vedette.collect.agents import Agent, read
from vedette.collect.expectations import (
    context_of,
    engine_of,
    greased,
    handshake_of,
    is_known_handshake,
    known_values,
    libraries_of,
    major_of,
    order_conflict,
    released,
    unspelled,
)

WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36"
)
CHROME = read(WINDOWS.format(142))
PAGE = (
    "host sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform upgrade-insecure-requests user-agent accept sec-fetch-site"
    " sec-fetch-mode sec-fetch-user sec-fetch-dest accept-encoding accept-language cookie priority"
).split()


def agent(family: str, major: int, *, chromium: int = 0, platform: str = "Windows") -> Agent:
    return Agent("browser", family, major, chromium, platform)


@pytest.mark.parametrize(
    ("claim", "engine", "major"),
    [
        (CHROME, "chromium", 142),
        (agent("edge", 142, chromium=142), "chromium", 142),
        (agent("firefox", 144), "firefox", 144),
        (agent("safari", 26, platform="macOS"), "safari", 26),
        (agent("chrome_ios", 142, platform="iOS"), "safari", 0),
        (agent("edge", 142, platform="iOS"), "safari", 0),
        (agent("explorer", 11), "", 11),
        (read("curl/8.5.0"), "", 0),
    ],
)
def test_engines(claim: Agent, engine: str, major: int) -> None:
    assert engine_of(claim) == engine
    assert major_of(claim, engine) == major


@pytest.mark.parametrize(
    ("names", "mode", "dest", "context"),
    [
        ("accept", "navigate", "document", "page"),
        ("accept", "navigate", "empty", "page"),  # passed on by a service worker
        ("accept", "cors", "empty", "call"),
        ("accept", "no-cors", "image", "asset"),
        ("accept access-control-request-method", "cors", "empty", "preflight"),
        ("accept sec-websocket-key", "", "", "socket"),
        ("accept", "", "", ""),
        ("accept", "cors", "", ""),
    ],
)
def test_contexts(names: str, mode: str, dest: str, context: str) -> None:
    assert context_of(frozenset(names.split()), mode, dest) == context


def test_a_browsers_own_order_has_no_conflict_and_its_reverse_is_mostly_conflict() -> None:
    assert order_conflict(tuple(PAGE), "chromium", 142, "page") == 0.0
    assert order_conflict(tuple(reversed(PAGE)), "chromium", 142, "page") > 0.8


def test_order_is_judged_by_the_versions_on_both_sides() -> None:
    assert order_conflict(tuple(PAGE), "chromium", 99, "page") == 0.0
    assert isnan(order_conflict(tuple(PAGE), "chromium", 60, "page"))
    assert isnan(order_conflict(tuple(PAGE), "chromium", 300, "page"))
    assert isnan(order_conflict(tuple(PAGE), "chromium", 120, "call")), "calls are known since 131"
    assert isnan(order_conflict(tuple(PAGE), "", 0, "page"))


def test_an_order_that_someone_sorted_says_nothing() -> None:
    assert isnan(
        order_conflict(("host", "user-agent", *sorted(set(PAGE) - {"host", "user-agent"})), "chromium", 142, "page")
    )


def test_what_scripts_and_proxies_place_does_not_count() -> None:
    names = ("authorization", "content-type", "x-own", "x-forwarded-for", *PAGE, "via", "traceparent", "cf-ray")
    assert order_conflict(names, "chromium", 142, "page") == 0.0


def test_values_of_near_versions() -> None:
    assert known_values("accept-encoding", read(WINDOWS.format(100))) == {"gzip, deflate, br"}
    assert "gzip, deflate, br, zstd" in known_values("accept-encoding", CHROME)
    assert known_values("accept-encoding", CHROME) == {"gzip, deflate, br, zstd"}
    assert all(value.startswith("text/html,") for value in known_values("accept", CHROME))
    assert known_values("accept", agent("edge", 142, chromium=142)) >= known_values("accept", CHROME)
    assert not known_values("accept", agent("opera", 120, chromium=142))
    assert not known_values("accept", read(WINDOWS.format(300)))
    assert not known_values("accept", read("curl/8.5.0"))


@pytest.mark.parametrize(
    ("names", "engine", "expected"),
    [
        (("Host", "sec-ch-ua", "User-Agent", "Sec-Fetch-Site"), "chromium", 0.0),
        (("Host", "Sec-Ch-Ua", "User-Agent"), "chromium", 1.0),
        (("Host", "sec-ch-ua", "user-agent"), "chromium", 1.0),
        (("Host", "User-Agent", "X-OWN", "content-type", "dpop"), "firefox", 0.0),
    ],
)
def test_spelling(names: tuple[str, ...], engine: str, expected: float) -> None:
    assert unspelled(names, engine) == expected


def test_spelling_is_unknown_where_it_was_not_kept() -> None:
    assert isnan(unspelled(("host", "sec-ch-ua", "user-agent"), "chromium"))
    assert isnan(unspelled((), "chromium"))
    assert isnan(unspelled(("Host",), "safari"))


def test_handshakes() -> None:
    chrome = handshake_of("t13d1517h2_8daaf6152771_b0da82dd1658")
    assert chrome == handshake_of("t13i1515h1_8daaf6152771_000000000000"), "no name, no HTTP/2: the same program"
    assert is_known_handshake(chrome, "chromium", 142) is True
    assert is_known_handshake("t13_85036bcba153", "chromium", 142) is False
    assert is_known_handshake(chrome, "chromium", 300) is None
    assert is_known_handshake("q13_85036bcba153", "chromium", 142) is None, "over QUIC it is another"
    assert is_known_handshake("t13_a09f3c656075", "safari", 0) is True
    assert is_known_handshake("t13_85036bcba153", "safari", 0) is None
    assert not libraries_of(chrome)
    assert "python-requests" in libraries_of("t13_85036bcba153")


@pytest.mark.parametrize(
    ("major", "mark"),
    [
        (109, None),
        (110, ("Not A(Brand", "24")),
        (116, ("Not)A;Brand", "24")),
        (120, ("Not_A Brand", "8")),
        (147, ("Not.A/Brand", "8")),
        (156, ("Not:A-Brand", "8")),
    ],
)
def test_meaningless_brands(major: int, mark: tuple[str, str] | None) -> None:
    assert greased(major) == mark


@pytest.mark.parametrize(
    ("claim", "day"),
    [
        (CHROME, "2025-10-28"),
        (agent("edge", 142, chromium=142), "2025-10-28"),
        (agent("chrome_ios", 142, platform="iOS"), "2025-10-28"),
        (agent("firefox", 140), "2025-06-24"),
        (agent("firefox_ios", 140, platform="iOS"), "2025-06-24"),
        (agent("safari", 17), "2023-09-18"),
        (agent("safari", 27), "2026-09-14"),
        (agent("explorer", 11), "2013-10-17"),
        (agent("chrome", 158, chromium=158), "2026-11-18"),
    ],
)
def test_release_days(claim: Agent, day: str) -> None:
    assert datetime.fromtimestamp(released(claim), UTC).date().isoformat() == day


def test_release_days_rise_with_the_version_and_are_unknown_elsewhere() -> None:
    days = [released(agent("chrome", major, chromium=major)) for major in range(1, 400)]
    assert days == sorted(days)
    days = [released(agent("firefox", major)) for major in range(1, 400)]
    assert days == sorted(days)
    for claim in (agent("chrome", 0, chromium=0), agent("netscape", 4), agent("explorer", 40), read("curl/8.5.0")):
        assert isnan(released(claim))
