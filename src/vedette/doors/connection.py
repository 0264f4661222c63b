"""One connection of the engine's socket: bounded HTTP/1.1, parsed by httptools, answered without waiting.

Whatever arrives, memory stays bounded and the other connections go on: heads and bodies have a largest size, a message
must be complete within :data:`PATIENCE_S`, a reader that takes no answers is cut off, and at most
:data:`CONNECTIONS` are open at once. A refusal is a count, never an exception.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, NamedTuple

import httptools

__all__ = ["Call", "Connection", "Crowd", "answer", "problem"]

HEAD_BYTES = 96 * 1024
"""Envoy allows 60 KiB of headers by default; above this a head is refused with 431."""
BODY_BYTES = 1024 * 1024
ASK_BODY_BYTES = 16 * 1024
"""Of a body that comes with a question, no more than this is read; the rest is only counted."""
CONNECTIONS = 1024
QUEUE = 64
"""Calls that one connection may send ahead of an answer that is still being made."""
PATIENCE_S = 5.0

_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}


class _TooLarge(Exception):
    """Raised inside a callback of the parser to end a message that has outgrown its bounds."""


class Call(NamedTuple):
    """One complete HTTP call as it came in; header names are in lower case, values as received."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    body_size: int


Handler = Callable[[Call], bytes | Awaitable[bytes]]


class Crowd:
    """All open connections of a server; refuses more than ``limit`` and ends those that keep it waiting.

    ``refused`` is called with the reason of each refusal: ``malformed``, ``oversized``, ``slow`` or ``crowded``.
    """

    def __init__(self, handle: Handler, refused: Callable[[str], None], *, limit: int = CONNECTIONS) -> None:
        self.handle = handle
        self.refused = refused
        self.limit = limit
        self.members: set[Connection] = set()

    def __call__(self) -> Connection:
        """Make the protocol of one new connection."""
        return Connection(self)

    def sweep(self, now: float) -> None:
        """End connections whose message, or whose reading of an answer, has taken too long by loop time ``now``."""
        for member in list(self.members):
            if member.is_overdue(now):
                self.refused("slow")
                member.abort()

    def close(self) -> None:
        """Close every connection after what it has already been answered is sent."""
        for member in list(self.members):
            member.close()


