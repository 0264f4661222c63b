"""Who programs say they are: User-Agents of known bots, with where the real ones come from.

User-Agents are those that crawler-user-agents and arcjet's well-known-bots list (both MIT). ``bot:`` ranges ship in
``data/simulation``; the prefixes that stand here are the ones that Apple, Anthropic, Common Crawl and Yandex publish.
Who publishes none comes from a datacentre. A forged claim takes the User-Agents and comes from elsewhere.
"""

from __future__ import annotations

import random
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Literal

from msgspec import Struct

from vedette.simulate.networks import Address, Networks

__all__ = ["CLAIMS", "Claim", "Sort", "claims_of", "is_true", "place"]

Sort = Literal["search", "ai", "user_fetcher", "preview", "monitor", "feed"]


class Claim(Struct, frozen=True):
    """One bot.

    Attributes:
        user_agents: The first is the most frequent; ``{chrome}`` stands for the major version of today's Chrome.
        ranges: ``bot:NAME`` of the networks, or prefixes that its operator publishes, or empty: a datacentre.
        speaks: ``chrome`` where a browser renders the pages, else a family of client stacks whose handshake is the
            nearest known; of bots themselves no handshake has been published.
        sender: Its ``From`` field, or empty.
        weight: Share among its sort; invented.
    """

    name: str
    sort: Sort
    user_agents: tuple[str, ...]
    ranges: tuple[str, ...] = ()
    asn: int = 0
    country: str = "US"
    speaks: str = "curl"
    sender: str = ""
    weight: float = 1.0


def _webkit(inside: str, *, mobile: bool = False) -> str:
    if mobile:
        device = "Linux; Android 6.0.1; Nexus 5X Build/MMB29P"
        return (
            f"Mozilla/5.0 ({device}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{{chrome}}.0.0.0 Mobile"
            f" Safari/537.36 (compatible; {inside})"
        )
    engine = f"AppleWebKit/537.36 (KHTML, like Gecko; compatible; {inside})"
    return f"Mozilla/5.0 {engine} Chrome/{{chrome}}.0.0.0 Safari/537.36"


def _plain(inside: str) -> str:
    return f"Mozilla/5.0 (compatible; {inside})"


def _ai(inside: str) -> str:
    return f"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; {inside})"


_GOOGLE = "Googlebot/2.1; +http://www.google.com/bot.html"
_BING = "bingbot/2.0; +http://www.bing.com/bingbot.htm"
_YANDEX = "YandexBot/3.0; +http://yandex.com/bots"
_ANTHROPIC = ("216.73.216.0/22",)

