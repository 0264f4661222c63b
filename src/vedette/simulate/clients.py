"""Who makes calls: an HTTP stack with its headers and TLS handshake, behind an address.

A *stack* is one program that speaks HTTP, such as Chrome 142 on Windows or Python's requests: which header fields it
sends, in which order and case, for each *kind* of call, and which handshake. They come from ``data/simulation``.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

__all__ = ["Client", "Stack"]


class Stack(Struct, frozen=True):
    """One program that speaks HTTP."""

    name: str
    headers: Mapping[str, tuple[tuple[str, str], ...]]


class Client(Struct):
    """A stack behind an address."""

    stack: Stack
    address: str
