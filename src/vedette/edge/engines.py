"""Keeps one engine running: forked from a warm spare, asked for its health, replaced when it dies or hangs."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from vedette.doors.client import ask
from vedette.doors.http import Setup
from vedette.edge.children import Backoff, Child, kill
from vedette.telemetry import logger

__all__ = ["Engines"]

ASK_EVERY_S = 0.25
HUNG_S = 1.4
"""An engine that does not say that it is alive for so long is killed."""
START_S = 60.0
"""A forked engine that has not answered once within this time is killed."""


class Engines:
    """One spare and the engine forked from it.

    Attributes:
        pid: Of the engine, or 0.
        is_ready: True while it answers.
        restarts: How often an engine was replaced; ``spare_restarts`` likewise.
    """

    def __init__(self, setup: Setup, environment: Mapping[str, str], changed: Callable[[], None]) -> None:
        self.setup = setup
        self.pid = 0
        self.is_ready = False
        self.restarts = 0
        self.spare_restarts = 0
        self.spare = Child("spare", "vedette.edge.spare", reports=True)
        self.became_ready = asyncio.Event()
        self._environment = environment
        self._changed = changed
        self._backoff = Backoff()
        self._forked_at = 0.0
        self._asking = True
        self._reports: asyncio.Task[None] | None = None
        self._health: asyncio.Task[None] | None = None
        self._fork: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start the spare; the engine follows as soon as that is warm."""
        self._health = asyncio.get_running_loop().create_task(self._keep_asking())
        self._start_spare()

    def _start_spare(self) -> None:
        self.spare.start(self._environment)
        self._reports = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        """Follow the reports of one spare until it ends, then start another."""
        loop = asyncio.get_running_loop()
        process = self.spare.process
        if process is None or process.stdout is None:
            return
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), process.stdout)
        try:
            while line := await reader.readline():
                report: dict[str, Any] = msgspec.json.decode(line)
                if report["event"] == "ready":
                    self._fork_now()
                elif report["event"] == "forked":
                    self.pid = report["pid"]
                    self._forked_at = loop.time()
                    self._changed()
                elif report["event"] == "exited" and report["pid"] == self.pid:
                    self._ended(report["status"])
        finally:
            transport.close()
        status = await asyncio.to_thread(process.wait)
        if not self._asking:
            return
        self.spare_restarts += 1
        delay = self.spare.backoff.delay(loop.time())
        logger().error("spare.ended", status=status, next_start_s=delay)
        kill(self.pid)  # the kernel has told it to end; whatever hangs is not waited for
        self._gone()
        await asyncio.sleep(delay)
        if self._asking:
            self._start_spare()

    def _fork_now(self) -> None:
        self._fork = None
        if self._asking:
            self.spare.tell(self.setup)

    def _ended(self, status: int) -> None:
        self._gone()
        if not self._asking:
            return
        self.restarts += 1
        loop = asyncio.get_running_loop()
        delay = self._backoff.delay(loop.time())
        logger().error("engine.ended", status=status, next_start_s=delay)
        self._fork = loop.call_later(delay, self._fork_now) if delay else None
        if not delay:
            self._fork_now()

    def _gone(self) -> None:
        self.pid = 0
        self.is_ready = False
        self.became_ready.clear()
        self._changed()

    async def _keep_asking(self) -> None:
        """Ask the engine whether it is alive, four times a second; kill it if it does not answer in time."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            pid = self.pid
            if not pid:
                continue
            try:
                reply = await ask(Path(self.setup.socket), "GET", "/healthz", timeout_s=HUNG_S)
                answers = reply.status == 200
            except TimeoutError:
                if pid == self.pid and self._asking:
                    logger().error("engine.hung", pid=pid, silent_s=HUNG_S)
                    kill(pid)
                continue
            except OSError:
                answers = False
            if pid != self.pid:
                continue
            if answers and not self.is_ready:
                self.is_ready = True
                self.became_ready.set()
                self._changed()
            elif not answers and loop.time() - self._forked_at > START_S:
                logger().error("engine.silent", pid=pid)
                kill(pid)

    async def reload(self, setup: Setup) -> tuple[bool, str]:
        """Put another configuration into force; return whether that worked, and what the engine said."""
        old, self.setup = self.setup, setup
        if not self.is_ready:
            return True, "the engine takes it over when it is back"
        try:
            body = msgspec.msgpack.encode(setup.config)
            reply = await ask(Path(setup.socket), "POST", "/-/reload", body=body, timeout_s=5.0)
        except OSError as error:  # it is being replaced, and its successor is given the new one
            return True, str(error)
        if reply.status != 200:
            self.setup = old
        return reply.status == 200, reply.body.decode("utf-8", "replace")

    async def stop(self) -> None:
        """End the engine, which writes what it holds first, then the spare."""
        self._asking = False
        if self._fork is not None:
            self._fork.cancel()
        if self._health is not None:
            self._health.cancel()
        kill(self.pid, signal.SIGTERM)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 8.0
        while self.pid and loop.time() < deadline:  # noqa: ASYNC110 - the spare reports its end
            await asyncio.sleep(0.02)
        kill(self.pid)
        await asyncio.to_thread(self.spare.stop)
        if self._reports is not None:  # it reads the spare's last words until the pipe ends
            await self._reports
        self.spare.close()


def warm_environment(data: Path) -> dict[str, str]:
    """Return the environment of our processes: compiled kernels go where they can be written.

    A cache that the user already has is used; on a read-only system it is kept below the data directory.
    """
    environment = dict(os.environ)
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")
    environment.setdefault("PYTHONUNBUFFERED", "1")
    if "NUMBA_CACHE_DIR" not in environment:
        home = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache", "vedette")
        nearest = next(folder for folder in (home, *home.parents) if folder.exists())
        if not os.access(nearest, os.W_OK):
            environment["NUMBA_CACHE_DIR"] = str(data / "cache")
    return environment
