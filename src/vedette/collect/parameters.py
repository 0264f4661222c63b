"""Names and types of a request's parameters, for telling what is new to an endpoint; values go no further.

A parameter is ``name:type``. Names are in lower case, cut at 64 characters, with the number of an indexed one left out
(``item[3]`` is ``item[]``), so that a longer list is not a new parameter. Of a JSON body the names at its top count.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

import msgspec

__all__ = ["MAX_PARAMETERS", "TYPES", "parameters_of", "type_of"]

MAX_PARAMETERS = 32
MAX_NAME = 64
MAX_BODY = 16_384
_MAX_QUERY = 8192
MAX_VALUE = 2048
_CACHED = 256

TYPES = ("int", "decimal", "bool", "uuid", "date", "hex", "email", "url", "text", "empty", "list", "object")

_NUMBER = re.compile(
    r"(?P<int>[+-]?\d{1,18})|(?P<decimal>[+-]?\d{0,18}\.\d{1,18}(?:[eE][+-]?\d{1,3})?)"
    r"|(?P<date>\d{4}-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d[0-9:.Z+-]{0,18})?)"
)
_HEX = re.compile(r"(?:0[xX])?[0-9a-fA-F]{8,128}")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_URL = re.compile(r"(?:https?:)?//.", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]{1,64}\.[^@\s]{2,64}")
_BOOLEANS = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
_INDEX = re.compile(r"\[\d{1,9}\]|(?<=[._-])\d{1,9}(?=$|[.\[_-])")


def parameters_of(query: str, body: bytes, kind: str) -> tuple[str, ...]:
    """Give ``name:type`` of each parameter of a query and of a JSON or form body; at most 32, each bounded.

    Args:
        query: As received, without the ``?``.
        body: At most 16 KiB of it are read, and JSON only where it is whole.
        kind: The Content-Type, lower case.

    >>> parameters_of("q=red+boots&page=2&Item[3]=a", b"", "")
    ('q:text', 'page:int', 'item[]:text')
    >>> parameters_of("", b'{"email": "a@example.com", "ids": [1]}', "application/json")
    ('email:email', 'ids:list')
    """
    found = (_of_short_form(query) if len(query) <= _CACHED else _of_form(query)) if query else ()
    if not body:
        return found
    added = _of_json(body[:MAX_BODY]) if "json" in kind or body[:1] in (b"{", b"[") else ()
    if not added and "form-urlencoded" in kind:
        added = _of_form(body[:MAX_BODY].decode("utf-8", "replace"))
    return tuple(dict.fromkeys((*found, *added)))[:MAX_PARAMETERS] if added else found


def _of_form(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for part in text[:_MAX_QUERY].split("&", 2 * MAX_PARAMETERS)[: 2 * MAX_PARAMETERS]:
        if part:
            name, _, value = part.partition("=")
            found[f"{_name(name) if len(name) <= _CACHED else _fold(name)}:{type_of(value)}"] = None
    return tuple(found)[:MAX_PARAMETERS]


_of_short_form = lru_cache(maxsize=4096)(_of_form)


def _fold(name: str) -> str:
    name = name[:_CACHED]
    if "%" in name or "+" in name:
        name = unquote_plus(name, errors="replace")
    return _INDEX.sub("[]", name.lower().strip())[:MAX_NAME]


_name = lru_cache(maxsize=2048)(_fold)


def type_of(value: str) -> str:
    """Give the type of a value as a form writes it.

    >>> [type_of(value) for value in ("", "7", "7.50", "on", "2026-01-31", "a%40example.com", "deadbeef")]
    ['empty', 'int', 'decimal', 'text', 'date', 'email', 'hex']
    """
    if "%" in value or "+" in value:
        value = unquote_plus(value[:MAX_VALUE], errors="replace")
    return _type(value)


def _type(value: str) -> str:
    if value.isalnum() and value.isascii():
        if value.isdecimal() and len(value) <= 18:
            return "int"
        if len(value) >= 8 and _HEX.fullmatch(value, 0, MAX_VALUE) is not None:
            return "hex"
        return "bool" if value in _BOOLEANS else "text"
    if not value:
        return "empty"
    if value[0] in "+-.0123456789":
        found = _NUMBER.fullmatch(value, 0, MAX_VALUE)
        if found is not None:
            return found.lastgroup or "text"
    if "@" in value:
        return "email" if _EMAIL.fullmatch(value, 0, MAX_VALUE) is not None else "text"
    if len(value) == 36 and _UUID.fullmatch(value) is not None:
        return "uuid"
    return "url" if "//" in value and _URL.match(value) is not None else "text"


def _of_json(body: bytes) -> tuple[str, ...]:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ()
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict):
        return ()
    found: dict[str, None] = {}
    for name, one in value.items():
        found[f"{_name(name) if len(name) <= _CACHED else _fold(name)}:{_json_type(one)}"] = None
        if len(found) >= MAX_PARAMETERS:
            break
    return tuple(found)


def _json_type(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "decimal"
    if isinstance(value, str):
        return _type(value)
    return "list" if isinstance(value, list) else "object"
