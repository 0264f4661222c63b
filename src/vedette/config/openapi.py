"""Reads an OpenAPI document (3.0, 3.1, or Swagger 2.0) for the operations of an API: where they are, what they take.

Only what names endpoints is read: servers or ``basePath``, paths, methods, ``operationId``, names and types of
parameters and of the fields of a JSON or form body. References within the document are followed, none outside it.
The document is as untrusted as any file: its size, depth, aliases and number of operations are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from vedette.config.document import Node, SourceError, parse_document
from vedette.config.schema import Match, OpenApi, Operation

__all__ = ["OPERATIONS_MAX", "OpenApiError", "parse_openapi", "read_openapi"]

SIZE_MAX = 8 << 20
NODES_MAX = 500_000
DEPTH_MAX = 64
OPERATIONS_MAX = 2000
SERVERS_MAX = 4
PARAMETERS_MAX = 32
PROBLEMS_MAX = 20
_REFERENCES_MAX = 8
_NAME_MAX = 100
_SEGMENTS_MAX = 24

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_VARIABLE = re.compile(r"\{([^{}/]+)\}")
_ODD = re.compile(r"[^A-Za-z0-9_-]")
_FORMATS = {
    "uuid": "uuid", "date": "date", "date-time": "date", "email": "email", "idn-email": "email", "uri": "url",
    "url": "url", "uri-reference": "url",
}  # fmt: skip
_TYPES = {"integer": "int", "number": "decimal", "boolean": "bool", "array": "list", "object": "object"}
_BODIES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")


class OpenApiError(Exception):
    """A document that cannot be used: ``problems`` as ``(line, text)``, the line 0 where it is not known (JSON)."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        super().__init__(problems)
        self.problems = problems


class _Place(NamedTuple):
    """One value of the document: a node of YAML, or a plain value of JSON."""

    value: Any
    line: int = 0

    def fields(self) -> dict[str, _Place]:
        """Give the fields of a mapping; of anything else none."""
        if isinstance(self.value, Node):
            return {name: _Place(node, line) for name, (line, node) in self.value.entries.items()}
        if isinstance(self.value, dict):
            return {str(name): _Place(inner, self.line) for name, inner in self.value.items()}
        return {}

    def items(self) -> list[_Place]:
        """Give the items of a list; of anything else none."""
        if isinstance(self.value, Node):
            return [_Place(node, node.line) for node in self.value.items]
        return [_Place(inner, self.line) for inner in self.value] if isinstance(self.value, list) else []

    def text(self) -> str:
        """Give a text; of anything else an empty one."""
        if isinstance(self.value, Node):
            return self.value.text if self.value.kind == "text" and not self.value.is_null else ""
        return self.value if isinstance(self.value, str) else ""

    def get(self, name: str) -> _Place:
        """Give a field, or an empty place."""
        return self.fields().get(name, _Place(None, self.line))

    @property
    def is_mapping(self) -> bool:
        return self.value.kind == "map" if isinstance(self.value, Node) else isinstance(self.value, dict)