CLAIMS = {
    claim.name: claim
    for claim in (
        Claim(
            "googlebot",
            "search",
            (_webkit(_GOOGLE, mobile=True), _webkit(_GOOGLE), _plain(_GOOGLE)),
            ("bot:googlebot",),
            speaks="chrome",
            sender="googlebot(at)googlebot.com",
            weight=5,
        ),
        Claim(
            "bingbot",
            "search",
            (_webkit(_BING), _webkit(_BING, mobile=True), _plain(_BING)),
            ("bot:bing",),
            speaks="chrome",
            sender="bingbot(at)microsoft.com",
            weight=2.5,
        ),
        Claim(
            "applebot",
            "search",
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4"
                " Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
                _plain("Applebot/0.3; +http://www.apple.com/go/applebot"),
            ),
            ("17.241.208.160/27", "17.241.193.160/27", "17.241.200.160/27", "17.22.237.0/24", "17.22.245.0/24",
             "17.22.253.0/24", "17.241.75.0/24", "17.241.219.0/24", "17.241.227.0/24", "17.246.15.0/24",
             "17.246.19.0/24", "17.246.23.0/24"),
            asn=714,
            speaks="safari",
        ),
        Claim(
            "duckduckbot",
            "search",
            (
                "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
                _plain("DuckDuckBot-Https/1.1; https://duckduckgo.com/duckduckbot"),
            ),
            ("bot:duckduckbot",),
            weight=0.4,
        ),
        Claim(
            "yandex",
            "search",
            (_plain(_YANDEX), _webkit(_YANDEX)),
            ("5.45.192.0/18", "5.255.192.0/18", "37.9.64.0/18", "37.140.128.0/18", "77.88.0.0/18", "87.250.224.0/19",
             "93.158.128.0/18", "95.108.128.0/17", "141.8.128.0/18", "178.154.128.0/18", "213.180.192.0/19"),
            asn=13238,
            country="RU",
            sender="support@search.yandex.ru",
            weight=0.8,
        ),
        Claim("gptbot", "ai", (_ai("GPTBot/1.2; +https://openai.com/gptbot"),), ("bot:openai",), weight=3),
        Claim(
            "oai-searchbot",
            "ai",
            ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; OAI-SearchBot/1.0;"
             " +https://openai.com/searchbot",),
            ("bot:openai",),
        ),
        Claim("claudebot", "ai", (_ai("ClaudeBot/1.0; +claudebot@anthropic.com"),), _ANTHROPIC, asn=16509, weight=2,
              speaks="python-requests"),
        Claim(
            "perplexitybot",
            "ai",
            (_ai("PerplexityBot/1.0; +https://perplexity.ai/perplexitybot"),),
            ("bot:perplexity",),
            speaks="python-requests",
        ),
        Claim(
            "ccbot",
            "ai",
            ("CCBot/2.0 (https://commoncrawl.org/faq/)",),
            ("18.97.9.168/29", "18.97.14.80/29", "18.97.14.88/30"),
            asn=14618,
            speaks="java",
        ),
        Claim(
            "amazonbot",
            "ai",
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_1) AppleWebKit/600.2.5 (KHTML, like Gecko) Version/8.0.2"
             " Safari/600.2.5 (Amazonbot/0.1; +https://developer.amazon.com/support/amazonbot)",),
            speaks="java",
        ),
        Claim(
            "meta-externalagent",
            "ai",
            ("meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",),
            ("bot:facebook",),
        ),
        Claim(
            "chatgpt-user",
            "user_fetcher",
            ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot",),
            ("bot:openai",),
            weight=3,
        ),
        Claim(
            "claude-user",
            "user_fetcher",
            (_ai("Claude-User/1.0; +Claude-User@anthropic.com"),),
            _ANTHROPIC,
            asn=16509,
            speaks="python-requests",
        ),
        Claim(
            "perplexity-user",
            "user_fetcher",
            (_ai("Perplexity-User/1.0; +https://perplexity.ai/perplexity-user"),),
            ("bot:perplexity",),
            speaks="python-requests",
        ),
        Claim(
            "duckassistbot",
            "user_fetcher",
            ("DuckAssistBot/1.2; (+http://duckduckgo.com/duckassistbot.html)",),
            ("bot:duckassistbot",),
            weight=0.5,
        ),
        Claim(
            "facebookexternalhit",
            "preview",
            ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "facebookexternalhit/1.1"),
            ("bot:facebook",),
            weight=3,
        ),
        Claim("twitterbot", "preview", ("Twitterbot/1.0",), ("bot:twitter",), weight=1.5, speaks="java"),
        Claim("telegrambot", "preview", ("TelegramBot (like TwitterBot)",), ("bot:telegram",), weight=1.5),
        Claim("slackbot", "preview", ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",), weight=1.5),
        Claim("discordbot", "preview", (_plain("Discordbot/2.0; +https://discordapp.com"),), speaks="python-requests"),
        Claim(
            "linkedinbot",
            "preview",
            ("LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",),
            speaks="java",
            weight=0.6,
        ),
        Claim("pingdom", "monitor", (_plain("pingbot/2.0; +http://www.pingdom.com/"),), ("bot:pingdom",)),
        Claim("statuscake", "monitor", ("StatusCake_Uptime_Checker/1.0", "StatusCake/1.0"), ("bot:statuscake",)),
        Claim("uptime-kuma", "monitor", ("Uptime-Kuma/1.23.16", "Uptime-Kuma/1.23.13"), speaks="axios", country="DE"),
        Claim(
            "uptimerobot",
            "monitor",
            ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",),
            weight=0.7,
        ),
        Claim("feedly", "feed", ("Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)",),
              speaks="java", weight=2),
        Claim("inoreader", "feed", (_plain("inoreader.com; 14 subscribers"),), country="FR"),
        Claim("feedbin", "feed", ("Feedbin feed-id:2005098 - 2 subscribers",)),
        Claim("tiny-tiny-rss", "feed", ("Tiny Tiny RSS/19.8 (http://tt-rss.org/)",), country="DE"),
        Claim("freshrss", "feed", ("FreshRSS/1.11.2 (Linux; https://freshrss.org) like Googlebot",), country="FR"),
        Claim("miniflux", "feed", (_plain("Miniflux/2.0.10; +https://miniflux.net"),), country="DE"),
    )
}  # fmt: skip
"""By name."""


def claims_of(sort: Sort) -> tuple[Claim, ...]:
    """Name the bots of a sort."""
    return tuple(claim for claim in CLAIMS.values() if claim.sort == sort)


def place(networks: Networks, rng: random.Random, claim: Claim) -> Address:
    """Draw an address that the bot's operator really has."""
    if not claim.ranges:
        there = networks.countries("datacentre")
        return networks.draw(rng, "datacentre", claim.country if claim.country in there else "")
    if claim.ranges[0].startswith("bot:"):
        return networks.draw(rng, claim.ranges[0])
    first, size = rng.choice(_prefixes(claim.ranges))
    value = first + 1 + rng.randrange(max(1, size - 2))
    dotted = f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
    return Address(dotted, claim.asn, claim.country, f"bot:{claim.name}")


def is_true(networks: Networks, claim: Claim, address: str) -> bool:
    """Whether a bot of this name really comes from an address; false where its operator says nothing about that."""
    if not claim.ranges:
        return False
    if claim.ranges[0].startswith("bot:"):
        return any(networks.is_in(kind, address) for kind in claim.ranges)
    value = ip_address(address)
    return value.version == 4 and any(first <= int(value) < first + size for first, size in _prefixes(claim.ranges))


@lru_cache(maxsize=32)
def _prefixes(ranges: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    found = [ip_network(text) for text in ranges]
    return tuple((int(network.network_address), network.num_addresses) for network in found)
