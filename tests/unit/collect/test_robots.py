"""Crawlers and agents: who they say they are, and whether that is so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect import robots
from vedette.collect.robots import NOBODY, PURPOSES, Claim, Robots, known, suffixes_of
from vedette.config.schema import Config, GoodBots
from vedette.simulate.robots.claims import CLAIMS
from vedette.snapshot.findings import Finding, Findings
from vedette.snapshot.gathered import Gathered
from vedette.snapshot.keys import KeySets
from vedette.snapshot.networks import NOTHING, NetworkFacts, NetworkMap, Source

NOW = 1_800_000_000.0
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
YANDEX = "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"
CHATGPT = "Mozilla/5.0 AppleWebKit/537.36; compatible; ChatGPT-User/1.0; +https://openai.com/bot"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0 Safari/537.36"
PUBLIC = "1.2.3.4"
OUTSIDE = NetworkFacts(is_known=True)
FRESH = NetworkFacts(is_known=True, robots_fresh=("chatgpt-user", "googlebot", "openai", "gptbot", "twitter"))


def catalogue(
    findings: dict[tuple[str, str], Finding] | None = None,
    *,
    old: tuple[str, ...] = ("googlebot", "openai"),
    builtin: bool = True,
) -> Robots:
    networks = NetworkMap()
    networks.sources = tuple(
        Source(name, "robot", robot=name, date=NOW - 90 * 86_400.0, half_life_s=180 * 86_400.0) for name in old
    )
    return Robots(Config(good_bots=GoodBots(builtin=builtin)), Gathered(networks, Findings(findings), KeySets()))


@pytest.mark.parametrize(
    ("agent", "name", "purpose"),
    [
        (GOOGLE, "googlebot", "search"),
        ("Googlebot-Image/1.0", "googlebot", "search"),
        ("Mediapartners-Google", "mediapartners-google", "advertising"),
        ("AdsBot-Google (+http://www.google.com/adsbot.html)", "adsbot-google", "advertising"),
        (
            "Mozilla/5.0 (Linux) Chrome/154.0 Mobile (compatible; AdsBot-Google-Mobile; +x)",
            "adsbot-google",
            "advertising",
        ),
        ("FeedFetcher-Google; (+http://www.google.com/feedfetcher.html)", "feedfetcher-google", "feed"),
        (YANDEX, "yandexbot", "search"),
        ("Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)", "yandexbot", "search"),
        ("Mozilla/5.0 AppleWebKit/537.36; compatible; GPTBot/1.2; +https://openai.com/gptbot", "gptbot", "ai_training"),
        (CHATGPT, "chatgpt-user", "ai_user"),
        ("Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", "claudebot", "ai_training"),
        ("CCBot/2.0 (https://commoncrawl.org/faq/)", "ccbot", "ai_training"),
        ("meta-externalagent/1.1 (+https://developers.facebook.com/x)", "meta-externalagent", "ai_training"),
        ("facebookexternalhit/1.1", "facebookexternalhit", "preview"),
        (
            "Mozilla/5.0 (Macintosh) Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
            "imessage-preview",
            "preview",
        ),
        ("WhatsApp/2.23 A", "whatsapp", "preview"),
        ("Amazon Route 53 Health Check Service; ref:1; report http://amzn.to/1", "route53-health-check", "monitor"),
        ("Feedbin feed-id:2005098 - 2 subscribers", "feedbin", "feed"),
        ("FreshRSS/1.11.2 (Linux; https://freshrss.org) like Googlebot", "freshrss", "feed"),
        ("TelegramBot (like TwitterBot)", "telegrambot", "preview"),
        ("Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)", "feedly", "feed"),
        ("BingBot", "bingbot", "search"),
        ("Mozilla/5.0 Googlebot.", "googlebot", "search"),
        ("x" * 512 + " Googlebot/2.1", "", ""),
    ],
)
def test_who_it_says_it_is(agent: str, name: str, purpose: str) -> None:
    claim = catalogue().claim(agent, PUBLIC, NOTHING, NOW)
    assert (claim.name, claim.purpose) == (name, purpose)


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=lambda claim: claim.name)
def test_the_robots_of_the_simulation_are_known(claim) -> None:
    for agent in claim.user_agents:
        name = catalogue().claim(agent.replace("{chrome}", "154"), PUBLIC, NOTHING, NOW).name
        assert name.removesuffix("bot") == claim.name.removesuffix("bot")


@pytest.mark.parametrize(
    "agent",
    [
        "", "-", CHROME, "okhttp/4.12.0", "curl/8.9", "python-requests/2.34", "Java/21", "Go-http-client/2.0", "node-fetch",
        "ShopApp/5.1 (Android 16; okhttp/4.12)", "ShopBot/1.0", "shop-crawler/2", "MyShopMonitor/1 CFNetwork/1490 Darwin/23",
        "notgooglebot/2.1", "googlebotter/1", "Googlebot2", "Pinterest/12.3 (iPhone; iOS 18)", "Yeti/2.0 (iPhone)", "Dalvik/2.1.0 (Linux; Android 15)",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:156.0) Gecko/20100101 Firefox/156.0", "PostmanRuntime/7.43", "Scrapy/2.13",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Instagram 390.0", "HeadlessChrome/154.0",
        "Bot", "crawler", "Spider/1.0", "like Googlebot",
    ],
)  # fmt: skip
def test_who_says_nothing_of_the_kind(agent: str) -> None:
    assert catalogue().claim(agent, PUBLIC, OUTSIDE, NOW) is NOBODY


DNS = {
    (PUBLIC, "googlebot"): Finding("verified", NOW + 9),
    ("1.2.3.5", "googlebot"): Finding("forged", NOW + 9),
    ("1.2.3.6", "googlebot"): Finding("unverifiable", NOW + 9),
    ("1.2.3.7", "googlebot"): Finding("verified", NOW),
}


@pytest.mark.parametrize(
    ("agent", "address", "facts", "standing", "by", "ask"),
    [
        # published ranges: inside is proof however old they are
        (GOOGLE, "1.2.3.9", NetworkFacts(robots=("googlebot",), is_known=True), "verified", "ranges", False),
        (GOOGLE, "1.2.3.5", NetworkFacts(robots=("googlebot",), is_known=True), "verified", "ranges", False),
        ("GPTBot/1.2", "1.2.3.9", NetworkFacts(robots=("openai",), is_known=True), "verified", "ranges", False),
        ("GPTBot/1.2", "1.2.3.9", NetworkFacts(robots=("gptbot",), is_known=True), "verified", "ranges", False),
        (GOOGLE, "1.2.3.9", NetworkFacts(robots=("bing",), is_known=True), "unlisted", "ranges", True),
        # outside: a certainty only where the copy is of these days and complete
        (GOOGLE, "1.2.3.9", FRESH, "forged", "ranges", False),
        ("GPTBot/1.2", "1.2.3.9", FRESH, "forged", "ranges", False),
        ("GoogleOther", "1.2.3.9", FRESH, "forged", "ranges", False),
        ("OAI-SearchBot/1.0", "1.2.3.9", FRESH, "unlisted", "ranges", False),
        ("Twitterbot/1.0", "1.2.3.9", FRESH, "unverifiable", "", False),
        (GOOGLE, "1.2.3.9", OUTSIDE, "unlisted", "ranges", True),
        ("GPTBot/1.2", "1.2.3.9", OUTSIDE, "unlisted", "ranges", False),
        ("bingbot/2.0", "1.2.3.9", OUTSIDE, "unverifiable", "", True),
        # DNS: proof wins over a list without it
        (GOOGLE, PUBLIC, FRESH, "verified", "dns", False),
        (GOOGLE, PUBLIC, OUTSIDE, "verified", "dns", False),
        (GOOGLE, "1.2.3.5", OUTSIDE, "forged", "dns", False),
        (GOOGLE, "1.2.3.6", NOTHING, "unverifiable", "dns", False),
        (GOOGLE, "1.2.3.6", OUTSIDE, "unlisted", "ranges", False),
        (GOOGLE, "1.2.3.7", NOTHING, "unverifiable", "", True),
        (YANDEX, "1.2.3.9", OUTSIDE, "unverifiable", "", True),
        # nothing is published
        ("ClaudeBot/1.0", "1.2.3.9", FRESH, "unverifiable", "", False),
        ("Baiduspider", "1.2.3.9", FRESH, "unverifiable", "", False),
        # nobody else can know whose these are
        (GOOGLE, "10.0.0.9", FRESH, "unverifiable", "", False),
        (GOOGLE, "fd00::1", FRESH, "unverifiable", "", False),
        (GOOGLE, "opaque-7", NOTHING, "unverifiable", "", False),
        (GOOGLE, "", NOTHING, "unverifiable", "", False),
        (GOOGLE, "127.0.0.1", FRESH, "unverifiable", "", True),
        (GOOGLE, "::1", FRESH, "unverifiable", "", True),
        (GOOGLE, "1.2.3.9", NetworkFacts(is_own=True, is_known=True, robots_fresh=("googlebot",)), "unverifiable", "", False),
    ],
)  # fmt: skip
def test_standings(agent: str, address: str, facts: NetworkFacts, standing: str, by: str, ask: bool) -> None:
    claim = catalogue(DNS).claim(agent, address, facts, NOW)
    assert (claim.standing, claim.by, claim.ask) == (standing, by, ask)


def test_who_fetches_for_others_is_known_and_never_trusted() -> None:
    inside = NetworkFacts(robots=("openai",), is_known=True)
    claim = catalogue().claim(CHATGPT, PUBLIC, inside, NOW)
    assert claim == Claim("chatgpt-user", "ai_user", "unverifiable", "ranges", is_shared=True)
    assert catalogue().claim(CHATGPT, PUBLIC, FRESH, NOW).standing == "forged"
    for robot in known():
        if robot.is_shared or robot.purpose == "ai_user":
            facts = NetworkFacts(robots=(robot.name, robot.family, *robot.ranges), is_known=True)
            found = catalogue().claim(_sample(robot), PUBLIC, facts, NOW)
            assert found.standing == "unverifiable", robot.name


def test_a_list_that_has_lost_its_word_speaks_against_nobody() -> None:
    networks = NetworkMap()
    networks.sources = (Source("googlebot", "robot", robot="googlebot", date=NOW - 1e9, half_life_s=180 * 86_400.0),)
    own = Robots(Config(), Gathered(networks, Findings(), KeySets()))
    assert own.claim(GOOGLE, PUBLIC, OUTSIDE, NOW).standing == "unverifiable"


def test_nothing_is_verified_where_the_operator_does_not_want_it() -> None:
    off = catalogue(DNS, builtin=False)
    for facts in (FRESH, OUTSIDE, NetworkFacts(robots=("googlebot",), is_known=True)):
        assert off.claim(GOOGLE, PUBLIC, facts, NOW) == Claim("googlebot", "search", "unverifiable")


def test_dns_is_not_asked_where_the_operator_does_not_want_it() -> None:
    own = Robots(Config(good_bots=GoodBots(dns=False)), Gathered(NetworkMap(), Findings(), KeySets()))
    assert own.claim(GOOGLE, PUBLIC, OUTSIDE, NOW) == Claim("googlebot", "search", "unverifiable")


def _sample(robot: robots.Robot) -> str:
    return (robot.words or (robot.name,))[0].replace(" + ", " ")


def test_the_catalogue_names_each_once_and_each_is_found() -> None:
    assert len({robot.name for robot in known()}) == len(known()) > 500
    words = [word for robot in known() for word in robot.words or (robot.name,)]
    assert len(set(words)) == len(words)
    assert all(word == word.lower() and len(word) > 4 for word in words)
    for robot in known():
        assert robot.purpose in PURPOSES
        claim = catalogue().claim(_sample(robot), PUBLIC, NOTHING, NOW)
        assert claim.name == robot.name


def test_what_proves_nothing_is_no_proof() -> None:
    assert suffixes_of("googlebot") == ("googlebot.com",), "names below google.com are those of proxies too"
    assert suffixes_of("baiduspider") == ()
    assert suffixes_of("nobody") == ()
    for robot in known():
        assert all(suffix.count(".") >= 1 and suffix == suffix.lower().strip(".") for suffix in robot.suffixes)
        assert not robot.is_complete or robot.feed, robot.name


@given(st.text(max_size=600), st.text(max_size=40))
def test_no_text_raises(agent: str, address: str) -> None:
    claim = catalogue().claim(agent, address, OUTSIDE, NOW)
    assert claim.standing in ("none", "unverifiable")
