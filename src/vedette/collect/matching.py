"""Finds the first of many ``METHOD [host]/path`` patterns that fits a request, and the values of its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from vedette.collect.normalize import CACHED_LENGTH
from vedette.config.schema import Match

__all__ = ["Lookup", "match_pattern"]

INDEXED = 32
"""More matches than this are put into drawers."""
_ODD_CASE = {0x130: "i", 0x131: "i"}
"""Letters that match ``i`` without regard to case but fold to something else."""


def match_pattern(match: Match) -> tuple[str, tuple[str, ...]]:
    """Give the regular expression of a match over ``METHOD host/path``, and the names of its parameters."""
    method = "[^ ]+" if match.method == "*" else re.escape(match.method)
    if match.method == "GET":
        method = "(?:GET|HEAD)"
    host = re.escape(match.host) if match.host else "[^/ ]*"
    path, names = "", []
    for segment in match.segments:
        if segment == "**":
            path += "(?s:/.*)?"
        elif segment.startswith("{") and segment.endswith("}"):
            names.append(segment[1:-1])
            path += "/([^/]+)"
        else:
            path += "/" + re.escape(segment)
    return f"{method} {host}{path or '/'}", tuple(names)


class Lookup:
    """Tries matches in order. Many of them are put into drawers first: by the number of segments of the path, and by
    the segment, at the place that tells most of them apart.
    """

    def __init__(self, matches: Sequence[Match]) -> None:
        self._matches = matches
        self._patterns = [match_pattern(match) for match in matches]
        self._counts = [len(names) for _, names in self._patterns]
        self._is_indexed = len(matches) > INDEXED
        self._all = self._compile(range(len(matches))) if not self._is_indexed else None
        self._longest = max((len(match.segments) for match in matches), default=0) + 1
        self._drawers: dict[tuple[int, str], re.Pattern[str] | None] = {}
        self._telling: dict[int, tuple[int, frozenset[str]]] = {}
        self._remembered = lru_cache(maxsize=8192)(self._find)

    def _compile(self, places: Iterable[int]) -> re.Pattern[str] | None:
        patterns = [f"(?P<e{place}>{self._patterns[place][0]})" for place in places]
        return re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def find(self, method: str, host: str, path: str) -> tuple[int, tuple[str, ...]] | None:
        """Give the place of the first match, and the values of its parameters."""
        if not self._matches:
            return None
        return self._remembered(method, host, path) if len(path) <= CACHED_LENGTH else self._find(method, host, path)

    def _find(self, method: str, host: str, path: str) -> tuple[int, tuple[str, ...]] | None:
        pattern = self._drawer(path) if self._is_indexed else self._all
        if pattern is None:
            return None
        found = pattern.fullmatch(f"{method} {host}{path}")
        if found is None or found.lastindex is None:
            return None
        place = int((found.lastgroup or "e0")[1:])
        count = self._counts[place]
        return place, found.groups()[found.lastindex : found.lastindex + count] if count else ()

    def _drawer(self, path: str) -> re.Pattern[str] | None:
        segments = path.split("/", self._longest + 1)[1:]
        size = min(len(segments), self._longest) if path != "/" else 0
        telling = self._telling.get(size)
        if telling is None:
            telling = self._telling[size] = self._most_telling(size)
        place, words = telling
        word = _fold(segments[place]) if place < size else ""
        key = size, word if word in words else ""
        if key not in self._drawers:
            self._drawers[key] = self._fill(size, place, key[1])
        return self._drawers[key]

    def _most_telling(self, size: int) -> tuple[int, frozenset[str]]:
        best: tuple[int, frozenset[str]] = (0, frozenset())
        for place in range(min(size, 16)):
            words = frozenset(
                _fold(match.segments[place])
                for match in self._matches
                if _may_have(match, size) and place < len(match.segments) and _is_word(match.segments[place])
            )
            if len(words) > len(best[1]):
                best = place, words
        return best

    def _fill(self, size: int, place: int, word: str) -> re.Pattern[str] | None:
        return self._compile(
            number
            for number, match in enumerate(self._matches)
            if _may_have(match, size)
            and (
                place >= len(match.segments)
                or not _is_word(match.segments[place])
                or _fold(match.segments[place]) == word
            )
        )


def _may_have(match: Match, size: int) -> bool:
    count = len(match.segments)
    return size >= count - 1 if match.segments[-1:] == ("**",) else size == count


def _is_word(segment: str) -> bool:
    return segment != "**" and segment[:1] != "{"


@lru_cache(maxsize=1024)
def _fold(segment: str) -> str:
    return segment.translate(_ODD_CASE).casefold()
