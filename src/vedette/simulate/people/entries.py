"""Where visits enter the shop, and by which link: the home page, a product, a category, an article, a search."""

from __future__ import annotations

import random
from typing import Any

from vedette.simulate.shop import Shop

__all__ = ["draw_entry", "draw_referrer"]

_SEARCH_ENGINES = (
    "https://www.google.com/",
    "https://www.google.com/",
    "https://www.google.de/",
    "https://www.bing.com/",
    "https://duckduckgo.com/",
)
_ELSEWHERE = ("https://www.instagram.com/", "https://l.facebook.com/", "https://www.youtube.com/", "https://t.co/")
_FROM_MESSAGES = 0.07
"""Share of entries at a product whose link was in a mail or message, which has no referrer; invented, as all here."""


def draw_entry(shop: Shop, rng: random.Random) -> dict[str, Any]:
    """Draw the arguments of :func:`~vedette.simulate.people.journey.open_shop` that say where a visit begins."""
    chance = rng.random()
    where: dict[str, Any] = {}
    if chance < 0.34:
        pass
    elif chance < 0.77:
        where["number"] = shop.popular_product(rng)
    elif chance < 0.91:
        where["category"] = shop.category(rng)
    elif chance < 0.97:
        where["slug"] = shop.slug(int(rng.random() * 300))
    else:
        where["q"] = shop.words(rng)
    where["referer"] = draw_referrer(rng, where)
    return where


def draw_referrer(rng: random.Random, where: dict[str, Any]) -> str:
    """Draw the page whose link led to a place in the shop, empty where there is none."""
    chance = rng.random()
    if "number" in where:
        if chance < _FROM_MESSAGES:
            return ""
        return rng.choice(_SEARCH_ENGINES if rng.random() < 0.75 else _ELSEWHERE)
    if "category" in where:
        return rng.choice(_SEARCH_ENGINES) if chance < 0.6 else ""
    if "slug" in where:
        return rng.choice(_SEARCH_ENGINES + _ELSEWHERE)
    if "q" in where:
        return ""
    return rng.choice(_SEARCH_ENGINES) if chance < 0.3 else ""
