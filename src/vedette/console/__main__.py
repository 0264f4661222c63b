"""The console's process. ``python -m vedette.console`` under ``vedette serve``, which tells it its configuration."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from vedette.config.schema import Config
from vedette.console.access import Access
from vedette.parent import Frames, die_with_parent
from vedette.telemetry import configure_log, logger

__all__ = ["Setup", "main"]


class Setup(Struct, frozen=True, kw_only=True):
    """What the console is told on its standard input, at start and whenever it changes.

    Attributes:
        data: The data directory.
        engine, serve: Sockets of the engine and of the supervisor.
    """

    config: Config
    data: str
    engine: str
    serve: str


def main() -> int:
    """Serve the HTTP interface until SIGTERM."""
    import setproctitle
    import uvloop

    die_with_parent(signal.SIGTERM)
    setproctitle.setproctitle("vedette: console")
    configure_log("console")
    frames = Frames()
    bodies: list[bytes] = []
    while not bodies:
        data = os.read(0, 1 << 20)
        if not data:
            return 0
        bodies = frames.feed(data)
    setup = msgspec.msgpack.decode(bodies[-1], type=Setup)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(setup, frames))


def find_decision(data: Path, identifier: str) -> Any:
    """Look an id up in the event log; DuckDB is imported by the first call."""
    from vedette.events.views import find

    return find(data, identifier)


async def _serve(setup: Setup, frames: Frames) -> int:
    import uvicorn

    from vedette.console.application import Console, Counted, application

    data = Path(setup.data)
    console = Console(
        Access(setup.config, data), data, Path(setup.engine), Path(setup.serve), find_decision, time.monotonic
    )
    host, _, port = setup.config.console.listen.rpartition(":")
    app: Any = Counted(application(console), console)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host.strip("[]"),
            port=int(port),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            limit_concurrency=256,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=3,
        )
    )

    def told() -> None:
        received = os.read(0, 1 << 20)
        if not received:
            server.should_exit = True
            asyncio.get_running_loop().remove_reader(0)
            return
        for body in frames.feed(received):
            try:
                changed = msgspec.msgpack.decode(body, type=Setup)
                console.access = Access(changed.config, data)
            except Exception as error:
                logger().error("access.unchanged", error=str(error))

    asyncio.get_running_loop().add_reader(0, told)
    await server.serve()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
