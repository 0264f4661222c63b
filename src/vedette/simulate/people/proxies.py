"""Browsers behind a proxy that opens their connections: it speaks TLS and HTTP of its own, and may add ``Via``."""

from __future__ import annotations

from vedette.simulate.clients import Handshake, Stack
from vedette.types import Headers

__all__ = ["behind_proxy"]

_SORTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("1.1 proxy", frozenset()),
    ("1.1 swg01 (squid)", frozenset({"referer"})),
    ("1.1 wsa-2.corp:80 (Cisco-WSA)", frozenset({"dnt", "sec-gpc", "priority"})),
    ("", frozenset({"priority"})),
    ("", frozenset()),
)
"""``Via`` and the fields that are taken away, of each sort of proxy; invented after what such products document."""


def behind_proxy(stack: Stack, proxy: int, handshake: Handshake) -> Stack:
    """Give a browser's stack as a site sees it behind one of a few sorts of office proxies.

    The protocol is the one that the proxy's own handshake asks for; with HTTP/1.1 names are written as it does.
    """
    via, dropped = _SORTS[proxy % len(_SORTS)]
    is_newer = handshake.ja4[0][0][8:10] == "h2"
    headers: dict[str, Headers] = {}
    for kind, fields in stack.headers.items():
        kept = [(name, value) for name, value in fields if name.lower() not in dropped]
        if via:
            kept.append(("via", via))
        headers[kind] = tuple(kept) if is_newer else _older(kept)
    return stack.dressed(headers, protocol="2" if is_newer else "1.1")


def _older(fields: list[tuple[str, str]]) -> Headers:
    names = {name.lower() for name, _ in fields}
    host = [("Host", "{host}")] if "host" not in names else []
    connection = [("Connection", "keep-alive")] if "connection" not in names else []
    return tuple(host + [(_title(name), value) for name, value in fields] + connection)


def _title(name: str) -> str:
    """Write a field's name as HTTP/1.1 does, which proxies restore from HTTP/2."""
    if name.startswith("{") or name != name.lower():
        return name
    return "DNT" if name == "dnt" else "-".join(part.capitalize() for part in name.split("-"))
