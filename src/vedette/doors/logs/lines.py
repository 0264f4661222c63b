"""What one line of a log can be: a recorded request, an outcome, or malformed."""

from __future__ import annotations

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


Line = Recorded | Outcome | Malformed

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
