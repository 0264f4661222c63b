"""Which endpoints recorded traffic shows, and what they seem to be for: a proposal for the configuration.

Every request passes the engine's own router, in the order of the log, and its answer teaches at once. In the end each
path is counted for the endpoint that it belongs to by then.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from msgspec import Struct, field

from vedette.collect.catalogue import DistinctCounter
from vedette.collect.endpoints import Router
from vedette.collect.normalize import normal_path
from vedette.collect.openapi import ACCOUNT_NAMES, described
from vedette.collect.parameters import parameters_of
from vedette.collect.purposes import Guess, guess, guess_operation
from vedette.collect.templates import STATIC
from vedette.config.schema import Config
from vedette.doors.logs import Recorded
from vedette.types import Purpose

__all__ = ["MOST", "Proposal", "Survey", "lines", "proposals"]

MOST = 190
"""Endpoints that a configuration takes."""
_KEPT = 20_000
"""Paths counted apart before they are put together."""
_ODD = ("null", "true", "false")
_ENOUGH = 50
"""Good answers of one endpoint that a running system has counted which are learned from again."""
_TRIED = ("login", "signup", "password_reset")
_METHOD = re.compile(r"[A-Z]{1,20}")
_PLAIN = re.compile(r"[^\s*?#{}\x00-\x1f\x7f]+")
_OPERATION = re.compile(r"(.*/(?:graphql|gql))(?::(.*))?", re.DOTALL)
_VARIABLE = re.compile(r"\{[^}]*\}")
_WORD = re.compile(r"[^a-z0-9]+")


class Tally(Struct):
    """What was seen of one endpoint. ``statuses`` holds the API's answers, 0 for none."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    parameters: Counter[str] = field(default_factory=Counter)
    objects: DistinctCounter | None = None

    def merge(self, other: Tally) -> None:
        """Take in another tally."""
        self.requests += other.requests
        self.statuses += other.statuses
        for name, count in other.parameters.items():
            if name in self.parameters or len(self.parameters) < 64:
                self.parameters[name] += count
        if other.objects is not None:
            self.objects = other.objects if self.objects is None else self.objects.joined(other.objects)


class Proposal(Struct, frozen=True):
    """An endpoint as it is proposed.

    Attributes:
        name: Of the learned endpoint: method and template.
        match: As the configuration writes it.
        operations: What is said of the GraphQL operations behind it.
        good: Share of its answers below 400, NaN without any.
        objects: Estimated number of distinct objects, 0 where its path names none, NaN where it is not known.
        account, object: Selectors, or empty.
    """

    name: str
    match: str
    guess: Guess
    requests: int
    good: float
    objects: float
    account: str = ""
    object: str = ""
    operations: tuple[str, ...] = ()


