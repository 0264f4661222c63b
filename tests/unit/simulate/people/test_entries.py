"""Visits enter where people do, and visits that pass for people's do so as well."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from vedette.simulate.people.entries import draw_entry, draw_referrer
from vedette.simulate.shop import Shop

PLACES = ("number", "category", "slug", "q")


def test_most_enter_at_a_product_or_at_home():
    rng, shop = random.Random(1), Shop(random.Random(2))
    counts = Counter()
    for _ in range(2000):
        where = draw_entry(shop, rng)
        counts[next((name for name in PLACES if name in where), "home")] += 1
        assert where["referer"] == "" or where["referer"].startswith("https://")
    assert counts["number"] > counts["home"] > counts["category"] > counts["slug"] > counts["q"] > 0


@pytest.mark.parametrize(
    ("where", "low", "high"),
    [({"number": 5}, 0.03, 0.12), ({"category": "boots"}, 0.3, 0.5), ({"slug": "a-b"}, 0.0, 0.0), ({}, 0.6, 0.8)],
)
def test_links_lead_to_most_places(where, low, high):
    rng = random.Random(3)
    found = [draw_referrer(rng, where) for _ in range(1000)]
    assert low <= found.count("") / 1000 <= high
    assert "https://www.google.com/" in found
