"""Templates of paths: which segments are identifiers by their look alone.

``/v1/users/4711`` becomes ``/v1/users/{id}``. What only traffic can tell, that ``boots`` and ``tents`` are values of
one place and not two endpoints, is learned in :mod:`vedette.collect.learned`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from vedette.collect.normalize import CACHED_LENGTH

__all__ = ["MAX_SEGMENTS", "MAX_TEMPLATE", "STATIC", "is_placeholder", "is_sluggish", "slug", "template_of"]

MAX_SEGMENTS = 24
MAX_TEMPLATE = 256
_SHORTEST_CODE = 10

_IDENTIFIER = re.compile(
    r"\d+|[0-9a-f]{8}-[0-9a-f-]{20,}|(?=[^/]*\d)[0-9a-f]{8,}|[^/]{33,}|(?:[^/\d]*\d){3}[^/]*"
    r"|[^/@\s]+@[^/@\s]+\.[a-z]{2,}",
    re.IGNORECASE,
)
"""Numbers, UUIDs, hexadecimal digests, whatever is long, whatever holds three digits (dates, ``SKU-00042``), e-mail."""

STATIC = re.compile(
    r"\.(?:js|mjs|css|map|png|jpe?g|gif|svg|ico|webp|avif|bmp|xbm|woff2?|ttf|otf|eot|mp4|webm|mp3|wav|mpg|webmanifest"
    r"|wasm)$",
    re.IGNORECASE,
)
_EXTENSION = re.compile(r"\.[a-z][a-z0-9]{0,4}$")
_PLACEHOLDER = re.compile(r"\{(?:id|slug|file)\}(?:\.[a-z][a-z0-9]{0,11})?")
_DIGIT = re.compile(r"\d")
_WORDS = re.compile(r"[a-z0-9]+[-_.+~ ][a-z0-9]+")


def template_of(path: str) -> tuple[str, str]:
    """Give the template of a normalised path, and its last identifier or an empty string.

    >>> template_of("/v1/products/4711/reviews")
    ('/v1/products/{id}/reviews', '4711')
    >>> template_of("/assets/app.3f9a1c77.js"), template_of("/watch/dQw4w9WgXcQ")
    (('/assets/{file}.js', ''), ('/watch/{id}', 'dQw4w9WgXcQ'))
    """
    return _remembered(path) if len(path) <= CACHED_LENGTH else _template_of(path)


def _template_of(path: str) -> tuple[str, str]:
    parts, last = [], ""
    ending = STATIC.search(path)
    if ending is not None:  # of static files only the directory tells endpoints apart
        path = f"{path.rpartition('/')[0]}/{{file}}{ending[0].lower()}"
    for part in path.split("/")[:MAX_SEGMENTS]:
        if part and not is_placeholder(part) and (_IDENTIFIER.fullmatch(part) or _is_code(part)):
            last = part
            parts.append("{id}")
        else:
            parts.append(part.lower())
    return "/".join(parts)[:MAX_TEMPLATE] or "/", last


_remembered = lru_cache(maxsize=8192)(_template_of)


def _is_code(part: str) -> bool:
    """Say whether a segment looks drawn by lot (Base64, YouTube's ids): its kind of character changes all the time.

    Of random letters and digits more than 0.6 of the neighbours differ in kind (upper, lower, digit), of camelCase
    words less than 0.4.
    """
    if len(part) < _SHORTEST_CODE or part == part.lower() or part == part.upper() or "{" in part:
        return False
    kinds = [1 if letter.isdigit() else 2 if letter.isupper() else 3 for letter in part]
    changes = sum(one != other for one, other in pairwise(kinds))
    return changes * 20 >= 9 * len(part)


def is_placeholder(segment: str) -> bool:
    """Say whether a segment of a template stands for values: ``{id}``, ``{slug}``, ``{file}.js``."""
    return segment[:1] == "{" and _PLACEHOLDER.fullmatch(segment) is not None


def is_sluggish(segment: str) -> bool:
    """Say whether a lower-case segment looks like a title made fit for a URL, rather than the name of a route.

    >>> [is_sluggish(segment) for segment in ("blue-suede-shoes", "crème", "page7.html", "products", "sign-up")]
    [True, True, True, False, False]
    """
    if not segment.isascii() or len(segment) > 20 or _DIGIT.search(segment) is not None:
        return True
    return len(segment) >= 10 and _WORDS.search(segment) is not None


def slug(segment: str) -> str:
    """Give the placeholder of a learned value: its file extension stays, because it tells pages from pictures."""
    ending = _EXTENSION.search(segment)
    return "{slug}" + ending[0] if ending is not None else "{slug}"
