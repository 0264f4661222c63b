"""Which GraphQL operations a request holds: names, what they ask for, and how many there are.

No full parser: one bounded pass over the tokens of the query finds each operation's kind, name and root fields
(GraphQL specification, October 2021, sections 2.1 and 2.3). Operations can be multiplied in two ways, and both are
counted: as a JSON array of calls, and as aliases of one field (``a: login(…) b: login(…)``).
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

__all__ = ["MAX_EXAMINED", "Call", "Calls", "Operation", "is_name", "read_calls", "scan"]

MAX_QUERY = 16_384
MAX_TOKENS = 2048
MAX_FIELDS = 32
MAX_OPERATIONS = 64
MAX_EXAMINED = 128
"""Calls of a batch that are looked into; all are counted."""
MAX_NAME = 64
_CACHED = 4096

_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\(?:""")?|"(?!""))*(?:"""|$)|"(?:[^"\\\n]|\\.)*"?|#[^\n]*|\.\.\.|[_A-Za-z][_0-9A-Za-z]*|[{}()\[\]:@]',
    re.DOTALL,
)
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,63}")
_NAMED = re.compile(rb'"operationName"\s*:\s*"([_A-Za-z][_0-9A-Za-z]{0,63})"')
_QUERIES = re.compile(rb'"query"\s*:\s*"')
_HASH = re.compile(r"[0-9a-f]{12,64}")
_KINDS = ("query", "mutation", "subscription")


class Operation(Struct, frozen=True, gc=False):
    """One operation of a query.

    Attributes:
        name: Empty where it has none.
        fields: Distinct root fields, in their order; at most 32.
        count: How often the root field that is asked for most is asked for.
    """

    name: str
    kind: str
    fields: tuple[str, ...]
    count: int


class Call(Struct, frozen=True, gc=False):
    """What one call executes. ``name`` is that of the operation, or ``sha256_…`` of a persisted query, or empty."""

    name: str
    kind: str
    fields: tuple[str, ...] = ()


class Calls(Struct, frozen=True, gc=False):
    """The calls of a request (of a batch the first 128), and how many operations it stands for in all."""

    calls: tuple[Call, ...]
    count: int


NOTHING = Calls((), 0)


def is_name(text: str) -> bool:
    """Say whether a text is a GraphQL name of at most 64 characters."""
    return _NAME.fullmatch(text) is not None


def scan(query: str) -> tuple[Operation, ...]:
    """Find the operations of a query document; of what is too long or broken, those that were found until there.

    >>> scan("query ProductList { products(first: 9) { id } }")
    (Operation(name='ProductList', kind='query', fields=('products',), count=1),)
    >>> scan("mutation { a: login(u: 1) { t } b: login(u: 2) { t } }")[0].count
    2
    """
    return _remembered(query) if len(query) <= _CACHED else _scan(query[:MAX_QUERY])


def _scan(query: str) -> tuple[Operation, ...]:
    found: list[tuple[str, str, Counter[str]]] = []
    shared: Counter[str] = Counter()  # root fields that stand in fragments
    uses_fragments: set[int] = set()
    fields: Counter[str] | None = None
    kind, name = "query", ""
    depth = parentheses = 0
    inline: list[int] = []  # depths at which an inline fragment was opened
    previous, is_fragment, has_spread = "", False, False
    for number, match in enumerate(_TOKEN.finditer(query)):
        if number >= MAX_TOKENS:
            break
        piece = match[0]
        first = piece[0]
        if first == "#" or first == '"':
            continue
        if first == "(":
            parentheses += 1
        elif first == ")":
            parentheses = max(parentheses - 1, 0)
        elif parentheses or first in "[]":
            pass
        elif first == "{":
            if has_spread:
                inline.append(depth)
                has_spread = False
            if depth == 0:
                fields = shared if is_fragment else Counter()
                if not is_fragment and len(found) < MAX_OPERATIONS:
                    found.append((name, kind, fields))
            depth += 1
        elif first == "}":
            depth = max(depth - 1, 0)
            if inline and inline[-1] == depth:
                inline.pop()
            if depth == 0:
                kind, name, is_fragment, fields = "query", "", False, None
                inline.clear()
            has_spread = False
        elif piece == "...":
            has_spread = True
        elif first == ":":
            if fields is not None and depth - len(inline) == 1 and previous in fields:
                fields[previous] -= 1  # it was an alias
                if not fields[previous]:
                    del fields[previous]
        elif first != "@" and previous != "@":
            if depth == 0:
                if piece in _KINDS and not name and previous not in _KINDS:
                    kind = piece
                elif piece == "fragment" and previous not in _KINDS:
                    is_fragment = True
                elif previous in _KINDS:
                    name = piece[:MAX_NAME]
            elif has_spread:
                if piece != "on" and previous == "...":
                    has_spread = False  # a spread of a named fragment
                    if depth - len(inline) == 1 and not is_fragment:
                        uses_fragments.add(len(found) - 1)
            elif depth - len(inline) == 1 and fields is not None and (len(fields) < MAX_FIELDS or piece in fields):
                fields[piece[:MAX_NAME]] += 1
        previous = piece
    operations = []
    for place, (name, kind, own) in enumerate(found):
        if place in uses_fragments:
            own = own + shared
        operations.append(
            Operation(name, kind, tuple(own)[:MAX_FIELDS], max(own.values(), default=1)),
        )
    return tuple(operations)


