"""What one line of a log can be: a recorded request, an outcome, or malformed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from vedette.types import Answer, Outcome, Request

MAX_LINE_BYTES = 256 * 1024
"""A longer line is malformed. Servers refuse request heads far below this; it bounds what a hostile log can cost."""

MalformedKind = Literal[
    "too long",
    "not JSON",
    "wrong type",
    "missing key",
    "bad value",
    "bad timestamp",
    "bad outcome",
    "truncated",
    "not an access-log line",
    "no HTTP request",
    "damaged file",
]


class Recorded(Struct, frozen=True, gc=False):
    """A request as it was, and the answer it got (``None``: never answered)."""

    request: Request
    answer: Answer | None


class Malformed(Struct, frozen=True):
    """A line that holds no event: its kind, from a closed set, and why in words."""

    kind: MalformedKind
    why: str


Line = Recorded | Outcome | Malformed | None
"""``None``: a line that is right and holds no event, such as a comment."""

Parse = Callable[[bytes, str], Line]
"""A format: a line without its newline, and the id for a request that has none, to what the line means."""


class Interned:
    """Give one shared object for equal strings, so that a million records hold each user agent once.

    Bounded: forgets everything when ``capacity`` different strings have been seen.
    """

    def __init__(self, capacity: int = 65_536) -> None:
        self._known: dict[str, str] = {}
        self._capacity = capacity

    def __call__(self, value: str) -> str:
        known = self._known.get(value)
        if known is None:
            if len(self._known) >= self._capacity:
                self._known.clear()
            self._known[value] = known = value
        return known


def decode(line: bytes) -> str:
    """Read bytes as UTF-8 where they are that, else as Latin-1, which every byte is."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def unescape(text: str) -> str:
    r"""Undo the escapes of access logs (``\xHH``, ``\"``, ``\n`` …); bytes that were UTF-8 become text again.

    >>> unescape(r'caf\xc3\xa9 \"q\"')
    'café "q"'
    """
    if not _escape.search(text):
        return text
    plain = _escape.sub(lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 3 else _CONTROL[m[1]], text)
    try:
        return plain.encode("latin-1").decode()
    except UnicodeError:
        return plain


_escape = re.compile(r'\\(x[0-9A-Fa-f]{2}|["\\nrtvbf])')
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "b": "\b", "f": "\f", '"': '"', "\\": "\\"}


def split_request(text: str) -> tuple[str, str, str] | None:
    """Split the request line of an access log into method, target and protocol; ``None`` where it is none.

    >>> split_request("GET /a b HTTP/1.1")
    ('GET', '/a b', 'HTTP/1.1')
    """
    parts = text.split(" ")
    if len(parts) == 3:
        method, target, protocol = parts
    elif len(parts) > 3 and parts[-1].startswith("HTTP/"):
        method, target, protocol = parts[0], " ".join(parts[1:-1]), parts[-1]
    elif len(parts) == 2:
        method, target = parts
        protocol = ""
    else:
        return None
    if not target or not _method.fullmatch(method) or (protocol and not protocol.startswith("HTTP/")):
        return None
    return method, target, protocol


_method = re.compile(r"[A-Za-z!#$%&'*+.^_`|~0-9-]{1,32}", re.ASCII)


def split_target(target: str) -> tuple[str, str, str, str]:
    """Split a request target into scheme, host, path and query, each as received.

    >>> split_target("/a?b=1")
    ('', '', '/a', 'b=1')
    >>> split_target("http://shop.example:80/a")
    ('http', 'shop.example:80', '/a', '')
    """
    scheme = host = ""
    if not target.startswith("/") and "://" in target[:16]:
        scheme, rest = target.split("://", 1)
        cut = len(rest)
        for mark in "/?#":
            found = rest.find(mark, 0, cut)
            if found >= 0:
                cut = found
        host, target = rest[:cut], rest[cut:]
        if not target.startswith("/"):
            target = "/" + target
    path, _, query = target.partition("?")
    return scheme.lower(), host, path, query


def plain_scheme(scheme: str) -> str:
    """Name the scheme under a WebSocket or gRPC: ``wss`` is asked for as ``https``.

    >>> plain_scheme("wss"), plain_scheme("http")
    ('https', 'http')
    """
    return _SCHEMES.get(scheme, "")


_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https", "grpc": "http", "grpcs": "https"}


def host_of(authority: str, scheme: str) -> str:
    """Give an authority without user information and without the scheme's own port; ``-`` is absent.

    >>> host_of("shop.example:443", "https"), host_of("shop.example:8443", "https")
    ('shop.example', 'shop.example:8443')
    """
    host = authority.rpartition("@")[2]
    host = host.removesuffix({"http": ":80", "https": ":443"}.get(scheme, " "))
    return "" if host == "-" else host


def protocol_name(version: str) -> str:
    """Name a protocol one way: ``HTTP/1.1``, ``HTTP/2``, ``HTTP/3``.

    >>> protocol_name("2.0"), protocol_name("HTTP/1.1")
    ('HTTP/2', 'HTTP/1.1')
    """
    known = _PROTOCOLS.get(version)
    if known is not None:
        return known
    name = version.upper()
    return name if name.startswith("HTTP/") or not name[:1].isdigit() else f"HTTP/{name}"


_PROTOCOLS = {
    "": "",
    "-": "",
    "1.0": "HTTP/1.0",
    "1.1": "HTTP/1.1",
    "2": "HTTP/2",
    "2.0": "HTTP/2",
    "3": "HTTP/3",
    "3.0": "HTTP/3",
    "HTTP/1.0": "HTTP/1.0",
    "HTTP/1.1": "HTTP/1.1",
    "HTTP/2": "HTTP/2",
    "HTTP/2.0": "HTTP/2",
    "HTTP/3": "HTTP/3",
    "HTTP/3.0": "HTTP/3",
}