class Survey:
    """Counts recorded requests by endpoint, under a configuration whose own endpoints come first."""

    def __init__(self, config: Config) -> None:
        self.requests = self.configured = 0
        self.router = Router(config.endpoints, described(config))
        self._tallies: dict[tuple[str, str, str], Tally] = {}

    def add(self, recorded: Recorded) -> None:
        """Count one request and its answer."""
        request = recorded.request
        self.requests += 1
        status = recorded.answer.status if recorded.answer is not None else 0
        route, captured = self.router.find(request.method, request.host, normal_path(request.path))
        route, _ = self.router.operations(route, request.body, request.query)
        if route.endpoint is not None and not route.operation:
            self.configured += 1
            return
        item = _hash(captured[0]) if captured else 0
        self.router.ask(self.requests, route, item)
        self.router.answer(self.requests, status)
        key = (request.method[:16], route.template, route.operation)
        tally = self._tallies.get(key)
        if tally is None:
            if len(self._tallies) >= _KEPT:
                self._tallies = self._together()
            tally = self._tallies.setdefault(key, Tally())
        tally.requests += 1
        tally.statuses[status] += 1
        if request.query or request.body:
            for one in parameters_of(request.query, request.body, ""):
                if one in tally.parameters or len(tally.parameters) < 64:
                    tally.parameters[one] += 1
        if item and 0 < status < 400:
            tally.objects = tally.objects or DistinctCounter()
            tally.objects.add(item)

    def take(self, name: str, status: int, count: int) -> None:
        """Count requests whose endpoint a running system named (``METHOD /template``), all answered alike."""
        method, _, template = name.partition(" ")
        found = _OPERATION.fullmatch(template)
        template, operation = (found[1], found[2] or "") if found is not None else (template, "")
        if not template.startswith("/") or "{other}" in name:
            return
        self.requests += count
        route, _ = self.router.find(method, "", template)
        if route.endpoint is not None:
            self.configured += count
            return
        if operation:
            route, _ = self.router.operations(route, json.dumps({"operationName": operation}).encode(), "")
        if 0 < status < 400:
            for _ in range(min(count, _ENOUGH)):
                route = self.router.confirm(route, is_whole=status < 300 or status == 304)
        tally = self._tallies.setdefault((method, template, operation), Tally())
        tally.requests += count
        tally.statuses[status] += count

    def _together(self) -> dict[tuple[str, str, str], Tally]:
        """Put what has become one endpoint together; forget half of it, the rarest, where that does not help."""
        found: dict[tuple[str, str, str], Tally] = {}
        for (method, template, operation), tally in self._tallies.items():
            shown = template
            if not operation:
                route, captured = self.router.find(method, "", template)
                shown = route.template or template
                if (
                    captured and "{" not in captured[0] and any(0 < status < 400 for status in tally.statuses)
                ):  # a value not known as one then
                    tally.objects = tally.objects or DistinctCounter()
                    tally.objects.add(_hash(captured[0]))
            found.setdefault((method, shown, operation), Tally()).merge(tally)
        if len(found) > _KEPT // 2:
            kept = sorted(found, key=lambda key: (-found[key].requests, key))[: _KEPT // 2]
            found = {key: found[key] for key in kept}
        return found

    def tallies(self) -> dict[str, Tally]:
        """Give the tallies of all endpoints that the API answered well, by name."""
        confirmed = set(self.router.confirmed())
        found: dict[str, Tally] = {}
        for (method, template, operation), tally in sorted(self._together().items()):
            name = f"{method} {template}" + (f":{operation}" if operation else "")
            if name in confirmed:
                tally.objects = tally.objects or self.router.objects(name)
                found.setdefault(name.replace("HEAD ", "GET ", 1), Tally()).merge(tally)
        return found


def _hash(item: str) -> int:
    return int.from_bytes(blake2b(item.encode("utf-8", "replace"), digest_size=8).digest(), "little") or 1


def proposals(tallies: Iterable[tuple[str, Tally]]) -> list[Proposal]:
    """Make proposals of endpoints by name (``METHOD /template``), most asked for first, static files last.

    What a match cannot tell apart (``{slug}.html`` and ``{slug}.txt``) is one proposal, and so are the static files of
    a directory that holds nothing else.
    """
    files: dict[str, Tally] = {}
    graphs: dict[str, list[tuple[str, Tally]]] = {}
    shapes: dict[str, list[tuple[str, Tally]]] = {}
    for name, tally in tallies:
        method, _, template = name.partition(" ")
        if not _METHOD.fullmatch(method) or not template.startswith("/"):
            continue
        if STATIC.search(template) and method == "GET":
            files.setdefault(template.rpartition("/")[0], Tally()).merge(tally)
        elif (operation := _OPERATION.fullmatch(template)) is not None:
            graphs.setdefault(f"{method} {operation[1]}", []).append((operation[2] or "", tally))
        else:
            shapes.setdefault(_VARIABLE.sub("{}", _match(method, template)[0]), []).append((name, tally))
    found = [_graph(name, sorted(several, key=lambda one: one[0])) for name, several in graphs.items()]
    for several in shapes.values():
        name = max(several, key=lambda one: (one[1].requests, one[0]))[0]
        whole = Tally()
        for _, tally in several:
            whole.merge(tally)
        method, _, template = name.partition(" ")
        found.append(_proposal(name, method, template, whole))
    paths = [one.name.partition(" ")[2] for one in found]
    for directory, tally in files.items():
        if directory and not any(f"{path}/".startswith(f"{directory}/") for path in paths):
            match, _ = _match("GET", f"{directory}/**")
            found.append(
                Proposal(f"GET {directory}/**", match, Guess("static", 0.95), tally.requests, _good(tally), 0.0)
            )
    return sorted(found, key=lambda one: (one.match.endswith("**"), -one.requests, one.name))


def _proposal(name: str, method: str, template: str, tally: Tally) -> Proposal:
    parameters = [one for one, _ in tally.parameters.most_common(32)]
    statuses = {status: count for status, count in tally.statuses.items() if status}
    found = guess(method, template, parameters=parameters, statuses=statuses)
    match, variable = _match(method, template)
    names = {one.partition(":")[0] for one in parameters}
    account = next((f"query.{one}" for one in ACCOUNT_NAMES if one in names), "") if found.purpose in _TRIED else ""
    objects = tally.objects.estimate() if tally.objects is not None else float("nan") if variable else 0.0
    item = f"path.{variable}" if variable else ""
    return Proposal(name, match, found, tally.requests, _good(tally), objects, account, item)


def _graph(name: str, found: list[tuple[str, Tally]]) -> Proposal:
    """Propose one endpoint for all operations of a GraphQL path: each becomes an endpoint by itself."""
    whole = Tally()
    told = []
    for operation, tally in sorted(found, key=lambda one: (-one[1].requests, one[0])):
        whole.merge(tally)
        if operation:
            one = guess_operation(operation, "")
            told.append(f"{operation}: {tally.requests:,} requests, {one.purpose}, confidence {one.confidence:.2f}")
    match, _ = _match(name.partition(" ")[0], name.partition(" ")[2])
    return Proposal(name, match, Guess("other", 0.9), whole.requests, _good(whole), 0.0, operations=tuple(told[:50]))


def _good(tally: Tally) -> float:
    answers = sum(count for status, count in tally.statuses.items() if status)
    good = sum(count for status, count in tally.statuses.items() if 0 < status < 400)
    return good / answers if answers else float("nan")


def _match(method: str, template: str) -> tuple[str, str]:
    """Write a template as a match, and give the name of its last segment where that is a parameter."""
    parts: list[str] = []
    count = 0
    variable = ""
    for part in [part for part in template.split("/") if part]:
        variable = ""
        if part == "**" or _PLAIN.fullmatch(part):
            parts.append(part)
            continue
        count += 1
        variable = ("slug" if "{slug" in part else "id" if "{id" in part else "part") + (
            str(count) if count > 1 else ""
        )
        parts.append("{" + variable + "}")
    return f"{method} /{'/'.join(parts)}", variable


def lines(found: list[Proposal], about: str) -> Iterator[str]:
    """Write proposals as the ``endpoints`` section of a configuration, each with what speaks for it."""
    yield f"# {about}"
    if not found:
        yield "# Nothing that is not configured was asked for and answered well."
        return
    yield "# Check each purpose and selector, then paste what you keep into vedette.yaml: the first match wins."
    if len(found) > MOST:
        yield f"# {len(found):,} endpoints were learned; these are the {MOST} asked for most."
    yield "endpoints:"
    taken: set[str] = set()
    for one in _ordered(found[:MOST]):
        yield f"  # {one.requests:,} requests{_told(one)}"
        yield f"  - name: {_quoted(_name(one, taken))}"
        yield f"    match: {_quoted(one.match)}"
        yield f"    purpose: {one.guess.purpose}  # confidence {one.guess.confidence:.2f}"
        if one.account:
            yield f"    account: {_quoted(one.account)}"
        elif one.guess.purpose in _TRIED:
            yield "    # account: body.email  # the field that names the account; a log does not show bodies"
        if one.object:
            yield f"    object: {_quoted(one.object)}"
        if _OPERATION.fullmatch(one.name.partition(" ")[2]):
            yield "    operation: body.operationName"
            yield from (f"    # {operation}" for operation in one.operations)


def _ordered(found: list[Proposal]) -> list[Proposal]:
    """Keep the order, but put what another would take the requests of before it: the first match wins."""
    ordered: list[Proposal] = []
    for one in found:
        place = next((place for place, other in enumerate(ordered) if _covers(other.match, one.match)), len(ordered))
        ordered.insert(place, one)
    return ordered


def _covers(match: str, other: str) -> bool:
    (method, _, path), (its_method, _, its_path) = match.partition(" "), other.partition(" ")
    if method != its_method:
        return False
    parts, its_parts = path.split("/"), its_path.split("/")
    if parts[-1] == "**":
        return its_parts[: len(parts) - 1] == parts[:-1]
    return len(parts) == len(its_parts) and all(
        one[:1] == "{" or one == its for one, its in zip(parts, its_parts, strict=True)
    )


def _told(one: Proposal) -> str:
    told = f", {100 * one.good:.0f} % answered well" if one.good == one.good else ""
    if one.objects != one.objects:
        return told
    count = f"{one.objects:,.0f}"
    return f"{told}, about {count} object{'s' * (count != '1')}" if one.object or one.objects else told


def _name(one: Proposal, taken: set[str]) -> str:
    """Choose a short name: the purpose, the words of the path, or these with the method or a number."""
    method, _, path = one.match.partition(" ")
    words = [_WORD.sub("-", part.lower()).strip("-") for part in path.split("/") if part and part[:1] != "{"]
    words = [word for word in words if word and not re.fullmatch(r"api|rest|v\d+", word)]
    last = " ".join(words[-2:])[:50] or "root"
    purpose: Purpose = one.guess.purpose
    choices: list[str] = [purpose] if purpose not in ("other", "static", "account") else []
    choices += [last, f"{method.lower()} {last}", *(f"{method.lower()} {last} {number}" for number in range(2, 400))]
    name = next(choice for choice in choices if choice not in taken)
    taken.add(name)
    return name


def _quoted(text: str) -> str:
    is_plain = re.fullmatch(r"[a-z][a-z0-9 ._-]*", text) is not None and text not in _ODD
    return text if is_plain else json.dumps(text, ensure_ascii=False)