_remembered = lru_cache(maxsize=1024)(_scan)


def read_calls(body: bytes, query: str, where: tuple[str, ...] = ("operationName",)) -> Calls:
    """Read what a request to a GraphQL endpoint executes; nothing where it holds no call.

    Args:
        body: JSON (one call or an array of calls), possibly cut; or a query document itself.
        query: The URL's query, for calls by GET.
        where: Names of the JSON objects and of the field that hold the operation's name.
    """
    if body:
        try:
            value = msgspec.json.decode(body[:MAX_QUERY])
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return _broken(body[:MAX_QUERY])
        if isinstance(value, list):
            return _several(value, where)
        return _several([value], where)
    if "query=" in query or "operationName=" in query or "extensions=" in query:
        try:
            pairs = dict(parse_qsl(query[:MAX_QUERY], max_num_fields=64)[::-1])
        except ValueError:
            return NOTHING
        call: dict[str, Any] = dict(pairs)
        try:
            call["extensions"] = msgspec.json.decode(pairs.get("extensions", "null"))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, UnicodeEncodeError):
            call["extensions"] = None
        return _several([call], where[-1:])
    return NOTHING


def _several(values: list[Any], where: tuple[str, ...]) -> Calls:
    calls, count = [], 0
    for value in values[:MAX_EXAMINED]:
        if isinstance(value, dict):
            call, times = _one(value, where)
            calls.append(call)
            count += times
    return Calls(tuple(calls), count + max(len(values) - MAX_EXAMINED, 0)) if calls else NOTHING


def _one(value: dict[str, Any], where: tuple[str, ...]) -> tuple[Call, int]:
    chosen: Any = value
    for part in where:
        chosen = chosen.get(part) if isinstance(chosen, dict) else None
    name = chosen if isinstance(chosen, str) and is_name(chosen) else ""
    text = value.get("query")
    operations = scan(text) if isinstance(text, str) and text else ()
    executed = next((operation for operation in operations if operation.name == name), None)
    if executed is None and operations:
        executed = operations[0]
    if executed is not None:
        return Call(name or executed.name, executed.kind, executed.fields), executed.count
    return Call(name or _persisted(value), "", ()), 1


def _persisted(value: dict[str, Any]) -> str:
    """Name a persisted query by the beginning of its hash."""
    extensions = value.get("extensions")
    persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else value.get("id")
    if isinstance(digest, str) and _HASH.fullmatch(digest.lower()[:64]):
        return f"sha256_{digest.lower()[:12]}"
    return ""


def _broken(body: bytes) -> Calls:
    """Find what can be found in a body that is cut, in parts (a file upload), or a query document."""
    named = _NAMED.findall(body)
    count = len(_QUERIES.findall(body))
    if named or count:
        names = tuple(Call(name.decode(), "") for name in named[:MAX_EXAMINED])
        return Calls(names or (Call("", ""),), max(len(named), count))
    operations = scan(body.decode("utf-8", "replace"))
    if operations:
        return Calls((Call(operations[0].name, operations[0].kind, operations[0].fields),), operations[0].count)
    return NOTHING
