"""Which origins may read the API's answers, learned from the answers themselves.

A page of another origin reads an answer only where the answer says so. When Vedette answers in the API's place it must
say the same, or a script sees "network error" where it should see 403 or 429. :class:`CorsMemory` remembers, for a host
and an origin, what the API last said; the preflight that precedes a request already teaches it. The API's answer to a
preflight may still be on its way to the engine when the request itself arrives; a browser sends that request only where
the preflight was granted, so for :data:`ASKED_S` the preflight alone counts as a grant.
"""

from __future__ import annotations

import re
from collections import OrderedDict

from msgspec import Struct

from vedette.types import Answer, Headers

__all__ = ["CorsMemory"]

ENTRIES = 1024
EXPIRES_S = 86400.0
ASKED_S = 2.0
HOST_MAX = 255
ORIGIN_MAX = 300
FIELD_MAX = 1024
_PRINTABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
RETRY_FIELDS = "Retry-After, RateLimit, RateLimit-Policy"
"""Fields of a 429 that a script may only read where the answer exposes them."""


class _Grant(Struct, frozen=True, gc=False):
    origin: str
    credentials: bool
    expose: str
    at: float


class CorsMemory:
    """What the API said lately to pages of other origins: at most ``entries``, the least recently said goes first."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self._entries = entries
        self._grants: OrderedDict[tuple[str, str], _Grant] = OrderedDict()
        self._asked: OrderedDict[tuple[str, str], float] = OrderedDict()

    def ask(self, host: str, origin: str, now: float) -> None:
        """Note that a page of ``origin`` has sent a preflight."""
        if origin and len(host) <= HOST_MAX and _is_plain(origin, ORIGIN_MAX):
            self._asked[_bare(host), origin] = now
            self._asked.move_to_end((_bare(host), origin))
            if len(self._asked) > self._entries:
                self._asked.popitem(last=False)

    def __len__(self) -> int:
        return len(self._grants)

    def learn(self, answer: Answer) -> None:
        """Remember what this answer of the API grants; one that grants nothing teaches nothing."""
        allowed = host = origin = expose = ""
        credentials = False
        for name, value in answer.headers:
            if name == "access-control-allow-origin":
                allowed = value
            elif name == ":authority":
                host = _bare(value)
            elif name == "origin":
                origin = value
            elif name == "access-control-expose-headers":
                expose = value
            elif name == "access-control-allow-credentials":
                credentials = value == "true"
        if not allowed or not host or len(host) > HOST_MAX or not _is_plain(allowed, ORIGIN_MAX):
            return
        if not _is_plain(expose, FIELD_MAX):
            expose = ""
        # an answer that does not repeat the caller's origin says the same to every origin
        key = (host, origin if allowed == origin else "")
        self._grants[key] = _Grant(allowed, credentials, expose, answer.timestamp)
        self._grants.move_to_end(key)
        if len(self._grants) > self._entries:
            self._grants.popitem(last=False)

    def mirror(self, host: str, origin: str, now: float, *, limited: bool = False) -> Headers:
        """Give the fields that make an answer to ``origin`` as readable as the API's own; none where it is not.

        Args:
            limited: The answer is a 429: its own fields are exposed as well.
        """
        if not origin:
            return ()
        host = _bare(host)
        grant = self._grants.get((host, origin)) or self._grants.get((host, ""))
        if grant is None and now - self._asked.get((host, origin), -EXPIRES_S) <= ASKED_S:
            grant = _Grant(origin, credentials=True, expose="", at=now)
        if grant is None or now - grant.at > EXPIRES_S:
            return ()
        fields = [("access-control-allow-origin", grant.origin)]
        if grant.credentials:
            fields.append(("access-control-allow-credentials", "true"))
        expose = grant.expose
        if limited:
            expose = f"{expose}, {RETRY_FIELDS}" if expose else RETRY_FIELDS
        if expose:
            fields.append(("access-control-expose-headers", expose))
        if grant.origin != "*":
            fields.append(("vary", "Origin"))
        return tuple(fields)


def _bare(host: str) -> str:
    """Lower case and without port: doors differ in whether they name it."""
    if host.startswith("["):
        return host.partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_plain(value: str, longest: int) -> bool:
    return len(value) <= longest and _PRINTABLE.fullmatch(value) is not None
