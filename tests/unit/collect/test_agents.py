"""Claimed clients."""

from __future__ import annotations

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
        (CHROME.replace("Chrome", "HeadlessChrome"), "headless", "headlesschrome", 0),
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
