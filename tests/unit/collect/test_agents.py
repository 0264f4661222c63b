"""Claimed clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.collect.agents import read

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("text", "kind", "family", "major"),
    [
        (CHROME, "browser", "chrome", 142),
        (CHROME + " Edg/142.0.0.0", "browser", "edge", 142),
        (CHROME + " OPR/120.0.0.0", "browser", "opera", 120),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "browser", "firefox", 144),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                "Version/18.4 Mobile/15E148 Safari/604.1"
            ),
            "browser",
            "safari",
            18,
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                "CriOS/142.0.0.0 Mobile/15E148 Safari/604.1"
            ),
            "browser",
            "chrome_ios",
            142,
        ),
        (CHROME.replace("Chrome", "HeadlessChrome"), "headless", "headlesschrome", 142),
        ("python-requests/2.34.2", "library", "python-requests", 0),
        ("curl/8.5.0", "library", "curl", 0),
        ("Go-http-client/2.0", "library", "go-http-client", 0),
        ("okhttp/4.12.0", "app", "okhttp", 0),
        ("ShopApp/3.2 (iPhone; iOS 18.1) CFNetwork/1.0", "app", "shopapp", 0),
        ("Mozilla/5.0 (Hydra)", "tool", "hydra", 0),
        ("Fuzz Faster U Fool v1.1.0", "tool", "fuzz faster u fool", 0),
        ("gobuster/3.5", "tool", "gobuster", 0),
        ("WhatWeb/0.5.5", "tool", "whatweb", 0),
        ("Scrapy/2.13.3 (+https://scrapy.org)", "tool", "scrapy", 0),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler", "bot", 0),
        ("", "absent", "", 0),
        ("-", "absent", "", 0),
        ("something else", "unknown", "something else", 0),
    ],
)
def test_claim_is_read(text: str, kind: str, family: str, major: int) -> None:
    agent = read(text)
    assert (agent.kind, agent.family, agent.major) == (kind, family, major)


def test_long_agents_are_cut() -> None:
    assert read("x" * 100_000 + CHROME).kind == "unknown"


def test_platform_and_mobile() -> None:
    phone = read(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
    )
    assert (phone.platform, phone.is_mobile, phone.chromium) == ("Android", True, 142)


CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0"
    " Safari/605.1.15"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CHROME, 0.0),
        (FIREFOX, 0.0),
        (SAFARI, 0.0),
        (CHROME.replace("NT 10.0", "NT 12.0"), 1.0),
        (CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 99; K"), 1.0),
        (CHROME.replace("Chrome/142", "Chrome/999"), 1.0),
        (CHROME.replace("142.0.0.0", "142.0.9999.12"), 1.0),
        (CHROME.replace("142.0.0.0", "142.0.7444.60"), 0.5),
        (CHROME.replace("142.0.0.0", "96.0.4664.110"), 0.0),
        (CHROME.replace("Windows NT 10.0; Win64; x64", "Windows NT 6.1"), 0.5),
        (CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 14; Pixel 8"), 0.5),
        (CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 10; K"), 0.0),
        (CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 14; Pixel 8; wv"), 0.0),
        (CHROME.replace("Windows NT 10.0; Win64; x64", "iPhone; CPU iPhone OS 18_0 like Mac OS X"), 1.0),
        (CHROME.replace("537.36 (KHTML", "605.1.15 (KHTML"), 1.0),
        (CHROME + " YaBrowser/26.8", 0.0),
        (CHROME + " Edg/142.0.0.0", 0.0),
        (FIREFOX + " Chrome/142.0.0.0", 1.0),
        (FIREFOX.replace("rv:142.0", "rv:120.0"), 1.0),
        (FIREFOX.replace("142.0", "115.0").replace("rv:115.0", "rv:109.0"), 0.0),
        (FIREFOX.replace("142", "999"), 1.0),
        (SAFARI.replace("Macintosh; Intel Mac OS X 10_15_7", "Windows NT 10.0"), 1.0),
        (SAFARI.replace("Macintosh; Intel Mac OS X 10_15_7", "Windows NT 6.1").replace("26.0", "5.1.7"), 0.0),
        ("curl/8.5.0", 0.0),
    ],
)
def test_agents_that_never_were(text: str, expected: float) -> None:
    assert read(text).impossible == expected


@pytest.mark.parametrize(
    ("text", "kind", "family"),
    [
        ("ShopApp/5.2 (iPhone; iOS 17.4; Scale/3.00)", "app", "shopapp"),
        ("ShopApp-iOS/5.2", "app", "shopapp-ios"),
        ("ShopApp/5.2 (Android 14; SM-S918B) okhttp/4.12.0", "app", "shopapp"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 26_6_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
            " GSA/439.4.980558000 Mobile/15E148 Safari/604.1",
            "browser",
            "google_ios",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
            "browser",
            "webview_ios",
        ),
        ("Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/142.0.0.0", "browser", "chrome"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/64.0 Safari/537.36 Edge/18.19042",
            "browser",
            "edge_legacy",
        ),
        ("Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/20.0.3", "headless", "jsdom/"),
        ("dirsearch/0.4", "tool", "dirsearch"),
        ("ktor-client", "library", "ktor-client"),
        ("Boto3/1.34", "library", "boto3"),
    ],
)
def test_more_programs(text: str, kind: str, family: str) -> None:
    agent = read(text)
    assert (agent.kind, agent.family) == (kind, family)
    assert agent.chromium == 0 or family not in {"edge_legacy", "google_ios", "webview_ios"}


PEOPLE = [
    line for line in (Path(__file__).parent / "people_agents.txt").read_text().splitlines() if not line.startswith("#")
]


def test_agents_of_people_are_browsers_and_possible() -> None:
    found = [read(text) for text in PEOPLE]
    assert {agent.kind for agent in found} == {"browser"}
    assert all(agent.platform for agent in found)
    assert not [text for text, agent in zip(PEOPLE, found, strict=True) if agent.impossible == 1.0]
    assert sum(agent.impossible > 0.0 for agent in found) <= len(PEOPLE) // 20
    inside = {agent.family for agent in found if agent.chromium and agent.platform != "iOS"}
    assert inside <= {"chrome", "edge", "opera", "samsung", "webview"}


def test_the_versions_of_a_browser_stand_anywhere() -> None:
    old = "Mozilla/5.0 (Linux; U; Android 4.0.4; en-gb; GT) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30"
    safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15"
    assert [(read(text).family, read(text).major) for text in (old, safari)] == [("android", 4), ("safari", 17)]
    assert read(f"Mozilla/5.0 Version/x {safari}").major == 17
    assert read("Mozilla/5.0 " + "android " * 20 + "version/" + "1." * 160).family == "mozilla"
