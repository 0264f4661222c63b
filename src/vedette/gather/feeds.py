"""Keeps reputation feeds up to date: fetch, read, judge, keep the last good one, and build the engine's network map.

``vedette.gather`` asks :meth:`FeedKeeper.due` now and then and refreshes what is; ``vedette feeds update`` does the
same by hand. Nothing here raises on what a feed sends: a failure is a state with one line for the operator, the last
good ranges stay, and the map is written again only where it changes.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path

from msgspec import structs

from vedette.config.key_files import FILE
from vedette.config.schema import Config, Feed
from vedette.gather.feed_documents import DocumentError, parse
from vedette.gather.feed_limits import HeldBackError, admit, weigh
from vedette.gather.feed_store import FeedState, Store, next_refresh, source_of
from vedette.gather.fetching import FetchError, fetch, inflate
from vedette.snapshot import files
from vedette.snapshot.gathered import FILES, FOLDER
from vedette.snapshot.networks import NetworkMap, Source, own_networks
from vedette.snapshot.ranges import Ranges, build, decompose
from vedette.snapshot.ranges import write as write_map

__all__ = ["BusyError", "FeedKeeper"]

SIZE_MAX = 32 << 20
"""Bytes of a document, also once decompressed."""
TIMEOUT_S = 60.0
REDIRECTS = 3
AT_ONCE = 4
WAIT_S = 120.0
"""For another process that refreshes feeds."""
TOTAL_MAX = 2_000_000
"""Ranges of all feeds together."""
DATE_STEP_S = 6 * 3600.0
"""A map whose sources are younger by less is not written again for that alone."""


class BusyError(Exception):
    """Another process refreshes feeds and does not come to an end."""


class _Unchanged(Exception):
    """The source says that nothing is new."""


class FeedKeeper:
    """The feeds of a configuration and their files below ``<data>/gathered``.

    Args:
        config: Whose ``feeds``, ``networks`` and ``trusted_proxies`` count.
        data: The data directory.
        size_max: Bytes of a document.
        timeout_s: For one document, redirects included.
        tls: Whom to trust; the system's authorities by default.
    """

    def __init__(
        self,
        config: Config,
        data: Path,
        *,
        size_max: int = SIZE_MAX,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._gathered = data / FOLDER
        self._map = self._gathered / FILES["networks"].name
        self._store = Store(self._gathered)
        self._size_max, self._timeout_s, self._tls = size_max, timeout_s, tls
        self._tried: dict[str, FeedState] = {}
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Take over another configuration; :meth:`settle` or the next refresh then brings the map in line with it."""
        self.feeds: dict[str, Feed] = {feed.name: feed for feed in config.feeds}
        self._own = own_networks(config)
        self._tried = {name: state for name, state in self._tried.items() if name in self.feeds}

    def states(self) -> list[FeedState]:
        """Give what is known of each feed, in the order of the configuration."""
        return [self._state(feed) for feed in self.feeds.values()]

    def next_refresh(self, name: str) -> float:
        """Say when a feed is due, in Unix seconds; 0 for at once."""
        return next_refresh(self.feeds[name], self._state(self.feeds[name]))

    def due(self, now: float) -> list[str]:
        """Name the feeds that are to be refreshed now."""
        return [name for name in self.feeds if self.next_refresh(name) <= now]

    async def refresh(
        self,
        names: Sequence[str],
        now: float,
        *,
        accept: bool = False,
        told: Callable[[FeedState], None] | None = None,
    ) -> list[FeedState]:
        """Refresh feeds and build the map anew where something changed.

        Args:
            names: Of configured feeds.
            now: Unix seconds.
            accept: Take over changes that would be held back.
            told: Called with each feed's new state as soon as there is one.

        Raises:
            BusyError: Another process holds the feeds for longer than two minutes.
        """
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(feed: Feed) -> tuple[FeedState, bool]:
            async with gate:
                state, is_changed = await self._refresh_one(feed, now, accept)
            if told is not None:
                told(state)
            return state, is_changed

        deadline = asyncio.get_running_loop().time() + WAIT_S
        while True:
            try:
                with self._store.hold() as is_held:
                    if is_held:
                        done = await asyncio.gather(*(one(self.feeds[name]) for name in names if name in self.feeds))
                        await asyncio.to_thread(self._build, any(is_changed for _, is_changed in done))
                        return [state for state, _ in done]
            except OSError as error:
                unkept = [self._unkept(self.feeds[name], now, error) for name in names if name in self.feeds]
                if told is not None:
                    for state in unkept:
                        told(state)
                return unkept
            if asyncio.get_running_loop().time() > deadline:
                raise BusyError("another process refreshes feeds")
            await asyncio.sleep(0.2)

    def settle(self, now: float) -> bool:
        """Build the map anew where it is not what the configuration and the kept feeds make; say whether it was."""
        try:
            return self._build(False)
        except OSError:
            return False  # tried again with the next refresh

    # -- one feed ---------------------------------------------------------------------------------------------------

    def _state(self, feed: Feed) -> FeedState:
        kept = self._store.state(feed)
        tried = self._tried.get(feed.name)
        return tried if tried is not None and tried.identity == kept.identity and tried.checked > kept.checked else kept

    async def _refresh_one(self, feed: Feed, now: float, accept: bool) -> tuple[FeedState, bool]:
        before = self._state(feed)
        held = await asyncio.to_thread(self._store.ranges, feed)
        known = before if held is not None else structs.replace(before, etag="", last_modified="")
        is_changed = False
        try:
            data, answered = await self._document(feed, known)
            entries, cut, is_changed = await asyncio.to_thread(self._take, feed, data, held, accept)
            state = structs.replace(answered, state="ok", entries=entries, cut=cut)
        except _Unchanged:
            state = structs.replace(known, state="ok")
        except HeldBackError as error:
            return self._note(feed, structs.replace(before, state="held", error=_line(error), checked=now)), False
        except (FetchError, DocumentError) as error:
            return self._failed(feed, before, now, _line(error)), False
        except OSError as error:
            return self._failed(feed, before, now, f"cannot be kept, {error.strerror}"), False
        except Exception as error:  # a mistake of ours must cost one feed its update and nobody anything else
            return self._failed(feed, before, now, f"reading it failed, {type(error).__name__}"), False
        date = _modified(state.last_modified, now) if feed.kind == "blocklist" else now
        state = structs.replace(state, error="", failures=0, checked=now, confirmed=now, date=date)
        return self._note(feed, state), is_changed

    def _failed(self, feed: Feed, before: FeedState, now: float, error: str) -> FeedState:
        failures = before.failures + 1
        return self._note(feed, structs.replace(before, state="failed", error=error, failures=failures, checked=now))

    def _note(self, feed: Feed, state: FeedState) -> FeedState:
        """Keep a state, in memory where the disk does not take it."""
        self._tried[feed.name] = state
        try:
            self._store.keep_state(feed, state)
        except OSError as error:
            return self._unkept(feed, state.checked, error)
        return state

    def _unkept(self, feed: Feed, now: float, error: OSError) -> FeedState:
        before = self._state(feed)
        state = structs.replace(
            before,
            state="failed",
            error=f"cannot be kept, {f'{error.filename}: ' if error.filename else ''}{error.strerror}",
            failures=before.failures + 1,
            checked=now,
        )
        self._tried[feed.name] = state
        return state

    async def _document(self, feed: Feed, known: FeedState) -> tuple[bytes, FeedState]:
        """Fetch or open a document; also give the state with its validators. Raises ``_Unchanged``, FetchError."""
        if feed.url.startswith(FILE):
            return await asyncio.to_thread(self._open, Path(feed.url.removeprefix(FILE)), known)
        sent = {}
        if known.etag:
            sent["If-None-Match"] = known.etag
        if known.last_modified:
            sent["If-Modified-Since"] = known.last_modified
        answer = await fetch(
            feed.url,
            size_max=self._size_max,
            timeout_s=self._timeout_s,
            headers=sent,
            redirects=REDIRECTS,
            tls=self._tls,
        )
        if answer.status == 304 and sent:
            raise _Unchanged
        if answer.status != 200:
            raise FetchError(f"answered with status {answer.status}")
        validators = {
            "etag": _header(answer.headers.get("etag", "")),
            "last_modified": _header(answer.headers.get("last-modified", "")),
        }
        return self._unpacked(answer.body), structs.replace(known, **validators)

    def _open(self, path: Path, known: FeedState) -> tuple[bytes, FeedState]:
        try:
            etag = repr(files.stamp(path))
            if etag == known.etag:
                raise _Unchanged
            data = files.read(path, self._size_max)
        except OSError as error:
            raise FetchError(f"cannot be read, {error.strerror}") from None
        except ValueError:
            raise FetchError(f"larger than {self._size_max} bytes") from None
        return self._unpacked(data), structs.replace(known, etag=etag)

    def _unpacked(self, data: bytes) -> bytes:
        return inflate(data, self._size_max) if data.startswith(b"\x1f\x8b") else data

    def _take(self, feed: Feed, data: bytes, held: Ranges | None, accept: bool) -> tuple[int, int, bool]:
        """Read, judge and keep a document; give its entries, how many were cut, and whether anything changed."""
        ranges, cut = admit(feed, parse(feed, data), self._own)
        if held is not None and not accept:
            weigh(held, ranges)
        if ranges == held:
            return ranges.entries, cut, False
        self._store.keep_ranges(feed, ranges)
        return ranges.entries, cut, True

    # -- the map ----------------------------------------------------------------------------------------------------

    def _build(self, is_changed: bool) -> bool:
        """Write the map where it differs from what is there; say whether it did."""
        present = self._present()
        wanted = {feed.name: source_of(feed, self._state(feed)) for feed in self.feeds.values()}
        if present is None and not wanted:
            return False
        told = {source.name: source for source in present.sources if not source.is_shipped} if present else {}
        wanted = {name: source for name, source in wanted.items() if source.date}
        if present is not None and not is_changed and _is_alike(told, wanted):
            return False
        lists = self._lists(wanted, present)
        files.write(self._map, write_map(build([*_shipped_beside(lists), *lists])))
        return True

    def _present(self) -> NetworkMap | None:
        try:
            return NetworkMap.read(files.read(self._map, FILES["networks"].most))
        except (OSError, ValueError):
            return None

    def _lists(self, wanted: dict[str, Source], present: NetworkMap | None) -> list[tuple[Source, Ranges]]:
        """Gather the ranges of all feeds; one whose file is damaged is taken from the present map."""
        lists = []
        total = 0
        former = None
        for name, source in wanted.items():
            ranges = self._store.ranges(self.feeds[name])
            if ranges is None and present is not None:
                former = former or {old.name: found for old, found in decompose(present) if old.kind == source.kind}
                ranges = former.get(name)
            if ranges is not None and total + ranges.entries <= TOTAL_MAX:
                total += ranges.entries
                lists.append((source, ranges))
        return lists


