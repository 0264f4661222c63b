"""The engine process: opens the engine, answers on a Unix socket, and ends cleanly. ``python -m vedette.doors.http``.

Under ``vedette serve`` the process is a fork of a warm one (``vedette.edge.spare``) and is handed its configuration;
alone it reads ``--config`` by itself. The socket appears only once the first decision would be fast, so whoever can
connect gets answers in time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec
from msgspec import Struct

from vedette.config import defaults
from vedette.config.schema import Config, Endpoint, Honeypots, Identity, Rate, RateLimit, Rule, Selector, Then
from vedette.config.units import parse_match
from vedette.doors.connection import Crowd
from vedette.doors.settle import settle
from vedette.errors import ConfigError
from vedette.telemetry import Metrics, configure_log, logger
from vedette.types import Answer, Outcome, OutcomeName, Request

if TYPE_CHECKING:
    from vedette.doors.learned import Learned
    from vedette.doors.service import Service
    from vedette.snapshot.gathered import Gathered

__all__ = ["Setup", "main", "run", "warm_up"]

BACKLOG = 512
SWEEP_S = 1.0
DRAIN_S = 2.0
REGION_BYTES = 1 << 20
Attach = Callable[[Any, Callable[[Iterable[Answer]], None]], None]


class Setup(Struct, frozen=True, kw_only=True):
    """What an engine process needs to know.

    Attributes:
        config: In force; keys that are not hot stay as they are here.
        key: Of the identifier hashes.
        data: The data directory.
        socket: Where to answer.
        gather: Where the gatherer takes questions, or empty: nobody is asked.
        overrides: Command-line flags, for reading ``config.file`` again.
    """

    config: Config
    key: bytes
    data: str
    socket: str
    gather: str = ""
    overrides: dict[str, Any] = {}


def warm_up() -> None:
    """Import and compile (or load from the cache) all that a decision can need, on tables that are thrown away.

    It is not enough to let requests pass: what a first attack touches (limits, holds, ended sessions) must be compiled
    before it comes, or the engine stands still while it compiles, and requests pass undecided.
    """
    from vedette.engine import Engine

    engine = Engine.open(_rehearsal(), key=b"warm", shrink=12)
    steps = [
        *[(method, "/api/login", cookie) for method in ("GET", "POST", "OPTIONS") for cookie in ("", "sid=1")] * 3,
        *[("GET", path, cookie) for cookie in ("sid=2", "", "sid=3") for path in ("/limited", "/trap")] * 3,
    ]
    for number, (method, path, cookie) in enumerate(steps):
        request = _step(number, method, path, cookie, f"192.0.2.{number % 3}")
        decision = engine.decide(request, request.timestamp)
        engine.reply(decision, request)
        status = 200 + 201 * (number % 2)
        engine.observe(Answer(timestamp=number + 1.1, id=request.id, status=status, duration=0.1), number + 1.1)
    engine.decide(_step(80, "GET", "/", "sid=conversion", "192.0.2.77"), 81.0)
    for name in get_args(OutcomeName):
        for client in ({"session_id": name}, {"client_address": "192.0.2.9"}, {"request_id": "warm1"}):
            engine.observe(Outcome(timestamp=90.0, outcome=name, **client), 90.0)
    engine.decide(_step(90, "GET", "/", "sid=conversion", "192.0.2.77"), 91.0)
    engine.spend_once("warm", 92.0, 93.0)


def _step(number: int, method: str, path: str, cookie: str, address: str) -> Request:
    return Request(
        timestamp=number + 1.0,
        id=f"warm{number}",
        method=method,
        path=path,
        host="warm.invalid",
        client_address=address,
        headers=(("user-agent", "curl/8.14.1"), ("cookie", cookie), ("accept", "*/*")),
        peer_is_client=False,
    )


def _rehearsal() -> Config:
    """A configuration under which a handful of requests meets every kind of stop."""
    login = Endpoint(name="login", match=parse_match("POST /api/login"), purpose="login")
    limit = RateLimit(name="warm", key="session", match=parse_match("GET /limited"), limit=Rate(1, 60.0), burst=1)
    refuse = Rule(name="certain", when="low >= 0.9", then=Then(action="block"))
    return msgspec.structs.replace(
        defaults("http://127.0.0.1:9"),
        mode="enforce",
        endpoints=(login,),
        identity=Identity(session=(Selector("cookie", "sid"),)),
        honeypots=Honeypots(paths=("/trap",)),
        rate_limits=(limit,),
        policy=(refuse, Rule(name="rest", then=Then(action="allow"))),
    )


def run(setup: Setup, attach: Attach | None = None) -> int:
    """Answer until SIGTERM; return the exit status.

    ``attach(loop, receive)`` is how whoever knows the edge's way of reporting answers has them delivered here.
    """
    import setproctitle
    import uvloop

    setproctitle.setproctitle("vedette: engine")
    configure_log("engine")
    os.umask(0o077)
    from vedette.doors.learned import Learned

    learned = Learned(Path(setup.data) / "tables")
    try:
        service = open_service(setup)
        learned.restore(service.engine)
        listening = bind(Path(setup.socket))
    except (ConfigError, OSError) as error:
        logger().error("engine.unable", error=str(error))
        return 1
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(service, learned, listening, Path(setup.socket), attach))
    service.events.close()
    return 0


def open_service(setup: Setup) -> Service:
    """Open engine and event log over the data directory."""
    from vedette.collect.observation import Hasher
    from vedette.doors.gathering import Asking, Watch
    from vedette.doors.service import Service
    from vedette.engine import Engine
    from vedette.events.log import EventLog

    config, data = setup.config, Path(setup.data)
    watch = Watch(data, setup.key)
    watch.take(config)
    gathered = _say(*watch.look(time.time()))
    try:
        engine = Engine.open(config, key=setup.key, directory=data / "tables", gathered=gathered)
    except OSError as error:
        logger().error("tables.in_memory", error=str(error), lost="what is learned now ends with this process")
        engine = Engine.open(config, key=setup.key, gathered=gathered)
    touch(engine.tables.arena)
    if warning := getattr(engine.tables, "warning", ""):
        logger().warning("tables.empty", reason=warning)
    events = EventLog(data, retain_s=config.events.retain_s, hasher=Hasher(setup.key), address=config.privacy.address)
    running = config

    def reload(body: bytes) -> tuple[Config, tuple[str, ...]]:
        nonlocal running
        if body:
            wanted = msgspec.msgpack.decode(body, type=Config)
        else:
            from vedette.config import load

            wanted = load(Path(running.file) if running.file else None, setup.overrides, data=data)
        running, restart_needed = settle(running, wanted)
        return running, restart_needed

    asking = Asking(setup.gather, time.monotonic) if setup.gather else None
    service = Service(engine, events, Metrics("engine"), reload=reload, asking=asking, watch=watch)
    service.take(config)
    service.metrics.set("vedette_engine_start_timestamp_seconds", time.time())
    return service


def _say(gathered: Gathered | None, warnings: tuple[str, ...]) -> Gathered | None:
    for warning in warnings:
        logger().warning("gathered.unused", reason=warning)
    return gathered


def touch(arena: Any) -> None:
    """Write every region of the tables once, unchanged.

    The kernel sets up a region of a fresh file when it is first written, which takes milliseconds; better now than in
    the first few hundred decisions.
    """
    arena[::REGION_BYTES] = arena[::REGION_BYTES].copy()


def bind(path: Path) -> socket.socket:
    """Listen on ``path``, readable by this user alone; a stale socket there is replaced in one step."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(draft))
    draft.chmod(0o600)
    listening.listen(BACKLOG)
    draft.replace(path)
    listening.setblocking(False)
    return listening


