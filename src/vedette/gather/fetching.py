"""Fetches one document over HTTP or HTTPS, small and bounded: total time, size, redirects, and where it may connect to.

The address that was checked is the address that is connected to, so that a name cannot answer twice. Every failure is a
:class:`FetchError` whose text is fit for an operator; nothing else is raised but cancellation.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import ssl
import zlib
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import urljoin, urlsplit

import httptools
from msgspec import Struct

__all__ = ["FetchError", "Fetched", "Resolve", "fetch", "inflate", "is_public"]

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Turns a host and port into IP addresses."""
CHUNK = 65_536
HEADER_BYTES = 65_536
ADDRESSES_TRIED = 3
REFUSED = tuple(map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
"""Public by number to some versions of Python, or to all: the machine's own host on Azure, protocol assignments (one of
them a metadata service), relays of 6to4, documentation."""
GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class FetchError(Exception):
    """A document could not be had; the text says why, in one line."""


class Fetched(Struct, frozen=True):
    """An answer.

    Attributes:
        headers: Names in lower case; a repeated one keeps its first value.
        body: Decoded where it came as ``Content-Encoding: gzip``.
        url: Where it came from in the end, after redirects.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    url: str


def is_public(address: str) -> bool:
    """Say whether an address is one on the open Internet, looking into the IPv6 forms that carry an IPv4 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and found in NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is None:
            return found in GLOBAL_V6 and found.is_global and not any(found in network for network in REFUSED)
        found = inner
    is_ordinary = found.is_global and not found.is_multicast and not found.is_reserved
    return is_ordinary and not any(found in network for network in REFUSED)


async def fetch(
    url: str,
    *,
    size_max: int,
    timeout_s: float,
    headers: Mapping[str, str] | None = None,
    redirects: int = 0,
    public_only: bool = False,
    tls: ssl.SSLContext | None = None,
    resolve: Resolve | None = None,
) -> Fetched:
    """Fetch a document with GET.

    Args:
        url: ``http://`` or ``https://``.
        size_max: Most bytes of the body, also after decoding.
        timeout_s: For everything together, redirects too.
        headers: Sent beside ``Host``, ``User-Agent``, ``Accept`` and ``Accept-Encoding``.
        redirects: How many are followed; one to another scheme never is.
        public_only: Refuse a host of which any address is not on the open Internet (no private, loopback, link-local,
            shared, multicast or reserved one, in no disguise).
        tls: Whom to trust; the system's authorities by default.
        resolve: Asks DNS; the system's resolver by default.

    Raises:
        FetchError: On any failure, a time-out and a redirect too many included. Any status below 300, 304, and any from
            400 on is an answer, not a failure.
    """
    try:
        async with asyncio.timeout(timeout_s):
            for _ in range(redirects + 1):
                found = await _get(url, size_max, headers or {}, public_only, tls, resolve or _system)
                if found.status not in (301, 302, 303, 307, 308):
                    return found
                url = _redirected(url, found.headers.get("location", ""))
    except TimeoutError:
        raise FetchError(f"took longer than {timeout_s:g} s") from None
    raise FetchError(f"redirected, to {_plain(url)}" if not redirects else f"redirected more than {redirects} times")


def inflate(data: bytes, size_max: int) -> bytes:
    """Decompress gzip, several members too, into at most ``size_max`` bytes; raises :class:`FetchError`."""
    out = bytearray()
    while data:
        member = zlib.decompressobj(wbits=31)
        try:
            out += member.decompress(data, size_max + 1 - len(out))
        except zlib.error:
            raise FetchError("not valid gzip") from None
        if len(out) > size_max:
            raise FetchError(f"larger than {size_max} bytes when decompressed")
        if not member.eof:
            raise FetchError("ends within its gzip stream")
        data = member.unused_data
        if not data.startswith(b"\x1f\x8b"):  # padding after the last member, as gzip itself allows
            break
    return bytes(out)


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    if not location or urlsplit(target).scheme != urlsplit(url).scheme:
        raise FetchError(f"redirected to another scheme, {_plain(target)}")
    return target


async def _system(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)  # 1: SOCK_STREAM
    return [str(place[4][0]) for place in found]


async def _addresses(host: str, port: int, public_only: bool, resolve: Resolve) -> list[str]:
    try:
        found = list(dict.fromkeys(await resolve(host, port)))
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise FetchError(f"the host {_plain(host)} was not found")
    if public_only and not all(is_public(address) for address in found):
        raise FetchError(f"the host {_plain(host)} has an address that is not public")
    return found[:ADDRESSES_TRIED]


async def _get(
    url: str, size_max: int, headers: Mapping[str, str], public_only: bool, tls: ssl.SSLContext | None, resolve: Resolve
) -> Fetched:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        host.encode("idna" if not host.isascii() else "ascii")
    except (ValueError, UnicodeError):
        raise FetchError("not a URL") from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise FetchError("not an http or https URL without user name")
    if any(not "!" <= letter <= "~" for letter in parts.path + parts.query):
        raise FetchError("not a URL, it has blanks or letters beyond ASCII")
    context = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
    problem = ""
    for address in await _addresses(host, port, public_only, resolve):
        try:
            reader, writer = await asyncio.open_connection(
                address, port, ssl=context, server_hostname=host if context else None, limit=CHUNK
            )
        except ssl.SSLError as error:
            told = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
            problem = f"TLS failed: {told}"
            continue
        except (OSError, ValueError) as error:
            number = getattr(error, "errno", None)
            problem = f"cannot be reached: {os.strerror(number) if number else 'connection failed'}"
            continue
        try:
            writer.write(_request(parts, host, headers))
            return await _read(reader, size_max, url)
        except OSError:
            raise FetchError("the connection broke") from None
        finally:
            writer.transport.abort()
    raise FetchError(problem)


def _request(parts: Any, host: str, headers: Mapping[str, str]) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    name = f"[{host}]" if ":" in host else host
    sent = {
        "Host": f"{name}:{parts.port}" if parts.port else name,
        "User-Agent": f"vedette/{version('vedette')}",
        "Accept": "*/*",
        "Accept-Encoding": "gzip",
        **headers,
        "Connection": "close",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items() if "\r" not in value and "\n" not in value)
    return f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace")


class _Answer:
    """Collects what the parser finds."""

    def __init__(self, size_max: int) -> None:
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.has_headers = False
        self.is_complete = False
        self.problem = ""
        self._size_max = size_max
        self._header_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > HEADER_BYTES:
            self.problem = "headers too large"
        elif not self.has_headers:  # what follows the body in chunks is no header
            self.headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        self.has_headers = True
        length = self.headers.get("content-length", "")
        if length.isdigit() and len(length) < 20 and int(length) > self._size_max:
            self.problem = f"larger than {self._size_max} bytes"

    def on_body(self, body: bytes) -> None:
        self.body += body
        if len(self.body) > self._size_max:
            self.problem = f"larger than {self._size_max} bytes"

    def on_message_complete(self) -> None:
        self.is_complete = True


async def _read(reader: asyncio.StreamReader, size_max: int, url: str) -> Fetched:
    answer = _Answer(size_max)
    parser = httptools.HttpResponseParser(answer)
    received = 0
    while not answer.is_complete and not answer.problem:
        data = await reader.read(CHUNK)
        if not data:
            is_framed = "content-length" in answer.headers or "transfer-encoding" in answer.headers
            if not answer.has_headers or is_framed:
                raise FetchError("the answer is cut short")
            break  # without a length, the end of the connection is the end of the body
        received += len(data)
        if not answer.has_headers and received > HEADER_BYTES + CHUNK:
            raise FetchError("headers too large")
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not answer.is_complete:
                raise FetchError("the answer is not HTTP") from None
    if answer.problem:
        raise FetchError(answer.problem)
    if parser.get_status_code() < 200:
        raise FetchError("an interim answer, which nobody asked for")
    body = bytes(answer.body)
    encoding = answer.headers.get("content-encoding", "identity").lower()
    if encoding in ("gzip", "x-gzip"):
        body = inflate(body, size_max)
    elif encoding != "identity":
        raise FetchError(f"in an encoding that was not asked for, {_plain(encoding)}")
    return Fetched(parser.get_status_code(), answer.headers, body, url)


def _plain(text: str) -> str:
    """Show a text from outside: short, without control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:200])
