"""Asks one HTTP/1.1 question over a Unix socket: how console, supervisor and doctor speak to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import httptools

__all__ = ["Reply", "ask"]

ANSWER_BYTES = 64 * 1024 * 1024


class Reply(NamedTuple):
    """A status, headers with names in lower case, and a body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class _Reader:
    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.parts: list[bytes] = []
        self.size = 0
        self.is_complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.parts.append(body)
        self.size += len(body)

    def on_message_complete(self) -> None:
        self.is_complete = True


async def ask(
    path: Path,
    method: str,
    target: str,
    *,
    headers: Iterable[tuple[bytes, bytes]] = (),
    body: bytes = b"",
    timeout_s: float = 5.0,
) -> Reply:
    """Send one call and return its answer.

    Raises OSError where nobody answers, answers no HTTP, or not within ``timeout_s``.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await _ask(path, method, target, headers, body)
    except TimeoutError:
        raise TimeoutError(f"{path}: no answer within {timeout_s:g} s") from None
    except httptools.HttpParserError as error:
        raise ConnectionError(f"{path}: no HTTP answer: {error}") from None


async def _ask(path: Path, method: str, target: str, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Reply:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=1024 * 1024)
    try:
        lines = b"".join(b"%b: %b\r\n" % field for field in headers)
        head = f"{method} {target} HTTP/1.1\r\nconnection: close\r\ncontent-length: {len(body)}\r\n".encode("latin-1")
        writer.write(head + lines + b"\r\n" + body)
        seen = _Reader()
        parser = httptools.HttpResponseParser(seen)
        while not seen.is_complete:
            data = await reader.read(256 * 1024)
            if not data:
                raise ConnectionError(f"{path}: the answer ended early")
            parser.feed_data(data)
            if seen.size > ANSWER_BYTES:
                raise ConnectionError(f"{path}: the answer is too large")
        return Reply(parser.get_status_code(), seen.headers, b"".join(seen.parts))
    finally:
        writer.close()
