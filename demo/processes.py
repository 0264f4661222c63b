"""Start and stop the programs that the demo and the drill consist of: the shop, Vedette, bots.

Each runs in a process group of its own, so that stopping one stops what it started, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Programs", "Stopped", "free_port", "start_shop", "start_vedette"]

CONFIG = Path(__file__).parent / "vedette.yaml"
SHOP_READY_S = 20.0
VEDETTE_READY_S = 180.0
STOP_S = 15.0


class Stopped(Exception):
    """A program ended, or never became ready. The message names its log and shows how that ends."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, below the range from which clients get theirs."""
    while True:
        port = secrets.randbelow(10_000) + 20_000
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Programs:
    """The programs that were started; leaving the context stops them, last one first.

    Output of ``name`` goes to ``<logs>/name.log``.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start ``command`` without the environment's proxies: everybody here is on this machine."""
        with self.log(name).open("ab") as output:
            self._running[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
                cwd=Path(__file__).parent.parent,
            )

    def is_running(self, name: str) -> bool:
        process = self._running.get(name)
        return process is not None and process.poll() is None

    def wait(self, name: str, timeout_s: float) -> bool:
        """Wait until ``name`` ends by itself; return whether it did so in time."""
        try:
            self._running[name].wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, name: str) -> None:
        """End ``name`` and what it started: politely, then not."""
        process = self._running.pop(name, None)
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait_ready(self, name: str, url: str, timeout_s: float) -> float:
        """Wait until ``url`` answers 200 and return after how many seconds it did."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_s:
            if not self.is_running(name):
                raise Stopped(f"{name} ended before it was ready; its log {self.log(name)} ends:\n{self._end_of(name)}")
            if _answers(url):
                return time.monotonic() - began
            time.sleep(0.1)
        raise Stopped(
            f"{name} was not ready within {timeout_s:.0f} s; its log {self.log(name)} ends:\n{self._end_of(name)}"
        )

    def wait_listening(self, name: str, port: int, timeout_s: float = 15.0) -> None:
        """Wait until ``name`` accepts connections on ``port`` of 127.0.0.1."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self.is_running(name):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.05)
        raise Stopped(f"{name} does not listen; its log {self.log(name)} ends:\n{self._end_of(name)}")

    def settle(self, seconds: float) -> None:
        """Give the programs time to write what they still hold."""
        time.sleep(seconds)

    def _end_of(self, name: str) -> str:
        return "\n".join(self.log(name).read_text("utf-8", "replace").splitlines()[-12:])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def start_shop(programs: Programs, access_log: Path) -> str:
    """Start the shop and return its address once it answers."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "demo.shop", "--port", str(port), "--access-log", str(access_log)]
    programs.start("shop", command)
    programs.wait_ready("shop", f"{url}/healthz", SHOP_READY_S)
    return url


def start_vedette(
    programs: Programs, upstream: str, data: Path, *, tls: tuple[Path, Path] | None = None
) -> tuple[str, float]:
    """Protect ``upstream`` with the demo's configuration; return the protected address and the seconds it took."""
    port, console = free_port(), free_port()
    command = [sys.executable, "-m", "vedette.cli", "serve", "--config", str(CONFIG), "--upstream", upstream]
    command += ["--listen", f"127.0.0.1:{port}", "--console", f"127.0.0.1:{console}", "--data", str(data)]
    if tls:
        command += ["--tls-cert", str(tls[0]), "--tls-key", str(tls[1])]
    programs.start("vedette", command)
    took = programs.wait_ready("vedette", f"http://127.0.0.1:{console}/readyz", VEDETTE_READY_S)
    programs.wait_listening("vedette", port)
    return f"{'https' if tls else 'http'}://127.0.0.1:{port}", took
