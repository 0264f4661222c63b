"""The trust boundary: the only place where a client's word about its address, path and headers is weighed.

A header that names the client is believed only from a trusted proxy, and then from the right: the last address that is
not itself a trusted proxy (RFC 7239, section 8.1, says why the left end is the client's to forge). Paths are matched in
a normal form, so that ``//``, ``/./``, ``;x=1`` and escapes do not lead around a rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import unquote

from msgspec import Struct

from vedette.types import Headers, Request

__all__ = [
    "CACHED_LENGTH",
    "Address",
    "TrustedProxies",
    "kind_of_four",
    "normal_path",
    "read_address",
    "read_four",
    "read_headers",
    "spelled",
]

MAX_HEADERS = 128
MAX_VALUE = 8192
MAX_PATH = 4096
MAX_RAW_PATH = 16_384
MAX_HOPS = 20
CACHED_NAMES = 1024
CACHED_LENGTH = 256
"""Longer texts are computed anew each time, so that a cache of thousands stays within a few megabytes."""
_FORWARDED_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[^",;]+|[,;"]', re.DOTALL)
"""Of a Forwarded header (RFC 7239, section 4): a quoted string, other text, a separator, or a quote that never ends."""
_DOTS = re.compile(r"/\.(?=/|$)")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}")
_SLASHES = re.compile(r"/{2,}")
_PARAMETERS = re.compile(r";[^/]*")


class Address(Struct, frozen=True, gc=False):
    """A client address as state is kept for it.

    Attributes:
        key: What is hashed: an IPv4 address, an IPv6 /64, or the opaque text.
        network: The /24 or /48, or empty for opaque text.
        kind: ``public``, ``private`` (loopback too), or ``opaque``.
    """

    key: str
    network: str
    kind: str


def read_address(text: str) -> Address:
    """Read an address; what is not one stays opaque, cut at 256 characters.

    >>> read_address("2001:db8:1:2::77").key
    '2001:db8:1:2::/64'
    >>> read_address("::ffff:192.0.2.7").key
    '192.0.2.7'
    """
    four = read_four(text)
    if four is not None:
        return Address(text, text.rpartition(".")[0] + ".0/24", kind_of_four(four))
    text = text[:256].strip()
    try:
        parsed = ip_address(text.split("%", 1)[0])
    except ValueError:
        return Address(text, "", "opaque")
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return read_address(str(parsed.ipv4_mapped))
    if parsed.version == 4:
        return Address(text, "", "opaque")
    kind = "private" if parsed.is_private or parsed.is_loopback else "public"
    return Address(str(ip_network((parsed, 64), strict=False)), str(ip_network((parsed, 48), strict=False)), kind)


def read_four(text: str) -> int | None:
    """Read the usual form of an IPv4 address as a number, or give ``None``.

    >>> read_four("192.0.2.7"), read_four("192.0.2.07"), read_four("::1")
    (3221225991, None, None)
    """
    if _IPV4.fullmatch(text) is None:
        return None
    first, second, third, last = text.split(".")
    return int(first) << 24 | int(second) << 16 | int(third) << 8 | int(last)


def kind_of_four(number: int) -> str:
    """Say whether an IPv4 address is ``private`` (loopback and link-local, too) or ``public``."""
    first, second = number >> 24, number >> 16
    if first in (10, 127) or second in (0xC0A8, 0xA9FE) or second >> 4 == 0xAC1:
        return "private"
    return "public"


def normal_path(path: str) -> str:
    """Give the form of a path in which it is matched, cut at 4096 characters.

    Cut afterwards: a path must not get longer than what is looked at by what it loses here (``;x=…``, ``//``). Of more
    than 16 KiB as received only so much is looked at.

    >>> normal_path("//api/./a/../Login;x=1/")
    '/api/Login'
    """
    return _remembered(path) if len(path) <= CACHED_LENGTH else _normal_path(path[:MAX_RAW_PATH])


def _normal_path(path: str) -> str:
    path = unquote(path, errors="replace")
    if ";" in path:
        path = _PARAMETERS.sub("", path)
    path = path.replace("\\", "/")
    path = _SLASHES.sub("/", path if path.startswith("/") else "/" + path)
    if "/." in path:
        path = _DOTS.sub("", path)
        parts: list[str] = []
        for part in path.split("/"):
            if part == "..":
                if len(parts) > 1:
                    parts.pop()
            else:
                parts.append(part)
        path = "/".join(parts)
    return path[:MAX_PATH].rstrip("/") or "/"


_remembered = lru_cache(maxsize=8192)(_normal_path)


def read_headers(headers: Headers | None) -> tuple[tuple[str, ...] | None, dict[str, str]]:
    """Give the names in their order, and the first value of each; names in lower case, at most 128 headers.

    Doors bound the size of all headers together (64 KiB), so values are not cut here. Names are ``None`` where the door
    does not know the headers.
    """
    if headers is None:
        return None, {}
    if len(headers) > MAX_HEADERS:
        headers = headers[:MAX_HEADERS]
    received = tuple([name for name, _ in headers])
    is_kept = len("".join(received)) <= CACHED_NAMES
    names, is_lower = _lowered(received) if is_kept else _lower(received)
    values = dict(headers)
    if len(values) < len(headers) or not is_lower:
        values = dict(zip(names[::-1], [value for _, value in headers[::-1]], strict=True))
    return names, values


def _lower(names: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Give names in lower case, and whether they were before, as behind every edge."""
    lower = tuple([name.lower() for name in names])
    return lower, lower == names


_lowered = lru_cache(maxsize=4096)(_lower)


def spelled(headers: Headers | None, names: tuple[str, ...]) -> tuple[str, ...]:
    """Give the names as they were received, where their case was kept; else nothing.

    >>> spelled((("Host", "a"), ("user-agent", "b")), ("host", "user-agent"))
    ('Host', 'user-agent')
    """
    if not headers or (headers[0][0] == names[0] and headers[len(names) // 2][0] == names[len(names) // 2]):
        return ()  # most often all are lower case: two of them tell it
    received = tuple([name for name, _ in headers[:MAX_HEADERS]])
    return received if received != names else ()


class TrustedProxies:
    """Whose word about the client is believed, and in which header it is given.

    Args:
        networks: CIDRs of trusted proxies.
        header: The header that they set, lower case; empty or ``proxy_protocol``: none is read.
    """

    def __init__(self, networks: tuple[str, ...], header: str) -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(
            ip_network(text, strict=False) for text in networks
        )
        self._header = header if header != "proxy_protocol" else ""
        self._is_trusted = lru_cache(maxsize=16_384)(self._lookup)

    def _lookup(self, text: str) -> bool:
        try:
            parsed = ip_address(text)
        except ValueError:
            return False
        if parsed.version == 6 and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._networks if network.version == parsed.version)

    def trusts(self, peer: str) -> bool:
        """Say whether a peer is one of the trusted proxies."""
        return bool(self._networks) and self._is_trusted(peer)

    def client_of(self, request: Request, values: Mapping[str, str]) -> str:
        """Give the client's address: the peer's, or what a trusted peer says."""
        peer = request.client_address
        if request.peer_is_client or not self._header or not self.trusts(peer):
            return peer
        if self._header not in ("x-forwarded-for", "forwarded"):
            claimed = _without_port(self._last(request).strip())
            return claimed if _is_address(claimed) else peer
        lines = [value for name, value in (request.headers or ()) if name.lower() == self._header]
        # what is too long loses its beginning: the end is what the proxy nearest to us has added
        if self._header == "forwarded":
            hops = [hop for line in lines[-MAX_HOPS:] for hop in _forwarded_hops(line[-MAX_VALUE:])]
        else:
            hops = [hop.strip() for hop in ",".join(lines)[-MAX_VALUE:].split(",")]
        for hop in reversed(hops[-MAX_HOPS:]):
            address = _without_port(hop)
            if not _is_address(address):
                return peer
            if not self._is_trusted(address):
                return address
        return peer

    def _last(self, request: Request) -> str:
        """Give the header's last value: what the proxy has added stands behind what a client may have sent."""
        said = ""
        for name, value in request.headers or ():
            if name.lower() == self._header:
                said = value
        return said


def _forwarded_hops(line: str) -> list[str]:
    """Give the ``for`` of each element of one Forwarded line, empty where an element has none.

    A quote that never ends makes the rest one hop, and nobody's: what stands there cannot be told apart from what a
    client wrote.

    >>> _forwarded_hops('for=192.0.2.1;host="a;for=6.6.6.6", for="[2001:db8::1]:47", for=_hidden')
    ['192.0.2.1', '[2001:db8::1]:47', '_hidden']
    """
    hops: list[str] = []
    pair = address = ""
    for found in _FORWARDED_PIECE.finditer(line):  # one by one: each quote that never ends would cost the whole line
        piece = found[0]
        if piece == '"':
            return [*hops, ""]
        if piece not in (",", ";"):
            pair += piece
            continue
        address = _for(pair) or address
        pair = ""
        if piece == ",":
            hops.append(address)
            address = ""
    return [*hops, _for(pair) or address]


def _for(pair: str) -> str:
    name, _, value = pair.strip().partition("=")
    if name.lower() != "for":
        return ""
    return value.strip('"').replace("\\", "") if value.startswith('"') else value


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].split("]", 1)[0]
    if text.count(":") == 1:
        return text.split(":", 1)[0]
    return text


@lru_cache(maxsize=16_384)
def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