def read_openapi(file: Path) -> OpenApi:
    """Read a file. Raises :class:`OpenApiError`."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(SIZE_MAX + 1)
    except OSError as error:
        raise OpenApiError([(0, f"cannot be read, {error.strerror}")]) from None
    return OpenApi(str(file), parse_openapi(raw))


def parse_openapi(raw: bytes) -> tuple[Operation, ...]:
    """Give the operations of a document, those with literal paths before those with parameters.

    Raises :class:`OpenApiError` with every problem, at most 20.
    """
    if len(raw) > SIZE_MAX:
        raise OpenApiError([(1, f"too large, more than {SIZE_MAX} bytes, leave out examples and descriptions")])
    root = _load(raw)
    version = root.get("openapi").text() or root.get("swagger").text()
    if isinstance(root.value, dict) and not version:
        version = str(root.value.get("swagger", ""))
    if not version.startswith(("3.0", "3.1", "2.0")):
        said = f'"{version[:20]}"' if version else "nothing"
        raise OpenApiError([(1, f'not an OpenAPI document, {said}, "openapi" is 3.0 or 3.1, or "swagger" is 2.0')])
    reading = _Reading(root, is_old=version.startswith("2"))
    reading.read()
    if reading.problems:
        raise OpenApiError(reading.problems[:PROBLEMS_MAX])
    return tuple(sorted(reading.operations, key=_order))


def _load(raw: bytes) -> _Place:
    if raw.lstrip()[:1] == b"{":
        try:
            return _Place(msgspec.json.decode(raw))
        except RecursionError:
            raise OpenApiError([(1, "nested too deeply, this JSON")]) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            at = re.search(r"byte (\d+)", str(error))
            line = raw.count(b"\n", 0, int(at[1])) + 1 if at else 1
            raise OpenApiError([(line, f"not JSON, {str(error)[:120]}")]) from None
    try:
        return _Place(parse_document(raw, size_max=SIZE_MAX, nodes_max=NODES_MAX, depth_max=DEPTH_MAX), 1)
    except SourceError as error:
        raise OpenApiError(error.problems[:PROBLEMS_MAX]) from None


def _order(operation: Operation) -> tuple[Any, ...]:
    """Sort literal segments before parameters, as the specification matches them."""
    return tuple((part[:1] == "{", part) for part in operation.match.segments), operation.match.method


class _Reading:
    def __init__(self, root: _Place, *, is_old: bool) -> None:
        self.root = root
        self.is_old = is_old
        self.operations: list[Operation] = []
        self.problems: list[tuple[int, str]] = []
        self.names: set[str] = set()

    def read(self) -> None:
        """Read all paths."""
        paths = self.root.get("paths")
        if not paths.is_mapping:
            self.problems.append((paths.line or 1, "paths: nothing there, an API's paths are needed"))
            return
        bases = self.old_base() if self.is_old else self.bases(self.root.get("servers")) or [()]
        for path, item in paths.fields().items():
            if path.startswith("x-"):
                continue
            if not path.startswith("/"):
                self.problems.append((item.line, f'paths: not a path, "{path[:60]}", it begins with /'))
                continue
            item = self.follow(item)
            shared = self.bases(item.get("servers")) or bases
            for method in _METHODS:
                operation = item.fields().get(method)
                if operation is None:
                    continue
                own = self.bases(operation.get("servers")) or shared
                self.operation(path, method.upper(), operation, item, own)
                if len(self.operations) > OPERATIONS_MAX:
                    self.problems.append((operation.line, f"too many, operations, at most {OPERATIONS_MAX}"))
                    return

    def operation(self, path: str, method: str, operation: _Place, item: _Place, bases: list[tuple[str, ...]]) -> None:
        segments = self.segments(path, operation.line)
        if segments is None:
            return
        name = " ".join(operation.get("operationId").text().split())[:_NAME_MAX]
        if not name or name in self.names:
            name = f"{method} {path}"[:_NAME_MAX]
        self.names.add(name)
        taken = list(self.parameters(operation, item))
        parameters = tuple(dict.fromkeys(f"{one.lower()}:{kind}" for one, kind, _ in taken))[:PARAMETERS_MAX]
        fields = tuple(dict.fromkeys(one for one, _, is_field in taken if is_field))[:PARAMETERS_MAX]
        for base in bases:
            whole = (*base, *segments)
            match = Match(f"{method} /{'/'.join(whole)}", method, "", whole)
            self.operations.append(Operation(name, match, parameters, fields))

    def segments(self, path: str, line: int) -> tuple[str, ...] | None:
        """Give the segments of a path; one that holds a parameter among other text is a parameter as a whole."""
        parts = [part for part in path.split("?", maxsplit=1)[0].split("/") if part]
        if len(parts) > _SEGMENTS_MAX or len(path) > 1024:
            self.problems.append((line, f'paths: too long, "{path[:60]}", at most {_SEGMENTS_MAX} segments'))
            return None
        segments: list[str] = []
        names: set[str] = set()
        for part in parts:
            found = _VARIABLE.search(part)
            if found is None:
                segments.append(unquote(part))
                continue
            name = _ODD.sub("_", found[1])[:60]
            name = name if re.match(r"[A-Za-z_]", name) else f"p{name}"
            while name in names:
                name += "_"
            names.add(name)
            segments.append("{" + name + "}")
        return tuple(segments)

    def old_base(self) -> list[tuple[str, ...]]:
        return [tuple(part for part in self.root.get("basePath").text().split("/") if part)]

    def bases(self, servers: _Place) -> list[tuple[str, ...]]:
        """Give the paths below which servers stand. Their hosts are those of production and say nothing here."""
        found: dict[tuple[str, ...], None] = {}
        for server in servers.items()[:64]:
            url = server.get("url").text()
            for name, variable in server.get("variables").fields().items():
                url = url.replace("{" + name + "}", variable.get("default").text())
            try:
                path = urlsplit(url).path
            except ValueError:
                self.problems.append((server.line, f'servers: not a URL, "{url[:60]}", write one such as /v1'))
                continue
            parts = [part for part in path.split("/") if part and part not in (".", "..")][:8]
            clean = tuple("{" + _ODD.sub("_", part.strip("{}")) + "}" if "{" in part else part for part in parts)
            found[clean] = None
        return list(found)[:SERVERS_MAX]

    def follow(self, place: _Place) -> _Place:
        """Follow references within the document, up to eight in a row; one that leads nowhere gives an empty place."""
        for _ in range(_REFERENCES_MAX):
            target = place.fields().get("$ref")
            if target is None:
                return place
            reference = target.text()
            if not reference.startswith("#/"):
                return _Place(None, place.line)
            found = self.root
            for part in reference[2:].split("/")[:16]:
                found = found.get(unquote(part).replace("~1", "/").replace("~0", "~"))
            place = found
        return _Place(None, place.line)

    def parameters(self, operation: _Place, item: _Place) -> Iterator[tuple[str, str, bool]]:
        """Give name and type of what an operation takes in query and body, and whether it is in the body."""
        for one in (*item.get("parameters").items()[:64], *operation.get("parameters").items()[:64]):
            parameter = self.follow(one)
            place = parameter.get("in").text()
            if place in ("query", "formData"):
                schema = parameter if self.is_old else parameter.get("schema")
                yield parameter.get("name").text()[:64], self.type_of(schema), place != "query"
            elif place == "body":
                yield from self.fields_of(parameter.get("schema"))
        content = self.follow(operation.get("requestBody")).get("content").fields()
        for kind in _BODIES:
            for name, media in content.items():
                if name.partition(";")[0].strip().lower() == kind:
                    yield from self.fields_of(media.get("schema"))

    def fields_of(self, schema: _Place, depth: int = 0) -> Iterator[tuple[str, str, bool]]:
        schema = self.follow(schema)
        for name, field in list(schema.get("properties").fields().items())[:64]:
            yield name[:64], self.type_of(field), True
        if depth < 4:
            for join in ("allOf", "oneOf", "anyOf"):
                for part in schema.get(join).items()[:8]:
                    yield from self.fields_of(part, depth + 1)

    def type_of(self, schema: _Place) -> str:
        schema = self.follow(schema)
        said = schema.get("type")
        kind = said.text() or next((one.text() for one in said.items() if one.text() not in ("", "null")), "")
        return _FORMATS.get(schema.get("format").text()) or _TYPES.get(kind, "text")
