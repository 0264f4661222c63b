"""Keeps what the engine has learned of the API's endpoints in a file, so that a new engine process need not begin anew.

The file is replaced whole every minute and at the end; a damaged one, or one of another version, is reported and left
alone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from vedette.collect.endpoints import MAX_STATE_BYTES
from vedette.engine import Engine
from vedette.telemetry import logger

__all__ = ["Learned"]

SAVE_EVERY_S = 60.0


class Learned:
    """The file of one data directory."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "endpoints.msgpack"
        self._last = b""
        self._due = 0.0

    def restore(self, engine: Engine) -> None:
        """Give an engine what an earlier one had learned, where that can be read."""
        try:
            with self.path.open("rb") as file:
                state = file.read(MAX_STATE_BYTES + 1)
            engine.restore(state)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            logger().warning("endpoints.forgotten", file=str(self.path), error=str(error))
            return
        self._last = state

    def take(self, engine: Engine, now: float, *, is_last: bool = False) -> bytes:
        """Give what is to be written at ``now`` (any clock that only rises), or nothing."""
        if now < self._due and not is_last:
            return b""
        self._due = now + SAVE_EVERY_S
        state = engine.state()
        return b"" if state == self._last else state

    def write(self, state: bytes) -> None:
        """Replace the file; what cannot be written is tried again a minute later."""
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(state)
            draft.replace(self.path)
        except OSError as error:
            logger().warning("endpoints.unwritten", file=str(self.path), error=str(error))
            with contextlib.suppress(OSError):
                draft.unlink()
            return
        self._last = state
