"""Where a drill fires: one URL, resolved once, and whether it is on this machine.

The address is pinned: every connection goes to the one that was looked at, whatever the name resolves to later. Each
simulated address becomes a loopback address of its own on a loopback target, so that who shares an address there still
shares one.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import urlsplit

from msgspec import Struct

from vedette.errors import ConfigError

__all__ = ["Place", "can_bind", "find_place", "source_of"]

_SOURCES = 254 * 256 * 254
_PROBE = "127.77.66.55"


class Place(Struct, frozen=True, kw_only=True):
    """A target.

    Attributes:
        address: The IP address that its name had when we looked, the only one that is connected to.
        is_loopback: All addresses of the name are of this machine alone.
        ca: File of the certificate authorities that are believed; empty where certificates are not looked at.
    """

    scheme: str
    host: str
    port: int
    address: str
    is_loopback: bool
    ca: str = ""

    @property
    def authority(self) -> str:
        """What clients put into ``Host``: without the port where that is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.address

    def context(self) -> ssl.SSLContext:
        """What certificates must show; nothing on a loopback target without ``ca``."""
        context = ssl.create_default_context(cafile=self.ca or None)
        if not self.ca:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def find_place(url: str, ca: str = "") -> Place:
    """Resolve a URL. Raises :class:`ConfigError` where it is none, or cannot be resolved, or ``ca`` cannot be read."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError([f"--target: not a URL, {url[:80]!r}, write one such as http://127.0.0.1:8080"]) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ConfigError([f"--target: not a URL, {url[:80]!r}, write one such as http://127.0.0.1:8080"])
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError(
            ["--target: more than scheme, host and port, calls have paths of their own, leave the rest out"]
        )
    port = port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or error
        raise ConfigError([f"--target: cannot be resolved, {parts.hostname[:80]!r}, {said}"]) from None
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    is_loopback = all(_is_loopback(address) for address in addresses)
    return Place(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port,
        # On IPv4 a loopback target can be met from many addresses.
        address=min(addresses, key=lambda address: ":" in address) if is_loopback else addresses[0],
        is_loopback=is_loopback,
        ca=_authorities(ca, is_loopback),
    )


def _is_loopback(text: str) -> bool:
    """Whether an address is 127.0.0.0/8 or ::1; one that only maps to such is not."""
    address = ipaddress.ip_address(text)
    return address in ipaddress.ip_network("127.0.0.0/8") if address.version == 4 else str(address) == "::1"


def _authorities(given: str, is_loopback: bool) -> str:
    if not given and is_loopback:
        return ""
    paths = ssl.get_default_verify_paths()
    system = (os.environ.get("SSL_CERT_FILE", ""), paths.cafile or "", "/etc/ssl/certs/ca-certificates.crt")
    for candidate in (given,) if given else (*system, "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"):
        if candidate and os.access(candidate, os.R_OK):
            try:
                ssl.create_default_context(cafile=candidate)
            except ssl.SSLError:
                raise ConfigError([f"--ca: holds no certificates, {candidate!r}, give a PEM file"]) from None
            return candidate
    if given:
        raise ConfigError([f"--ca: cannot be read, {given!r}, give a PEM file"])
    raise ConfigError(["--ca: no certificate authorities, the system has none, install ca-certificates or give a file"])


@lru_cache(maxsize=65_536)
def source_of(address: str) -> str:
    """Give the loopback address that stands for a simulated one; two share one about once in 16 million pairs.

    >>> source_of("203.0.113.9"), source_of("2001:db8::1")
    ('127.236.44.184', '127.17.75.7')
    """
    digest = blake2b(address.encode(), key=b"vedette drill source", digest_size=8).digest()
    rest, last = divmod(int.from_bytes(digest, "big") % _SOURCES, 254)
    first, middle = divmod(rest, 256)
    return f"127.{first + 1}.{middle}.{last + 1}"


def can_bind() -> bool:
    """Whether all of 127.0.0.0/8 is this machine's, as on Linux; elsewhere usually one address is."""
    with socket.socket() as probe:
        try:
            probe.bind((_PROBE, 0))
        except OSError:
            return False
    return True
