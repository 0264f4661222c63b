from __future__ import annotations

import random
import statistics
from types import SimpleNamespace

import pytest

from vedette.simulate.shop import DIALECTS, ENDPOINTS, Outage, Shop, dialect_of


def shop(**given):
    return Shop(random.Random(1), **given)


def call(endpoint, at=0.0, *, right=True, status=0):
    return SimpleNamespace(endpoint=endpoint, at=at, is_right=right, status=status)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_has_a_path_of_its_own_for_every_endpoint(dialect):
    made = shop(dialect=dialect)
    ids = {"number": 7, "page": 2, "q": "red tent", "category": "boots", "order": "9", "slug": "a-b", "file": "x.js"}
    seen = set()
    for name, endpoint in ENDPOINTS.items():
        path, query = made.url(name, dict(ids))
        assert path.startswith("/")
        assert "{" not in path + query
        assert " " not in path + query
        seen.add((endpoint.method, path))
    assert len(seen) == len(ENDPOINTS)


def test_dialects_differ_and_follow_the_seed():
    assert len({shop(dialect=name).url("login", {}) for name in DIALECTS}) == len(DIALECTS)
    assert {dialect_of(seed) for seed in range(900, 903)} == set(DIALECTS)


def test_paths_of_a_scenario_replace_those_of_the_dialect():
    made = shop(paths={"product": "/things/{id}?lang=de", "login": "/enter"})
    assert made.url("product", {"number": 3}) == (f"/things/{made.product_id(3)}", "lang=de")
    assert made.url("login", {}) == ("/enter", "")


def test_ids_of_products_can_be_those_of_ones_own_catalogue():
    made = shop(first_product=1, product_id="P-{number:04d}")
    assert [made.product_id(number) for number in (0, 41)] == ["P-0001", "P-0042"]


def test_popular_products_are_few_and_ids_do_not_tell():
    made, rng = shop(products=5000), random.Random(2)
    drawn = [made.popular_product(rng) for _ in range(20_000)]
    counts = sorted((drawn.count(number) for number in set(drawn[:2000])), reverse=True)
    assert all(0 <= number < 5000 for number in drawn)
    assert counts[0] > 20 * statistics.median(counts)
    top = [made.ranked_product(rank) for rank in range(50)]
    assert len(set(top)) == 50
    assert abs(statistics.correlation(range(50), top)) < 0.5


@pytest.mark.parametrize("products", [100, 7919, 104_729, 20_000])
def test_every_product_has_one_rank(products):
    made = shop(products=products)
    assert {made.ranked_product(rank) for rank in range(products)} == set(range(products))


def test_accounts_are_addresses_and_distinct():
    people = tuple(f"{first}{second}a" for first in "abcdefghij" for second in "klmnopqrst")
    made = shop(accounts=5000, names=people, mail_domains=("a.example", "b.example"))
    names = [made.account(number) for number in range(5000)]
    assert len(set(names)) > 4990
    assert all(name.count("@") == 1 and name.endswith(".example") for name in names)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_answers_follow_what_is_right(dialect):
    made = shop(dialect=dialect)
    assert made.answer(call("login")).status == 200
    assert made.answer(call("login", right=False)).status == made.dialect.login_refused
    assert made.answer(call("payment", right=False)).status == 402
    assert made.answer(call("product", right=False)).status == 404
    assert made.answer(call("order", status=403, right=False)).status == 403
    assert made.answer(call("", right=False)).status == 404
    assert made.answer(call("events")).size == 0


def test_time_to_answer_has_the_stated_median():
    made = shop()
    took = [made.answer(call("product", at)).ended - at for at in range(4000)]
    assert 0.045 < statistics.median(took) < 0.055


def test_many_requests_at_once_make_it_slower():
    made = shop(capacity=100.0)
    calm = statistics.median(made.answer(call("search", at * 1.0)).ended - at for at in range(500))
    hot = statistics.median(made.answer(call("search", 1000 + n / 1000)).ended - 1000 - n / 1000 for n in range(3000))
    assert hot > 2 * calm


def test_an_outage_fails_its_share_and_only_while_it_lasts():
    made = shop(outages=[Outage(100.0, 200.0, 0.6)])
    during = [made.answer(call("cart", 100 + n / 10)).status for n in range(1000)]
    failed = sum(status == 0 or status >= 500 for status in during)
    assert 550 < failed < 650
    assert {0, 500, 502, 503} <= set(during)
    assert all(made.answer(call("cart", 300.0 + n)).status == 200 for n in range(50))
    assert all(made.answer(call("asset", 150.0)).status == 200 for _ in range(50))
