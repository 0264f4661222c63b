"""A web server of raw bytes on loopback, for what real servers seldom do: each path answers with what a test wrote."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

Script = bytes | Callable[[dict[str, str]], bytes]


def answer(body: bytes = b"", status: int = 200, **headers: Any) -> bytes:
    """A whole HTTP/1.1 answer; ``headers`` with underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in ({"content-length": len(body)} | named).items())
    return f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode() + body


class Web:
    """What is served (path → bytes, or a function of the request's headers), and what was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Script] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.hangs: set[str] = set()
        self.port = 0
        self.scheme = "http"
        self._running: set[asyncio.Task[None]] = set()

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._running.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split()[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            self.asked.append((path, headers))
            page = self.pages.get(path, answer(status=404))
            writer.write(page(headers) if callable(page) else page)
            await writer.drain()
            if path in self.hangs:
                await reader.read()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Web]:
    """Run a server on a free port until the block ends."""
    web = Web()
    server = await asyncio.start_server(web._serve, "127.0.0.1", 0, ssl=tls)
    web.port = server.sockets[0].getsockname()[1]
    web.scheme = "https" if tls else "http"
    try:
        yield web
    finally:
        server.close()
        await asyncio.gather(*web._running)
