"""One request as the rest of the engine sees it: keyed hashes, numbers, and the few texts that rules may ask for.

Identifiers become keyed 64-bit hashes here (BLAKE2b, RFC 7693) and go no further in the clear, except into the facts of
the rule language, which live as long as the request.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from struct import Struct as Numbers
from typing import Any

from msgspec import Struct

from vedette.collect.devices import NO_DEVICE, DeviceFacts, Devices
from vedette.collect.endpoints import Route, Router
from vedette.collect.fingerprint import place_of
from vedette.collect.headers import HeaderFacts, Shape, examine, language_form
from vedette.collect.honeypots import UNTOUCHED, Circumstances, Touch, Traps, is_probe
from vedette.collect.identity import number_of, selector
from vedette.collect.network import language_conflict, proxy_gap, weigh
from vedette.collect.normalize import (
    TrustedProxies,
    kind_of_four,
    normal_path,
    read_address,
    read_four,
    read_headers,
    spelled,
)
from vedette.collect.openapi import described
from vedette.collect.parameters import parameters_of
from vedette.collect.robots import NOBODY, Claim, Robots
from vedette.collect.signatures import UNSIGNED, Signatures, Signed
from vedette.collect.tokens import NO_TOKEN, TokenFacts, Tokens
from vedette.config.schema import Config
from vedette.snapshot.gathered import Gathered
from vedette.snapshot.networks import NOTHING, NetworkFacts, own_networks, parse_ip
from vedette.types import Request

__all__ = ["HEADER_SIGNALS", "NETWORK_SIGNALS", "Collector", "Hasher", "Observation", "together"]

NAN = float("nan")
_MASK = (1 << 64) - 1
_SPREAD = 0x9E3779B97F4A7C15
"""Fibonacci hashing: the odd number nearest to 2**64 over the golden ratio."""
_HOST = re.compile(r"(?:[^\s/\\,;@?#<>:\[\]\"']*|\[[0-9a-f:.]*\])(?::[0-9]*)?")
_LOCAL_HOSTS = ("localhost", "127.", "[::1]")
_CACHED_TEXT = 2048
"""Characters of names and values together up to which a client program is remembered, and how many are."""
_PROGRAMS = 8192
_TELLING = {
    "user-agent": 512,
    "sec-ch-ua": 512,
    "sec-ch-ua-mobile": 8,
    "sec-ch-ua-platform": 32,
    "accept": 256,
    "accept-encoding": 64,
    "sec-fetch-site": 16,
    "sec-fetch-mode": 16,
    "sec-fetch-user": 8,
    "sec-fetch-dest": 16,
    "sec-ch-ua-full-version-list": 512,
}
"""Headers whose values tell programs apart, and how much of each is looked at; in the order of ``Shape``."""
KINDS = (
    "address",
    "network",
    "session",
    "user",
    "account",
    "agent",
    "order",
    "tls",
    "object",
    "request",
    "key",
    "family",
    "event",
    "parameter",
    "once",
)
_HOUR_S = 3600.0
_CELLS = 32
_NO_CELLS = bytes(_CELLS)
_WEIGHED = 1024
_NOTHING: dict[str, str] = {}
_LOWER_CASE = frozenset(["HTTP/2", "HTTP/3", "2", "3", "2.0", "3.0"])


class Hasher:
    """Keyed 64-bit hashes of identifiers. The kind keeps equal texts of different kinds apart; 0 is never given."""

    def __init__(self, key: bytes) -> None:
        # a secret prefix is a sound key for BLAKE2 (no length extension) and half the price of its keyed mode
        self._secrets = {
            kind: blake2b(kind.encode(), digest_size=32, key=key[:64], person=b"vedette-ids").digest() for kind in KINDS
        }

    def __call__(self, kind: str, text: str) -> int:
        """Hash one identifier."""
        data = self._secrets[kind] + text.encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(data, digest_size=8).digest(), "little") or 1


def together(address: int, fingerprint: int) -> int:
    """Give the hash by which a client without session and key is known: its address with its program."""
    return (address ^ (fingerprint * _SPREAD & _MASK)) or 1


HEADER_SIGNALS = (
    "client_class", "attack_tool", "agent_absent", "headers_missing", "hints_conflict", "tls_conflict",
    "protocol_downgrade", "browser_whole", "headers_extra", "order_conflict", "values_conflict", "case_conflict",
    "tls_unlike", "tls_library",
)  # fmt: skip
"""Numbers of :class:`~vedette.collect.headers.HeaderFacts` in the order of :attr:`Known.numbers`."""
NETWORK_SIGNALS = ("hosting", "anonymous", "listed")
"""Numbers of :class:`~vedette.collect.network.NetworkSignals` in the order of :attr:`Place.numbers`."""
_HEADER_NUMBERS = Numbers(f"<{len(HEADER_SIGNALS)}d")
_NETWORK_NUMBERS = Numbers(f"<{len(NETWORK_SIGNALS)}d")


class Known(Struct, frozen=True, gc=False):
    """What is the same for every request of one client program; computed once a shape.

    Attributes:
        numbers: :data:`HEADER_SIGNALS` as little-endian float64, NaN where unknown.
        order: Of headers, as it is learned for the claimed client: one for all that is the claimed browser's, else one
            for each context; 0 where it says nothing.
        family: Place of the claimed client among those that rarity is learned of.
    """

    shape: Shape
    facts: HeaderFacts
    numbers: bytes
    agent: int
    order: int
    tls: int
    fingerprint: int
    family: float


class Place(Struct, frozen=True, gc=False):
    """What is the same for every request from one address within an hour.

    Attributes:
        text: The address as it was given, cut at 256 characters, for questions to DNS alone.
        wide: Hash of the autonomous system, or else of the /16 (IPv6: /32).
        numbers: :data:`NETWORK_SIGNALS` as little-endian float64, NaN where unknown.
        kind: Of the network where one is known, else whether the address is ``public``, ``private`` or ``opaque``.
    """

    text: str
    hash: int
    network: int
    wide: int
    facts: NetworkFacts
    numbers: bytes
    kind: str


class Observation(Struct, frozen=True, gc=False):
    """What is true about one request.

    Attributes:
        fingerprint: Of the client program: stable handshake, claimed client, and the order of headers unless they are a
            whole browser's.
        client: The session where there is one, else address with fingerprint.
        trap: What honeypot was touched and how much that says; false where none was.
        claim: Which robot it says it is, and what became of that.
        parameters: 32 bytes, one a parameter: 0 for none, else a hash of name and type.
        operations: How many GraphQL operations the request stands for; 1 elsewhere.
        catalogue: Objects that the endpoint is known to have, NaN where unknown.
        texts: Session, device, API key and account in the clear, for the rule language alone.
        holder: What a stop is held for: session, else address with fingerprint; never a key, which many may share.
        is_at_home: The partner calls from one of the networks that are configured as its own.
    """

    place: Place
    claim: Claim
    signed: Signed
    token: TokenFacts
    device: DeviceFacts
    language: float
    proxy_gap: float
    parameters: bytes
    operations: int
    catalogue: float
    path: str
    host: str
    route: Route
    known: Known
    client: int
    session: int
    account: int
    api_key: int
    item: int
    item_number: float
    request: int
    trap: Touch
    probe: float
    partner: str
    session_text: str
    device_text: str
    api_key_text: str
    account_text: str
    holder: int
    is_at_home: bool


class Collector:
    """Observes requests under one configuration."""

    def __init__(self, config: Config, key: bytes, gathered: Gathered | None = None) -> None:
        gathered = gathered or Gathered.shipped()
        self.hash = Hasher(key)
        self._config = config
        known = described(config)
        self.router = Router(config.endpoints, known)
        endpoints = (*config.endpoints, *(one.endpoint for one in known))
        identity = config.identity
        self._sessions = tuple((where.source, where.name.lower(), selector(where)) for where in identity.session)
        self._device = selector(identity.device) if identity.device else None
        self._api_key = selector(identity.api_key) if identity.api_key else None
        self._accounts = {e.name: selector(e.account) for e in endpoints if e.account}
        self._objects = {e.name: selector(e.object) for e in endpoints if e.object}
        self._operations = {
            e.name: selector(e.operation)
            for e in config.endpoints
            if e.operation and e.operation.source not in ("body", "query")
        }
        self._traps = Traps(config.honeypots)
        self._proxies = TrustedProxies(config.trusted_proxies, config.forwarded.address)
        self._forwarded_ja4 = config.forwarded.ja4
        self._partners = {self.hash("key", p.api_key.value): p.name for p in config.partners}
        self._homes = {p.name: TrustedProxies(p.networks, "") for p in config.partners if p.networks}
        self.devices = Devices(config, key) if config.identity.device_cookie else None
        self._programs: dict[tuple[Any, ...], Known] = {}
        self._hour = 0.0
        self._weighed: dict[int, tuple[NetworkFacts, bytes, str]] = {}
        self._located = lru_cache(maxsize=2_048)(self._locate)
        self._salt = self.hash("network", "salt")
        self._odd = self.hash("network", "odd") | 1
        self._cells = lru_cache(maxsize=4096)(self._cells_of)
        self._gathered = gathered
        self._networks = gathered.networks.owning(own_networks(config))
        self._robots = Robots(config, gathered)
        self._signatures = Signatures(config, gathered)
        self._tokens = Tokens(config, gathered)

    def _locate(self, text: str) -> Place:
        four = read_four(text)
        if four is not None:
            facts = self._networks.at(4, four, self._hour)
            numbers, kind = self._weigh(facts)
            wide = self._mixed(facts.asn << 32 or four >> 16 | 1 << 16)
            network = self._mixed(four >> 8 | 1 << 24)
            hashed = self.hash("address", text)
            return Place(text, hashed, network, wide, facts, numbers, kind or kind_of_four(four))
        address = read_address(text)
        facts, wide = NOTHING, 0
        found = parse_ip(text) if address.network else None
        if found is not None:
            facts = self._networks.at(*found, self._hour)
            wide = self._mixed(facts.asn << 32 or found[1] >> (16 if found[0] == 4 else 96) | 1 << found[0] * 4)
        network = self.hash("network", address.network) if address.network else 0
        if found is not None and found[0] == 4:
            network = self._mixed(found[1] >> 8 | 1 << 24)
        numbers, kind = self._weigh(facts)
        return Place(text, self.hash("address", address.key), network, wide, facts, numbers, kind or address.kind)

    def _mixed(self, number: int) -> int:
        """Spread a number that is no secret (a network's) over 64 bits, by a secret: a fifth of a hash's price."""
        mixed = (number ^ self._salt) * _SPREAD & _MASK
        mixed = (mixed ^ mixed >> 32) * self._odd & _MASK
        return mixed ^ mixed >> 29 or 1

    def _weigh(self, facts: NetworkFacts) -> tuple[bytes, str]:
        """Give numbers and kind of a network; most addresses share one of a few hundred facts, known by identity."""
        known = self._weighed.get(id(facts))
        if known is not None and known[0] is facts:
            return known[1], known[2]
        found = weigh(facts)
        numbers = _NETWORK_NUMBERS.pack(*[getattr(found, name) for name in NETWORK_SIGNALS])
        if len(self._weighed) >= _WEIGHED:
            self._weighed.clear()
        self._weighed[id(facts)] = facts, numbers, facts.kind
        return numbers, facts.kind

    def _cells_of(self, parameters: tuple[str, ...]) -> bytes:
        cells = sorted({1 + self.hash("parameter", name) % 255 for name in parameters[:_CELLS]})
        return bytes(cells).ljust(_CELLS, b"\0")

    def take(self, gathered: Gathered) -> None:
        """Take over what has been gathered anew; what was learned stays."""
        self._robots = Robots(self._config, gathered)
        self._tokens.take(gathered)
        if gathered.keys is not self._gathered.keys:
            self._signatures = Signatures(self._config, gathered)
        if gathered.networks is not self._gathered.networks:
            self._networks = gathered.networks.owning(own_networks(self._config))
            self._located.cache_clear()
        self._gathered = gathered

    def _learn(self, shape: Shape) -> Known:
        facts = examine(shape)
        agent = facts.agent
        # a browser orders headers in one way for pages, in another for scripts' calls, in a third for images; and a
        # preflight or the opening of a socket is the same browser's, although much is left out of it
        is_aside = facts.context in ("preflight", "socket")
        is_right = facts.order_conflict == 0.0
        if facts.browser_whole == 1.0 or (is_aside and is_right and facts.values_conflict == 0.0):
            order = "whole"
        else:
            order = "right" if is_right else facts.order
        learned = 0  # nothing is learned from what is no one's habit
        if shape.names is not None and not is_aside:
            # where a context's order is not known it is no other client's: an address teaches one context alone
            agrees = is_right or (facts.browser_whole == 1.0 and not facts.order_conflict > 0.0)
            learned = self.hash("order", "right" if agrees else f"{facts.context}|{facts.order}")
        return Known(
            shape,
            facts,
            _HEADER_NUMBERS.pack(*[getattr(facts, name) for name in HEADER_SIGNALS]),
            self.hash("agent", shape.agent) if shape.agent else 0,
            learned,
            self.hash("tls", facts.tls) if facts.tls else 0,
            self.hash("agent", f"{facts.tls}|{order}|{agent.kind}/{agent.family}|{agent.major}|{agent.platform}"),
            float(place_of(agent, self.hash("family", f"{agent.kind}/{agent.family}/{agent.major // 20}"))),
        )

    def observe(self, request: Request, now: float) -> Observation:
        """Observe one request; whatever it holds, the result is bounded."""
        names, values = read_headers(request.headers)
        # what is known of networks fades, but not by the second; a clock that is set right again is followed back
        if not -_HOUR_S <= now - self._hour < _HOUR_S:
            self._hour = now // _HOUR_S * _HOUR_S
            self._located.cache_clear()
        place = self._located(self._proxies.client_of(request, values)[:256])
        path = normal_path(request.path)
        host = _host((request.host or values.get("host", ""))[:256])
        route, captured = self.router.find(request.method, host, path)
        cookies = values.get("cookie", "")
        known = self._recognise(request, names, values, host)
        agent = known.shape.agent
        token = NO_TOKEN if self._tokens.is_idle else self._tokens.check(request, values, now)

        session_text = request.session_id or token.session
        parameters = dict(zip(route.names, captured, strict=False)) if route.names else _NOTHING
        if token.claims:
            parameters = {**parameters, **token.claims}
        endpoint, operations = route.endpoint, 1
        if route.is_graph:
            named = self._operations.get(endpoint.name) if endpoint is not None else None
            operation = named(request, values, cookies, parameters) if named is not None else ""
            route, operations = self.router.operations(route, request.body, request.query, operation)
        if not session_text and values:
            for source, name, find in self._sessions:
                if source == "header":
                    session_text = values.get(name, "")[:512]
                elif source == "cookie" and not cookies:
                    continue
                else:
                    session_text = find(request, values, cookies, parameters)
                if session_text:
                    break
        session = self.hash("session", session_text) if session_text else 0
        api_key_text = self._api_key(request, values, cookies, parameters) if self._api_key else ""
        api_key = self.hash("key", api_key_text) if api_key_text else 0
        device = request.device_id or (self._device(request, values, cookies, parameters) if self._device else "")
        cookie = self.devices.check(cookies, now) if self.devices is not None and names is not None else NO_DEVICE

        account_text = request.user_name
        if account_text and route.purpose != "login":  # who is logged in, not who tries to
            session = session or self.hash("user", account_text)
            account_text = ""
        if not account_text and endpoint is not None and endpoint.name in self._accounts:
            account_text = self._accounts[endpoint.name](request, values, cookies, parameters)
        account_text = account_text.strip().casefold()[:512]
        item = ""
        if endpoint is None:
            item = captured[0] if captured else ""
        elif endpoint.name in self._objects:
            item = self._objects[endpoint.name](request, values, cookies, parameters)
        cells = _NO_CELLS
        if request.query or request.body:
            found = parameters_of(request.query, request.body, values.get("content-type", "").lower())
            cells = self._cells(found) if found else cells
        touched = UNTOUCHED
        if not self._traps.is_empty and (
            kind := self._traps.finds(path, account_text, route.purpose, route.name, item)
        ):
            where = Circumstances(
                request.method, host, agent, values, names is not None, known.shape.is_secure, route.purpose == "login"
            )
            touched = self._traps.weigh(kind, where)
        holder = session or together(place.hash, known.fingerprint)
        partner = self._partners.get(api_key, "") if api_key else ""
        home = self._homes.get(partner) if partner else None
        return Observation(
            place,
            self._robots.claim(agent, place.text, place.facts, now) if agent else NOBODY,
            self._signatures.verify(request, values, now) if "signature-input" in values else UNSIGNED,
            token,
            cookie,
            language_conflict(values.get("accept-language", "")[:256], place.facts.country)
            if place.facts.country
            else NAN,
            proxy_gap(request.tcp_rtt, request.tls_rtt) if request.tls_rtt >= 0.0 else NAN,
            cells,
            operations,
            self.router.catalogue(route) if item else NAN,
            path,
            host,
            route,
            known,
            session or api_key or holder,
            session,
            self.hash("account", account_text) if account_text else 0,
            api_key,
            self.hash("object", f"{route.purpose}:{item}") if item else 0,
            number_of(item) if item else NAN,
            self.hash("request", request.id),
            touched,
            float(is_probe(request.path if route.is_open else "", request.query)),
            partner,
            session_text,
            device or cookie.id,
            api_key_text,
            account_text,
            holder,
            home is not None and home.trusts(place.text),
        )

    def _recognise(self, request: Request, names: tuple[str, ...] | None, values: dict[str, str], host: str) -> Known:
        """Give what is known of the client program; computed once for each set of what tells programs apart."""
        ja4 = request.ja4
        is_direct = request.peer_is_client or not self._proxies.trusts(request.client_address)
        if self._forwarded_ja4 and not is_direct:
            ja4 = values.get(self._forwarded_ja4, "")
        # plain http to a host that is not this machine is not a secure origin: browsers leave much out there
        is_secure = request.scheme == "https" or host.startswith(_LOCAL_HOSTS)
        is_page = request.method != "OPTIONS" and "upgrade" not in values
        told = tuple(map(values.get, _TELLING)) if names is not None else (request.user_agent,)
        language = language_form(values.get("accept-language", "")[:128])
        received = () if names is None or request.protocol in _LOWER_CASE else spelled(request.headers, names)
        key = (names, told, language, received, request.protocol, ja4, is_secure, is_page, is_direct)
        known = self._programs.get(key)
        if known is not None:
            return known
        if names is None:
            shape = Shape(None, request.user_agent[:512], "", "", "", False, True, request.protocol[:8], ja4[:64])
        else:
            texts = [(text or "")[:most] for text, most in zip(told, _TELLING.values(), strict=True)]
            agent, brands, mobile, platform, accept, encoding, site, mode, user, dest, versions = texts
            shape = Shape(
                names, agent, brands, mobile, platform, is_secure, is_page, request.protocol[:8], ja4[:64], accept,
                encoding, language, site, mode, user, dest, versions, received, is_direct,
            )  # fmt: skip
        known = self._learn(shape)
        size = sum([len(text) for text in told if text]) + len(ja4) + len(request.protocol)
        if size + len("".join(names or ())) <= _CACHED_TEXT:
            if len(self._programs) >= _PROGRAMS:
                self._programs.clear()
            self._programs[key] = known
        return known


@lru_cache(maxsize=1024)
def _host(text: str) -> str:
    """Give a host in lower case without its port; empty where it holds what no host does, such as a path."""
    text = text.lower()
    if not _HOST.fullmatch(text):
        return ""
    if text.startswith("["):
        return text.partition("]")[0] + "]"
    return text.partition(":")[0]