def _shipped_beside(lists: Sequence[tuple[Source, Ranges]]) -> list[tuple[Source, Ranges]]:
    """Give what ships, but for what the feeds know better: exits of Tor, and ranges of the same robot."""
    better = {(source.kind, source.robot) for source, _ in lists if source.kind in ("tor", "robot")}
    return [entry for entry in decompose(NetworkMap.shipped()) if (entry[0].kind, entry[0].robot) not in better]


def _is_alike(told: dict[str, Source], wanted: dict[str, Source]) -> bool:
    if told.keys() != wanted.keys():
        return False
    return all(
        structs.replace(told[name], date=0.0, entries=0) == structs.replace(source, date=0.0, entries=0)
        and abs(told[name].date - source.date) < DATE_STEP_S
        for name, source in wanted.items()
    )


def _line(error: Exception) -> str:
    """One line without control characters, whatever of a document is repeated in it."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(error)[:300])


def _header(value: str) -> str:
    """Keep a validator only where it can be sent back."""
    return value if len(value) <= 1000 and value.isascii() and value.isprintable() else ""


def _modified(text: str, now: float) -> float:
    """Read the date of ``Last-Modified``; ``now`` where there is none, or one that is yet to come."""
    try:
        return min(now, parsedate_to_datetime(text).timestamp()) if text else now
    except (ValueError, OverflowError):
        return now
