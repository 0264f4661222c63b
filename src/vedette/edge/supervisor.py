"""Runs ``vedette serve``: starts edge, engine, console, gatherer and archive, replaces what dies, reloads, drains.

The supervisor itself touches no request. It holds the data directory (one at a time), writes ``run/serve.json`` for
``vedette doctor``, and answers ``/metrics`` about its processes on ``run/serve.sock``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vedette.config import load
from vedette.config.keys import ensure_key
from vedette.config.schema import Config
from vedette.doors.connection import Call, Crowd, answer, problem
from vedette.doors.http import Setup, bind
from vedette.doors.settle import settle
from vedette.edge import envoy
from vedette.edge.children import Backoff, Child
from vedette.edge.engines import Engines, warm_environment
from vedette.edge.place import Place
from vedette.edge.process import Envoy
from vedette.errors import ConfigError
from vedette.gather.setup import Setup as Gathering
from vedette.gather.setup import read_counts
from vedette.telemetry import PARTS, Metrics, logger

__all__ = ["Supervisor"]

TICK_S = 0.1
WATCH_S = 0.5
OPEN_AFTER_S = 5.0
"""How long the edge waits for the first engine before it opens and lets requests pass undecided."""
PROGRESS_S = 5.0
DRAIN_S = 20.0
SWEEP_TICKS = 10
GATHERED = {
    "inquiry": "vedette_inquiries_total",
    "dns": "vedette_dns_findings_total",
    "keys": "vedette_key_fetches_total",
    "feeds": "vedette_feed_refreshes_total",
}
"""What the gatherer counts, and the metrics that it is exported as."""


class Supervisor:
    """One ``vedette serve``.

    Args:
        config: What :func:`vedette.config.load` gave.
        file, overrides: For loading it again.
        place: The data directory, already held.
        say: Prints one line for the person who started it.
    """

    def __init__(
        self,
        config: Config,
        file: Path | None,
        overrides: Mapping[str, Any],
        place: Place,
        say: Callable[[str], None],
    ) -> None:
        self.config = config
        self.place = place
        self.say = say
        self._file = file
        self._overrides = dict(overrides)
        self._started = time.time()
        self._environment = warm_environment(place.data)
        key = config.privacy.key or ensure_key(place.data, "privacy")
        self._key = key.value.encode()
        self._edge: Envoy | None = None
        self._edge_backoff = Backoff()
        self._edge_retry_at = 0.0
        self._edge_up = False
        self._edge_wanted = False
        self._children = [
            Child("console", "vedette.console"),
            Child("gather", "vedette.gather"),
            Child("archive", "vedette.events.seal", [str(place.data)]),
        ]
        self._restarts = dict.fromkeys(PARTS, 0)
        self._metrics = Metrics("serve")
        self._crowd = Crowd(self._answer, lambda _reason: None, limit=64)
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._files = envoy.write(config, place.run, place.engine_socket, place.answers_pipe)
        self._has_opened = False
        self._engines = Engines(self._setup(config), self._environment, self._write_state)

    def _setup(self, config: Config) -> Setup:
        return Setup(
            config=config,
            key=self._key,
            data=str(self.place.data),
            socket=str(self.place.engine_socket),
            gather=str(self.place.gather_socket),
            overrides=self._overrides,
        )

    # -- the whole life

    async def run(self) -> int:
        """Run until SIGTERM or SIGINT, drain, and return the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        server = await loop.create_unix_server(self._crowd, sock=bind(self.place.serve_socket))
        watching = loop.create_task(self._watch())
        self._engines.start()
        for child in self._children:
            self._start_child(child)
        try:
            await self._open()
            ticks = 0
            while not self._stop.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), TICK_S)
                await self._tick()
                ticks += 1
                if ticks % SWEEP_TICKS == 0:
                    self._crowd.sweep(loop.time())
        except ConfigError as error:
            self.say(f"vedette: {error}")
            return 1
        finally:
            watching.cancel()
            server.close()
            self._crowd.close()
            await self._end()
        return 0

    async def _open(self) -> None:
        """Wait for the first engine, then let traffic in; on a slow first start let it in undecided."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        ready = loop.create_task(self._engines.became_ready.wait())
        stopped = loop.create_task(self._stop.wait())
        try:
            await asyncio.wait((ready, stopped), timeout=OPEN_AFTER_S, return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                return
            self._start_edge()
            if not ready.done():
                self.say(
                    "the first start compiles the engine, which takes a minute or two; it is quick from then on. "
                    "Until it is ready, requests pass undecided, marked degraded"
                )
            while not ready.done() and not self._stop.is_set():
                await asyncio.wait((ready, stopped), timeout=PROGRESS_S, return_when=asyncio.FIRST_COMPLETED)
                if not ready.done() and not self._stop.is_set():
                    self.say(f"  compiling, {loop.time() - began:.0f} s")
                await self._tick()
            while not self._stop.is_set() and not await asyncio.to_thread(self._edge_asks):
                await asyncio.sleep(TICK_S / 2)
                await self._tick()
            if not self._stop.is_set():
                self._has_opened = True
                self._write_state()
                self.say(f"ready after {loop.time() - began:.1f} s; stop with Ctrl-C or SIGTERM")
        finally:
            ready.cancel()
            stopped.cancel()

    def _edge_asks(self) -> bool:
        """Say whether the edge is up and has seen the engine answer; an edge that was first takes half a second to."""
        name = "cluster.engine.membership_healthy"
        return self._edge_up and self._edge is not None and self._edge.stats(name).get(name, 0) > 0

    async def _end(self) -> None:
        """End the edge first: it stops listening and waits for requests in flight, which are still decided."""
        self.say("stopping: the edge drains first")
        self._edge_wanted = False
        if self._edge is not None:
            await asyncio.to_thread(self._edge.stop, DRAIN_S)
        await self._engines.stop()
        await asyncio.gather(*(asyncio.to_thread(child.end) for child in self._children))
        self.place.forget()
        self.say("stopped")

    # -- looking after processes

    async def _tick(self) -> None:
        now = asyncio.get_running_loop().time()
        for child in self._children:
            if child.pid or now < child.retry_at:
                continue
            if child.process is not None and child.retry_at <= 0.0:
                delay = child.backoff.delay(now)
                child.retry_at = now + delay
                logger().error(f"{child.name}.ended", status=child.process.returncode, next_start_s=delay)
                self._restarts[child.name] += 1
                if delay:
                    self._write_state()
                    continue
            self._start_child(child)
        await self._look_after_edge(now)

    def _start_child(self, child: Child) -> None:
        child.start(self._environment)
        child.retry_at = 0.0
        self._tell(child)
        self._write_state()

    def _tell(self, child: Child) -> None:
        """Tell a child that has a configuration what is in force."""
        if child.name == "console":
            child.tell(self._console_setup())
        elif child.name == "gather":
            place = self.place
            told = Gathering(config=self.config, data=str(place.data), socket=str(place.gather_socket), key=self._key)
            child.tell(told)

    def _console_setup(self) -> dict[str, Any]:
        place = self.place
        return {
            "config": self.config,
            "data": str(place.data),
            "engine": str(place.engine_socket),
            "serve": str(place.serve_socket),
        }

    def _start_edge(self) -> None:
        self._edge_wanted = True
        self._edge = Envoy.start(self._files)
        self._edge_up = False
        self._write_state()

    async def _look_after_edge(self, now: float) -> None:
        if not self._edge_wanted or self._edge is None or now < self._edge_retry_at:
            return
        if not self._edge.is_alive():
            if self._edge_retry_at <= 0.0:
                delay = self._edge_backoff.delay(now)
                self._edge_retry_at = now + delay
                self._edge_up = False
                self._restarts["edge"] += 1
                logger().error("edge.ended", status=self._edge.child.returncode, next_start_s=delay)
                self._write_state()
                if delay:
                    return
            try:
                self._edge.stop(0.0)
                self._start_edge()
                self._edge_retry_at = 0.0
            except ConfigError as error:
                self._edge_retry_at = now + 1.0
                logger().error("edge.unable", error=str(error))
        elif not self._edge_up and await asyncio.to_thread(self._edge.is_ready):
            self._edge_up = True
            self._write_state()

    # -- configuration

    async def _watch(self) -> None:
        """Reload on SIGHUP, and when the file or a file that it names has changed."""
        known = self._stamps()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reload.wait(), WATCH_S)
            asked = self._reload.is_set()
            self._reload.clear()
            stamps = self._stamps()
            if not asked and stamps == known:
                continue
            if not asked:  # an editor may still be writing
                await asyncio.sleep(TICK_S)
                stamps = self._stamps()
            known = stamps
            try:
                await self._take(await asyncio.to_thread(self._load))
            except ConfigError as error:
                logger().error("configuration.refused", problems=list(error.problems))
                self.say(f"the new configuration is invalid, the old one stays in force:\n{error}")
            except OSError as error:
                logger().error("configuration.unapplied", error=str(error))
                self.say(f"the new configuration could not be put in place, the old one stays in force: {error}")
            # Which files count may be new; a change of one since it was read is still to be seen.
            known = {path: known.get(path, stamp) for path, stamp in self._stamps().items()}

    def _load(self) -> Config:
        return load(self._file, self._overrides, data=self.place.data if self.place.is_given else None)

    def _stamps(self) -> dict[Path, tuple[int, int, int] | None]:
        stamps: dict[Path, tuple[int, int, int] | None] = {}
        described = [Path(self.config.openapi.file)] if self.config.openapi is not None else []
        for path in (*([self._file] if self._file else []), *described, *self._files.watched):
            try:
                seen = path.stat()
                stamps[path] = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
            except OSError:
                stamps[path] = None
        return stamps

    async def _take(self, wanted: Config) -> None:
        config, restart_needed = settle(self.config, wanted)
        place = self.place
        files = envoy.write(config, place.run, place.engine_socket, place.answers_pipe)
        taken, said = await self._engines.reload(self._setup(config))
        if not taken:
            envoy.write(self.config, place.run, place.engine_socket, place.answers_pipe)
            raise ConfigError([f"the engine refuses it: {said}"])
        self.config, self._files = config, files
        for child in self._children:
            self._tell(child)
        self._write_state()
        logger().info("configuration.applied", restart_needed=list(restart_needed), edge_files=list(files.changed))
        self.say("the new configuration is in force")
        if restart_needed:
            self.say(f"restart needed for: {', '.join(restart_needed)} (the old value stays until then)")

    # -- what doctor and Prometheus are told

    def _pids(self) -> dict[str, int]:
        edge = self._edge.pid if self._edge is not None and self._edge.is_alive() else 0
        children = {child.name: child.pid for child in self._children}
        return {"edge": edge, "engine": self._engines.pid, "spare": self._engines.spare.pid, **children}

    def _write_state(self) -> None:
        config = self.config
        self.place.remember(
            {
                "pid": os.getpid(),
                "version": version("vedette"),
                "started": self._started,
                "file": str(self._file.absolute()) if self._file else "",
                "flags": self._overrides,
                "mode": config.mode,
                "policy": config.policy_name,
                "listen": config.listen.address,
                "tls": bool(config.listen.certificate),
                "console": config.console.listen,
                "upstreams": config.upstreams,
                "trusted_proxies": list(config.trusted_proxies),
                "on_failure_block": [e.name for e in config.endpoints if e.on_failure == "block"],
                "sockets": {"engine": str(self.place.engine_socket), "serve": str(self.place.serve_socket)},
                "processes": self._pids(),
                "ready": self._has_opened,
            }
        )

    def _answer(self, call: Call) -> Any:
        if call.target == b"/metrics":
            return self._report()
        if call.target == b"/healthz":
            return answer(200, body=b"ok\n", kind=b"text/plain; charset=utf-8")
        return problem(404, "there is no such call")

    async def _report(self) -> bytes:
        counted = await asyncio.to_thread(self._edge.stats, "http.edge.") if self._edge is not None else {}
        self._restarts["engine"] = self._engines.restarts
        self._restarts["spare"] = self._engines.spare_restarts
        metrics = self._metrics
        up = {name: float(pid > 0) for name, pid in self._pids().items()}
        up["engine"] = float(self._engines.is_ready)
        up["edge"] = float(self._edge_up)
        for name, value in up.items():
            metrics.set("vedette_process_up", value, name)
            metrics.advance("vedette_process_restarts_total", self._restarts[name], name)
        for path, count in (await asyncio.to_thread(read_counts, self.place.data)).items():
            kind, *values = path.split("/")
            with contextlib.suppress(KeyError):  # counted by another version
                metrics.advance(GATHERED[kind], count, *values)
        metrics.advance("vedette_edge_requests_total", counted.get("http.edge.downstream_rq_total", 0))
        metrics.advance("vedette_edge_degraded_total", counted.get("http.edge.ext_authz.failure_mode_allowed", 0))
        return answer(200, body=metrics.render(), kind=b"text/plain; version=0.0.4; charset=utf-8")
