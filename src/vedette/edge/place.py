"""Where one ``vedette serve`` lives: its data directory, held by one process at a time, and its sockets."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["Place", "Taken", "check_free", "read_state"]

SOCKET_BYTES = 100
"""A longer path does not fit into the address of a Unix socket (108 bytes, less what a temporary name adds)."""
RETRY_S = 2.0


class Taken(Exception):
    """Something that serve needs is held by another process; the text says what, by whom, and what to do."""


class Place:
    """A data directory that this process holds until it ends.

    Attributes:
        run: Where sockets and Envoy's files are: ``<data>/run``, or a private temporary directory where that path is
            too long for a socket.
        is_given: Whether the directory came from ``--data`` and not from the configuration.
    """

    def __init__(self, data: Path, *, is_given: bool) -> None:
        self.data = data.absolute()
        self.is_given = is_given
        self._state: dict[str, Any] = {}
        self._home = self.data / "run"
        self._temporary: Path | None = None
        try:
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self._home / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Taken(
                f"the data directory {self.data} cannot be used: {error.strerror}; "
                "give one that this user may write with --data DIR"
            ) from None
        self._hold()
        self.run = self._home
        if len(os.fsencode(self._home / f"engine.sock.{os.getpid()}")) > SOCKET_BYTES:
            self._temporary = Path(tempfile.mkdtemp(prefix="vedette-"))
            self.run = self._temporary

    def _hold(self) -> None:
        deadline = time.monotonic() + RETRY_S
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    holder = os.pread(self._lock, 32, 0).decode("ascii", "replace").strip()
                    raise Taken(
                        f"another vedette serve (process {holder or 'unknown'}) uses the data directory {self.data}; "
                        "stop that one or give another directory with --data DIR"
                    ) from None
                time.sleep(0.05)
        with contextlib.suppress(OSError):  # a full disk must not keep us from starting
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    @property
    def engine_socket(self) -> Path:
        return self.run / "engine.sock"

    @property
    def serve_socket(self) -> Path:
        return self.run / "serve.sock"

    @property
    def gather_socket(self) -> Path:
        return self.run / "gather.sock"

    @property
    def answers_pipe(self) -> Path:
        return self.run / "answers.pipe"

    def remember(self, state: dict[str, Any]) -> None:
        """Write ``run/serve.json``, if anything has changed; a full disk costs only that."""
        if state == self._state:
            return
        self._state = state
        draft = self._home / ".serve.json"
        with contextlib.suppress(OSError):
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=1))
            draft.replace(self._home / "serve.json")

    def forget(self) -> None:
        """Remove what says that serve runs, and let go of the directory."""
        for path in (self._home / "serve.json", self.engine_socket, self.serve_socket, self.gather_socket):
            with contextlib.suppress(OSError):
                path.unlink()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
        os.close(self._lock)


def read_state(data: Path) -> dict[str, Any]:
    """Return what the last serve wrote into ``run/serve.json``, or an empty mapping."""
    try:
        state = msgspec.json.decode((data / "run" / "serve.json").read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}
    return state if isinstance(state, dict) else {}


def check_free(key: str, address: str) -> None:
    """Raise :class:`Taken` where ``host:port`` cannot be listened on; one that is just being given up is waited for."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    deadline = time.monotonic() + RETRY_S
    while True:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, int(port)))
                probe.listen(1)
                return
            except OSError as error:
                if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                reason = {
                    errno.EADDRINUSE: "is taken by another process; stop that one or choose another port",
                    errno.EACCES: "needs a privilege (ports below 1024); choose a higher port",
                    errno.EADDRNOTAVAIL: "is not an address of this machine; use one of its own or 0.0.0.0",
                }.get(error.errno or 0, f"cannot be opened: {error.strerror}")
                raise Taken(f"{key}: {address} {reason}") from None
