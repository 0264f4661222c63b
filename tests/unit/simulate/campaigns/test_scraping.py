"""Scrapers: what they read, in which order, how fast, and that they win products."""

import random
from collections import Counter

import pytest

from vedette.simulate.campaigns.scraping import ORDERS, Catalogue
from vedette.simulate.shop import Shop

NAMES = ("price_scraping", "content_scraping")


def never(call):
    return False


def shop(products=3000):
    return Shop(random.Random(1), products=products)


def numbers(order, steps, products=3000):
    catalogue = Catalogue(shop(products), random.Random(2), order)
    return [catalogue.next() for _ in range(steps)]


@pytest.mark.parametrize("order", [order for order in ORDERS if order != "sampled"])
@pytest.mark.parametrize("products", [100, 997, 3000])
def test_a_round_covers_nearly_the_whole_catalogue(order, products):
    seen = set(numbers(order, 2 * products, products))
    assert len(seen) > 0.97 * products
    assert seen <= set(range(products))


def test_orders_are_what_they_are_called():
    ordered, popular = numbers("ordered", 200), numbers("popular", 200)
    assert all(following - number == 1 for number, following in zip(ordered, ordered[1:], strict=False))
    assert popular == [shop().ranked_product(rank) for rank in range(200)]
    listed = numbers("sitemap", 200)
    assert len({following - number for number, following in zip(listed, listed[1:], strict=False)}) > 180
    assert len(set(numbers("sampled", 3000))) < 2300


def test_categories_are_listed_before_their_products():
    catalogue = Catalogue(shop(), random.Random(2), "categories")
    pages = []
    for _ in range(240):
        if (page := catalogue.page()) is not None:
            pages.append(page)
        catalogue.next()
    assert len(pages) == 11  # of 150 products in a category, seven pages
    assert len(set(pages)) == 11
    assert all(name in shop().categories and page >= 1 for name, page in pages)


def test_an_unknown_walk_is_told():
    with pytest.raises(ValueError, match="no walk 'backward'; name one of sitemap"):
        Catalogue(shop(), random.Random(1), "backward")


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("seed", [901, 902, 905])
def test_a_campaign_wins_products(campaign, kind, level, seed):
    found = campaign(kind, level, 800, seed=seed)
    assert 700 < len(found.calls) <= 800
    assert {call.truth.threat for call in found.calls} == {"OAT-011"}
    assert {call.truth.segment for call in found.calls} == {kind}
    ids = {found.world.shop.product_id(number) for number in range(found.world.shop.products)}
    prizes = {call.prize.partition(":")[2] for call in found.calls if call.prize}
    assert prizes <= ids
    assert found.books.prizes["object"] == len(prizes) > 30
    read = Counter(call.endpoint for call in found.calls)
    assert read["product"] + read["price"] + read["graphql"] > 40
    if kind == "content_scraping":
        assert read["reviews"] + read["article"] + read["asset"] > 0


@pytest.mark.parametrize("seed", [901, 902, 903, 904])
def test_plain_scrapers_are_fast(campaign, seed):
    times = sorted(call.at for call in campaign("price_scraping", 1, 800, seed=seed).calls)
    gaps = [following - time for time, following in zip(times, times[1:], strict=False)]
    assert sorted(gaps)[len(gaps) // 2] < 2.0


@pytest.mark.parametrize("seed", [901, 902, 903, 904, 905, 906])
def test_good_imitations_take_little_from_each_address(campaign, seed):
    found = campaign("price_scraping", 3, 1200, seed=seed)
    each = Counter(call.client.address for call in found.calls if call.endpoint in ("product", "price", "graphql"))
    assert sum(each.values()) / len(each) < 12
    assert len(each) > 40


def test_campaigns_differ_in_what_they_read(campaign):
    read = {
        tuple(sorted({call.endpoint for call in campaign("price_scraping", 1, 800, seed=seed).calls}))
        for seed in range(901, 913)
    }
    assert len(read) >= 3


def test_the_scenario_may_name_the_walk(duel):
    found = duel("price_scraping", 1, never, count=300, options={"walk": "ordered"})
    order = list(dict.fromkeys(call.prize for call in found.calls if call.prize))
    shop_ = found.world.shop
    places = {f"object:{shop_.product_id(number)}": number for number in range(shop_.products)}
    steps = [places[b] - places[a] for a, b in zip(order, order[1:], strict=False)]
    assert sum(abs(step) <= 20 for step in steps) > 0.9 * len(steps)
