"""Fetches public keys: key directories of agents (Web Bot Auth) and key sets of issuers, each within narrow bounds.

Only what the operator named is fetched, unless ``good_bots.discover`` is set. A request can cause a fetch, so it must
not be able to choose where to, how often, or how much (draft-ietf-webbotauth-httpsig-protocol, security considerations;
OWASP, server-side request forgery).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

from msgspec.structs import replace

from vedette.config.key_files import FILE
from vedette.config.schema import Config, Rate
from vedette.gather.fetching import Fetched, FetchError, Resolve, fetch
from vedette.gather.inquiries import Budget, Budgets, Result
from vedette.snapshot.findings import Inquiry
from vedette.snapshot.keys import KeySet, KeySets, directory_url, parse_keys, sources_of

__all__ = ["Directories"]

KeyKind = Literal["directory", "jwks"]
SIZE_BYTES = 65_536
TIMEOUT_S = 2.0
REFRESH_S = 3600.0
AGAIN_S, LONGEST_S = 60.0, 300.0
"""Wait after a first failure, and the longest after many."""
DISCOVERED = 256
A_HOST = Rate(1, 60.0)
IN_ALL, BURST = Rate(30, 60.0), 10
_DIRECTORY = "application/http-message-signatures-directory+json"
_KEY_SETS = ("application/jwk-set+json", "application/json")


class Directories:
    """Keeps the keys of configured sources, and of others that requests name where that is wanted.

    Args:
        known: Keys that were there before.
        loopback: Whether agents' directories may be on this machine, on any port; for tests.
    """

    def __init__(
        self,
        known: KeySets | None = None,
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        loopback: bool = False,
    ) -> None:
        self.counts = {"fetched": 0, "failed": 0}
        self.is_changed = False
        self._sets: dict[str, KeySet] = {one.source: one for one in (known or KeySets()).all()}
        self._wanted: dict[str, KeyKind] = {}
        self._discovers = False
        self._loopback = loopback
        self._next: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._under_way: dict[str, asyncio.Future[bool]] = {}
        self._hosts = Budgets(A_HOST, 1)
        self._all = Budget(IN_ALL, BURST)
        self._get = partial(fetch, size_max=SIZE_BYTES, timeout_s=TIMEOUT_S, tls=tls, resolve=resolve)

    def configure(self, config: Config, now: float) -> None:
        """Take the sources of a configuration; what is neither named in it nor discovered any more is forgotten."""
        self._wanted = {
            source: "directory" if kind == "directory" else "jwks"
            for source, kind in sources_of(config)
            if not source.startswith(FILE)
        }
        self._discovers = config.good_bots.discover
        for source in list(self._sets):
            if source not in self._wanted and not self._discovers:
                self._forget(source)
        for source in self._wanted:
            known = self._sets.get(source)
            self._next.setdefault(source, known.fetched + REFRESH_S if known is not None and known.fetched else now)

    def snapshot(self) -> KeySets:
        """Give all keys that are known."""
        return KeySets(self._sets)

    def due(self, now: float) -> tuple[str, ...]:
        """Give the configured sources whose time has come, and forget what was discovered too long ago."""
        for source, one in list(self._sets.items()):
            if source not in self._wanted and max(one.fetched, one.failed) + REFRESH_S <= now:
                self._forget(source)
        return tuple(source for source in self._wanted if self._next.get(source, 0.0) <= now)

    async def refresh(self, source: str, now: float) -> bool:
        """Fetch one source; who asks while that is under way gets the same answer. Say whether it worked."""
        open_one = self._under_way.get(source)
        if open_one is not None:
            return await asyncio.shield(open_one)
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._under_way[source] = future
        worked = False
        try:
            worked = await self._fetch(source, self._wanted.get(source, "directory"), now)
        finally:
            del self._under_way[source]
            future.set_result(worked)
        return worked

    async def answer(self, inquiry: Inquiry, now: float) -> Result:
        """Answer a question of the engine."""
        source = inquiry.subject
        if inquiry.kind == "directory" and source not in self._wanted:
            source = directory_url(source)
        host = _host(source, is_any_port=self._loopback)
        if source not in self._wanted and not (self._discovers and inquiry.kind == "directory" and host):
            return "unwanted"
        if now < self._next.get(source, 0.0) and self._failures.get(source):
            return "known"
        if not self._hosts.spend(host or source, now) or not self._all.spend(now):
            return "over_budget"
        await self.refresh(source, now)
        return "answered"

    async def _fetch(self, source: str, kind: KeyKind, now: float) -> bool:
        known = self._sets.get(source, KeySet(source))
        is_own_word = kind == "jwks"
        try:
            if not source.startswith("https://"):
                raise FetchError("not fetched: use https")
            public_only = not (is_own_word or self._loopback)
            fetched = await self._get(source, headers={"Accept": _accept(kind)}, public_only=public_only)
            note = _check(fetched, kind)
            keys = parse_keys(fetched.body)
        except (FetchError, ValueError) as error:
            self.counts["failed"] += 1
            failures = self._failures[source] = self._failures.get(source, 0) + 1
            self._next[source] = now + min(AGAIN_S * 2.0 ** (min(failures, 8) - 1), LONGEST_S)
            self._put(replace(known, failed=now, error=str(error)[:300]))
            return False
        self.counts["fetched"] += 1
        self._failures.pop(source, None)
        self._next[source] = now + REFRESH_S
        self._put(KeySet(source, keys, fetched=now, note=note))
        return True

    def _put(self, one: KeySet) -> None:
        """Keep a set; of those that nobody configured, the ones that came last."""
        self._sets.pop(one.source, None)
        self._sets[one.source] = one
        self.is_changed = True
        discovered = [source for source in self._sets if source not in self._wanted]
        for source in discovered[: max(0, len(discovered) - DISCOVERED)]:
            self._forget(source)

    def _forget(self, source: str) -> None:
        self._sets.pop(source, None)
        self._next.pop(source, None)
        self._failures.pop(source, None)
        self.is_changed = True


def _host(source: str, *, is_any_port: bool) -> str:
    """Give the host of an https URL on its own port, or an empty text."""
    try:
        parts = urlsplit(source)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme != "https" or (port not in (None, 443) and not is_any_port):
        return ""
    return parts.hostname or ""


def _accept(kind: KeyKind) -> str:
    return ", ".join((_DIRECTORY, *_KEY_SETS) if kind == "directory" else _KEY_SETS)


def _check(fetched: Fetched, kind: KeyKind) -> str:
    """Judge status and type; give a note where they are odd and tolerated, raise FetchError where they are not."""
    if fetched.status != 200:
        raise FetchError(f"answered with status {fetched.status}")
    media_type = _plain_type(fetched.headers)
    if kind == "directory" and media_type == _DIRECTORY:
        return ""
    if media_type not in _KEY_SETS:
        wanted = _DIRECTORY if kind == "directory" else _KEY_SETS[0]
        raise FetchError(f"of type {media_type[:60] or 'unknown'}, use {wanted}")
    return f"of type {media_type}, should be {_DIRECTORY}" if kind == "directory" else ""


def _plain_type(headers: Mapping[str, str]) -> str:
    value = headers.get("content-type", "").partition(";")[0].strip().lower()
    return "".join(letter for letter in value if letter.isprintable())
