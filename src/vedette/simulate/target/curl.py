"""Browsers and whoever looks like one: curl_cffi, with their handshake, and the header fields of the call alone."""

from __future__ import annotations

from typing import Any, get_args

from vedette.simulate.target.message import Answer, Message
from vedette.simulate.target.place import Place

__all__ = ["Curl"]


class Curl:
    """One client's connections.

    Args:
        source: Local address that they leave from; empty where the system chooses.
        impersonate: A target of curl_cffi; one that it does not know becomes the newest of its family.
    """

    def __init__(self, place: Place, source: str, impersonate: str, *, is_http1: bool, timeout_s: float) -> None:
        from curl_cffi import CurlOpt
        from curl_cffi.requests import AsyncSession

        options: dict[CurlOpt, Any] = {CurlOpt.PATH_AS_IS: 1}
        if place.host != place.address:
            address = f"[{place.address}]" if place.is_ipv6 else place.address
            options[CurlOpt.RESOLVE] = [f"{place.host}:{place.port}:{address}"]
        self._base = place.origin
        self._options, self._order = options, CurlOpt.HTTPHEADER_ORDER
        self._session: Any = AsyncSession(
            impersonate=_known(impersonate) or None,
            interface=source or None,
            verify=place.ca or False,  # type: ignore[arg-type]  # a file of authorities is understood, too
            timeout=timeout_s,
            allow_redirects=False,
            # No browser asks for HTTP/2 without TLS.
            http_version="v1" if is_http1 or place.scheme == "http" else None,
            default_headers=False,
            discard_cookies=True,
            trust_env=False,
        )

    async def send(self, message: Message) -> Answer:
        """Send a request; status 0 where no answer came."""
        from curl_cffi import CurlError

        size = 0

        def count(part: bytes) -> int:
            nonlocal size
            size += len(part)
            return len(part)

        # In the call's order: the newest targets would put the fields they know into an order of their own. Options are
        # read before the first wait, so that calls of one client that overlap do not disturb each other.
        names = ",".join(name for name, _ in message.headers)
        self._session.curl_options = self._options | ({self._order: names} if names else {})
        try:
            got = await self._session.request(
                message.method,
                self._base + message.target,
                headers=list(message.headers),
                data=message.body,
                content_callback=count,
                accept_encoding=None,
                quote=False,
            )
        except CurlError as error:
            return Answer(0, error=str(error).partition(" See https://")[0].rstrip("."))
        return Answer(got.status_code, {name.lower(): value or "" for name, value in got.headers.items()}, size)

    async def close(self) -> None:
        await self._session.close()


def _known(impersonate: str) -> str:
    """The target itself where curl_cffi has it, else its name without the version.

    >>> _known("chrome142"), _known("chrome9999"), _known("safari9999_ios"), _known("")
    ('chrome142', 'chrome', 'safari_ios', '')
    """
    from curl_cffi.requests.impersonate import BrowserTypeLiteral

    known = get_args(BrowserTypeLiteral)
    if not impersonate or impersonate in known:
        return impersonate
    family = "".join(letter for letter in impersonate if not letter.isdecimal())
    return family if family in known else "chrome"
