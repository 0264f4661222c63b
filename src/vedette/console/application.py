"""The HTTP interface as an application: checks who calls, hands on, and answers what the engine need not."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from vedette.console.access import Access, Kind
from vedette.console.openapi import document
from vedette.doors.client import Reply, ask
from vedette.telemetry import Limited, Metrics, logger, status_class

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["Console", "application"]

BODY_BYTES = 1024 * 1024
SKIPPED_BYTES = 8 * BODY_BYTES
"""Of a body that is too large this much is read and dropped: a peer that is still sending does not see an answer."""
BODY_S = 10.0
ENGINE_S = 10.0
AGAIN_S = 0.3
"""An id that is not found yet may be on its way into the event log: one more look after this time."""
_ID_LENGTH = 256
_HOP = frozenset(
    {
        b"authorization",  # the caller's token, not the client's
        b"connection",
        b"content-length",
        b"expect",
        b"keep-alive",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_PASSED_BACK = frozenset({b"content-type", b"retry-after", b"cache-control", b"location"})


class Console:
    """What the calls share: who may call, where the engine is, and what has been counted."""

    def __init__(
        self,
        access: Access,
        data: Path,
        engine: Path,
        serve: Path,
        find: Callable[[Path, str], Any],
        clock: Callable[[], float],
    ) -> None:
        self.access = access
        self.data = data
        self.engine = engine
        self.serve = serve
        self.find = find
        self.metrics = Metrics("console")
        self.limited = Limited(clock)

    def guard(self, request: Request, kind: Kind) -> None:
        """Refuse who may not call."""
        status = self.access.check(kind, request.method, request.headers.get("authorization", ""))
        wanted = "a feedback key" if kind == "feedback" else "the console token"
        if status == 401:
            headers = {"www-authenticate": 'Bearer realm="vedette"'}
            raise HTTPException(401, f"this call needs {wanted}: Authorization: Bearer …", headers)
        if status == 403:
            raise HTTPException(403, f"this is not {wanted}, or its role may not do this")

    async def forward(
        self, request: Request, target: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> Reply | None:
        """Hand a call on to the engine; ``None`` where the engine does not answer."""
        try:
            return await ask(self.engine, request.method, target, headers=headers, body=body, timeout_s=ENGINE_S)
        except OSError as error:
            kept_back = self.limited.allow("engine.unreachable")
            if kept_back is not None:
                logger().error("engine.unreachable", error=str(error), kept_back=kept_back)
            return None


async def _body(request: Request) -> bytes:
    """Read a bounded body within a bounded time."""
    too_large = HTTPException(413, f"the body is larger than {BODY_BYTES} bytes; send several calls")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > SKIPPED_BYTES:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                size += len(part)
                if size > SKIPPED_BYTES:
                    raise too_large
                if size <= BODY_BYTES:
                    parts.append(part)
    except TimeoutError:
        raise HTTPException(408, f"the body was not complete within {BODY_S:.0f} s") from None
    except ClientDisconnect:
        raise HTTPException(400, "the body ended early") from None
    if size > BODY_BYTES:
        raise too_large
    return b"".join(parts)


class _Decide:
    """``ANY /v1/decide``: forward-auth for a proxy that holds the console token."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        console = self._console
        console.guard(request, "console")
        raw = scope.get("raw_path") or scope["path"].encode("latin-1", "replace")
        target = raw.decode("latin-1").partition("?")[0]
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("latin-1")
        headers = [(n, v) for n, v in request.headers.raw if n not in _HOP and not n.startswith(b"x-vedette-")]
        reply = await console.forward(request, target, headers, await _body(request))
        if reply is None or reply.status >= 500:
            degraded = f'id="{uuid.uuid4()}", verdict=unknown, action=allow, degraded'
            await Response(headers={"vedette-decision": degraded})(scope, receive, send)
            return
        response = Response(reply.body, reply.status)
        response.raw_headers = [field for field in reply.headers if field[0] not in _HOP]
        response.raw_headers.append((b"content-length", str(len(reply.body)).encode()))
        await response(scope, receive, send)


