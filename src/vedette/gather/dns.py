"""Asks DNS whether an address belongs to the crawler that it claims to be: forward-confirmed reverse DNS.

The names of the address (PTR) are looked up; one of them has to lie below a domain of the crawler's operator, and that
name has to lead back to the address (A or AAAA). Whoever owns an address can give it any name, but only the operator of
a domain can let a name below it lead anywhere. That an address is *forged* is said only where every answer was a clear
one, and where the resolver has shown that it knows the reverse tree and the operator's domain at all; a resolver that
is broken, filtered or slow leaves the claim unverifiable.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from typing import Any

import aiodns
import pycares

from vedette.snapshot.findings import Standing

__all__ = ["KEEP_S", "Names", "Unsure", "confirm", "lies_below"]

KEEP_S: dict[Standing, float] = {"verified": 86_400.0, "forged": 3_600.0, "unverifiable": 300.0}
"""Seconds for which an answer counts."""
TRIED = 5
"""Names of one address that are followed."""
LINKS = 8
"""Aliases (CNAME) that are followed from one name."""
WAIT_S, TRIES = 1.0, 2
WHOLE_S = 6.0
PROBE_S = {True: 3_600.0, False: 60.0}
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}")
_NOTHING = (aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA)
_TYPES = {"A": pycares.ARecordData, "AAAA": pycares.AAAARecordData, "PTR": pycares.PTRRecordData}


class Unsure(Exception):
    """DNS gave no clear answer: a time-out, a failure of a server, or something that is no answer."""


def lies_below(name: str, suffixes: Sequence[str]) -> bool:
    """Say whether a name (lower case, no trailing dot) lies below one of some domains; labels are compared whole.

    >>> lies_below("crawl-1.googlebot.com", ["googlebot.com"]), lies_below("evilgooglebot.com", ["googlebot.com"])
    (True, False)
    """
    return any(name.endswith(f".{suffix}") for suffix in suffixes)


class Names:
    """A resolver.

    Args:
        servers: ``IP:port`` each; none: those of the system.
        wait_s: Seconds that one server has for one try.
    """

    def __init__(self, servers: Sequence[str] = (), *, wait_s: float = WAIT_S) -> None:
        flags = pycares.ARES_FLAG_NOSEARCH | pycares.ARES_FLAG_EDNS
        self._resolver = aiodns.DNSResolver(servers or None, timeout=wait_s, tries=TRIES, flags=flags)
        self._probed: dict[str, tuple[bool, float]] = {}

    async def close(self) -> None:
        """Let go of sockets; questions that are under way end as :class:`Unsure`."""
        await self._resolver.close()

    async def records(self, name: str, kind: str) -> list[pycares.DNSRecord]:
        """Give the answer section; nothing where there is clearly nothing; :class:`Unsure` otherwise."""
        try:
            return list((await self._resolver.query_dns(name, kind)).answer)
        except aiodns.error.DNSError as error:
            if error.args and error.args[0] in _NOTHING:
                return []
            raise Unsure(str(error.args[-1])) from None
        except (UnicodeError, ValueError):  # what a library makes of a name that no resolver should have given
            raise Unsure("not a name") from None

    async def values(self, name: str, kind: str, accept: Callable[[str], bool] = bool) -> list[str]:
        """Give what a name has of a kind, itself or by aliases that are accepted; records of others do not count."""
        answer = await self.records(name, kind)
        owners = {name}
        for _ in range(LINKS):
            aliases = {
                _plain(record.data.cname)
                for record in answer
                if isinstance(record.data, pycares.CNAMERecordData) and _plain(record.name) in owners
            }
            fresh = {alias for alias in aliases if accept(alias)} - owners
            if not fresh:
                break
            owners |= fresh
        found = [_value(record.data) for record in answer if _plain(record.name) in owners and _is(record.data, kind)]
        return list(dict.fromkeys(found))

    async def addresses(self, host: str, port: int) -> list[str]:
        """Give the addresses of a host for a connection; raises OSError where it has none."""
        try:
            found = await self._resolver.getaddrinfo(host, family=socket.AF_UNSPEC, port=port, type=socket.SOCK_STREAM)
        except aiodns.error.DNSError as error:
            raise OSError(str(error.args[-1])) from None
        texts = (node.addr[0] for node in found.nodes)
        return [text.decode("ascii") if isinstance(text, bytes) else str(text) for text in texts]

    async def knows(self, name: str, now: float) -> bool:
        """Say whether this resolver has the name in its tree at all; asked once an hour."""
        known = self._probed.get(name)
        if known is None or known[1] <= now:
            try:
                await self._resolver.query_dns(name, "SOA")
                exists = True
            except aiodns.error.DNSError as error:
                exists = bool(error.args) and error.args[0] == aiodns.error.ARES_ENODATA
            known = self._probed[name] = exists, now + PROBE_S[exists]
        return known[0]


async def confirm(names: Names, address: str, suffixes: Sequence[str], now: float) -> Standing:
    """Say whether ``address`` is a host of whoever owns the domains ``suffixes``."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unverifiable"
    if ip.version == 6 and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    with contextlib.suppress(Unsure, TimeoutError):
        async with asyncio.timeout(WHOLE_S):
            if await _leads_back(names, ip, suffixes):
                return "verified"
            tree = "in-addr.arpa" if ip.version == 4 else "ip6.arpa"
            if await names.knows(tree, now) and await _knows_one(names, suffixes, now):
                return "forged"
    return "unverifiable"


async def _leads_back(names: Names, ip: ipaddress.IPv4Address | ipaddress.IPv6Address, suffixes: Sequence[str]) -> bool:
    """Follow the names of an address; raises :class:`Unsure` where one that was not clear might have led back."""
    own = [name for name in await names.values(ip.reverse_pointer, "PTR") if lies_below(name, suffixes)]
    unclear = None
    for name in [name for name in own if len(name) <= 253 and _NAME.fullmatch(name)][:TRIED]:
        try:
            found = await names.values(name, "A" if ip.version == 4 else "AAAA", lambda to: lies_below(to, suffixes))
        except Unsure as error:
            unclear = error
            continue
        if any(ipaddress.ip_address(text) == ip for text in found):
            return True
    if unclear is not None:
        raise unclear
    return False


async def _knows_one(names: Names, suffixes: Sequence[str], now: float) -> bool:
    """Say whether the resolver knows a domain of the operator, or the registered one above it."""
    for suffix in suffixes[:TRIED]:
        labels = suffix.split(".")
        for name in dict.fromkeys((suffix, ".".join(labels[-2:]))):
            if await names.knows(name, now):
                return True
    return False


def _is(data: object, kind: str) -> bool:
    return isinstance(data, _TYPES[kind])


def _value(data: Any) -> str:
    return _plain(data.dname if isinstance(data, pycares.PTRRecordData) else data.addr)


def _plain(name: str) -> str:
    return name.removesuffix(".").lower()
