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
    fields: dict[str, Any] = {}
    for raw_name, raw_value in call.headers:
        name = raw_name.decode("latin-1")
        value = raw_value.decode("latin-1")
        if name in fields:
            known = fields[name]
            fields[name] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            fields[name] = value
    known_id = fields.pop("x-vedette-id", None)
    if isinstance(known_id, str) and known_id:
        return _from_edge(call, fields, known_id, now), True
    return _from_proxy(call, fields, now, make_id), False


def _from_edge(call: Call, fields: dict[str, Any], request_id: str, now: float) -> Request:
    target = call.target[len(PREFIX) :].decode("latin-1")
    path, _, query = target.partition("?")
    take = fields.pop  # taken away: what edge and engine tell each other is no header of the client
    ja3, ja4, tls = take("x-vedette-ja3", ""), take("x-vedette-ja4", ""), take("x-vedette-tls", "")
    peer, scheme, protocol = take("x-vedette-peer", ""), take("x-vedette-scheme", ""), take("x-vedette-protocol", "")
    order = take("x-vedette-order", None)
    size = take("x-vedette-size", "")
    return Request(
        timestamp=now,
        id=request_id[:ID_LENGTH],
        method=call.method.decode("latin-1"),
        path=path or "/",
        client_address=_one(peer),
        query=query,
        scheme=_one(scheme),
        host=_one(fields.get("host", "")),
        protocol=_one(protocol),
        headers=_ordered(fields, order) if isinstance(order, str) else _received(call),
        peer_is_client=False,
        body=call.body,
        request_body_size=int(size) if isinstance(size, str) and size.isdigit() else (call.body_size or -1),
        ja3=_one(ja3),
        ja4=_one(ja4),
        tls_version=_one(tls),
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


def _ordered(fields: dict[str, Any], order: str) -> Headers:
    """Put fields into the client's order; what the edge added itself is not in it and stays out."""
    headers = []
    for name in order.split(","):
        value = fields.get(name)
        if value is None:
            continue
        if type(value) is str:
            headers.append((name, value))
        elif value:
            headers.append((name, value.pop(0)))
    return tuple(headers)


def _received(call: Call) -> Headers:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in call.headers
        if not name.startswith((b"x-vedette-", b"x-envoy-"))
    )
