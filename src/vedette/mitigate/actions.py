"""From a decision to bytes: what the API is told, and what a client is told that does not reach it.

A *reply* is the answer that Vedette gives in the API's place. It says that the request was not accepted and which id to
give to support staff; never the score, never the reason. Everything here is a pure function of its arguments.

    block                403, session cookies expired where the session is refused
    challenge, decoy     403 for this one request (until the rooms that build them exist); a decoy path: 203 with a
                         made-up body, which the edge turns into a 200
    rate_limit           429 with Retry-After, RateLimit and RateLimit-Policy
    redirect             302 or 307 with Location
    delay                passes; the edge holds it first
    allow, monitor       pass
"""

from __future__ import annotations

import re
from math import ceil
from urllib.parse import quote

import msgspec
from msgspec import Struct

from vedette.collect.normalize import normal_path
from vedette.mitigate.cors import CorsMemory
from vedette.mitigate.decoys import decoy_body
from vedette.types import STOPPING, Decision, Headers, Request

__all__ = [
    "DELAY_HEADER",
    "PLAUSIBLE",
    "Reply",
    "decision_header",
    "expired_cookies",
    "instance",
    "reply",
    "upstream_headers",
]

PLAUSIBLE = 203
"""Status of a made-up answer between engine and edge, where 200 would mean "let it pass"; the client gets 200."""
DELAY_HEADER = "x-envoy-fault-delay-request"
"""Read by the edge's fault filter, in milliseconds, and removed before the API."""
COOKIE_HEADER = "x-vedette-cookie"
"""Read by the edge, which sets the cookie on the API's answer unless that may be stored by a shared cache."""
DELAY_MAX_S = 10.0
ID_MAX = 128
TEXT_MAX = 64
COOKIE_BYTES_MAX = 16384
COOKIES_MAX = 16

_PLAIN = re.compile(r"[ !#-\[\]-~]*")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_DETAIL = {
    403: "This request was not accepted. If you believe that this is a mistake, tell support staff the instance below.",
    429: "Too many requests. Try again after the number of seconds in Retry-After.",
}
_TITLE = {403: "Forbidden", 429: "Too Many Requests"}
_GRPC_STATUS = {403: "7", 429: "8"}


