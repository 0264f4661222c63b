"""The clients that are connected: each simulated client keeps its own connections, idle ones are closed."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Protocol

from vedette.simulate.clients import Client
from vedette.simulate.target.message import Answer, Message
from vedette.simulate.target.place import Place, source_of
from vedette.simulate.target.programs import Program, choose

__all__ = ["Crowd", "Sender"]

CLIENTS = 512
IDLE_S = 30.0
TIMEOUT_S = 15.0
THREADS = 32


_Key = tuple[int, str, str, str]


class Sender(Protocol):
    """One client's connections."""

    async def send(self, message: Message) -> Answer: ...
    async def close(self) -> None: ...


class _Member:
    """A client's connections. Holds the client itself, so that another one cannot take its identity meanwhile."""

    def __init__(self, client: Client, sender: Sender) -> None:
        self.client = client
        self.sender = sender
        self.under_way = 0
        self.used = 0.0


class Crowd:
    """All clients of a drill.

    Args:
        binds: Each simulated address leaves from a loopback address of its own.

    Attributes:
        replaced: Families whose program is not the real one, with the library that stands for it: calls of each.
    """

    def __init__(self, place: Place, *, binds: bool, now: Callable[[], float]) -> None:
        from vedette.simulate.target.threads import Threads

        self._place = place
        self._binds = binds
        self._now = now
        self._threads = Threads(THREADS)
        self._members: OrderedDict[_Key, _Member] = OrderedDict()
        self._programs: dict[str, Program] = {}
        self.replaced: Counter[tuple[str, str]] = Counter()

    def source(self, client: Client) -> str:
        """The local address that stands for a client's, or empty."""
        return source_of(client.address) if self._binds else ""

    def __len__(self) -> int:
        return len(self._members)

    async def send(self, client: Client, message: Message) -> Answer:
        """Send a request from this client, over its open connection where there is one."""
        program = self._programs.get(client.stack.name)
        if program is None:
            program = self._programs[client.stack.name] = choose(client.stack)
        if program.is_replaced:
            self.replaced[client.stack.family, program.library] += 1
        # Who draws another handshake opens another connection.
        key = (id(client), client.address, client.stack.name, client.ja3)
        member = self._members.get(key)
        if member is None:
            await self._make_room()
            member = self._members[key] = _Member(client, self._sender(client, program))
        self._members.move_to_end(key)
        member.under_way += 1
        try:
            return await member.sender.send(message)
        finally:
            member.under_way -= 1
            member.used = self._now()

    async def close_idle(self) -> None:
        """Close what nobody has used for a while."""
        limit = self._now() - IDLE_S
        await self._close([k for k, m in self._members.items() if not m.under_way and m.used <= limit])

    async def close(self) -> None:
        """Close everything."""
        await self._close(list(self._members))
        self._threads.close()

    async def _make_room(self) -> None:
        if len(self._members) >= CLIENTS:
            idle = (key for key, member in self._members.items() if not member.under_way)
            await self._close([key for key in (next(idle, None),) if key is not None])

    async def _close(self, keys: list[_Key]) -> None:
        gone = [self._members.pop(key) for key in keys if key in self._members]
        for member in gone:
            with contextlib.suppress(Exception):  # a connection that cannot be closed is closed
                await asyncio.shield(member.sender.close())

    def _sender(self, client: Client, program: Program) -> Sender:
        from vedette.simulate.target.aio import Aio
        from vedette.simulate.target.curl import Curl
        from vedette.simulate.target.threads import Requests

        source = self.source(client)
        if program.library == "curl_cffi":
            is_http1 = not client.protocol.startswith("2")
            return Curl(self._place, source, program.impersonate, is_http1=is_http1, timeout_s=TIMEOUT_S)
        if program.library == "aiohttp":
            return Aio(self._place, source, timeout_s=TIMEOUT_S)
        return Requests(self._place, source, self._threads, timeout_s=TIMEOUT_S)
