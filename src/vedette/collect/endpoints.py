"""Which endpoint a request is for: configured ones first, then an OpenAPI document's, else a template of its path.

Configured endpoints are tried in order, on the normalised path, without regard to case. What matches none gets a
template: segments that look like identifiers become ``{id}``, places that hold values become ``{slug}`` (learned, see
:mod:`vedette.collect.learned`). Each GraphQL operation is an endpoint of its own. Endpoints are told apart by a number
below 256; of learned ones it is made by hash, so that it is the same after a restart. Names that the API never answered
well share the last 32 numbers, so that invented paths cannot crowd out real ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import get_args
from zlib import crc32

import msgspec
from msgspec import Struct

from vedette.collect.catalogue import DistinctCounter
from vedette.collect.graphql import Calls, is_name, read_calls
from vedette.collect.learned import Learned
from vedette.collect.matching import Lookup, match_pattern
from vedette.collect.purposes import SENSITIVE, Guess, guess, guess_operation
from vedette.collect.templates import template_of
from vedette.config.schema import Endpoint, Selector
from vedette.types import Mode, Purpose

__all__ = ["MAX_STATE_BYTES", "PURPOSES", "Described", "Route", "Router", "match_pattern", "template_of"]

ROUTES = 256
UNCONFIRMED = 32
OWN_NUMBERS = ROUTES - UNCONFIRMED - 32
"""So many configured and described endpoints have a number of their own; beyond it described ones share by hash."""
MAX_CATALOGUES = 256
"""Endpoints whose objects are counted, 1 KiB each."""
MAX_CACHED = 8192
MAX_METHOD = 32
MAX_ASKED = 8192
"""Requests whose answer is waited for."""
MAX_STATE_BYTES = 20 << 20
"""More than all limits together allow, in UTF-8 of four bytes a character."""
OPERATION_ANSWERS = 8
"""Good answers after which a GraphQL operation is taken for one of the API's own: GraphQL answers 200 to anything."""

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
_GRAPHQL = re.compile(r"/(?:graphql|gql)$")


class Described(Struct, frozen=True, gc=False):
    """An endpoint that a document describes: its parameters (``name:type``), and how sure its guessed purpose is."""

    endpoint: Endpoint
    parameters: tuple[str, ...] = ()
    confidence: float = 1.0


class Route(Struct, frozen=True, gc=False):
    """Where a request goes: number (below 256), name, purpose, and the configuration where there is one.

    Attributes:
        template: Of a learned endpoint; empty for a configured one.
        names: Names of the parameters of a configured endpoint's path.
        confidence: How sure the purpose is, 0 to 1; 1 where it is configured.
        parameters: ``name:type`` of each parameter that a document describes.
        is_graph: True where the request's operations are endpoints of their own (:meth:`Router.operations`).
        operation: Name of the GraphQL operation as the client sent it, or empty.
    """

    index: int
    name: str
    purpose: Purpose
    endpoint: Endpoint | None = None
    mode: Mode | None = None
    template: str = ""
    names: tuple[str, ...] = ()
    confidence: float = 1.0
    parameters: tuple[str, ...] = ()
    is_graph: bool = False
    operation: str = ""

    @property
    def is_open(self) -> bool:
        """True where the path is not known to be one of the API's own: any path could stand here."""
        if self.endpoint is None:
            return self.index >= ROUTES - UNCONFIRMED
        return self.endpoint.match.segments[-1:] == ("**",)

    @property
    def reads_body(self) -> bool:
        """True where deciding needs the body: an account or an operation is in it."""
        endpoint = self.endpoint
        if endpoint is None:
            return self.is_graph
        account, operation = endpoint.account, endpoint.operation
        return (account is not None and account.source == "body") or (
            operation is not None and operation.source == "body"
        )