async def _serve(
    service: Service, learned: Learned, listening: socket.socket, path: Path, attach: Attach | None
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    crowd = Crowd(service.handle, service.refused)
    server = await loop.create_unix_server(crowd, sock=listening, backlog=BACKLOG)
    if attach is not None:
        attach(loop, service.receive_answers)
    logger().info("engine.ready", pid=os.getpid(), socket=str(path))
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SWEEP_S)
        crowd.sweep(loop.time())
        service.metrics.set("vedette_connections", len(crowd.members))
        await service.gather()
        if state := learned.take(service.engine, loop.time()):
            await loop.run_in_executor(None, learned.write, state)
    server.close()
    crowd.close()
    deadline = loop.time() + DRAIN_S
    while crowd.members and loop.time() < deadline:  # noqa: ASYNC110 - members leave by themselves
        await asyncio.sleep(0.01)
    if state := learned.take(service.engine, loop.time(), is_last=True):
        learned.write(state)
    logger().info("engine.stopped", pid=os.getpid())


def main(arguments: list[str] | None = None) -> int:
    """Run one engine process by itself, without edge and supervisor."""
    parser = argparse.ArgumentParser(prog="python -m vedette.doors.http", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="where tables, keys and events are")
    parser.add_argument("--config", type=Path, metavar="FILE", help="vedette.yaml")
    parser.add_argument("--upstream", metavar="URL", help="the API; enough without a file")
    parser.add_argument("--socket", type=Path, metavar="PATH", help="where to answer (DIR/run/engine.sock)")
    given = parser.parse_args(arguments)
    from vedette.config import load
    from vedette.config.keys import ensure_key

    try:
        overrides = {"upstream": given.upstream} if given.upstream else {}
        config = load(given.config, overrides, data=given.data)
        key = (config.privacy.key or ensure_key(given.data, "privacy")).value.encode()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    warm_up()
    path = given.socket or given.data / "run" / "engine.sock"
    setup = Setup(config=config, key=key, data=str(given.data), socket=str(path), overrides=overrides)
    return run(setup)


if __name__ == "__main__":
    sys.exit(main())
