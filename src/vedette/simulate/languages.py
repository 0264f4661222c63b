"""Which languages people of a country ask for, and how each family of browsers writes them."""

from __future__ import annotations

import random
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate

from vedette.simulate.reading import read_data

__all__ = ["draw_language", "written"]

_FIREFOX = frozenset({"firefox", "tor"})
_STEPS_SINCE = 147
"""Firefox since then counts down in tenths, as the others do; before, it shared the range out."""


def draw_language(rng: random.Random, country: str, family: str, major: int = 0) -> str:
    """Draw the Accept-Language of somebody in a country, as a browser of this family writes it."""
    if family == "tor":
        return "en-US,en;q=0.5"
    texts, weights = _known(country, family, family in _FIREFOX and major < _STEPS_SINCE)
    return texts[bisect_right(weights, rng.random() * weights[-1], 0, len(weights) - 1)]


@lru_cache(maxsize=1024)
def _known(country: str, family: str, is_shared_out: bool) -> tuple[tuple[str, ...], list[float]]:
    countries = _countries()
    found = countries.get(country) or countries[""]
    texts = tuple(written(given, family, is_shared_out=is_shared_out) for given, _ in found)
    return texts, list(accumulate(share for _, share in found))


@lru_cache(maxsize=1)
def _countries() -> dict[str, list[tuple[list[str], float]]]:
    return {name: [(given, share) for given, share in found] for name, found in read_data("languages.json").items()}


def written(languages: list[str], family: str, *, is_shared_out: bool = False) -> str:
    """Write languages, most wanted first, with the quality values of a family.

    >>> written(["de-DE", "de", "en-US", "en"], "chrome")
    'de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7'
    >>> written(["de-DE", "de", "en-US", "en"], "firefox", is_shared_out=True)
    'de,en-US;q=0.7,en;q=0.3'
    >>> written(["de-DE", "de", "en-US", "en"], "cfnetwork")
    'de-DE,de;q=0.9'
    """
    if family in _FIREFOX:
        languages = [name for name in languages if name != f"{name[:2]}-{name[:2].upper()}"]
    elif family in {"cfnetwork", "safari"} or family.endswith("_ios"):
        languages = [name for name in languages if name[:2] == languages[0][:2]]
    if is_shared_out:
        count = len(languages)
        return ",".join(name + (f";q={1 - at / count:.1f}" if at else "") for at, name in enumerate(languages))
    return ",".join(name + (f";q={1 - at / 10:.1f}" if at else "") for at, name in enumerate(languages))