class Reply(Struct, frozen=True):
    """An answer to a client in the API's place. ``headers`` have lower-case names and no length; doors add that."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Problem(Struct, frozen=True):
    """An RFC 9457 document."""

    type: str
    title: str
    status: int
    detail: str
    instance: str


def decision_header(decision: Decision) -> str:
    """Give the value of ``Vedette-Decision``: an RFC 8941 dictionary.

    ``id="…", verdict=bad_bot, score=0.971, low=0.930, high=0.990, threat="OAT-008", action=monitor, advice="step-up"``.
    Threat and advice are left out where there are none.
    """
    directive = decision.directive
    identifier = decision.id
    if len(identifier) > ID_MAX or not _PLAIN.fullmatch(identifier):
        identifier = _quotable(identifier, ID_MAX)
    if directive.degraded:
        return f'id="{identifier}", verdict=unknown, action=allow, degraded'
    threat = f', threat="{decision.threat}"' if decision.threat else ""
    advice = ""
    if directive.advice:
        text = directive.advice
        if len(text) > TEXT_MAX or not _PLAIN.fullmatch(text):
            text = _quotable(text, TEXT_MAX)
        advice = f', advice="{text}"'
    return (
        f'id="{identifier}", verdict={decision.verdict}, score={decision.score:.3f}, low={decision.low:.3f}, '
        f"high={decision.high:.3f}{threat}, action={decision.action}{advice}"
    )


def upstream_headers(decision: Decision) -> Headers:
    """Give the fields to add to a request that passes.

    The decision and, for the embedded edge alone, how long the request waits and which device cookie its answer brings.
    """
    value = ("vedette-decision", decision_header(decision))
    directive = decision.directive
    fields: Headers = (value,)
    if decision.action == "delay" and decision.enforced:
        fields = (value, (DELAY_HEADER, str(ceil(min(max(directive.delay_s, 0.0), DELAY_MAX_S) * 1000.0))))
    return (*fields, (COOKIE_HEADER, directive.device_cookie)) if directive.device_cookie else fields


def instance(identifier: str) -> str:
    """Give the support id of a request as a URI: ``urn:uuid:…``, or ``urn:vedette:…`` where the id is no UUID.

    >>> instance("l42")
    'urn:vedette:l42'
    """
    if _UUID.fullmatch(identifier):
        return f"urn:uuid:{identifier}"
    return "urn:vedette:" + quote(identifier[:ID_MAX].encode("utf-8", "replace"), safe="")


def reply(
    decision: Decision,
    request: Request,
    *,
    cors: CorsMemory | None = None,
    cookies: tuple[str, ...] = (),
    plausible: bool = False,
) -> Reply | None:
    """Give the answer for a client whose request is stopped, or ``None`` where it passes.

    A gRPC client (``content-type: application/grpc``) gets no body but ``grpc-status`` 7 or 8. The status stays 403 or
    429, because a door reads 200 as "let it pass"; Envoy turns such an answer into a trailers-only one with status 200.

    Args:
        cors: What the API says to pages of other origins.
        cookies: Names of the cookies that hold a session; those that the request carries are expired.
        plausible: True where the door can hand a made-up answer to the client (:data:`PLAUSIBLE`); else a decoy is 403.
    """
    action = decision.action
    if not decision.enforced or action not in STOPPING:
        return None
    directive = decision.directive
    host, origin, is_grpc, carried = _caller(request)
    headers = [("cache-control", "no-store")]
    if action == "redirect" and directive.redirect is not None:
        target, status = directive.redirect
        headers.append(("location", _address(target)))
    elif action == "rate_limit":
        status = 429
        headers += _limit_fields(directive.retry_after_s, directive.limit)
    elif directive.decoy and plausible and not is_grpc:
        status = PLAUSIBLE
        headers += [("content-type", "application/json"), ("x-request-id", _quotable(decision.id, ID_MAX))]
    else:
        status = 403
    if directive.end_session:
        headers += expired_cookies(carried, cookies, secure=request.scheme == "https")
    if cors is not None:
        headers += cors.mirror(host or request.host, origin, decision.timestamp, limited=status == 429)
    if status == PLAUSIBLE:
        body = decoy_body(normal_path(request.path), request.method, decision.client)
        return Reply(status, tuple(headers), b"" if request.method == "HEAD" else body)
    if status not in _TITLE:
        return Reply(status, tuple(headers))
    if is_grpc:
        headers += [
            ("grpc-status", _GRPC_STATUS[status]),
            ("grpc-message", f"{_TITLE[status]}, {instance(decision.id)}"),
        ]
        return Reply(status, tuple(headers))
    headers.append(("content-type", "application/problem+json"))
    if request.method == "HEAD":
        return Reply(status, tuple(headers))
    problem = Problem("about:blank", _TITLE[status], status, _DETAIL[status], instance(decision.id))
    return Reply(status, tuple(headers), msgspec.json.encode(problem))


def expired_cookies(carried: str, cookies: tuple[str, ...], *, secure: bool) -> Headers:
    """Expire those of the session ``cookies`` that a client carried.

    Over TLS the field also says ``SameSite=None``, so that a browser obeys it in an answer to a page of another site.
    """
    if not carried or not cookies:
        return ()
    names = {pair.partition("=")[0].strip() for pair in carried[:COOKIE_BYTES_MAX].split(";")}
    attributes = "Max-Age=0; Path=/" + ("; Secure; SameSite=None" if secure else "")
    return tuple(
        ("set-cookie", f"{name}=; {attributes}")
        for name in dict.fromkeys(cookies[:COOKIES_MAX])
        if name in names and _TOKEN.fullmatch(name)
    )


def _caller(request: Request) -> tuple[str, str, bool, str]:
    """Read the four fields that shape a reply: host, origin, whether it is gRPC, and cookies."""
    host = origin = content = cookies = ""
    for name, value in request.headers or ():
        match name.lower():
            case "origin":
                origin = value
            case "content-type":
                content = value
            case ":authority" | "host":
                host = value
            case "cookie" if len(cookies) < COOKIE_BYTES_MAX:
                cookies = f"{cookies}; {value}" if cookies else value
    return host, origin, content.startswith("application/grpc"), cookies


def _limit_fields(retry_after_s: float, limit: tuple[str, int, float, int] | None) -> Headers:
    """Retry-After (RFC 9110), and RateLimit with RateLimit-Policy as the httpapi draft writes them."""
    wait = max(1, ceil(min(retry_after_s, 1e9)))
    fields: list[tuple[str, str]] = [("retry-after", str(wait))]
    if limit is not None:
        name, quota, window_s, remaining = limit
        name = _quotable(name, TEXT_MAX)
        fields += [
            ("ratelimit", f'"{name}";r={max(0, remaining)};t={wait}'),
            ("ratelimit-policy", f'"{name}";q={quota};w={max(1, ceil(window_s))}'),
        ]
    return tuple(fields)


def _quotable(text: str, longest: int) -> str:
    """Make the inside of an RFC 8941 string: printable ASCII, quotes and backslashes escaped, bounded."""
    plain = "".join(letter if " " <= letter <= "~" else "?" for letter in text[:longest])
    return plain.replace("\\", "\\\\").replace('"', '\\"')


def _address(target: str) -> str:
    """Make a Location that cannot end the field: what a URI does not hold is percent-encoded."""
    return quote(target.encode("utf-8", "replace"), safe="!#$%&'()*+,/:;=?@[]~")
