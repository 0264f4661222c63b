"""What child processes and their parent share: ending together, and messages through a pipe.

A child asks the kernel to be ended when its parent dies, however that happens, so a killed ``vedette serve`` leaves
nothing behind. Messages are frames: a length of four bytes, then MessagePack. Configurations travel this way, because a
pipe, unlike a file or an argument, shows its secrets to nobody else.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from typing import Any

import msgspec

__all__ = ["Frames", "die_with_parent", "frame"]

_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_LENGTH = struct.Struct(">I")
FRAME_BYTES = 16 * 1024 * 1024


def die_with_parent(number: int = signal.SIGKILL, parent: int = 0) -> None:
    """Ask the kernel to send this process ``number`` when its parent dies; end at once if ``parent`` is gone already.

    Also usable between fork and exec, because the request outlives an exec.
    """
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, int(number), 0, 0, 0)
    if parent and os.getppid() != parent:
        os.kill(os.getpid(), number)


def frame(message: Any) -> bytes:
    """Write one message."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


class Frames:
    """Cuts a stream of bytes into the bodies of messages."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that ``data`` completes; raises ValueError at a length that cannot be ours."""
        self._rest += data
        bodies = []
        while len(self._rest) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._rest)
            if length > FRAME_BYTES:
                raise ValueError(f"a message of {length} bytes is not one of ours")
            if len(self._rest) < _LENGTH.size + length:
                break
            bodies.append(self._rest[_LENGTH.size : _LENGTH.size + length])
            self._rest = self._rest[_LENGTH.size + length :]
        return bodies