class Router:
    """Finds the route of a request, and learns from what was answered. All it keeps is bounded.

    Args:
        endpoints: Of the configuration; they come first.
        described: Of an OpenAPI document.
    """

    def __init__(self, endpoints: Sequence[Endpoint], described: Sequence[Described] = ()) -> None:
        self._routes: list[Route] = []
        self._first = min(len(endpoints) + len(described), OWN_NUMBERS)
        if len(endpoints) + len(described) > OWN_NUMBERS:
            self._first = min(len(endpoints), OWN_NUMBERS)
        for place, endpoint in enumerate(endpoints):
            self._routes.append(self._fixed(place, Described(endpoint)))
        for place, one in enumerate(described, start=len(endpoints)):
            self._routes.append(self._fixed(place, one))
        self._lookup = Lookup([route.endpoint.match for route in self._routes if route.endpoint is not None])
        self._learned = Learned()
        self._catalogues: dict[str, DistinctCounter] = {}
        self._cached: dict[tuple[str, str], tuple[Route, str]] = {}
        self._operations: dict[tuple[str, int, str, str, tuple[str, ...]], Route] = {}
        self._asked: dict[int, tuple[Route, int]] = {}
        self._asked_before: dict[int, tuple[Route, int]] = {}

    def _fixed(self, place: int, one: Described) -> Route:
        endpoint = one.endpoint
        is_own = place < self._first
        index = place if is_own else self._shared(endpoint.name)
        names = tuple(part[1:-1] for part in endpoint.match.segments if part[:1] == "{" and part[-1:] == "}")
        return Route(
            index,
            endpoint.name,
            endpoint.purpose,
            endpoint,
            endpoint.mode,
            names=names,
            confidence=one.confidence,
            parameters=one.parameters,
            is_graph=endpoint.operation is not None,
        )

    def _shared(self, name: str) -> int:
        return self._first + crc32(name.encode("utf-8", "replace")) % (ROUTES - UNCONFIRMED - self._first)

    def find(self, method: str, host: str, path: str) -> tuple[Route, tuple[str, ...]]:
        """Give the route and the values of its path parameters, for a normalised path."""
        method = method[:MAX_METHOD]  # it is remembered, and HTTP/2 lets it be as long as a header
        found = self._lookup.find(method, host, path)
        if found is not None:
            place, values = found
            return self._routes[place], values
        template, last = template_of(path)
        known = self._cached.get((method, template))
        if known is None:
            known = self._remember(method, template)
        value = known[1] or last
        return known[0], ((value,) if value else ())

    def _remember(self, method: str, template: str) -> tuple[Route, str]:
        shown, value = self._learned.shown(template)
        known = self._template_route(method[:16], shown), value
        if len(self._cached) >= MAX_CACHED:
            self._cached.clear()
        self._cached[method, template] = known
        return known

    def _template_route(self, method: str, template: str) -> Route:
        name = f"{method} {template}"
        found = guess(method, template)
        return Route(
            self._number(name, self._learned.count(name) > 0),
            name,
            found.purpose,
            template=template,
            confidence=found.confidence,
            is_graph=_GRAPHQL.search(template) is not None,
        )

    def _number(self, name: str, is_confirmed: bool) -> int:
        if is_confirmed:
            return self._shared(name)
        return ROUTES - UNCONFIRMED + crc32(name.encode("utf-8", "replace")) % UNCONFIRMED

    def operations(self, route: Route, body: bytes, query: str, named: str = "") -> tuple[Route, int]:
        """Give the route of what a GraphQL request executes, and how many operations it stands for.

        Of a batch with several operations it is the route of the most sensitive one. Without any operation, the route
        itself and 1.

        Args:
            route: As :meth:`find` gave it; one that is not ``is_graph`` stays as it is.
            named: The operation's name, where the configuration finds it elsewhere than in body or query.
        """
        if not route.is_graph:
            return route, 1
        selector = route.endpoint.operation if route.endpoint is not None else None
        calls = read_calls(body, query, _where(selector))
        if not calls.calls:
            return (self._operation(route, named, "", ()), 1) if is_name(named) else (route, 1)
        chosen: Route | None = None
        rank = len(SENSITIVE)
        for call in _distinct(calls):
            name, kind, fields = call
            one = self._operation(route, named if is_name(named) else name, kind, fields)
            place = SENSITIVE.index(one.purpose) if one.purpose in SENSITIVE else len(SENSITIVE)
            if chosen is None or place < rank:
                chosen, rank = one, place
        return chosen or route, max(calls.count, 1)

    def _operation(self, route: Route, name: str, kind: str, fields: tuple[str, ...]) -> Route:
        key = (route.name, route.index, name, kind, fields)
        known = self._operations.get(key)
        if known is not None:
            return known
        full = f"{route.name}:{name}" if name else route.name
        found: Guess = guess_operation(name, kind, fields)
        if route.endpoint is not None and route.purpose != "other":
            found = Guess(route.purpose, route.confidence)
        is_known = not name or self._learned.count(full) >= OPERATION_ANSWERS
        made = msgspec.structs.replace(
            route,
            index=self._number(full, is_known) if name else route.index,
            name=full if is_known else f"{route.name}:{{other}}",
            purpose=found.purpose,
            confidence=found.confidence,
            operation=name,
        )
        if len(self._operations) >= MAX_CACHED // 4:
            self._operations.clear()
        self._operations[key] = made
        return made

    def ask(self, request: int, route: Route, item: int) -> None:
        """Remember a request until it is answered: what its answer teaches depends on its own route.

        Args:
            request: Hash of its id.
            item: Hash of the object that it asks for, or 0.
        """
        if route.endpoint is None or item or route.operation:
            asked = self._asked
            asked[request] = route, item
            if len(asked) >= MAX_ASKED // 2:  # two generations: cheaper than knowing which is the oldest
                self._asked, self._asked_before = {}, asked

    def answer(self, request: int, status: int) -> None:
        """Learn from an answer of the API itself. Only what was answered below 400 counts."""
        known = self._asked.pop(request, None) or self._asked_before.pop(request, None)
        if known is None or not 200 <= status < 400:
            return
        route, item = known
        is_whole = status < 300 or status == 304
        route = self.confirm(route, is_whole=is_whole)
        if item and is_whole:
            self._count_object(route, item)

    def confirm(self, route: Route, *, is_whole: bool = True) -> Route:
        """Note that the API answered well on a learned endpoint: from now on it has a number of its own.

        Args:
            is_whole: False where it only pointed elsewhere: a site may do that for any path, so no value is learned.

        Returns: The route under its number from now on.
        """
        if route.operation:
            return self._confirm_operation(route)
        if not route.template:
            return route
        method = _method(route.name, route.template)
        is_new = self._learned.note(route.name)
        if is_whole and self._learned.learn(method, route.template):
            self._cached.clear()
            self._drop_catalogues()
            return self._template_route(method, self._learned.shown(route.template)[0])
        if not is_new:
            return route
        self._renew(method, route.template)
        return self._template_route(method, route.template)

    def _renew(self, method: str, template: str) -> None:
        """Forget a route whose number has changed; all of them where it was remembered in other words."""
        if self._cached.pop((method, template), None) is None:
            self._cached.clear()

    def _confirm_operation(self, route: Route) -> Route:
        base = _base(route)
        full = f"{base}:{route.operation}"
        if route.template and self._learned.note(base):
            self._renew(_method(base, route.template), route.template)
        self._learned.note(full)
        count = self._learned.count(full)
        if count == OPERATION_ANSWERS:
            self._operations.clear()
        if count < OPERATION_ANSWERS or route.name == full:
            return route
        return msgspec.structs.replace(route, name=full, index=self._number(full, is_confirmed=True))

    def catalogue(self, route: Route) -> float:
        """Estimate how many distinct objects an endpoint has shown; NaN where none was seen."""
        counter = self._catalogues.get(route.name)
        return counter.estimate() if counter is not None else float("nan")

    def objects(self, name: str) -> DistinctCounter | None:
        """Give the counter of distinct objects of the endpoint of this name, or ``None`` where none was seen."""
        return self._catalogues.get(name)

    def _count_object(self, route: Route, item: int) -> None:
        counter = self._catalogues.get(route.name)
        if counter is None:
            if route.index >= ROUTES - UNCONFIRMED or len(self._catalogues) >= MAX_CATALOGUES:
                return
            counter = self._catalogues[route.name] = DistinctCounter()
        counter.add(item)

    def _drop_catalogues(self) -> None:
        """Forget the objects of learned endpoints that have become part of another."""
        for name in [name for name in self._catalogues if " /" in name and not self._learned.count(name)]:
            del self._catalogues[name]

    def confirmed(self) -> list[str]:
        """Give the names of all learned endpoints that the API answered well, sorted."""
        return self._learned.names()

    def state(self) -> bytes:
        """Give all that was learned, for :meth:`restore`; at most 20 MiB, most often some hundred KiB."""
        counters = {name: self._catalogues[name].state() for name in sorted(self._catalogues)}
        return msgspec.msgpack.encode({"version": 1, "learned": self._learned.state(), "catalogues": counters})

    def restore(self, state: bytes) -> None:
        """Take over what another router learned. Raises ``ValueError``, and keeps what it has, where it cannot be."""
        if len(state) > MAX_STATE_BYTES:
            raise ValueError(f"too large, {len(state)} bytes")
        try:
            found = msgspec.msgpack.decode(state, type=_State)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise ValueError(f"not the state of endpoints: {error}") from None
        if found.version != 1 or len(found.catalogues) > MAX_CATALOGUES:
            raise ValueError("the state of endpoints of another version")
        learned = Learned.restore(found.learned)
        counters = {name: DistinctCounter(registers) for name, registers in found.catalogues.items()}
        self._learned = learned
        self._cached.clear()
        self._operations.clear()
        self._asked.clear()
        self._asked_before.clear()
        fixed = {route.name for route in self._routes}
        self._catalogues = {
            name: counter for name, counter in sorted(counters.items()) if name in fixed or learned.count(name)
        }


class _State(Struct, forbid_unknown_fields=True):
    version: int
    learned: dict[str, object]
    catalogues: dict[str, bytes]


def _base(route: Route) -> str:
    """Give the name of the endpoint to which an operation's route belongs."""
    if route.endpoint is not None:
        return route.endpoint.name
    return route.name.rpartition(":")[0]


def _method(name: str, template: str) -> str:
    return name[: -len(template) - 1]


def _where(selector: Selector | None) -> tuple[str, ...]:
    if selector is None or selector.source not in ("body", "query"):
        return ("operationName",)
    return tuple(selector.name.split(".")[:8]) if selector.source == "body" else (selector.name,)


def _distinct(calls: Calls) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    return {(call.name, call.kind, call.fields): None for call in calls.calls}
