"""What traffic teaches about an API's endpoints: which templates are real, and which places hold values and not words.

Only what the API answered well (below 400) counts. A *place* is a position after a known prefix, such as what follows
``/c``. Where many distinct values are answered there, and they look like titles or never stop coming, the place becomes
``{slug}``. What has a standing of its own stays an endpoint: words that APIs name routes with, what is written to, what
has identifiers below it, and what is asked for far more often than its neighbours.

Everything is bounded: at the limit all counts are halved and what falls to zero is forgotten, so that a flood of
invented names forgets itself first. The result depends on what was answered and not on the clock; its order matters
only close to a threshold.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vedette.collect.purposes import is_collection, is_route_word, is_version
from vedette.collect.templates import MAX_SEGMENTS, MAX_TEMPLATE, is_placeholder, is_sluggish, slug

__all__ = ["MAX_NAMES", "Learned"]

MAX_NAMES = 4096
"""Names of endpoints remembered."""
MAX_PLACES = 1024
MAX_VALUES = 128
"""Values remembered of one place; ``MAX_ALL_VALUES`` of all places together."""
MAX_ALL_VALUES = 8192
MAX_SLUGS = 256
MAX_DEPTH = 8

COLLECTED = 16
"""So many values below the name of a collection (``/products``) make a place one of values, whatever they look like."""
LOOKS, LOOKS_AT_ROOT = 48, 64
"""So many that look like titles do below any other word, and directly below the root, where routes stand together, if
they are at least half of the values there."""
NUMBERED, NUMBERED_AT_ROOT = 12, 32
"""The same for values that hold a digit (``page7.html``, ``vol-12``)."""
PLAIN, PLAIN_ANSWERS, PLAIN_ONCE = 64, 512, 3
"""So many plain words do, after so many answers (or as many words as are remembered), if at least one in three has been
seen once only: words of routes are soon all known, values keep coming."""
STANDING, STANDING_TIMES = 32, 16
"""What was answered so often, and so many times as often as the median of its place, keeps its own name."""

_DEEP, _WRITTEN, _ONE = 1, 2, 4
"""A value's number holds two flags (identifiers stand below it; it is written to) and its count times four."""


