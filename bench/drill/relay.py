"""A byte-level TCP relay that gives a program an address of its own, and counts the requests that pass.

Tools such as hydra cannot choose the address they come from. They talk to the relay; the relay connects onwards from
``--bind`` and copies bytes both ways without changing any. A parser looks on and notes each request and whether the
answer to it was Vedette's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import time
from collections import deque
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, cast

import httptools
import msgspec
import uvloop

from demo.bots.field import is_stop

__all__ = ["Counter", "Relay"]

BIND_ADDRESS_NO_PORT = 24
"""``IP_BIND_ADDRESS_NO_PORT``: the port is chosen at connect, so that one address may hold many connections."""

FLUSH_S = 0.2


class Counter:
    """Lines for the sent log, written in batches."""

    def __init__(self, path: Path, population: str, client: str) -> None:
        self._file = path.open("ab", buffering=0)
        self._population, self._client = population, client
        self._lines: list[bytes] = []
        self.unread = 0

    def note(self, sent: float, path: str, status: int, stopped: bool) -> None:
        line = {
            "t": round(sent, 4),
            "population": self._population,
            "client": self._client,
            "path": path[:200],
            "status": status,
            "stopped": stopped,
        }
        self._lines.append(msgspec.json.encode(line) + b"\n")

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            self._file.write(b"".join(lines))

    def close(self) -> None:
        self._file.close()

    async def keep_flushing(self) -> None:
        try:
            while True:
                await asyncio.sleep(FLUSH_S)
                self.flush()
        finally:
            self.flush()


class _Exchange:
    """Requests of one connection that wait for their answers, in order."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.waiting: deque[tuple[float, str]] = deque()

    def give_up(self) -> None:
        for sent, path in self.waiting:
            self.counter.note(sent, path, 0, False)
        self.waiting.clear()


class _Questions:
    """httptools callbacks for what the client says."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange
        self._path = b""
        self._began = 0.0

    def on_message_begin(self) -> None:
        self._path, self._began = b"", time.time()

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_headers_complete(self) -> None:
        self._exchange.waiting.append((self._began, self._path.decode("latin-1")))


class _Answers:
    """httptools callbacks for what the edge says."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange
        self._type = ""
        self.parser: httptools.HttpResponseParser | None = None

    def on_message_begin(self) -> None:
        self._type = ""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-type":
            self._type = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        assert self.parser is not None
        status = self.parser.get_status_code()
        if status >= 200 and self._exchange.waiting:
            sent, path = self._exchange.waiting.popleft()
            self._exchange.counter.note(sent, path, status, is_stop(status, self._type))


class _Side(asyncio.Protocol):
    """One end of a relayed connection: copies what arrives to the other end and shows it to a parser."""

    def __init__(self, exchange: _Exchange) -> None:
        self.exchange = exchange
        self.transport: asyncio.Transport | None = None
        self.other: _Side | None = None
        self.is_at_end = False
        self.early = bytearray()
        """What came before the other end was there; a client waits for an answer after a few kilobytes."""
        self._parser: httptools.HttpRequestParser | httptools.HttpResponseParser | None = self.make_parser()

    def make_parser(self) -> httptools.HttpRequestParser | httptools.HttpResponseParser:
        raise NotImplementedError  # each side parses what comes from it: requests or responses

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        self.watch(data)
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        else:
            self.early += data

    def watch(self, data: bytes) -> None:
        if self._parser is None:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:  # not HTTP, or too odd for the parser: the bytes pass all the same
            self._parser = None
            self.exchange.counter.unread += 1

    def eof_received(self) -> bool:
        self.is_at_end = True
        if self.other is None or self.other.transport is None or self.other.is_at_end:
            return False  # both have said all: close; ``connection_lost`` closes the other end
        self.other.transport.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.exchange.give_up()
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()


class _Upstream(_Side):
    def make_parser(self) -> httptools.HttpResponseParser:
        answers = _Answers(self.exchange)
        answers.parser = httptools.HttpResponseParser(answers)
        return answers.parser


class _Client(_Side):
    def __init__(self, relay: Relay) -> None:
        super().__init__(_Exchange(relay.counter))
        self._relay = relay

    def make_parser(self) -> httptools.HttpRequestParser:
        return httptools.HttpRequestParser(_Questions(self.exchange))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._relay.spawn(self._connect())

    async def _connect(self) -> None:
        assert self.transport is not None
        upstream = _Upstream(self.exchange)
        upstream.other = self
        loop = asyncio.get_running_loop()
        outgoing = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            outgoing.setblocking(False)
            outgoing.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
            outgoing.bind((self._relay.address, 0))
            await loop.sock_connect(outgoing, self._relay.target)
            await loop.create_connection(lambda: upstream, sock=outgoing)
        except OSError:
            outgoing.close()
            self.transport.close()
            return
        assert upstream.transport is not None
        upstream.transport.write(bytes(self.early))
        self.other = upstream
        if self.transport.is_closing():
            upstream.transport.close()


class Relay:
    """Listens, and carries each connection on to ``target`` from ``address``."""

    def __init__(self, target: tuple[str, int], address: str, counter: Counter) -> None:
        self.target, self.address, self.counter = target, address, counter
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def listen(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(lambda: _Client(self), host, port, backlog=1024)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


async def _run(given: argparse.Namespace) -> None:
    counter = Counter(given.log, given.population, given.bind)
    server = await Relay(_address(given.target), given.bind, counter).listen(*_address(given.listen))
    flushing = asyncio.create_task(counter.keep_flushing())
    async with server:
        with contextlib.suppress(asyncio.CancelledError):
            await flushing


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.drill.relay", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--listen", required=True, help="HOST:PORT for the tool")
    parser.add_argument("--target", required=True, help="HOST:PORT of the edge")
    parser.add_argument("--bind", required=True, help="source address towards the edge")
    parser.add_argument("--population", required=True)
    parser.add_argument("--log", type=Path, required=True)
    uvloop.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
