"""The fingerprint of a TLS handshake: read a ClientHello, and write it as JA4 or JA3.

JA4 alone, of the FoxIO suite, is BSD-3-Clause without patent claims; nothing else of that suite is here. The bytes come
from the network, so every length is checked against what is there: a hello that lies is a ``ValueError``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

__all__ = ["Hello", "is_grease", "ja3", "ja4", "ja4_stable", "parse"]

_LONGEST = 1 << 16
_SERVER_NAME, _GROUPS, _FORMATS, _SIGNATURES, _ALPN, _PADDING = 0, 10, 11, 13, 16, 21
_RESUMPTION, _VERSIONS = 41, 43
_NAMES = {
    0x0304: "13",
    0x0303: "12",
    0x0302: "11",
    0x0301: "10",
    0x0300: "s3",
    0x0002: "s2",
    0xFEFF: "d1",
    0xFEFD: "d2",
    0xFEFC: "d3",
}
_ABSENT = "0" * 12


class Hello(Struct, frozen=True, kw_only=True):
    """What a ClientHello offers, each list in the order of the wire, GREASE included.

    Attributes:
        version: The hello's own ``legacy_version``, not that of the record around it.
        curves: Supported groups.
        alpn: Protocol names as bytes, since nothing says that they are text.
        has_sni: Whether a server name is sent.
    """

    version: int
    ciphers: tuple[int, ...] = ()
    extensions: tuple[int, ...] = ()
    curves: tuple[int, ...] = ()
    point_formats: tuple[int, ...] = ()
    signature_algorithms: tuple[int, ...] = ()
    supported_versions: tuple[int, ...] = ()
    alpn: tuple[bytes, ...] = ()
    has_sni: bool = False


def is_grease(value: int) -> bool:
    """Tell the values that mean nothing and are sent so that servers learn to ignore such (RFC 8701)."""
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


def parse(data: bytes) -> Hello:
    """Read a ClientHello from the TLS records that carry it.

    Raises:
        ValueError: It is no ClientHello, is cut short, or is longer than 64 KiB.
    """
    if len(data) > _LONGEST:
        raise ValueError("hello is longer than 64 KiB")
    message = _Reader(_records(data))
    if message.number(1) != 1:
        raise ValueError("not a ClientHello")
    hello = _Reader(message.take(message.number(3)))
    version = hello.number(2)
    hello.take(32)  # random
    hello.take(hello.number(1))  # session id
    ciphers = hello.block(2).numbers(2)
    hello.take(hello.number(1))  # compression methods
    fields: dict[str, Any] = {"version": version, "ciphers": ciphers}
    return Hello(**fields) if hello.is_done else _with_extensions(fields, hello.block(2))


def _records(data: bytes) -> bytes:
    """Join the handshake fragments of successive records."""
    records, found = _Reader(data), b""
    while not records.is_done:
        if records.number(1) != 22:
            raise ValueError("not a handshake record")
        records.take(2)  # version of the record layer
        found += records.take(records.number(2))
        if len(found) >= 4 and len(found) >= 4 + int.from_bytes(found[1:4]):
            return found
    raise ValueError("hello is cut short")


def _with_extensions(fields: dict[str, Any], block: _Reader) -> Hello:
    extensions = []
    while not block.is_done:
        kind = block.number(2)
        body = block.block(2)
        if kind in extensions:
            raise ValueError(f"extension {kind} is sent twice")
        extensions.append(kind)
        if kind == _GROUPS:
            fields["curves"] = body.block(2).numbers(2)
        elif kind == _FORMATS:
            fields["point_formats"] = body.block(1).numbers(1)
        elif kind == _SIGNATURES:
            fields["signature_algorithms"] = body.block(2).numbers(2)
        elif kind == _VERSIONS:
            fields["supported_versions"] = body.block(1).numbers(2)
        elif kind == _ALPN:
            names, found = body.block(2), []
            while not names.is_done:
                found.append(names.take(names.number(1)))
            fields["alpn"] = tuple(found)
    return Hello(**fields, extensions=tuple(extensions), has_sni=_SERVER_NAME in extensions)


class _Reader:
    """Bytes, read from the front; asking for more than there is raises ``ValueError``."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def is_done(self) -> bool:
        return self._at == len(self._data)

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise ValueError("hello is cut short")
        found, self._at = self._data[self._at : end], end
        return found

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def block(self, size: int) -> _Reader:
        """Read a length of ``size`` bytes, and what has that length."""
        return _Reader(self.take(self.number(size)))

    def numbers(self, size: int) -> tuple[int, ...]:
        """Read all that is left as numbers of ``size`` bytes."""
        rest = self.take(len(self._data) - self._at)
        if len(rest) % size:
            raise ValueError("list is cut short")
        return tuple(int.from_bytes(rest[at : at + size]) for at in range(0, len(rest), size))


