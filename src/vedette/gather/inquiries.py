"""Takes the engine's questions: each is asked once however often it comes, within budgets, and never by the score.

Questions come as datagrams on a Unix socket; whoever sends them waits for nothing. What is too much is dropped and
counted: a question that still matters comes again with the next request.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Literal, get_args

import msgspec

from vedette.config.schema import Rate
from vedette.snapshot.findings import Inquiry, Kind

__all__ = ["RESULTS", "Budget", "Budgets", "Desk", "Result", "bind", "network_of", "read_datagrams"]

Result = Literal["answered", "known", "unwanted", "over_budget", "crowded"]
RESULTS: tuple[Result, ...] = get_args(Result)
Answering = Callable[[Inquiry], Awaitable[Result]]

DATAGRAM_BYTES = 65_536
DATAGRAMS_A_TURN = 32
QUESTIONS = 64
"""Questions that one datagram may carry."""
SUBJECT, ABOUT = 2048, 100
WAITING = 1024
AT_ONCE = 32
_DECODER = msgspec.msgpack.Decoder(list[Inquiry])


class Budget:
    """Lets ``count`` through in ``per_s`` seconds, with a burst of ``burst`` (GCRA: one number of state).

    >>> budget = Budget(Rate(2, 1.0), 2)
    >>> [budget.spend(now) for now in (0.0, 0.0, 0.0, 0.5)]
    [True, True, False, True]
    """

    def __init__(self, rate: Rate, burst: int) -> None:
        self._step = rate.per_s / rate.count
        self._slack = self._step * (max(1, burst) - 1)
        self._next = float("-inf")

    def spend(self, now: float) -> bool:
        """Take one, if there is one left."""
        due = max(self._next, now)
        if due - now > self._slack + 1e-9:
            return False
        self._next = due + self._step
        return True


class Budgets:
    """One budget for each key, for the ``most`` keys that asked last; a key that was forgotten starts afresh."""

    def __init__(self, rate: Rate, burst: int, *, most: int = 4096) -> None:
        self._rate, self._burst, self._most = rate, burst, most
        self._budgets: OrderedDict[str, Budget] = OrderedDict()

    def spend(self, key: str, now: float) -> bool:
        """Take one of a key's, if there is one left."""
        budget = self._budgets.pop(key, None) or Budget(self._rate, self._burst)
        self._budgets[key] = budget
        if len(self._budgets) > self._most:
            self._budgets.popitem(last=False)
        return budget.spend(now)


def network_of(address: str) -> str:
    """Give the network that shares a budget: /24 of IPv4, /48 of IPv6; raises ValueError at what is no address.

    >>> network_of("192.0.2.77"), network_of("2001:db8:1:2::3")
    ('192.0.2.0/24', '2001:db8:1::/48')
    """
    ip = ipaddress.ip_address(address)
    if ip.version == 6 and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def _raise(error: Exception) -> None:
    raise error


class Desk:
    """Questions that wait, and those that are being answered.

    Args:
        failed: Is told of a question whose answering raised; the next one is not affected.

    Attributes:
        counts: How often each kind of question ended in each way.
    """

    def __init__(self, answering: Mapping[Kind, Answering], failed: Callable[[Exception], None] = _raise) -> None:
        self.counts: dict[tuple[str, str], int] = {}
        self._failed = failed
        self._answering = answering
        self._queue: asyncio.Queue[Inquiry] = asyncio.Queue(WAITING)
        self._open: set[Inquiry] = set()
        self._workers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start answering, some questions at once."""
        self._workers = [asyncio.get_running_loop().create_task(self._work()) for _ in range(AT_ONCE)]

    async def stop(self) -> None:
        """Give up what is being answered."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    def ask(self, inquiry: Inquiry) -> None:
        """Put a question; one that is open already is not put again."""
        if inquiry in self._open:
            return
        if len(inquiry.subject) > SUBJECT or len(inquiry.about) > ABOUT:
            self._count(inquiry, "unwanted")
            return
        try:
            self._queue.put_nowait(inquiry)
        except asyncio.QueueFull:
            self._count(inquiry, "crowded")
            return
        self._open.add(inquiry)

    def _count(self, inquiry: Inquiry, result: Result) -> None:
        place = inquiry.kind, result
        self.counts[place] = self.counts.get(place, 0) + 1

    async def _work(self) -> None:
        while True:
            inquiry = await self._queue.get()
            try:
                self._count(inquiry, await self._answering[inquiry.kind](inquiry))
            except Exception as error:
                self._failed(error)
            finally:
                self._open.discard(inquiry)


def bind(path: Path) -> socket.socket:
    """Open the socket that questions come to, for this user alone; one that was left there is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        listening.setblocking(False)
        listening.bind(str(draft))
        draft.chmod(0o600)
        draft.replace(path)
    except OSError:
        listening.close()
        raise
    return listening


def read_datagrams(listening: socket.socket, ask: Callable[[Inquiry], None]) -> None:
    """Read what has come, some datagrams at most, so that others get their turn. What is no question is passed over."""
    for _ in range(DATAGRAMS_A_TURN):
        try:
            data = listening.recv(DATAGRAM_BYTES)
        except OSError:
            return
        with contextlib.suppress(msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            for inquiry in _DECODER.decode(data)[:QUESTIONS]:
                ask(inquiry)
