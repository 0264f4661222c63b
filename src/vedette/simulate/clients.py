"""Who makes calls: an HTTP stack with its headers and TLS handshake, behind an address.

A *stack* is one program that speaks HTTP, such as Chrome 142 on Windows or Python's requests: which header fields it
sends, in which order and case, for each *kind* of call, and which handshake. They come from ``data/simulation``, whose
README says what was observed and what is composed. Browsers make calls of the kinds ``navigate``, ``fetch`` (same
origin), ``cross`` (from a page of another origin; only such as need no preflight) and ``asset``; apps and libraries of
the kind ``api``.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, groupby
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from vedette.simulate.languages import draw_language
from vedette.simulate.networks import Address
from vedette.simulate.reading import read_data
from vedette.types import Headers

__all__ = ["HELD_OUT_STACKS", "Client", "Handshake", "Stack", "Stacks", "load_stacks", "pieces_of"]

HELD_OUT_STACKS = frozenset({"firefox", "go"})
"""Families that no world of the tuning seeds contains."""

_EXTRA = "{extra}"
_OF_HTTP1 = frozenset({"host", "connection"})
_CALLS = frozenset({"fetch", "cross"})
_SITES = {"fetch": "same-origin", "asset": "same-origin", "cross": "cross-site"}


class Handshake(Struct, frozen=True):
    """What the edge sees of a TLS handshake.

    Attributes:
        version: ``1.3`` or ``1.2``, as the edge records it.
        ja4: The variants of one stack (a resumed session sends one extension more), each with its share.
        ja3: Of each variant; empty where the stack permutes its extensions, so that every connection has its own.
    """

    version: str
    ja4: tuple[tuple[str, float], ...]
    ja3: tuple[str, ...] = ()

    def draw(self, rng: random.Random) -> tuple[str, str]:
        """Give the JA3 and JA4 of one connection."""
        left, chosen = rng.random(), 0
        for at, (_, share) in enumerate(self.ja4):
            left -= share
            if left < 0.0:
                chosen = at
                break
        ja3 = self.ja3[chosen] if self.ja3 else f"{rng.getrandbits(128):032x}"
        return ja3, self.ja4[chosen][0]


class _Piece(NamedTuple):
    """Fields that are always sent, then one whose value a slot gives."""

    fixed: Headers
    name: str
    slot: str


class Stack(Struct, frozen=True):
    """One program that speaks HTTP.

    Attributes:
        kind: ``browser``, ``app``, ``library`` or ``headless``.
        weight: Share among the stacks of its kind.
        protocol: ``2`` or ``1.1``; field names are lower case in HTTP/2.
        headers: Fields of each kind of call; a value such as ``{cookie}`` is a slot.
        impersonate: The nearest target of curl_cffi, or empty.
    """

    name: str
    kind: str
    family: str
    major: int
    platform: str
    is_mobile: bool
    user_agent: str
    weight: float
    protocol: str
    tls: Handshake
    headers: Mapping[str, Headers]
    impersonate: str
    pieces: Mapping[str, tuple[_Piece, ...]]

    def fields(self, kind: str, slots: Mapping[str, str], extra: Sequence[tuple[str, str]] = ()) -> Headers:
        """Give the fields of one call; one whose slot is empty is left out.

        Raises:
            KeyError: The stack makes no calls of this kind.
        """
        found: list[tuple[str, str]] = []
        for fixed, name, slot in self.pieces[kind]:
            found += fixed
            if slot == _EXTRA:
                found += extra
            elif slot and (value := slots.get(slot)):
                found.append((name, value))
        return tuple(found)

    def dressed(self, headers: Mapping[str, Headers], *, user_agent: str = "", protocol: str = "") -> Stack:
        """Give the same program, with the same handshake, that sends other fields: a script with copied headers."""
        return replace(
            self,
            headers=headers,
            pieces={kind: pieces_of(fields) for kind, fields in headers.items()},
            user_agent=user_agent or self.user_agent,
            protocol=protocol or self.protocol,
        )


class Stacks:
    """All stacks, drawn by their share."""

    def __init__(self, stacks: Iterable[Stack], replaced_tls: Iterable[Handshake], present: float = 0.0) -> None:
        self.all = tuple(stacks)
        self.present = present
        """Unix seconds of the day on which these versions, in these shares, were in use."""
        self.replaced_tls = tuple(replaced_tls)
        """Handshakes of programs that stand between a browser and the network: antivirus, office proxies."""
        self._named = {stack.name: stack for stack in self.all}
        by_family = sorted(self.all, key=lambda stack: stack.family)
        self._families = {name: tuple(found) for name, found in groupby(by_family, key=lambda stack: stack.family)}
        self._drawn: dict[tuple[Any, ...], tuple[tuple[Stack, ...], list[float]]] = {}

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(self._families)

    def named(self, name: str) -> Stack:
        return self._named[name]

    def family(self, family: str) -> tuple[Stack, ...]:
        return self._families.get(family, ())

    def draw(
        self,
        rng: random.Random,
        kind: str = "browser",
        *,
        families: Collection[str] | None = None,
        is_mobile: bool | None = None,
        without: Collection[str] = (),
    ) -> Stack:
        """Draw a stack by its share among those asked for.

        Raises:
            ValueError: There is none.
        """
        key = (kind, None if families is None else frozenset(families), is_mobile, frozenset(without))
        known = self._drawn.get(key)
        if known is None:
            known = self._drawn[key] = self._chosen(*key)
        stacks, weights = known
        return stacks[bisect_right(weights, rng.random() * weights[-1], 0, len(weights) - 1)]

    def _chosen(
        self, kind: str, families: frozenset[str] | None, is_mobile: bool | None, without: frozenset[str]
    ) -> tuple[tuple[Stack, ...], list[float]]:
        found = tuple(
            stack
            for stack in self.all
            if stack.kind == kind
            and (families is None or stack.family in families)
            and (is_mobile is None or stack.is_mobile == is_mobile)
            and stack.family not in without
        )
        if not found:
            raise ValueError(f"no {kind} of families {sorted(families or ())} without {sorted(without)}")
        return found, list(accumulate(stack.weight for stack in found))


@lru_cache(maxsize=8)
def load_stacks(app: str = "ShopApp") -> Stacks:
    """Read the stacks that ship; ``app`` names the shop's own app in its User-Agents."""
    data = read_data("clients.json.gz")
    handshakes = {
        name: Handshake(given["version"], tuple((ja4, share) for ja4, share in given["ja4"]), tuple(given["ja3"]))
        for name, given in data["tls"].items()
    }
    stacks = [_stack(given, handshakes, data["headers"], app) for given in data["stacks"]]
    return Stacks(stacks, [handshakes[name] for name in data["tls_replaced"]], data["present"])


