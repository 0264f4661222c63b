"""How the engine process and the gatherer meet: questions go out as datagrams, what was gathered comes in as files.

Neither ever waits for the other. A question that cannot be sent is lost and counted; a file that is damaged is said
once, and what was known stays.
"""

from __future__ import annotations

import socket
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from vedette.config.key_files import FILE
from vedette.config.schema import Config
from vedette.snapshot.files import Stamp, stamp
from vedette.snapshot.findings import Inquiry
from vedette.snapshot.gathered import FOLDER, Gathered
from vedette.snapshot.keys import KeySet, read_key_files, sources_of

__all__ = ["Asking", "Watch"]

AGAIN_S = 2.0
"""A question that was sent is not sent again for so long; by then its answer is there, or it was lost."""
REMEMBERED = 256
LONGEST = 2048
"""Characters of a subject; what a client chose to be longer must not cost others their place in a datagram."""
TOGETHER = 15
"""Questions in one datagram: however long clients have made them, it is less than the 64 KiB that are read at once."""


class Asking:
    """Sends questions to the gatherer's socket.

    Attributes:
        sent, lost: How many were; what was sent shortly before counts as neither.
    """

    def __init__(self, path: str, clock: Callable[[], float]) -> None:
        self.sent = 0
        self.lost = 0
        self._path = path
        self._clock = clock
        self._recent: OrderedDict[Inquiry, float] = OrderedDict()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self, inquiries: deque[Inquiry]) -> None:
        """Send all that waits, and forget it; never waits, never raises."""
        now, recent = self._clock(), self._recent
        fresh = []
        while inquiries:
            inquiry = inquiries.popleft()
            if len(inquiry.subject) > LONGEST:
                self.lost += 1
            elif recent.get(inquiry, 0.0) <= now:
                fresh.append(inquiry)
                recent[inquiry] = now + AGAIN_S
                recent.move_to_end(inquiry)
        while len(recent) > REMEMBERED:
            recent.popitem(last=False)
        fresh.sort(key=lambda inquiry: len(inquiry.subject) + len(inquiry.about))  # the long ones fill the socket
        for start in range(0, len(fresh), TOGETHER):
            self._send(fresh[start : start + TOGETHER])

    def _send(self, some: list[Inquiry]) -> None:
        try:
            self._socket.sendto(msgspec.msgpack.encode(some), self._path)
            self.sent += len(some)
        except (OSError, UnicodeError):  # nobody there, or too busy
            self.lost += len(some)
            for inquiry in some:
                self._recent.pop(inquiry, None)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()


class Watch:
    """Looks whether what was gathered, or a key file of the configuration, has changed.

    Args:
        data: The data directory.
        key: Of the hashes that stand for addresses.
    """

    def __init__(self, data: Path, key: bytes) -> None:
        self._folder = data / FOLDER
        self._key = key
        self._loaded = Gathered.shipped()
        self._config: Config | None = None
        self._read_for: Config | None = None
        self._files: dict[str, KeySet] = {}
        self._stamps: dict[str, Stamp | None] = {}

    def take(self, config: Config) -> None:
        """Have the key files of another configuration read with the next look."""
        self._config = config

    def look(self, now: float) -> tuple[Gathered | None, tuple[str, ...]]:
        """Give all that is known where some of it is new since the last look, with what an operator should know.

        It reads files: to be called in a thread, by one at a time.
        """
        loaded, warnings = Gathered.load(self._folder, self._loaded, self._key)
        is_new = loaded is not self._loaded
        self._loaded = loaded
        said = self._look_at_files(now)
        if said is not None:
            is_new, warnings = True, (*warnings, *said)
        if not is_new:
            return None, warnings
        return replace(loaded, keys=loaded.keys.joined(self._files.values())), warnings

    def _look_at_files(self, now: float) -> tuple[str, ...] | None:
        """Read key files again where one has changed; ``None`` where none has."""
        config = self._config
        if config is None:
            return None
        sources = [source for source, _ in sources_of(config) if source.startswith(FILE)]
        stamps = {source: stamp(Path(source.removeprefix(FILE))) for source in sources}
        if config is self._read_for and stamps == self._stamps:
            return None
        self._read_for, self._stamps = config, stamps
        warnings = []
        sets = {}
        for one in read_key_files(config, now):
            known = self._files.get(one.source)
            if one.error and known is not None and known.keys:  # a file that is being written, or was lost
                one = replace(known, failed=one.failed, error=one.error)
            if one.error:
                warnings.append(f"{one.source.removeprefix(FILE)} {one.error}")
            sets[one.source] = one
        self._files = sets
        return tuple(warnings)
