"""Browsers behind a proxy that opens their connections: it speaks HTTP/1.1 and TLS of its own, and may add ``Via``."""

from __future__ import annotations

from vedette.simulate.clients import Stack
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


def behind_proxy(stack: Stack, proxy: int) -> Stack:
    """Give a browser's stack as a site sees it behind one of a few sorts of office proxies."""
    via, dropped = _SORTS[proxy % len(_SORTS)]
    headers: dict[str, Headers] = {}
    for kind, fields in stack.headers.items():
        kept = [(_title(name), value) for name, value in fields if name.lower() not in dropped]
        names = {name.lower() for name, _ in kept}
        if "host" not in names:
            kept.insert(0, ("Host", "{host}"))
        if "connection" not in names:
            kept.append(("Connection", "keep-alive"))
        if via:
            kept.append(("Via", via))
        headers[kind] = tuple(kept)
    return stack.dressed(headers, protocol="1.1")


def _title(name: str) -> str:
    """Write a field's name as HTTP/1.1 does, which proxies restore from HTTP/2."""
    if name.startswith("{") or name != name.lower():
        return name
    return "DNT" if name == "dnt" else "-".join(part.capitalize() for part in name.split("-"))
