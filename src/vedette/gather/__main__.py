"""The gatherer's process. ``python -m vedette.gather`` under ``vedette serve``, which tells it its configuration."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec

from vedette.collect.robots import suffixes_of
from vedette.gather.gatherer import Gatherer
from vedette.gather.inquiries import bind
from vedette.gather.setup import Setup
from vedette.parent import Frames, die_with_parent
from vedette.telemetry import configure_log, logger

__all__ = ["main"]


def main() -> int:
    """Gather until SIGTERM, or until standard input ends."""
    import setproctitle

    die_with_parent(signal.SIGTERM)
    setproctitle.setproctitle("vedette: gather")
    configure_log("gather")
    os.umask(0o077)
    frames = Frames()
    bodies: list[bytes] = []
    while not bodies:
        data = os.read(0, 1 << 20)
        if not data:
            return 0
        bodies = frames.feed(data)
    setup = msgspec.msgpack.decode(bodies[-1], type=Setup)
    try:
        return asyncio.run(_gather(setup, frames))
    except OSError as error:
        logger().error("gather.unable", error=str(error))
        return 1


async def _gather(setup: Setup, frames: Frames) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gatherer = Gatherer(setup, suffixes_of)
    await gatherer.take(setup.config)
    taking: set[asyncio.Task[None]] = set()

    def hear() -> None:
        received = os.read(0, 1 << 20)
        if not received:
            loop.remove_reader(0)
            stop.set()
            return
        try:
            told = [msgspec.msgpack.decode(body, type=Setup) for body in frames.feed(received)]
        except (ValueError, msgspec.DecodeError) as error:  # the next gatherer is told afresh
            logger().error("gather.untold", error=str(error))
            loop.remove_reader(0)
            stop.set()
            return
        for changed in told:
            task = loop.create_task(gatherer.take(changed.config))
            taking.add(task)
            task.add_done_callback(taking.discard)

    loop.add_reader(0, hear)
    listening = bind(Path(setup.socket))
    with listening:
        logger().info("gather.ready", pid=os.getpid(), socket=setup.socket)
        await gatherer.run(listening, stop)
    logger().info("gather.stopped", pid=os.getpid())
    return 0


if __name__ == "__main__":
    sys.exit(main())