def ja4(hello: Hello, transport: Literal["t", "q", "d"] = "t") -> str:
    """Write a hello as JA4: what it is, then its ciphers, then its extensions and signature algorithms.

    >>> ja4(Hello(version=0x0303, ciphers=(0x1301,), extensions=(0x002B,), supported_versions=(0x0A0A, 0x0304)))
    't13i010100_0f2cb44170f4_b9a491fefe05'
    """
    return _written(hello, transport, frozenset())


def ja4_stable(hello: Hello, transport: Literal["t", "q", "d"] = "t") -> str:
    """Write a hello as JA4 without what comes and goes between handshakes of one client.

    That is resumption, padding, and the GREASE among the signature algorithms of Chromium since 152, of which there are
    sixteen. No edge writes this form: where only a JA4 is known, :func:`vedette.collect.fingerprint.stable_ja4` is all
    that can be had of it.
    """
    return _written(hello, transport, frozenset({_RESUMPTION, _PADDING}))


def _written(hello: Hello, transport: str, without: frozenset[int]) -> str:
    ciphers = [value for value in hello.ciphers if not is_grease(value)]
    extensions = [value for value in hello.extensions if not is_grease(value) and value not in without]
    versions = [value for value in hello.supported_versions if not is_grease(value)]
    version = _NAMES.get(max(versions, default=hello.version), "00")
    sni = "d" if hello.has_sni else "i"
    counts = f"{min(len(ciphers), 99):02}{min(len(extensions), 99):02}"
    first = f"{transport}{version}{sni}{counts}{_ends(hello.alpn[0] if hello.alpn else b'')}"
    inner = sorted(value for value in extensions if value not in {_SERVER_NAME, _ALPN})
    # Envoy and FoxIO's own code leave GREASE in here, so that it varies
    signatures = _hex(value for value in hello.signature_algorithms if not without or not is_grease(value))
    last = _hex(inner) + (f"_{signatures}" if signatures else "")
    return f"{first}_{_digest(_hex(sorted(ciphers)))}_{_digest(last) if extensions else _ABSENT}"


def _ends(name: bytes) -> str:
    """Give the first and last character of a protocol name, of its hexadecimal form where they are no characters."""
    if not name:
        return "00"
    ends = name[:1] + name[-1:]
    return ends.decode() if ends.isalnum() else name.hex()[0] + name.hex()[-1]


def _hex(values: Iterable[int]) -> str:
    return ",".join(f"{value:04x}" for value in values)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else _ABSENT


def ja3(hello: Hello) -> tuple[str, str]:
    """Write a hello as JA3, and give its MD5 too.

    >>> ja3(Hello(version=769, ciphers=(47, 53), extensions=(0, 10), curves=(23,), point_formats=(0,)))[0]
    '769,47-53,0-10,23,0'
    """
    lists = (hello.ciphers, hello.extensions, hello.curves)
    parts = ["-".join(str(value) for value in values if not is_grease(value)) for values in lists]
    formats = "-".join(str(value) for value in hello.point_formats)
    text = f"{hello.version},{','.join(parts)},{formats}"
    return text, hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
