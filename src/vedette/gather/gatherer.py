"""The gatherer: answers the engine's questions, renews keys and feeds, and writes what it knows where the engine looks.

It holds no client's data beyond the question that it is asking; what it writes stands under keyed hashes.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from vedette.config.schema import Config, Dns, Rate
from vedette.gather.answers import Answers
from vedette.gather.directories import Directories
from vedette.gather.dns import KEEP_S, Names, confirm
from vedette.gather.feed_store import FeedState
from vedette.gather.feeds import FeedKeeper
from vedette.gather.fetching import is_public
from vedette.gather.inquiries import Budget, Budgets, Desk, Result, network_of, read_datagrams
from vedette.gather.setup import COUNTS, Setup
from vedette.snapshot.files import read, write
from vedette.snapshot.findings import STANDINGS, Finding, Findings, Inquiry, place_of
from vedette.snapshot.gathered import FILES, FOLDER
from vedette.telemetry import Limited, logger

__all__ = ["Gatherer"]

LOOK_S = 1.0
BETWEEN_S = 0.5
"""Least time between two writes, however many answers come in."""
TIDY_S = 60.0
FEED_RESULTS = ("ok", "held", "failed")
NETWORK, NETWORK_BURST = Rate(20, 60.0), 10


class Gatherer:
    """One gatherer.

    Args:
        suffixes: Gives the domains that a crawler's hosts lie below; none for what is not proven by DNS.
        wait_s: Seconds that a name server has for one try.
        tls: Whom to trust; the system's authorities by default.
    """

    def __init__(
        self,
        setup: Setup,
        suffixes: Callable[[str], tuple[str, ...]],
        *,
        clock: Callable[[], float] = time.time,
        wait_s: float = 1.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._key = setup.key
        self._folder = Path(setup.data) / FOLDER
        self._counts_file = Path(setup.data) / "run" / COUNTS
        self._suffixes = suffixes
        self._clock = clock
        self._wait_s = wait_s
        self._limited = Limited(time.monotonic)
        self._changed = asyncio.Event()
        findings, keys = self._read("findings"), self._read("keys")
        self._found = Answers(dict(findings.items()) if findings is not None else {})
        self._is_found_changed = False
        self._standings = dict.fromkeys(STANDINGS, 0)
        self._directories = Directories(keys, resolve=self._resolve, tls=tls)
        self._desk = Desk({"dns": self._dns, "directory": self._key_set, "jwks": self._key_set}, self._failed)
        self._names: Names | None = None
        self._dns_config: Dns | bool = False
        self._renewing: set[asyncio.Task[bool]] = set()
        self._feeds = FeedKeeper(setup.config, Path(setup.data), tls=tls)
        self._feeding: asyncio.Task[None] | None = None
        self._is_settled = False
        self._feed_counts = dict.fromkeys(FEED_RESULTS, 0)
        self._feed_errors: dict[str, str] = {}
        self._written: dict[str, int] = {}

    async def take(self, config: Config) -> None:
        """Put a configuration into force."""
        dns = config.good_bots.dns
        if self._names is None or dns != self._dns_config:
            if self._names is not None:
                await self._names.close()
            chosen = dns if isinstance(dns, Dns) else Dns()
            self._names = Names(chosen.servers, wait_s=self._wait_s)
            self._all = Budget(chosen.budget, chosen.budget.count)
            half = max(1, chosen.budget.count // 2)
            self._crawlers = Budgets(Rate(half, chosen.budget.per_s), half)
            self._networks = Budgets(NETWORK, NETWORK_BURST)
            self._dns_config = dns
        self._directories.configure(config, self._clock())
        self._feeds.configure(config)
        self._is_settled = False

    async def run(self, listening: socket.socket, stop: asyncio.Event) -> None:
        """Answer questions until told to stop."""
        loop = asyncio.get_running_loop()
        self._desk.start()
        loop.add_reader(listening, read_datagrams, listening, self._desk.ask)
        stopped = loop.create_task(stop.wait())
        tidy_at = 0.0
        try:
            while not stop.is_set():
                changed = loop.create_task(self._changed.wait())
                await asyncio.wait((stopped, changed), timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                self._changed.clear()
                now = self._clock()
                if now >= tidy_at:
                    tidy_at = now + TIDY_S
                    self._is_found_changed |= self._found.tidy(now)
                self._renew(now)
                self._keep()
                await asyncio.wait((stopped,), timeout=BETWEEN_S)
        finally:
            loop.remove_reader(listening)
            stopped.cancel()
            await self._desk.stop()
            under_way = [*self._renewing, *([self._feeding] if self._feeding is not None else [])]
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            if self._names is not None:
                await self._names.close()
            self._keep()

    # -- answering

    async def _resolve(self, host: str, port: int) -> list[str]:
        if self._names is None:
            raise OSError("not ready")
        return await self._names.addresses(host, port)

    async def _dns(self, inquiry: Inquiry) -> Result:
        address, dns = inquiry.subject, self._dns_config
        suffixes = self._suffixes(inquiry.about)
        if dns is False or not suffixes or self._names is None:
            return "unwanted"
        try:
            network = network_of(address)
        except ValueError:
            return "unwanted"
        if not is_public(address) and not (isinstance(dns, Dns) and dns.servers):
            return "unwanted"  # only the operator's own servers know who is behind such addresses
        now, place = self._clock(), place_of(address, inquiry.about, self._key)
        if self._found.get(place, now) is not None:
            return "known"
        if not self._found.was_verified(place) and not self._may_ask(network, inquiry.about, now):
            return "over_budget"
        standing = await confirm(self._names, address, suffixes, now)
        self._standings[standing] += 1
        self._found.put(place, Finding(standing, self._clock() + KEEP_S[standing]))
        self._is_found_changed = True
        self._changed.set()
        return "answered"

    def _may_ask(self, network: str, crawler: str, now: float) -> bool:
        """Spend one of each budget; a crawler's name has half of all, so that its forgers leave something to others."""
        return self._networks.spend(network, now) and self._crawlers.spend(crawler, now) and self._all.spend(now)

    async def _key_set(self, inquiry: Inquiry) -> Result:
        result = await self._directories.answer(inquiry, self._clock())
        self._changed.set()
        return result

    def _failed(self, error: Exception, event: str = "inquiry.failed") -> None:
        if (kept_back := self._limited.allow(event)) is not None:
            logger().error(event, error=f"{type(error).__name__}: {error}"[:500], kept_back=kept_back)

    def _renew(self, now: float) -> None:
        for source in self._directories.due(now):
            task = asyncio.get_running_loop().create_task(self._directories.refresh(source, now))
            self._renewing.add(task)
            task.add_done_callback(self._renewed)
        if self._feeding is None or self._feeding.done():
            names = self._feeds.due(now)
            if names or not self._is_settled:
                self._feeding = asyncio.get_running_loop().create_task(self._feed(names, now))

    async def _feed(self, names: list[str], now: float) -> None:
        """Bring the map of networks in line with the configuration, and refresh the feeds whose time has come."""
        try:
            if not self._is_settled:
                self._is_settled = True
                await asyncio.to_thread(self._feeds.settle, now)
            if names:
                await self._feeds.refresh(names, now, told=self._told)
        except Exception as error:
            self._failed(error, "feeds.failed")
        self._changed.set()

    def _told(self, state: FeedState) -> None:
        """Count what became of a feed, and say what an operator should know, once."""
        result = state.state if state.state in self._feed_counts else "failed"
        self._feed_counts[result] += 1
        if state.error != self._feed_errors.get(state.name, ""):
            self._feed_errors[state.name] = state.error
            if state.error:
                logger().warning(f"feed.{result}", feed=state.name, error=state.error)
            else:
                logger().info("feed.ok", feed=state.name, entries=state.entries)

    def _renewed(self, task: asyncio.Task[bool]) -> None:
        self._renewing.discard(task)
        self._changed.set()

    # -- keeping

    def _keep(self) -> None:
        """Write what has changed; what the disk does not take is tried again with the next change."""
        if self._is_found_changed:
            self._is_found_changed = not self._write(
                self._folder / FILES["findings"].name, Findings.of(self._found.all(), self._key).encode()
            )
        if self._directories.is_changed:
            self._directories.is_changed = not self._write(
                self._folder / FILES["keys"].name, self._directories.snapshot().encode()
            )
        counts = self.counts()
        if counts != self._written and self._write(self._counts_file, msgspec.json.encode(counts)):
            self._written = counts

    def counts(self) -> dict[str, int]:
        """Give what has been counted: ``inquiry/KIND/RESULT``, ``dns/STANDING``, ``keys/RESULT``, ``feeds/RESULT``."""
        return {
            **{f"inquiry/{kind}/{result}": count for (kind, result), count in self._desk.counts.items()},
            **{f"dns/{standing}": count for standing, count in self._standings.items()},
            **{f"keys/{result}": count for result, count in self._directories.counts.items()},
            **{f"feeds/{result}": count for result, count in self._feed_counts.items()},
        }

    def _read(self, part: str) -> Any:
        """Read what an earlier gatherer has written; what is damaged is gathered anew."""
        file = FILES[part]
        try:
            return file.decode(read(self._folder / file.name, file.most), self._key)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            logger().warning("gathered.unused", file=file.name, reason=str(error))
            return None

    def _write(self, path: Path, data: bytes) -> bool:
        try:
            write(path, data)
        except OSError as error:
            if (kept_back := self._limited.allow("gathered.unwritable")) is not None:
                logger().error("gathered.unwritable", file=path.name, error=str(error), kept_back=kept_back)
            return False
        return True