def application(console: Console) -> Starlette:
    """Make the application."""

    def handing_on(kind: Kind) -> Callable[[Request], Awaitable[Response]]:
        async def call(request: Request) -> Response:
            console.guard(request, kind)
            body = await _body(request)
            kept = [(name, value) for name, value in request.headers.raw if name == b"content-type"]
            reply = await console.forward(request, request.url.path, kept, body)
            if reply is None:
                raise HTTPException(503, "the engine does not answer now; try again", {"retry-after": "1"})
            headers = {n.decode("latin-1"): v.decode("latin-1") for n, v in reply.headers if n in _PASSED_BACK}
            return Response(reply.body, reply.status, headers)

        return call

    async def decision(request: Request) -> Response:
        console.guard(request, "console")
        sought = _support_id(request.path_params["id"])
        if not 1 <= len(sought) <= _ID_LENGTH:
            raise HTTPException(404, "there is no decision with this id")
        found = await asyncio.to_thread(console.find, console.data, sought)
        if found is None:
            await asyncio.sleep(AGAIN_S)
            found = await asyncio.to_thread(console.find, console.data, sought)
        if found is None:
            raise HTTPException(404, "there is no decision with this id, or it is older than events are kept")
        return _json(found)

    async def alive(_request: Request) -> Response:
        return Response("ok\n", media_type="text/plain", headers={"cache-control": "no-store"})

    async def ready(_request: Request) -> Response:
        try:
            is_ready = (await ask(console.engine, "GET", "/readyz", timeout_s=2.0)).status == 200
        except OSError:
            is_ready = False
        text = "ok\n" if is_ready else "the engine cannot decide now\n"
        return Response(text, 200 if is_ready else 503, {"cache-control": "no-store"}, "text/plain")

    async def metrics(_request: Request) -> Response:
        parts = [console.metrics.render()]
        for socket in (console.engine, console.serve):
            try:
                reply = await ask(socket, "GET", "/metrics", timeout_s=2.0)
            except OSError:
                continue  # its absence shows in vedette_process_up, or in all of it
            if reply.status == 200:
                parts.append(reply.body)
        return Response(b"".join(parts), media_type="text/plain; version=0.0.4")

    async def openapi(request: Request) -> Response:
        console.guard(request, "console")
        return _json(document())

    return Starlette(
        routes=[
            Route("/v1/decide{rest:path}", _Decide(console)),
            Route("/v1/score", handing_on("console"), methods=["POST"]),
            Route("/v1/outcomes", handing_on("feedback"), methods=["POST"]),
            Route("/v1/decisions/{id:path}", decision),
            Route("/healthz", alive),
            Route("/readyz", ready),
            Route("/metrics", metrics),
            Route("/openapi.json", openapi),
        ],
        exception_handlers={HTTPException: _refused, Exception: _failed},
        middleware=[],
    )


class Counted:
    """Counts the calls of an application by what was called and how it ended."""

    def __init__(self, app: Starlette, console: Console) -> None:
        self._app = app
        self._children = console.metrics.children["vedette_console_calls_total"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        word = scope["path"].removeprefix("/v1/").partition("/")[0] if scope["path"].startswith("/v1/") else ""
        call = word if word in ("decide", "score", "outcomes", "decisions") else "other"

        async def counting(message: Any) -> None:
            if message["type"] == "http.response.start":
                counter = self._children.get((call, status_class(message["status"])))
                if counter is not None:
                    counter.inc()
            await send(message)

        await self._app(scope, receive, counting)


def _support_id(text: str) -> str:
    """Read an id, or the ``instance`` of an answer that Vedette gave."""
    if text.startswith("urn:uuid:"):
        return text.removeprefix("urn:uuid:")
    if text.startswith("urn:vedette:"):
        return unquote(text.removeprefix("urn:vedette:"))
    return text


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, {"cache-control": "no-store"}, "application/json")


def _problem(status: int, detail: str, headers: Any = None) -> Response:
    from http import HTTPStatus

    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(msgspec.json.encode(body), status, dict(headers or {}), "application/problem+json")


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return _problem(500, "the call failed inside; the log says why")
    detail = {404: "there is no such call", 405: "this call takes another method"}.get(error.status_code, error.detail)
    return _problem(
        error.status_code,
        detail if error.detail in ("Not Found", "Method Not Allowed") else error.detail,
        error.headers,
    )


async def _failed(_request: Request, error: Exception) -> Response:
    logger().error("call.failed", error=f"{type(error).__name__}: {error}"[:500])
    return _problem(500, "the call failed inside; the log says why")
