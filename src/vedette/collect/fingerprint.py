"""Stable keys of what a client cannot easily vary: its TLS handshake and the order of its headers.

JA4 (FoxIO, BSD-3-Clause part of the suite) is ``a_b_c``. Session resumption adds an extension and some browsers offer a
random signature algorithm, so part c and the counts of part a differ between handshakes of one browser. The stable key
is part a without its two counts, with part b.
"""

from __future__ import annotations

import re

from vedette.collect.agents import Agent

__all__ = ["order_of", "place_of", "stable_ja4"]

_JA4 = re.compile(r"[tqd](?:\d\d|s[23]|d[123])[di]\d{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}")
_UNORDERED = frozenset(
    [
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "cache-control",
        "host",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "origin",
        "pragma",
        "priority",
        "range",
        "referer",
        "te",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-requested-with",
        "access-control-request-headers",
        "access-control-request-method",
        "x-forwarded-for",
        "x-forwarded-proto",
        "forwarded",
        "content-encoding",
        "dnt",
        "sec-gpc",
        "save-data",
        "accept",
    ]
)
"""Headers whose presence depends on the call, not on the client."""

_PLACES = 64
"""How many claimed clients ``detect`` keeps statistics of."""
_FAMILIES = (
    "chrome edge firefox safari chrome_ios samsung opera webview google_ios webview_ios firefox_ios curl"
    " python-requests"
).split()
_OWN = 3 * len(_FAMILIES)


def stable_ja4(ja4: str) -> str:
    """Give the stable key of a JA4, or an empty string where it is not one.

    >>> stable_ja4("t13d1516h2_8daaf6152771_e5627efa2ab1")
    't13dh2_8daaf6152771'
    """
    if _JA4.fullmatch(ja4) is None:
        return ""
    a, b, _ = ja4.split("_")
    return f"{a[:4]}{a[8:]}_{b}"


def order_of(names: tuple[str, ...]) -> str:
    """Give the order of the headers that depend on the client alone.

    >>> order_of(("host", "user-agent", "accept-language", "cookie"))
    'user-agent,accept-language'
    """
    return ",".join([name for name in names if name not in _UNORDERED and not name.startswith("x-")])


def place_of(agent: Agent, number: int) -> int:
    """Give the place of a claimed client among those whose handshakes and orders are learned.

    Each common program has three of its own, by version; all others share the rest, by a keyed hash, ``number``.

    >>> place_of(Agent("browser", "chrome", 142, 142), 0), place_of(Agent("library", "java"), 0)
    (1, 39)
    """
    if agent.family in _FAMILIES:
        return 3 * _FAMILIES.index(agent.family) + agent.major // 20 % 3
    return _OWN + number % (_PLACES - _OWN)
