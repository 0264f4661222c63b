"""Which endpoint a request is for: configured ones first, else a template made from its path.

Configured endpoints are tried in order, on the normalised path, without regard to case. What matches none gets a
template: segments that look like identifiers become ``{id}``. Endpoints are told apart by a number below 256, made by
hash, so that it is the same after a restart; templates that the API never answered well share the last 32 numbers, so
that invented paths cannot crowd out real ones.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import get_args
from zlib import crc32

from msgspec import Struct

from vedette.collect.normalize import CACHED_LENGTH
from vedette.config.schema import Endpoint, Match
from vedette.types import Mode, Purpose

__all__ = ["PURPOSES", "Route", "Router", "match_pattern", "template_of"]

ROUTES = 256
UNCONFIRMED = 32
MAX_TEMPLATES = 4096

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
_IDENTIFIER = re.compile(
    r"\d+|[0-9a-f]{8}-[0-9a-f-]{20,}|(?=[^/]*\d)[0-9a-f]{8,}|[^/]{33,}|(?=(?:[^/\d]*\d){3})[\w.~@%+-]+", re.IGNORECASE
)
_STATIC = re.compile(
    r"\.(?:js|mjs|css|map|png|jpe?g|gif|svg|ico|webp|avif|bmp|woff2?|ttf|otf|eot|mp4|webm|mp3|webmanifest|wasm)$",
    re.IGNORECASE,
)
_GUESSES: tuple[tuple[Purpose, re.Pattern[str], str], ...] = (
    ("password_reset", re.compile(r"reset|forgot|recover", re.IGNORECASE), "POST PUT"),
    (
        "login",
        re.compile(r"log[-_]?in|sign[-_]?in|/auth(?:/|$|enticat)|oauth/token|/sessions?$|/token$", re.IGNORECASE),
        "POST",
    ),
    ("signup", re.compile(r"sign[-_]?up|regist|/(?:users|accounts|customers)$", re.IGNORECASE), "POST"),
    ("checkout", re.compile(r"checkout", re.IGNORECASE), ""),
    ("payment", re.compile(r"/pay(?:ment|ments|$|/)|gift-?card|voucher|coupon", re.IGNORECASE), ""),
    ("cart", re.compile(r"cart|basket", re.IGNORECASE), ""),
    ("search", re.compile(r"search|suggest|autocomplete", re.IGNORECASE), ""),
    (
        "product",
        re.compile(r"/(?:products?|items?|skus?|dp|p|articles?|listings?)/(?:\{id\}|[^/]+)$", re.IGNORECASE),
        "GET HEAD",
    ),
    (
        "listing",
        re.compile(r"/(?:products|items|catalog(?:ue)?|categor(?:y|ies)|collections?)(?:/|$)", re.IGNORECASE),
        "GET HEAD",
    ),
    ("account", re.compile(r"/(?:account|profile|orders?|me|addresses|wallet)(?:/|$)", re.IGNORECASE), ""),
)


class Route(Struct, frozen=True, gc=False):
    """Where a request goes: number (below 256), name, purpose, and the configuration where there is one.

    ``template`` is empty for a configured endpoint; ``names`` are those of its path's parameters.
    """

    index: int
    name: str
    purpose: Purpose
    endpoint: Endpoint | None = None
    mode: Mode | None = None
    template: str = ""
    names: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """True where the path is not known to be one of the API's own: any path could stand here."""
        if self.endpoint is None:
            return self.index >= ROUTES - UNCONFIRMED
        return self.endpoint.match.segments[-1:] == ("**",)


def match_pattern(match: Match) -> tuple[str, tuple[str, ...]]:
    """Give the regular expression of a match over ``METHOD host/path``, and the names of its parameters."""
    method = "[^ ]+" if match.method == "*" else re.escape(match.method)
    if match.method == "GET":
        method = "(?:GET|HEAD)"
    host = re.escape(match.host) if match.host else "[^/ ]*"
    path, names = "", []
    for segment in match.segments:
        if segment == "**":
            path += "(?:/.*)?"
        elif segment.startswith("{") and segment.endswith("}"):
            names.append(segment[1:-1])
            path += "/([^/]+)"
        else:
            path += "/" + re.escape(segment)
    return f"{method} {host}{path or '/'}", tuple(names)


def template_of(path: str) -> tuple[str, str]:
    """Give the template of a normalised path, and its last identifier or an empty string.

    >>> template_of("/v1/products/4711/reviews")
    ('/v1/products/{id}/reviews', '4711')
    """
    return _remembered(path) if len(path) <= CACHED_LENGTH else _template_of(path)


def _template_of(path: str) -> tuple[str, str]:
    parts, last = [], ""
    for part in path.split("/")[:24]:
        if part and _IDENTIFIER.fullmatch(part):
            last = part
            parts.append("{id}")
        else:
            parts.append(part.lower())
    return "/".join(parts)[:256] or "/", last


_remembered = lru_cache(maxsize=8192)(_template_of)


class Router:
    """Finds the route of a request. Learned templates are bounded; see the module's docstring."""

    def __init__(self, endpoints: tuple[Endpoint, ...]) -> None:
        patterns, self._routes = [], []
        for index, endpoint in enumerate(endpoints[: ROUTES - UNCONFIRMED - 32]):
            pattern, names = match_pattern(endpoint.match)
            patterns.append(f"(?P<e{index}>{pattern})")
            self._routes.append(Route(index, endpoint.name, endpoint.purpose, endpoint, endpoint.mode, "", names))
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None
        self._first = len(self._routes)
        self._confirmed: set[str] = set()
        self._templated = lru_cache(maxsize=8192)(self._template_route)

    def find(self, method: str, host: str, path: str) -> tuple[Route, tuple[str, ...]]:
        """Give the route and the values of its path parameters, for a normalised path."""
        if self._pattern is not None:
            found = self._pattern.fullmatch(f"{method} {host}{path}")
            if found is not None and found.lastindex is not None:
                route = self._routes[int((found.lastgroup or "e0")[1:])]
                count = len(route.names)
                return route, found.groups()[found.lastindex : found.lastindex + count] if count else ()
        template, last = template_of(path)
        return self._templated(method, template), ((last,) if last else ())

    def confirm(self, route: Route) -> None:
        """Note that the API answered well on a learned template: from now on it has a number of its own."""
        if route.template and route.name not in self._confirmed and len(self._confirmed) < MAX_TEMPLATES:
            self._confirmed.add(route.name)
            self._templated.cache_clear()

    def _template_route(self, method: str, template: str) -> Route:
        method = method[:16]
        name = f"{method} {template}"
        digest = crc32(name.encode("utf-8", "replace"))
        if name in self._confirmed:
            index = self._first + digest % (ROUTES - UNCONFIRMED - self._first)
        else:
            index = ROUTES - UNCONFIRMED + digest % UNCONFIRMED
        return Route(index, name, _guess(method, template), template=template)


def _guess(method: str, template: str) -> Purpose:
    if _STATIC.search(template):
        return "static"
    for purpose, pattern, methods in _GUESSES:
        if pattern.search(template) and (not methods or method in methods):
            return purpose
    return "other"
