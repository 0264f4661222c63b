"""Who is behind a request: session, device, key, account and object, by the selectors of the configuration.

Values come from the client and are bounded here: 16 KiB of cookies, 16 KiB of body, 512 characters of a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from vedette.config.schema import Selector
from vedette.types import Request

__all__ = ["Finder", "claim_text", "cookie_value", "number_of", "selector"]

MAX_VALUE = 512
MAX_COOKIES_BYTES = 16_384
MAX_BODY = 16_384
MAX_DEPTH = 16
_NUMBER = re.compile(r"(?:.*\D)?(\d{1,15})")

Finder = Callable[[Request, Mapping[str, str], str, Mapping[str, str]], str]
"""Takes request, headers (lower-case names), Cookie header and path parameters; gives a value or an empty string.

Claims of a verified token are among the path parameters, as ``jwt.CLAIM``: no parameter's name can hold a dot.
"""


def cookie_value(header: str, name: str) -> str:
    """Find one cookie in a Cookie header of at most 16 KiB; the first value of a repeated name counts.

    >>> cookie_value("nosid=0; sid=xyz; sid=2", "sid")
    'xyz'
    """
    start = header.find(name + "=", 0, MAX_COOKIES_BYTES)
    while start > 0 and header[start - 1] not in "; ":
        start = header.find(name + "=", start + 1, MAX_COOKIES_BYTES)
    if start < 0:
        return ""
    start += len(name) + 1
    end = header.find(";", start)
    return header[start : end if end >= 0 else start + MAX_COOKIES_BYTES].strip().strip('"')


def number_of(value: str) -> float:
    """Give the trailing number of an object's id, or NaN: walks over ``SKU-0042`` are walks over 42.

    >>> number_of("SKU-0042")
    42.0
    """
    if len(value) < 16 and value.isdecimal() and value.isascii():
        return float(value)
    found = _NUMBER.fullmatch(value)
    return float(found[1]) if found else float("nan")


def selector(where: Selector) -> Finder:
    """Give the function that finds what a selector names. A JWT's claims are believed only once they are verified."""
    name = where.name
    lower = name.lower()
    if where.source == "header":
        return lambda _request, headers, _cookies, _path: headers.get(lower, "")[:MAX_VALUE]
    if where.source == "cookie":
        return lambda _request, _headers, cookies, _path: cookie_value(cookies, name)[:MAX_VALUE]
    if where.source == "path":
        return lambda _request, _headers, _cookies, path: path.get(name, "")[:MAX_VALUE]
    if where.source == "query":
        return lambda request, _headers, _cookies, _path: _form_value(request.query, name)
    if where.source == "body":
        parts = tuple(name.split("."))
        return lambda request, headers, _cookies, _path: _body_value(request.body, headers, name, parts)
    claim = f"jwt.{name}"
    return lambda _request, _headers, _cookies, path: path.get(claim, "")


def _form_value(text: str, name: str) -> str:
    try:
        pairs = parse_qsl(text[:MAX_BODY], keep_blank_values=True, max_num_fields=128)
    except ValueError:
        return ""
    return next((value for key, value in pairs if key == name), "")[:MAX_VALUE]


def _body_value(body: bytes, headers: Mapping[str, str], name: str, parts: tuple[str, ...]) -> str:
    if not body or len(body) > MAX_BODY:
        return ""
    kind = headers.get("content-type", "")
    if "json" in kind or body.lstrip()[:1] in (b"{", b"["):
        try:
            value = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return ""
        return _scalar(_walk(value, parts))
    return _form_value(body.decode("utf-8", "replace"), name)


def claim_text(claims: Mapping[str, Any], name: str) -> str:
    """Give a claim as text, or nothing where it is none: by its whole name, or else dots walk objects.

    >>> claim_text({"https://a.example/uid": 7, "realm": {"sid": "x"}}, "realm.sid")
    'x'
    """
    return _scalar(claims[name] if name in claims else _walk(claims, tuple(name.split("."))))


def _walk(value: Any, parts: tuple[str, ...]) -> Any:
    for part in parts[:MAX_DEPTH]:
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def _scalar(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)[:MAX_VALUE]
