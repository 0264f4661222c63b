"""Which languages people of a country ask for, and how each family of browsers writes them."""

from __future__ import annotations

import random
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate

from vedette.simulate.reading import read_data

__all__ = ["draw_language", "written"]

_FIREFOX = frozenset({"firefox", "firefox_android", "tor"})
_BARE = frozenset(
    {"tor", "python-requests", "aiohttp", "httpx", "urllib", "curl", "wget", "go", "node", "axios", "java"}
)
"""Families that do not say what their user's system says."""


def draw_language(rng: random.Random, country: str, family: str) -> str:
    """Draw the Accept-Language of somebody in a country, as a browser of this family writes it."""
    if family in _BARE:
        return "en-US,en;q=0.5"
    written_as, weights = _known(country, family)
    return written_as[bisect_right(weights, rng.random() * weights[-1], 0, len(weights) - 1)]


@lru_cache(maxsize=1024)
def _known(country: str, family: str) -> tuple[tuple[str, ...], list[float]]:
    countries = _countries()
    found = countries.get(country) or countries[""]
    return tuple(written(given, family) for given, _ in found), list(accumulate(share for _, share in found))


@lru_cache(maxsize=1)
def _countries() -> dict[str, list[tuple[list[str], float]]]:
    return {name: [(given, share) for given, share in found] for name, found in read_data("languages.json").items()}


def written(languages: list[str], family: str) -> str:
    """Write languages, most wanted first, with the quality values of a family.

    >>> written(["de-DE", "de", "en-US", "en"], "chrome")
    'de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7'
    >>> written(["de-DE", "de", "en-US", "en"], "firefox")
    'de,en-US;q=0.7,en;q=0.3'
    >>> written(["de-DE", "de", "en-US", "en"], "cfnetwork")
    'de-DE,de;q=0.9'
    """
    if family in _FIREFOX:
        kept = [name for name in languages if "-" not in name or f"{name[:2]}-{name[:2].upper()}" != name]
        count = len(kept)
        return ",".join(name + (f";q={1 - at / count:.1f}" if at else "") for at, name in enumerate(kept))
    if family == "cfnetwork" or family.endswith("safari") or family in {"safari_ios", "chrome_ios"}:
        languages = [name for name in languages if name[:2] == languages[0][:2]]
    return ",".join(name + (f";q={max(1 - at / 10, 0.1):.1f}" if at else "") for at, name in enumerate(languages))
