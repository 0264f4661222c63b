"""Where visits enter the shop that pass for people's: the home page, a product, a category, an article, a search."""

from __future__ import annotations

import random
from typing import Any

from vedette.simulate.shop import Shop

__all__ = ["draw_entry"]

_SEARCH_ENGINES = (
    "https://www.google.com/",
    "https://www.google.com/",
    "https://www.google.de/",
    "https://www.bing.com/",
    "https://duckduckgo.com/",
)


def draw_entry(shop: Shop, rng: random.Random) -> dict[str, Any]:
    """Draw the arguments of :func:`~vedette.simulate.people.journey.open_shop`, in the shares of people's entries."""
    chance = rng.random()
    if chance < 0.36:
        return {"referer": "" if rng.random() < 0.7 else rng.choice(_SEARCH_ENGINES)}
    if chance < 0.8:
        return {"number": shop.popular_product(rng), "referer": rng.choice(_SEARCH_ENGINES)}
    if chance < 0.92:
        return {"category": shop.category(rng), "referer": rng.choice(_SEARCH_ENGINES) if rng.random() < 0.6 else ""}
    if chance < 0.96:
        return {"slug": shop.slug(int(rng.random() * 300)), "referer": rng.choice(_SEARCH_ENGINES)}
    return {"q": shop.words(rng)}
