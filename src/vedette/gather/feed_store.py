"""Where feeds lie: what is known of each, and its last good ranges, below ``<data>/gathered/feeds``.

Each file is replaced whole and readable by this user alone. One that is damaged counts as none.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct

from vedette.config.schema import Feed
from vedette.snapshot.files import Stamp, read, stamp, write
from vedette.snapshot.networks import NetworkMap, Source
from vedette.snapshot.packing import pack, unpack
from vedette.snapshot.ranges import Ranges, build, decompose

__all__ = ["HALF_LIFE_S", "FeedState", "Store", "identity", "next_refresh", "source_of"]

FOLDER = "feeds"
STATE_BYTES = 65_536
RANGES_BYTES = 64 << 20
DAY = 86400.0
HALF_LIFE_S = {
    "hosting": 365 * DAY,
    "vpn": 90 * DAY,
    "relay": 180 * DAY,
    "tor": 30 * DAY,
    "proxy": 14 * DAY,
    "anonymizer": 30 * DAY,
    "blocklist": 7 * DAY,
    "robot": 180 * DAY,
    "asn": 365 * DAY,
    "country": 365 * DAY,
}
"""After which time without news a feed is worth half, where its configuration does not say."""
WEIGHT = 0.5
RETRY_S = 60.0
"""After a failure a feed is tried again after this time, then after twice it, and so on up to its refresh."""


class FeedState(Struct, frozen=True, kw_only=True):
    """What is known of one feed.

    Attributes:
        identity: Of the configuration that it was read with; another one makes it a new feed.
        state: ``new``, ``ok``, ``held`` (a change waits for the operator's word) or ``failed``.
        error: Why, for the operator.
        checked: Unix seconds of the last try, 0 for none; ``confirmed``: of the last success.
        date: When its content was right: of a blocklist what the server says, else ``confirmed``.
        entries: Ranges, touching ones joined.
        cut: Entries that were left out or cut because they are private or own networks.
        failures: In a row.
    """

    name: str
    identity: str = ""
    state: str = "new"
    error: str = ""
    checked: float = 0.0
    confirmed: float = 0.0
    date: float = 0.0
    entries: int = 0
    cut: int = 0
    failures: int = 0
    etag: str = ""
    last_modified: str = ""


def identity(feed: Feed) -> str:
    """Name what a feed's ranges depend on."""
    parts = (feed.url, feed.format, feed.kind, feed.robot, feed.column)
    return blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def next_refresh(feed: Feed, state: FeedState) -> float:
    """Say when a feed is due, in Unix seconds; 0 for at once."""
    if not state.checked:
        return 0.0
    if state.state == "failed":
        return state.checked + min(feed.refresh_s, RETRY_S * 2.0 ** min(state.failures - 1, 20))
    return state.checked + feed.refresh_s


def source_of(feed: Feed, state: FeedState) -> Source:
    """Describe a feed in a network map."""
    return Source(
        name=feed.name,
        kind=feed.kind,
        robot=feed.robot,
        date=state.date,
        weight=WEIGHT if feed.weight is None else feed.weight,
        half_life_s=HALF_LIFE_S[feed.kind] if feed.half_life_s is None else feed.half_life_s,
    )


class Store:
    """The files of feeds."""

    def __init__(self, gathered: Path) -> None:
        self._folder = gathered / FOLDER
        self._states: dict[str, tuple[Stamp | None, FeedState]] = {}

    def state(self, feed: Feed) -> FeedState:
        """Give what is known of a feed; of one that is configured in another way than before, nothing."""
        path = self._path(feed, "json")
        seen = stamp(path)
        known = self._states.get(feed.name)
        if known is None or known[0] != seen:
            try:
                state = msgspec.json.decode(read(path, STATE_BYTES), type=FeedState)
            except (OSError, ValueError):
                state = FeedState(name=feed.name)
            known = self._states[feed.name] = seen, state
        if known[1].identity != identity(feed) or known[1].name != feed.name:
            return FeedState(name=feed.name, identity=identity(feed))
        return known[1]

    def ranges(self, feed: Feed) -> Ranges | None:
        """Give the last good ranges of a feed, or ``None`` where there are none, or damaged ones."""
        try:
            found = decompose(NetworkMap(unpack(read(self._path(feed, "ranges"), RANGES_BYTES))))
        except (OSError, ValueError):
            return None
        if len(found) != 1 or (found[0][0].name, found[0][0].kind) != (identity(feed), feed.kind):
            return None
        return found[0][1]

    def keep_state(self, feed: Feed, state: FeedState) -> None:
        write(self._path(feed, "json"), msgspec.json.format(msgspec.json.encode(state)) + b"\n")

    def keep_ranges(self, feed: Feed, ranges: Ranges) -> None:
        write(self._path(feed, "ranges"), pack(build([(Source(identity(feed), feed.kind), ranges)])))

    @contextlib.contextmanager
    def hold(self) -> Iterator[bool]:
        """Keep other processes from changing feeds; gives false where another one does just now."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)

    def _path(self, feed: Feed, ending: str) -> Path:
        plain = re.sub(r"[^a-z0-9]+", "-", feed.name.lower())[:40].strip("-")
        digest = blake2b(feed.name.encode(), digest_size=4).hexdigest()
        return self._folder / f"{plain}-{digest}.{ending}"
