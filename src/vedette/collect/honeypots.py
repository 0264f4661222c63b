"""What nobody honest touches: decoy paths, canary accounts, invented objects; and what only scanners ask for.

A touch is a certainty only where nobody could have led an honest client to it. A decoy can be turned on people: an
image or a form on any page, a link in a mail, a preview of that link, a browser that fetches ahead. So a touch counts
as *doubtful* unless it shows that the client's own program asked: what browsers say of a request's cause (Fetch
Metadata, W3C; ``Sec-Purpose``; ``Referer`` and ``Origin``, RFC 9110 and RFC 6454) is weighed in :func:`_doubt`.
A doubtful touch is evidence (:data:`DOUBTFUL`), which does not add up however often it is repeated.

The probe list holds well-known targets of vulnerability scanners (secrets in files, shells, admin pages of products
that an API does not run, traversal and injection marks). It is evidence, not a verdict: an API may have such a path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from vedette.collect.agents import read
from vedette.collect.normalize import CACHED_LENGTH, normal_path
from vedette.config.schema import Honeypots

__all__ = ["DOUBTFUL", "UNTOUCHED", "Circumstances", "Touch", "Traps", "advertised", "is_probe"]

DOUBTFUL = 0.25
"""Weight of a touch that somebody else may have caused: with the prior of ``client_taint`` less than +1 log-odds."""

_PROBE = re.compile(
    r"/\.(?:env|git|svn|hg|aws|ssh|htpasswd|htaccess|ds_store|bash_history|npmrc|docker)"
    r"|/(?:wp-(?:admin|login|content|includes|config)|xmlrpc\.php|phpmyadmin|pma|adminer|phpinfo|cgi-bin|boaform|hnap1"
    r"|server-status|actuator/(?:env|heapdump)|solr/admin|manager/html|vendor/phpunit|_ignition|telescope/requests"
    r"|owa/auth|autodiscover|\.well-known/security\.bak|etc/passwd|win\.ini|web\.config|id_rsa|backup\.(?:sql|zip|tar))"
    r"|\.(?:php\d?|aspx?|jsp|cgi|bak|sql|old|swp)(?:$|[/?])"
    r"|\.\./|%2e%2e|%00|<script|union(?:\s|\+|%20)+(?:all(?:\s|\+|%20)+)?select|\$\{jndi:|/etc/passwd|sleep\(\d"
    r"|'(?:\s|\+|%20)*or(?:\s|\+|%20)+'?1'?(?:\s|%20)*=",
    re.IGNORECASE,
)


def is_probe(path: str, query: str) -> bool:
    """Say whether a path (as received) or query asks for what scanners ask for; an empty one is not looked at.

    >>> is_probe("/.git/config", ""), is_probe("/api/products/7", "q=shoes")
    (True, False)
    """
    if _path_probes(path) if len(path) <= CACHED_LENGTH else _PROBE.search(path[:2048]):
        return True
    return _MARK.search(query, 0, 2048) is not None and _PROBE.search(query[:2048]) is not None


@lru_cache(maxsize=8192)
def _path_probes(path: str) -> bool:
    return _PROBE.search(path) is not None


_MARK = re.compile(r"[%./<'$(+]")
"""Every probe in a query has one of these; most queries have none."""


Kind = Literal["", "path", "account", "object"]


class Touch(Struct, frozen=True, gc=False):
    """What was touched, and how much it says.

    Attributes:
        kind: ``path``, ``account`` or ``object``; empty where nothing was touched.
        is_certain: True where nobody but the client itself can have caused it.
        weight: 1 for a certainty, :data:`DOUBTFUL` for a doubtful touch, 0 for one that says nothing.
        doubt: Why it is not certain: ``preflight``, ``method``, ``prefetch``, ``preview``, ``crawler``, ``cross-site``,
            ``resource``, ``navigation``, ``unknown``, ``link`` or ``read``.
    """

    kind: Kind
    is_certain: bool = False
    weight: float = 0.0
    doubt: str = ""

    def __bool__(self) -> bool:
        """True where something was touched."""
        return self.kind != ""


UNTOUCHED = Touch("")


class Circumstances(Struct, frozen=True, gc=False):
    """Of a request that touched something. ``values``: first value of each header, names in lower case.

    ``is_login``: the request tries to log in. ``has_headers``: the door knows the headers. ``is_secure``: browsers send
    Fetch Metadata there.
    """

    method: str
    host: str
    agent: str
    values: Mapping[str, str]
    has_headers: bool
    is_secure: bool
    is_login: bool


class Traps:
    """The configured honeypots, ready to be asked."""

    def __init__(self, honeypots: Honeypots) -> None:
        plain = [path for path in honeypots.paths if not _has_pattern(path)]
        patterns = [_pattern(path) for path in honeypots.paths if _has_pattern(path)]
        self._paths = frozenset(normal_path(path).lower() for path in plain)
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL) if patterns else None
        self._accounts = frozenset(account.strip().casefold() for account in honeypots.accounts)
        self._objects = frozenset(item.strip() for item in honeypots.objects)
        self._is_disallowed = "robots" in honeypots.advertise
        self.is_empty = not honeypots.paths and not (self._accounts or self._objects)

    def finds(self, path: str, account: str, purpose: str, endpoint: str, item: str) -> Kind:
        """Give what is touched (``path``, ``account`` or ``object``) or an empty string; ``path`` is normalised."""
        if self.is_empty:
            return ""
        if path.lower() in self._paths or (self._pattern is not None and self._pattern.fullmatch(path)):
            return "path"
        if account and account in self._accounts:
            return "account"
        if item and self._objects and (f"{purpose}:{item}" in self._objects or f"{endpoint}:{item}" in self._objects):
            return "object"
        return ""

    def weigh(self, kind: Kind, request: Circumstances) -> Touch:
        """Say how much a touch of ``kind`` (as :meth:`finds` gave it) tells of the client."""
        if not kind:
            return UNTOUCHED
        doubt = _doubt(kind, request, is_disallowed=self._is_disallowed and kind == "path")
        if doubt:
            return Touch(kind, False, 0.0 if doubt == "preflight" else DOUBTFUL, doubt)
        return Touch(kind, True, 1.0)


_FETCHED_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_PREVIEWS = re.compile(
    r"facebookexternalhit|facebot|whatsapp|telegrambot|twitterbot|slackbot|slack-imgproxy|discordbot|linkedinbot"
    r"|skypeuripreview|microsoft office|ms-office|outlook|bingpreview|googleimageproxy|yahoomailproxy"
    r"|google-read-aloud|google-pagerenderer|googlemessages|applebot|redditbot|pinterest|mastodon|pleroma|misskey"
    r"|mattermost|rocket\.chat|synapse|viber|vkshare|snap url preview|iframely|embedly|kakaotalk|line-poker|bitlybot"
    r"|proofpoint|barracuda|mimecast|safelinks|preview",
    re.IGNORECASE,
)
"""Programs that open a link because somebody wrote it down: messengers, mail filters, image proxies of mail."""


def _doubt(kind: Kind, request: Circumstances, *, is_disallowed: bool) -> str:
    """Say why a touch is no certainty, or give an empty string.

    Only markers that a client adds to its own disadvantage would be safe from forging; these are not. Who forges them
    escapes the certainty, not the evidence, and has to be consistent with the rest of its headers and handshake.
    """
    method, values = request.method, request.values
    if method == "OPTIONS" and ("access-control-request-method" in values or not request.has_headers):
        return "preflight"
    if method not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        return "method"
    for name in _FETCHED_AHEAD:
        if "pre" in values.get(name, "").lower():  # prefetch, prerender, preview
            return "prefetch"
    if _PREVIEWS.search(request.agent[:512]):
        return "preview"
    agent = read(request.agent)
    if agent.kind == "crawler" and not is_disallowed:
        return "crawler"
    site, mode = values.get("sec-fetch-site", ""), values.get("sec-fetch-mode", "")
    destination = values.get("sec-fetch-dest", "")
    if site == "cross-site" or (site == "same-site" and mode != "cors"):
        return "cross-site"
    if not site and any(_is_elsewhere(values.get(name, ""), request.host) for name in ("referer", "origin")):
        return "cross-site"
    if mode == "navigate" or destination in ("document", "iframe", "frame"):
        return "navigation"
    if destination not in ("", "empty") or values.get("accept", "").startswith("image/"):
        return "resource"
    if kind == "account" and not (request.is_login and method in ("POST", "PUT")):
        return "read"
    if agent.kind == "app" and method == "GET":
        return "resource"  # apps load images and previews that somebody else has named, and say nothing of why
    if agent.kind == "browser":
        return _doubt_of_a_browser(kind, request, agent.chromium, site)
    return ""


def _doubt_of_a_browser(kind: Kind, request: Circumstances, chromium: int, site: str) -> str:
    """What is left where a browser shows no outside cause: it must show that its own page asked."""
    if not request.has_headers:
        return "unknown"
    if kind == "object" and request.method == "GET":
        return "link"  # into a single-page application, whose own script then asks for what the link names
    values = request.values
    if site in ("same-origin", "same-site"):
        return ""
    if not site and request.is_secure and chromium >= 80:
        return ""  # no Chromium leaves Sec-Fetch-Site out there: this is none, so no page has led it
    if not site and (values.get("referer") or values.get("origin")):
        return ""  # of the same host, or the first question would have been answered otherwise
    return "navigation" if "text/html" in values.get("accept", "") else "unknown"


def _is_elsewhere(url: str, host: str) -> bool:
    """Say whether a Referer or Origin names another host; ``null`` hides where it comes from, so it counts as one."""
    if not url:
        return False
    try:
        named = urlsplit(url[:2048]).hostname or ""
    except ValueError:
        return True
    return named.strip("[]").lower() != host.strip("[]")


def _has_pattern(path: str) -> bool:
    return any(segment == "**" or (segment[:1] == "{" and segment[-1:] == "}") for segment in path.split("/"))


def _pattern(path: str) -> str:
    """Give the expression of a path with ``{name}`` (one segment) and ``**`` (the rest)."""
    parts: list[str] = []
    for segment in path.strip("/").split("/"):
        if segment == "**":
            parts.append("(?s:/.*)?")
        elif segment[:1] == "{" and segment[-1:] == "}":
            parts.append("/[^/]+")
        else:
            parts.append(re.escape(normal_path("/" + segment)))
    return "".join(parts)


def advertised(path: str) -> str:
    """Give the part of a decoy path that can be written down as a URL path: up to its first pattern.

    >>> advertised("/api/backup/{name}"), advertised("/api/export")
    ('/api/backup/', '/api/export')
    """
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "**" or (segment[:1] == "{" and segment[-1:] == "}"):
            return "/".join(kept) + "/"
        kept.append(segment)
    return path
