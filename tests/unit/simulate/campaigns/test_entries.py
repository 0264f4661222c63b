"""Visits that pass for people's enter where people do."""

from __future__ import annotations

import random
from collections import Counter

from vedette.simulate.campaigns.entries import draw_entry
from vedette.simulate.shop import Shop


def test_entries_are_those_of_people():
    rng, shop = random.Random(1), Shop(random.Random(2))
    counts = Counter()
    for _ in range(2000):
        where = draw_entry(shop, rng)
        counts[next((name for name in ("number", "category", "slug", "q") if name in where), "home")] += 1
        assert where.get("referer", "") in ("", *REFERRERS)
    assert counts["number"] > counts["home"] > counts["category"] > counts["slug"] > 0
    assert counts["q"] > 0


REFERRERS = (
    "https://www.google.com/",
    "https://www.google.de/",
    "https://www.bing.com/",
    "https://duckduckgo.com/",
)
