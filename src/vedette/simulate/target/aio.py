"""Scripts on asyncio: aiohttp as such a script would use it, with the header fields of the call alone."""

from __future__ import annotations

import socket
from typing import Any

from vedette.simulate.target.message import Answer, Message
from vedette.simulate.target.place import Place

__all__ = ["Aio"]

_READ_BYTES = 65_536
_AUTOMATIC = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Aio:
    """One client's connections; see :class:`~vedette.simulate.target.curl.Curl` for the arguments."""

    def __init__(self, place: Place, source: str, *, timeout_s: float) -> None:
        import aiohttp
        from aiohttp.abc import AbstractResolver, ResolveResult

        class Pinned(AbstractResolver):
            async def resolve(
                self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
            ) -> list[ResolveResult]:
                kind = socket.AF_INET6 if place.is_ipv6 else socket.AF_INET
                found = ResolveResult(
                    hostname=host, host=place.address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST
                )
                return [found]

            async def close(self) -> None:
                """Nothing is held."""

        self._base = place.origin
        self._session: Any = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                local_addr=(source, 0) if source else None,
                ssl=place.context() if place.scheme == "https" else False,
                resolver=Pinned(),
                limit=6,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            auto_decompress=False,
            skip_auto_headers=_AUTOMATIC,
            trust_env=False,
        )

    async def send(self, message: Message) -> Answer:
        """Send a request; status 0 where no answer came."""
        from aiohttp import ClientError
        from yarl import URL

        try:
            async with self._session.request(
                message.method,
                URL(self._base + message.target, encoded=True),
                headers=message.headers,
                data=message.body,
                allow_redirects=False,
            ) as got:
                size = 0
                async for part in got.content.iter_chunked(_READ_BYTES):
                    size += len(part)
                return Answer(got.status, {name.lower(): value for name, value in got.headers.items()}, size)
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            return Answer(0, error=str(error) or type(error).__name__)

    async def close(self) -> None:
        await self._session.close()