class Connection(asyncio.Protocol):
    """Parses calls, hands each to the handler, and writes the answers in the order of the calls."""

    __slots__ = (
        "_body",
        "_body_limit",
        "_body_size",
        "_busy",
        "_closing",
        "_crowd",
        "_fed",
        "_head_bytes",
        "_head_done",
        "_headers",
        "_keep_alive",
        "_loop",
        "_method",
        "_parser",
        "_queue",
        "_started",
        "_stuck_since",
        "_target",
        "_task",
        "_transport",
        "_upgrade_left",
    )

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._queue: deque[tuple[Call, bool]] = deque()
        self._busy = False
        self._closing = False
        self._started = 0.0
        self._stuck_since = 0.0
        self._fed = 0
        self._upgrade_left = 0
        self._transport: Any = None
        self._task: asyncio.Task[None] | None = None
        self._reset()

    def _reset(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._head_done = False
        self._body = b""
        self._body_size = 0
        self._body_limit = BODY_BYTES
        self._method = b""

    # -- asyncio.Protocol

    def connection_made(self, transport: Any) -> None:
        """Join the crowd, or leave at once if it is full."""
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        if len(self._crowd.members) >= self._crowd.limit:
            self._crowd.refused("crowded")
            self._closing = True
            transport.abort()
            return
        self._crowd.members.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the crowd; an answer still being made is finished but not sent."""
        self._closing = True
        self._crowd.members.discard(self)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; whatever it dislikes ends the connection with 400."""
        if self._closing:
            return
        while data:
            if self._upgrade_left:
                data = self._upgrade_body(data)
                continue
            try:
                self._parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                self._end_upgrade()
            except _TooLarge:
                self._refuse("oversized", 413 if self._head_done else 431)
                return
            except httptools.HttpParserCallbackError as error:
                if not isinstance(error.__context__, _TooLarge):
                    raise
                self._refuse("oversized", 413 if self._head_done else 431)
                return
            except httptools.HttpParserError:
                self._refuse("malformed", 400)
                return
        if self._started:
            self._fed += len(data)
            if not self._head_done and self._fed > 2 * HEAD_BYTES:
                self._refuse("oversized", 431)

    def eof_received(self) -> bool:
        """Close once the last answer is out."""
        self.close()
        return True

    def pause_writing(self) -> None:
        """Stop reading from a peer that does not take its answers."""
        self._stuck_since = self._loop.time()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on reading."""
        self._stuck_since = 0.0
        if not self._busy:
            self._transport.resume_reading()

    # -- httptools callbacks

    def on_message_begin(self) -> None:
        """Start the clock of a message."""
        self._started = self._loop.time()
        self._fed = 0

    def on_url(self, url: bytes) -> None:
        """Collect the target, which may come in pieces."""
        self._target += url
        if len(self._target) > HEAD_BYTES:
            raise _TooLarge

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect one header field."""
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > HEAD_BYTES:
            raise _TooLarge
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Choose how much body this call may carry."""
        self._head_done = True
        if self._target.startswith(b"/v1/decide"):
            self._body_limit = ASK_BODY_BYTES

    def on_body(self, body: bytes) -> None:
        """Collect the body; of a question's body only the beginning."""
        self._body_size += len(body)
        room = self._body_limit - len(self._body)
        if len(body) > room:
            if self._body_limit == BODY_BYTES:
                raise _TooLarge
            body = body[: max(0, room)]
        self._body = self._body + body if self._body else body

    def on_message_complete(self) -> None:
        """Answer the call, or queue it behind one that is still being answered.

        A call that asks for an upgrade (a question about a WebSocket) is a call like any other; the parser stops
        before its body, so its end is found in :meth:`_end_upgrade`.
        """
        if not self._parser.should_upgrade():
            self._complete(self._parser.should_keep_alive())

    def _end_upgrade(self) -> None:
        """Go on with a fresh parser; the body of the call that asked for an upgrade comes first."""
        left = [value for name, value in self._headers if name == b"content-length"]
        method = self._parser.get_method()
        self._parser = httptools.HttpRequestParser(self)
        self._method = method
        self._upgrade_left = int(left[0]) if left and left[0].isdigit() else 0
        if not self._upgrade_left:
            self._complete(keep_alive=True)

    def _upgrade_body(self, data: bytes) -> bytes:
        """Take the body of a call that asked for an upgrade; return what belongs to the next call."""
        part = data[: self._upgrade_left]
        self._upgrade_left -= len(part)
        self._body = (self._body + part)[: self._body_limit]
        self._body_size += len(part)
        if not self._upgrade_left:
            self._complete(keep_alive=True)
        return data[len(part) :]

    def _complete(self, keep_alive: bool) -> None:
        if self._closing:
            return
        method = self._method or self._parser.get_method()
        call = Call(method, self._target, self._headers, self._body, self._body_size)
        self._started = 0.0
        self._reset()
        if self._busy:
            self._queue.append((call, keep_alive))
            if len(self._queue) > QUEUE:
                self._crowd.refused("crowded")
                self.abort()
            return
        self._answer(call, keep_alive)

    # -- answering

    def _answer(self, call: Call, keep_alive: bool) -> None:
        if self._closing:
            return
        result = self._crowd.handle(call)
        if isinstance(result, bytes):
            self._transport.write(result)
            if not keep_alive:
                self.close()
            return
        self._busy = True
        self._transport.pause_reading()
        self._task = self._loop.create_task(self._answer_later(result, keep_alive))

    async def _answer_later(self, result: Awaitable[bytes], keep_alive: bool) -> None:
        written = await result
        self._busy = False
        if self._closing:
            if not self._transport.is_closing():
                self._transport.write(written)
                self._transport.close()
            return
        self._transport.write(written)
        if not keep_alive:
            self.close()
            return
        while self._queue and not self._busy and not self._closing:
            self._answer(*self._queue.popleft())
        if not self._busy and not self._stuck_since and not self._closing:
            self._transport.resume_reading()

    def _refuse(self, reason: str, status: int) -> None:
        self._crowd.refused(reason)
        if not self._busy:
            self._transport.write(problem(status, f"the call is {reason}"))
        self.close()

    def is_overdue(self, now: float) -> bool:
        """Tell whether the peer has kept us waiting for longer than :data:`PATIENCE_S`."""
        return bool(
            (self._started and not self._busy and now - self._started > PATIENCE_S)
            or (self._stuck_since and now - self._stuck_since > PATIENCE_S)
        )

    def close(self) -> None:
        """Close after what was written is sent; an answer that is being made is still sent."""
        self._closing = True
        if self._transport is not None and not self._busy:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._closing = True
        self._crowd.members.discard(self)
        self._transport.abort()


def answer(status: int, headers: bytes = b"", body: bytes = b"", kind: bytes = b"application/json") -> bytes:
    """Write one HTTP/1.1 answer; ``headers`` are whole lines, each ending in CR LF."""
    line = b"HTTP/1.1 %d %s\r\n" % (status, _REASONS.get(status, b"-"))
    if body:
        return line + headers + b"content-type: %s\r\ncontent-length: %d\r\n\r\n" % (kind, len(body)) + body
    return line + headers + b"content-length: 0\r\n\r\n"


def problem(status: int, detail: str, *, field: str = "", headers: bytes = b"") -> bytes:
    """Write an error as problem+json (RFC 9457); ``field`` names the part of the input that is wrong."""
    import msgspec

    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if field:
        body["field"] = field
    return answer(status, headers, msgspec.json.encode(body), b"application/problem+json")
