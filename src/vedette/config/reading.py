"""Reads nodes into values: one small function a notation, every mistake kept with its place.

A :class:`Reader` collects problems instead of raising; what cannot be read is :data:`MISSING`, and whoever needed it
gives up quietly because the problem is already written down. ``sections`` says which keys there are.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vedette.config.document import Node
from vedette.config.schema import Secret

__all__ = ["MISSING", "Key", "Reader"]

MISSING: Any = object()
"""A value that could not be read; its problem has been noted."""
SHOWN = 60
SECRET_BYTES = 65_536
SECRETIVE = ("partners", "privacy", "console", "feedback", "drill", "alerts")
"""Sections with secrets: a value of the wrong shape there is not repeated."""
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

Read = Callable[["Reader", Node, str], Any]


class Key(NamedTuple):
    """One key of a mapping: how it is read, and whether it must be there."""

    read: Read
    is_required: bool = False


class Reader:
    """Reads one document.

    Attributes:
        problems: ``(line, text)`` of each mistake; the line is 0 for a command-line flag.
        base: Directory that file paths in the document start from.
        inactive: Keys that are understood and whose part comes later, with what that means.
    """

    def __init__(self, file: Path | None) -> None:
        self.problems: list[tuple[int, str]] = []
        self.inactive: list[tuple[str, str]] = []
        self.base = file.parent if file is not None else Path()

    def problem(self, where: Node | int, path: str, text: str) -> Any:
        """Note a mistake and give :data:`MISSING`."""
        line = where if isinstance(where, int) else where.line
        origin = f"{where.origin}: " if isinstance(where, Node) and where.origin else ""
        self.problems.append((line, f"{origin}{path}: {text}" if path else text))
        return MISSING

    def mapping(self, node: Node, path: str, keys: Mapping[str, Key]) -> dict[str, Any]:
        """Read a mapping; only keys that were given and could be read are in the result."""
        if node.kind != "map":
            self.problem(node, path, f"not a mapping, {_shown(node, path)}, write keys and values")
            return {}
        found: dict[str, Any] = {}
        for name, (line, value) in node.entries.items():
            place = f"{path}.{name}" if path else name
            key = keys.get(name)
            if key is None:
                near = difflib.get_close_matches(name, list(keys), 1, 0.6)
                hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(keys)}"
                self.problem(line, path, f'unknown key, "{name[:SHOWN]}", {hint}')
                continue
            if value.is_null or (value.kind == "text" and value.is_bare and not value.text):
                self.problem(line, place, "no value, nothing, write one or leave the key out")
                continue
            read = key.read(self, value, place)
            if read is not MISSING:
                found[name] = read
        for name, key in keys.items():
            if key.is_required and name not in node.entries:
                self.problem(node, path, f'a key is missing, "{name}", add it')
        return found

    def is_whole(self, node: Node, found: Mapping[str, Any], keys: Mapping[str, Key]) -> bool:
        """Say whether every required key was read."""
        return node.kind == "map" and all(name in found for name, key in keys.items() if key.is_required)


def _shown(node: Node, path: str = "") -> str:
    """Repeat what was written, unless it may be a secret that stands where it should not."""
    if node.kind != "text":
        return "a list" if node.kind == "list" else "a mapping"
    if re.split(r"[.\[]", path, maxsplit=1)[0] in SECRETIVE or "app_tokens" in path or _has_password(node.text):
        return "(not shown)"
    return f'"{node.text[:SHOWN]}"'


def _has_password(value: str) -> bool:
    return "://" in value and "@" in value


def text(longest: int = 1024) -> Read:
    """Any text, not empty."""

    def read(reader: Reader, node: Node, path: str) -> Any:
        if node.kind != "text":
            return reader.problem(node, path, f"not a text, {_shown(node)}, write one value")
        if not node.text or len(node.text) > longest:
            return reader.problem(node, path, f"not usable, {len(node.text)} characters, use 1 to {longest}")
        if CONTROL.search(node.text):
            return reader.problem(node, path, "not usable, a line break or control character, write one plain line")
        return node.text

    return read


def notation(parse: Callable[[str], Any]) -> Read:
    """A text in one of the notations of ``units``; its ValueError says what is wrong and, after ``;``, the fix."""

    def read(reader: Reader, node: Node, path: str) -> Any:
        if node.kind != "text":
            return reader.problem(node, path, f"not a text, {_shown(node)}, write one value")
        try:
            return parse(node.text)
        except ValueError as error:
            what, _, fix = str(error).partition("; ")
            value = "" if f'"{node.text[:SHOWN]}"' in what else f", {_shown(node)}"
            return reader.problem(node, path, f"{what}{value}" + (f", {fix}" if fix else ""))

    return read


def choice(*options: str) -> Read:
    """One of some words."""

    def read(reader: Reader, node: Node, path: str) -> Any:
        if node.kind == "text" and node.text in options:
            return node.text
        near = difflib.get_close_matches(node.text, options, 1, 0.6) if node.kind == "text" else []
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(options)}"
        return reader.problem(node, path, f"not known, {_shown(node)}, {hint}")

    return read


def flag(reader: Reader, node: Node, path: str) -> Any:
    """``true`` or ``false``."""
    if node.kind == "text" and node.is_bare and node.text in ("true", "false"):
        return node.text == "true"
    return reader.problem(node, path, f"not true or false, {_shown(node)}, write true or false")


def number(least: int, most: int) -> Read:
    """A whole number within bounds."""

    def read(reader: Reader, node: Node, path: str) -> Any:
        if node.kind == "text" and node.text.isascii() and node.text.isdigit() and len(node.text) < 16:
            value = int(node.text)
            if least <= value <= most:
                return value
        return reader.problem(node, path, f"not a usable number, {_shown(node)}, use {least} to {most}")

    return read


def decimal(least: float, most: float) -> Read:
    """A number within bounds."""

    def read(reader: Reader, node: Node, path: str) -> Any:
        try:
            value = float(node.text) if node.kind == "text" and len(node.text) < 32 else float("nan")
        except ValueError:
            value = float("nan")
        if least <= value <= most:
            return value
        return reader.problem(node, path, f"not a usable number, {_shown(node)}, use {least:g} to {most:g}")

    return read


def several(item: Read, *, lone: bool = False, most: int = 1000) -> Read:
    """A list; with ``lone`` also one value that stands for a list of one. Gives a tuple."""

    def read(reader: Reader, node: Node, path: str) -> Any:
        if lone and node.kind != "list":
            value = item(reader, node, path)
            return MISSING if value is MISSING else (value,)
        if node.kind != "list":
            return reader.problem(node, path, f"not a list, {_shown(node, path)}, write one such as [a, b]")
        if len(node.items) > most:
            return reader.problem(node, path, f"too many, {len(node.items)} items, at most {most}")
        values = [item(reader, entry, f"{path}[{place}]") for place, entry in enumerate(node.items)]
        return tuple(value for value in values if value is not MISSING)

    return read


def structure(make: Callable[..., Any], keys: Mapping[str, Key]) -> Read:
    """A mapping that becomes ``make(**values)``, unless a required key is missing."""

    def read(reader: Reader, node: Node, path: str) -> Any:
        found = reader.mapping(node, path, keys)
        return make(**found) if reader.is_whole(node, found, keys) else MISSING

    return read


def later(what: str, read: Read) -> Read:
    """A key whose part comes later: it is checked, kept, and named as not yet active."""

    def note(reader: Reader, node: Node, path: str) -> Any:
        value = read(reader, node, path)
        if value is not MISSING:
            reader.inactive.append((path, what))
        return value

    return note


def expression(compile_one: Callable[[str], object]) -> Read:
    """CEL; a mistake is reported at its own place in the file."""

    def read(reader: Reader, node: Node, path: str) -> Any:
        if node.kind != "text":
            return reader.problem(node, path, "not an expression, a list or mapping, write CEL as one text")
        try:
            compile_one(node.text)
        except ValueError as error:
            line, _, rest = str(error).partition(":")
            column, _, what = rest.partition(": ")
            place = node.line
            if line.isdigit() and column.isdigit():
                place, across = node.locate(int(line), int(column))
                what = f"{what} (column {across})"
            return reader.problem(place, path, f"not valid, {what}")
        return node.text

    return read


def anything(_reader: Reader, node: Node, _path: str) -> Any:
    """Whatever is written, as plain lists, dictionaries and texts."""
    if node.kind == "text":
        return node.text
    if node.kind == "list":
        return [anything(_reader, item, _path) for item in node.items]
    return {name: anything(_reader, value, _path) for name, (_, value) in node.entries.items()}


def secret(reader: Reader, node: Node, path: str) -> Any:
    """``env:NAME`` or ``file:PATH``; what is written in its place is never repeated."""
    if node.kind != "text":
        return reader.problem(node, path, f"not a secret, {_shown(node)}, write env:NAME or file:PATH")
    kind, _, name = node.text.partition(":")
    if kind == "env" and name:
        value = os.environ.get(name)
        if value is None:
            return reader.problem(node, path, f"a secret is missing, env:{name[:SHOWN]}, set that environment variable")
        if not value:
            return reader.problem(node, path, f"a secret is empty, env:{name[:SHOWN]}, set that environment variable")
        return Secret(node.text, value)
    if kind == "file" and name:
        return _secret_file(reader, node, path, name)
    return reader.problem(
        node, path, "a secret in the clear, (not shown), put it elsewhere and write env:NAME or file:PATH"
    )


def _secret_file(reader: Reader, node: Node, path: str, name: str) -> Any:
    try:
        with (reader.base / name).open("rb") as file:
            value = file.read(SECRET_BYTES + 1)
    except OSError as error:
        return reader.problem(node, path, f"a secret cannot be read, file:{name[:SHOWN]}, {error.strerror}")
    try:
        decoded = value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return reader.problem(node, path, f"a secret is not text, file:{name[:SHOWN]}, save it as UTF-8")
    if not decoded or len(value) > SECRET_BYTES:
        return reader.problem(node, path, f"a secret is empty or too large, file:{name[:SHOWN]}, at most 64 KiB")
    return Secret(node.text, decoded)
