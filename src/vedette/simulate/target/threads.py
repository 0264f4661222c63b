"""Scripts that wait for each answer: requests, in a few threads that end with the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any

from vedette.simulate.target.message import Answer, Message
from vedette.simulate.target.place import Place

__all__ = ["Requests", "Threads"]

_READ_BYTES = 65_536
_Work = tuple[Callable[[], Answer], "asyncio.Future[Answer]"]


class Threads:
    """A bounded pool whose threads keep nobody waiting at the end: an answer that is still out is not missed."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._started = 0
        self._work: SimpleQueue[_Work | None] = SimpleQueue()

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Run ``work`` in a thread and return what it gave."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        if self._started < self._count:
            self._started += 1
            Thread(target=self._serve, args=(loop,), daemon=True, name=f"vedette-drill-{self._started}").start()
        self._work.put((work, future))
        return await future

    def close(self) -> None:
        for _ in range(self._started):
            self._work.put(None)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        while (item := self._work.get()) is not None:
            work, future = item
            if future.cancelled():
                continue
            try:
                answer = work()
            except Exception as error:
                tell: Callable[[], None] = _telling(future, error)
            else:
                tell = _telling(future, answer)
            try:
                loop.call_soon_threadsafe(tell)
            except RuntimeError:  # the drill is over
                return


def _telling(future: asyncio.Future[Answer], what: Answer | Exception) -> Callable[[], None]:
    def tell() -> None:
        if future.done():
            return
        if isinstance(what, Exception):
            future.set_exception(what)
        else:
            future.set_result(what)

    return tell


class Requests:
    """One client's connections; see :class:`~vedette.simulate.target.curl.Curl` for the arguments."""

    def __init__(self, place: Place, source: str, threads: Threads, *, timeout_s: float) -> None:
        import requests
        import urllib3
        from requests.adapters import HTTPAdapter

        if not place.ca:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        options: dict[str, Any] = {"source_address": (source, 0)} if source else {}
        if place.scheme == "https":
            # Connected to by address, but greeted and checked by name.
            options |= {"server_hostname": place.host, "assert_hostname": place.host if place.ca else False}
            options["ssl_context"] = place.context()

        class Bound(HTTPAdapter):
            def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
                super().init_poolmanager(connections, maxsize, block, **options, **more)

        address = f"[{place.address}]" if place.is_ipv6 else place.address
        self._base = f"{place.scheme}://{address}:{place.port}"
        self._authority = place.authority
        self._verify: str | bool = place.ca or False
        self._threads = threads
        self._timeout_s = timeout_s
        self._request = requests.Request
        self._failures = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)
        self._adapter = Bound(pool_connections=1, pool_maxsize=6)

    async def send(self, message: Message) -> Answer:
        """Send a request; status 0 where no answer came."""
        return await self._threads.run(lambda: self._send(message))

    def _send(self, message: Message) -> Answer:
        from urllib3.util import SKIP_HEADER

        try:
            made: Any = self._request(message.method, self._base + message.target, data=message.body).prepare()
            made.url = self._base + message.target  # as it is, with whatever dots it has
            made.headers.clear()
            names = {name.lower() for name, _ in message.headers}
            if "host" not in names:
                made.headers["Host"] = self._authority
            for name, value in message.headers:
                made.headers[name] = value
            for name in ("User-Agent", "Accept-Encoding"):  # or urllib3 puts in its own
                if name.lower() not in names:
                    made.headers[name] = SKIP_HEADER
            got = self._adapter.send(made, stream=True, timeout=self._timeout_s, verify=self._verify)
            try:
                size = sum(len(part) for part in got.raw.stream(_READ_BYTES, decode_content=False))
            finally:
                got.close()
            return Answer(got.status_code, {name.lower(): value for name, value in got.headers.items()}, size)
        except self._failures as error:
            return Answer(0, error=str(error))

    async def close(self) -> None:
        self._adapter.close()
