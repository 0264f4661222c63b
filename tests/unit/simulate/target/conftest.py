"""A target that remembers what it was sent, clients of every kind, and small scripts."""

from __future__ import annotations

import asyncio
import re
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from vedette.simulate.calls import Call, Truth
from vedette.simulate.clients import Client, Handshake, Stack
from vedette.simulate.ledger import Ledger
from vedette.simulate.target.place import find_place

KINDS = {
    "chrome": ("browser", "chrome142", "2"),
    "aiohttp": ("library", "", "1.1"),
    "requests": ("library", "", "1.1"),
    "go": ("library", "", "2"),
    "urllib": ("library", "", "1.1"),
    "okhttp": ("app", "", "2"),
}


@dataclass
class Seen:
    """One request as it was on the wire."""

    source: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    def __getitem__(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass
class Target:
    """An HTTP/1.1 server in a thread; ``answer`` says what a request gets, ``None`` closes the connection."""

    tls: Any = None
    seen: list[Seen] = field(default_factory=list)
    answer: Any = lambda seen: (200, {}, b"hello")

    def __enter__(self) -> Target:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.writers: set[asyncio.StreamWriter] = set()
        self.count = 0
        self.server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls))
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    async def _close(self) -> None:
        self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        self.count += 1
        number = self.count
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head[:-4].split("\r\n")
                length = re.search(r"(?im)^content-length: *(\d+)", head)
                body = await reader.readexactly(int(length[1])) if length else b""
                method, target, _ = first.split(" ")
                fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
                seen = Seen(writer.get_extra_info("peername")[0], method, target, fields, body, number)
                self.seen.append(seen)
                answer = self.answer(seen)
                if answer is None:
                    break
                status, headers, content = answer
                lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
                writer.write(f"HTTP/1.1 {status} X\r\n{''.join(lines)}content-length: {len(content)}\r\n\r\n".encode())
                writer.write(b"" if method == "HEAD" else content)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()


@pytest.fixture
def target():
    with Target() as running:
        yield running


@pytest.fixture
def serving():
    return Target


@pytest.fixture
def place(target):
    return find_place(target.url)


@pytest.fixture
def stack_of():
    def make(family: str) -> Stack:
        kind, impersonate, protocol = KINDS.get(family, ("library", "", "1.1"))
        return Stack(
            name=f"{family}/1",
            kind=kind,
            family=family,
            major=1,
            platform="",
            is_mobile=False,
            user_agent=f"{family}/1",
            weight=1.0,
            protocol=protocol,
            tls=Handshake("1.3", (("t13d", 1.0),)),
            headers={},
            impersonate=impersonate,
            pieces={},
        )

    return make


@pytest.fixture
def client_of(stack_of):
    def make(family: str = "chrome", address: str = "203.0.113.9") -> Client:
        stack = stack_of(family)
        return Client(stack=stack, address=address, protocol=stack.protocol, ja4="t13d")

    return make


@pytest.fixture
def call_of(client_of):
    def make(**how: Any) -> Call:
        client = how.pop("client", None) or client_of()
        fields = {
            "at": 1000.0,
            "truth": Truth("human", "s1", "web"),
            "endpoint": "product",
            "method": "GET",
            "path": "/p/1",
            "headers": (("Host", "shop.example"), ("User-Agent", "me")),
        }
        return Call(client=client, **(fields | how))

    return make


@pytest.fixture
def world_of():
    """A world of given arrivals: ``(time, script)``."""

    def make(arrivals: Any, end: float = float("inf")) -> Any:
        return SimpleNamespace(
            arrivals=lambda: iter(arrivals), end=end, ledger=Ledger(), shop=SimpleNamespace(host="shop.example")
        )

    return make
