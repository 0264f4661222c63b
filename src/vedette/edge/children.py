"""The processes that ``vedette serve`` starts: each knows how to start, to be told things, and to end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from vedette.parent import die_with_parent, frame

__all__ = ["Backoff", "Child", "kill"]

LONGEST_S = 30.0
STEADY_S = 60.0
"""A process that has run for so long starts afresh: its next restart is at once."""


class Backoff:
    """When a process that ended may start again: at once, then after 0.5, 1, 2 … 30 s.

    >>> backoff = Backoff()
    >>> [backoff.delay(now) for now in (0.0, 1.0, 2.0, 3.0)], backoff.delay(100.0)
    ([0.0, 0.5, 1.0, 2.0], 0.0)
    """

    def __init__(self) -> None:
        self._ends = 0
        self._last = float("-inf")

    def delay(self, now: float) -> float:
        """Record an end at ``now`` and return how long to wait before the next start."""
        if now - self._last > STEADY_S:
            self._ends = 0
        self._last = now
        self._ends += 1
        return 0.0 if self._ends == 1 else min(0.5 * 2.0 ** (self._ends - 2), LONGEST_S)


class Child:
    """One Python process of ours, told things by frames on its standard input.

    Attributes:
        retry_at: Loop time before which it is not started again.
    """

    def __init__(self, name: str, module: str, arguments: Sequence[str] = (), *, reports: bool = False) -> None:
        self.name = name
        self.command = [sys.executable, "-m", module, *arguments]
        self.process: subprocess.Popen[bytes] | None = None
        self.backoff = Backoff()
        self.retry_at = 0.0
        self._reports = reports

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it. The caller's thread must outlive it: the kernel takes that thread for the parent."""
        self.close()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if self._reports else None,
            env=dict(environment),
            process_group=0,
            preexec_fn=partial(die_with_parent, signal.SIGTERM, os.getpid()),  # noqa: PLW1509 - one system call
        )

    @property
    def pid(self) -> int:
        """Its process id, or 0 where it does not run."""
        return self.process.pid if self.process is not None and self.process.poll() is None else 0

    def tell(self, message: Any) -> None:
        """Send a message; one that has just ended does not hear it, and its successor is told afresh."""
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self.process.stdin.write(frame(message))
                self.process.stdin.flush()

    def end(self, timeout_s: float = 5.0) -> None:
        """Ask it to end, kill it after ``timeout_s``, and let go of its pipes."""
        self.stop(timeout_s)
        self.close()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ask it to end, and kill it after ``timeout_s``; whoever reads its reports may still do so."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self) -> None:
        """Let go of the pipes of a process that has ended."""
        if self.process is None:
            return
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to a process that may have ended already."""
    if pid > 0:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
