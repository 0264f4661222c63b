"""A warm process that engines are forked from. ``python -m vedette.edge.spare``.

Importing numba and loading compiled kernels takes seconds; a fork of a process that has done so takes milliseconds and
shares its memory. So the spare does that once, waits for messages on its standard input, forks an engine for each, and
reports on its standard output, one JSON line each: ``{"event": "ready"}``, ``{"event": "forked", "pid": N}``,
``{"event": "exited", "pid": N, "status": N}``. It holds no table, no socket and no client's data.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from vedette.doors.http import Setup, run, warm_up
from vedette.edge.answers import AnswerReader, make_pipe, open_pipe
from vedette.parent import Frames, die_with_parent
from vedette.telemetry import configure_log, logger
from vedette.types import Answer

__all__ = ["main"]


def listen_to(pipe: Path) -> Callable[[Any, Callable[[Iterable[Answer]], None]], None]:
    """Return how an engine is told the answers that the edge writes into ``pipe``."""

    def attach(loop: Any, receive: Callable[[Iterable[Answer]], None]) -> None:
        make_pipe(pipe)
        descriptor = open_pipe(pipe)
        reader = AnswerReader()
        loop.add_reader(descriptor, lambda: receive(reader.read(descriptor)))

    return attach


def main() -> int:
    """Warm up, then fork engines until standard input ends; in each fork, be that engine."""
    import setproctitle

    die_with_parent(signal.SIGTERM)
    setproctitle.setproctitle("vedette: spare")
    configure_log("spare")
    reports = os.dup(1)
    os.dup2(2, 1)  # whatever prints must not look like a report
    try:
        warm_up()
    except Exception as error:
        logger().error("spare.unable", error=f"{type(error).__name__}: {error}"[:500])
        return 1
    gc.collect()
    gc.freeze()
    return _wait(reports)


def _wait(reports: int) -> int:
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    frames = Frames()
    _report(reports, event="ready")
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == woken:
                    with contextlib.suppress(BlockingIOError):
                        os.read(woken, 4096)
                    _reap(reports)
                    continue
                data = os.read(0, 1 << 20)
                if not data:
                    return 0
                for body in frames.feed(data):
                    setup = msgspec.msgpack.decode(body, type=Setup)
                    pid = os.fork()
                    if pid == 0:
                        for descriptor in (woken, wake, reports):
                            os.close(descriptor)
                        return _become(setup)
                    _report(reports, event="forked", pid=pid)


def _become(setup: Setup) -> int:
    """Be an engine: nothing of the spare's signals and pipes remains."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    die_with_parent(signal.SIGTERM)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return run(setup, listen_to(Path(setup.socket).with_name("answers.pipe")))


def _reap(reports: int) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _report(reports, event="exited", pid=pid, status=os.waitstatus_to_exitcode(status))


def _report(reports: int, **fields: Any) -> None:
    os.write(reports, msgspec.json.encode(fields) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
