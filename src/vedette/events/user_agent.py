"""Which family of software a ``User-Agent`` names: one word of a closed list, so that the value itself is never kept."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["FAMILIES", "family_of"]

_TOKENS: tuple[tuple[str, str], ...] = (
    # Order matters: the more special name comes first, since browsers and bots quote those they resemble.
    ("googlebot", "Googlebot"),
    ("bingbot", "Bingbot"),
    ("applebot", "Applebot"),
    ("yandexbot", "YandexBot"),
    ("baiduspider", "Baiduspider"),
    ("duckduckbot", "DuckDuckBot"),
    ("gptbot", "GPTBot"),
    ("claudebot", "ClaudeBot"),
    ("facebookexternalhit", "facebookexternalhit"),
    ("headlesschrome", "Headless Chrome"),
    ("phantomjs", "PhantomJS"),
    ("python-requests", "python-requests"),
    ("python-httpx", "python-httpx"),
    ("python-urllib", "Python-urllib"),
    ("aiohttp", "aiohttp"),
    ("scrapy", "Scrapy"),
    ("curl", "curl"),
    ("wget", "Wget"),
    ("go-http-client", "Go-http-client"),
    ("okhttp", "okhttp"),
    ("apache-httpclient", "Apache-HttpClient"),
    ("java/", "Java"),
    ("node-fetch", "node-fetch"),
    ("axios", "axios"),
    ("undici", "undici"),
    ("postmanruntime", "PostmanRuntime"),
    ("guzzlehttp", "GuzzleHttp"),
    ("libwww-perl", "libwww-perl"),
    ("ruby", "Ruby"),
    ("reqwest", "reqwest"),
    ("cfnetwork", "CFNetwork"),
    ("dalvik", "Dalvik"),
    ("hydra", "Hydra"),
    ("gobuster", "gobuster"),
    ("fuzz faster", "ffuf"),
    ("whatweb", "WhatWeb"),
    ("sqlmap", "sqlmap"),
    ("nikto", "Nikto"),
    ("nmap", "Nmap"),
    ("masscan", "masscan"),
    ("zgrab", "zgrab"),
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser", "Samsung Internet"),
    ("fxios", "Firefox"),
    ("firefox", "Firefox"),
    ("crios", "Chrome"),
    ("chrom", "Chrome"),
    ("safari", "Safari"),
    ("msie", "Internet Explorer"),
    ("trident", "Internet Explorer"),
    ("bot", "other bot"),
    ("spider", "other bot"),
    ("crawl", "other bot"),
)
_PATTERN = re.compile("|".join(re.escape(token) for token, _ in _TOKENS))
_RANK = {token: (rank, family) for rank, (token, family) in enumerate(_TOKENS)}

FAMILIES: frozenset[str] = frozenset(family for _, family in _TOKENS) | {"other"}
"""Every word that :func:`family_of` can answer."""


@lru_cache(maxsize=1024)
def family_of(user_agent: str) -> str:
    """Name the family; ``other`` where no known one is named.

    >>> family_of("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36")
    'Chrome'
    """
    found = [_RANK[token] for token in _PATTERN.findall(user_agent.lower())]
    return min(found)[1] if found else "other"