def _stack(given: dict[str, Any], handshakes: Mapping[str, Handshake], layouts: Mapping[str, Any], app: str) -> Stack:
    """Fill in what differs between stacks of one layout: the agent, and the client hints."""
    user_agent = given["user_agent"].replace("{app}", app)
    own = {"{user_agent}": user_agent, **given.get("values", {})}
    is_binary = given["protocol"] == "2"
    headers = {}
    for kind, fields in layouts[given["headers"]].items():
        filled = [(name, own.get(value, value)) for name, value in fields]
        kept = [(name, value) for name, value in filled if value or name == _EXTRA]
        if is_binary:
            kept = [(name.lower(), value) for name, value in kept if name.lower() not in _OF_HTTP1]
        headers[kind] = tuple(kept)
    names = ("name", "kind", "family", "major", "platform", "is_mobile", "weight", "protocol", "impersonate")
    return Stack(
        **{name: given[name] for name in names},
        user_agent=user_agent,
        tls=handshakes[given["tls"]],
        headers=headers,
        pieces={kind: pieces_of(fields) for kind, fields in headers.items()},
    )


def pieces_of(fields: Headers) -> tuple[_Piece, ...]:
    """Cut fields into runs that are always sent and slots in between."""
    found, fixed = [], []
    for name, value in fields:
        is_slot = value.startswith("{") and value.endswith("}")
        if name != _EXTRA and not is_slot:
            fixed.append((name, value))
            continue
        found.append(_Piece(tuple(fixed), name, _EXTRA if name == _EXTRA else value[1:-1]))
        fixed = []
    return (*found, _Piece(tuple(fixed), "", ""))