class Place:
    """The values seen at one place."""

    __slots__ = ("total", "values")

    def __init__(self, values: dict[str, int] | None = None, total: int = 0) -> None:
        self.values: dict[str, int] = values or {}
        self.total = total

    def kept(self, depth: int) -> frozenset[str]:
        """Give the values that keep their own names if this place becomes one of values."""
        counts = sorted(number // _ONE for number in self.values.values())
        high = max(STANDING, STANDING_TIMES * counts[len(counts) // 2])
        return frozenset(
            value
            for value, number in self.values.items()
            if number & (_DEEP | _WRITTEN)
            or number // _ONE >= high
            or is_route_word(value)
            or (depth < 2 and is_version(value))
        )

    def holds_values(self, prefix: str, depth: int) -> bool:
        """Say whether the values here are values, and not the words of routes."""
        free = [value for value, number in self.values.items() if not number & (_DEEP | _WRITTEN)]
        free = [value for value in free if not is_route_word(value)]
        numbered = sum(any(map(str.isdigit, value)) for value in free)
        if numbered >= (NUMBERED if depth else NUMBERED_AT_ROOT) and 2 * numbered >= len(free):
            return True
        if len(free) >= COLLECTED and is_collection(prefix.rpartition("/")[2]):
            return True
        looks = sum(map(is_sluggish, free))
        if looks >= (LOOKS if depth else LOOKS_AT_ROOT) and 2 * looks >= len(free):
            return True
        if len(free) < PLAIN or (self.total < PLAIN_ANSWERS and len(free) < MAX_VALUES - 8):
            return False
        once = sum(self.values[value] // _ONE == 1 for value in free)
        return PLAIN_ONCE * once >= len(free)


class Learned:
    """Names of endpoints that were answered well, and the places that hold values."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._places: dict[str, Place] = {}
        self._slugs: dict[str, frozenset[str]] = {}
        self._size = 0

    def count(self, name: str) -> int:
        """Give how often a name was answered well, as far as is remembered."""
        return self._names.get(name, 0)

    def names(self) -> list[str]:
        """Give all names, sorted."""
        return sorted(self._names)

    def shown(self, template: str) -> tuple[str, str]:
        """Give the template with its learned places as ``{slug}``, and the value of the last of them.

        The value is empty where none was replaced, or where an identifier stands after it.
        """
        if not self._slugs:
            return template, ""
        prefix, value = "", ""
        for segment in template.split("/")[1:]:
            kept = self._slugs.get(prefix)
            if is_placeholder(segment):
                value = ""
            elif kept is not None and segment and segment not in kept:
                value, segment = segment, slug(segment)
            prefix = f"{prefix}/{segment}"
        return prefix[:MAX_TEMPLATE] or "/", value

    def note(self, name: str) -> bool:
        """Count a good answer for a name; True where it was not remembered before."""
        known = self._names.get(name, 0)
        if not known and len(self._names) >= MAX_NAMES:
            self._names = {other: count // 2 for other, count in self._names.items() if count > 1}
            if len(self._names) >= MAX_NAMES:
                return False
        self._names[name] = min(known + 1, 1 << 30)
        return not known

    def learn(self, method: str, template: str) -> bool:
        """Learn from one good answer which values stand where; True where a place has become one of values."""
        segments = template.split("/")[1 : MAX_DEPTH + 1]
        is_read = method in ("GET", "HEAD")
        prefix, has_turned = "", False
        for depth, segment in enumerate(segments):
            if segment and not is_placeholder(segment) and prefix not in self._slugs:
                flags = 0
                if depth + 1 < len(segments):
                    flags = _DEEP if segments[depth + 1] in ("{id}", "{slug}") else 0
                elif not is_read:
                    flags = _WRITTEN
                has_turned = self._learn_one(prefix, depth, segment[:64], flags) or has_turned
            prefix = f"{prefix}/{segment}"
        return has_turned

    def _learn_one(self, prefix: str, depth: int, value: str, flags: int) -> bool:
        place = self._places.get(prefix)
        if place is None:
            if len(self._places) >= MAX_PLACES:
                self._fade()
                if len(self._places) >= MAX_PLACES:
                    return False
            place = self._places[prefix] = Place()
        place.total = min(place.total + 1, 1 << 30)
        number = place.values.get(value)
        if number is not None:
            place.values[value] = min(number + _ONE, 1 << 30) | flags
            return False
        if len(place.values) >= MAX_VALUES:
            if self._turn(prefix, place, depth):
                return True
            self._size -= len(place.values)
            place.values = _halved(place.values)
            self._size += len(place.values)
            if len(place.values) >= MAX_VALUES:
                return False
        if self._size >= MAX_ALL_VALUES:
            self._fade()
            if self._size >= MAX_ALL_VALUES or self._places.get(prefix) is not place:
                return False
        place.values[value] = _ONE | flags
        self._size += 1
        return len(place.values) >= NUMBERED and len(place.values) % 4 == 0 and self._turn(prefix, place, depth)

    def _turn(self, prefix: str, place: Place, depth: int) -> bool:
        """Make a place one of values, if it is one, and merge what was learned about each of them."""
        if len(self._slugs) >= MAX_SLUGS or not place.holds_values(prefix, depth):
            return False
        self._slugs[prefix] = place.kept(depth)
        names, places = self._names, self._places
        self._names, self._places, self._size = {}, {}, 0
        for name, count in names.items():
            method, gap, template = name.partition(" /")
            renamed = f"{method} {self.shown('/' + template)[0]}" if gap else name
            self._names[renamed] = min(self._names.get(renamed, 0) + count, 1 << 30)
        for old, other in places.items():
            if old == prefix:
                continue
            new = self.shown(old)[0] if old else ""
            merged = self._places.setdefault(new, Place())
            merged.total += other.total
            for value, number in other.values.items():
                before = merged.values.get(value)
                if before is not None:
                    merged.values[value] = min((before | number & 3) + (number & ~3), 1 << 30)
                elif len(merged.values) < MAX_VALUES:
                    merged.values[value] = number
                    self._size += 1
        return True

    def _fade(self) -> None:
        """Halve the counts of all values; forget what falls to zero, and places without values."""
        for place in self._places.values():
            place.values = _halved(place.values)
        self._places = {prefix: place for prefix, place in self._places.items() if place.values}
        self._size = sum(len(place.values) for place in self._places.values())

    def state(self) -> dict[str, Any]:
        """Give all that was learned, as plain values."""
        return {
            "names": self._names,
            "slugs": {prefix: sorted(kept) for prefix, kept in self._slugs.items()},
            "places": {prefix: [place.total, place.values] for prefix, place in self._places.items()},
        }

    @classmethod
    def restore(cls, state: Any) -> Learned:
        """Take over what :meth:`state` gave. Raises ``ValueError`` where it is anything else or beyond the limits."""
        try:
            kept = msgspec.convert(state, _State)
        except msgspec.ValidationError as error:
            raise ValueError(f"not what was learned: {error}") from None
        learned = cls()
        learned._names = kept.names
        learned._slugs = {prefix: frozenset(values) for prefix, values in kept.slugs.items()}
        learned._places = {prefix: Place(values, total) for prefix, (total, values) in kept.places.items()}
        learned._size = sum(len(place.values) for place in learned._places.values())
        texts = [*kept.names, *kept.slugs, *kept.places]
        fits = (
            len(kept.names) <= MAX_NAMES
            and len(kept.slugs) <= MAX_SLUGS
            and len(kept.places) <= MAX_PLACES
            and learned._size <= MAX_ALL_VALUES + MAX_VALUES
            and all(len(text) <= MAX_TEMPLATE + 96 and text.count("/") <= MAX_SEGMENTS + 2 for text in texts)
            and all(len(place.values) <= MAX_VALUES for place in learned._places.values())
            and all(len(values) <= MAX_VALUES for values in kept.slugs.values())
        )
        if not fits:
            raise ValueError("more than ever is learned")
        return learned


def _halved(values: dict[str, int]) -> dict[str, int]:
    return {value: (number >> 3 << 2) | number & 3 for value, number in values.items() if number >= 2 * _ONE}


class _State(msgspec.Struct, forbid_unknown_fields=True):
    names: dict[str, int]
    slugs: dict[str, list[str]]
    places: dict[str, tuple[int, dict[str, int]]]
