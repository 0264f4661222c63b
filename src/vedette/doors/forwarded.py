"""Reads the question "may this request pass?" as a proxy asks it, and makes a request of it.

Two forms are understood. The embedded edge sends the original method and path under ``/v1/decide`` and says the rest in
``x-vedette-*`` headers, which it removes from what clients send. Any other proxy (forward-auth) says it in
``X-Forwarded-Method``, ``-Uri``, ``-Host``, ``-For`` and ``-Proto``, or ``X-Original-Method`` and ``-URI``. Nothing
here believes or refuses anything: that is the business of ``vedette.collect``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vedette.doors.connection import Call
from vedette.types import Headers, Request

__all__ = ["PREFIX", "is_from_edge", "read_question"]

PREFIX = b"/v1/decide"
ID = b"x-vedette-id"
ID_LENGTH = 128

_SPOKEN_BY_PROXIES = frozenset(
    {
        "x-forwarded-method",
        "x-forwarded-uri",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-server",
        "x-original-method",
        "x-original-uri",
        "x-original-url",
        "x-real-ip",
    }
)
"""Headers with which forward-auth describes a request; they are not the client's."""


def is_from_edge(call: Call) -> bool:
    """Tell whether the embedded edge asks: only it may send ``x-vedette-id``; the console removes it."""
    return any(name == ID for name, _ in call.headers)


def read_question(call: Call, now: float, make_id: Callable[[], str]) -> tuple[Request, bool]:
    """Return the request in question and whether the embedded edge asks; ``make_id`` gives a missing id."""
    request = _from_edge(call, now)
    if request is not None:
        return request, True
    fields: dict[str, Any] = {}
    for raw_name, raw_value in call.headers:
        name = raw_name.decode("latin-1")
        value = raw_value.decode("latin-1")
        if name in fields:
            known = fields[name]
            fields[name] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            fields[name] = value
    return _from_proxy(call, fields, now, make_id), False


def _from_edge(call: Call, now: float) -> Request | None:
    """Return the request, or ``None`` where not the edge asks.

    The edge sends the client's headers as they came, in their order; what it says itself comes after them and begins
    with the id. Only ``host`` and ``content-length`` stand first, out of their places, and are told apart.
    """
    said: dict[str, str] = {}
    headers: list[tuple[str, str]] = []
    host = ""
    for raw_name, raw_value in call.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name.startswith("x-vedette-"):
            said[name] = value
        elif name == "host":
            host = value
        elif not said and name != "content-length":
            headers.append((name, value))
    if not said.get("x-vedette-id"):
        return None
    path, _, query = call.target[len(PREFIX) :].decode("latin-1").partition("?")
    size = said.get("x-vedette-size", "")
    return Request(
        timestamp=now,
        id=said["x-vedette-id"][:ID_LENGTH],
        method=call.method.decode("latin-1"),
        path=path or "/",
        client_address=said.get("x-vedette-peer", ""),
        query=query,
        scheme=said.get("x-vedette-scheme", ""),
        host=host,
        protocol=said.get("x-vedette-protocol", ""),
        headers=tuple(headers),
        peer_is_client=False,
        body=call.body,
        request_body_size=int(size) if size.isdecimal() else (call.body_size or -1),
        ja3=said.get("x-vedette-ja3", ""),
        ja4=said.get("x-vedette-ja4", ""),
        tls_version=said.get("x-vedette-tls", ""),
    )


def _from_proxy(call: Call, fields: dict[str, Any], now: float, make_id: Callable[[], str]) -> Request:
    def said(*names: str) -> str:
        for name in names:
            value = _one(fields.get(name, ""))
            if value:
                return value
        return ""

    target = said("x-forwarded-uri", "x-original-uri", "x-original-url")
    if "://" in target[:16]:  # x-original-url holds scheme and host
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    if not target:
        target = call.target[len(PREFIX) :].decode("latin-1")
    path, _, query = target.partition("?")
    forwarded_for = said("x-forwarded-for")
    return Request(
        timestamp=now,
        id=make_id(),
        method=said("x-forwarded-method", "x-original-method") or call.method.decode("latin-1"),
        path=path or "/",
        client_address=(forwarded_for.rpartition(",")[2].strip() or said("x-real-ip"))[:256] or "unknown",
        query=query,
        scheme=said("x-forwarded-proto"),
        host=said("x-forwarded-host", "host"),
        headers=tuple(field for field in _received(call) if field[0] not in _SPOKEN_BY_PROXIES),
        peer_is_client=False,
        body=call.body,
        request_body_size=call.body_size or -1,
    )


def _one(value: Any) -> str:
    """Return the last of repeated values: the one that was added nearest to us."""
    return value if isinstance(value, str) else str(value[-1])


def _received(call: Call) -> Headers:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in call.headers
        if not name.startswith((b"x-vedette-", b"x-envoy-"))
    )