class Client(Struct):
    """A stack behind an address.

    Attributes:
        country, asn, network: Of the address; ``network`` is its kind, such as ``home`` or ``datacentre``.
        device: Id that an app keeps on its device.
        extra: Fields that an app adds of its own, such as its token.
        handshake: Of the program that speaks TLS for it, where that is not the stack itself.
    """

    stack: Stack
    address: str
    language: str = ""
    ja3: str = ""
    ja4: str = ""
    tls_version: str = ""
    protocol: str = ""
    country: str = ""
    asn: int = 0
    network: str = ""
    cookie: str = ""
    authorization: str = ""
    device: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    handshake: Handshake | None = None

    @classmethod
    def make(cls, stack: Stack, place: Address, rng: random.Random, language: str = "") -> Client:
        """Put a stack behind an address; its language is drawn for the country unless one is given."""
        ja3, ja4 = stack.tls.draw(rng)
        return cls(
            stack=stack,
            address=place.address,
            language=language or draw_language(rng, place.country, stack.family, stack.major),
            ja3=ja3,
            ja4=ja4,
            tls_version=stack.tls.version,
            protocol=stack.protocol,
            country=place.country,
            asn=place.asn,
            network=place.kind,
        )

    def move(self, place: Address) -> None:
        """Go on from another address: from the office home, from Wi-Fi to mobile."""
        self.address, self.country, self.asn, self.network = place.address, place.country, place.asn, place.kind

    def reconnect(self, rng: random.Random) -> None:
        """Open a new connection: a JA3 of its own where the stack permutes, perhaps a resumed session."""
        self.ja3, self.ja4 = (self.handshake or self.stack.tls).draw(rng)

    def replace_tls(self, handshake: Handshake, rng: random.Random) -> None:
        """Let another program speak TLS for this client, as antivirus and office proxies do."""
        self.handshake = handshake
        self.tls_version = handshake.version
        self.reconnect(rng)

    def headers(
        self,
        kind: str,
        host: str,
        *,
        referer: str = "",
        origin: str = "",
        type: str = "",
        length: int = 0,
        site: str = "",
        dest: str = "",
        accept: str = "",
    ) -> Headers:
        """Give the header fields of a call of this kind; what is empty is left out.

        Args:
            type: Content type of the body, empty without one.
            site: ``Sec-Fetch-Site``; where empty it follows from the kind, and for a page from the referrer.
            dest: Of an asset: ``image`` where empty, ``script`` or ``style``.
            accept: Of a ``fetch`` or ``cross`` whose program sets one, as the usual libraries for pages do.
        """
        if not site:
            site = _SITES.get(kind) or ("none" if not referer else "same-origin" if host in referer else "cross-site")
        slots = {
            "host": host,
            "language": self.language,
            "referer": referer,
            "origin": origin,
            "type": type,
            "length": str(length) if length else "",
            "cookie": self.cookie,
            "authorization": self.authorization,
            "site": site,
            "dest": dest,
            "accept": accept,
        }
        extra = self.extra
        if extra and self.protocol == "2":
            extra = tuple((name.lower(), value) for name, value in extra)
        return self.stack.fields(self._way(kind, type, dest, accept), slots, extra)

    def _way(self, kind: str, type: str, dest: str, accept: str) -> str:
        """Name the layout of a call: in Chromium the order of fields follows from which of them the page has set."""
        known = self.stack.pieces
        if kind in _CALLS:
            json = "-json" if accept else ""
            way = f"{kind}{'-auth' if self.authorization else ''}{'-post' if type else ''}{json}"
            return way if way in known else f"{kind}{json}" if f"{kind}{json}" in known else kind
        if kind == "asset" and f"asset-{dest}" in known:
            return f"asset-{dest}"
        return kind
