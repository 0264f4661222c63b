from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from vedette.simulate.people.widget import site


def field(call, name):
    return next((value for key, value in call.headers if key.lower() == name), "")


@pytest.fixture
def exchanges(day):
    return day("widget", 400)


def test_calls_come_from_other_sites_without_a_cookie(exchanges):
    for call, _ in exchanges:
        assert not field(call, "cookie")
        assert not field(call, "authorization")
        assert field(call, "referer").startswith("https://www.")
        assert "shop.example" not in field(call, "referer")
        assert field(call, "sec-fetch-site") in ("cross-site", "")
        assert field(call, "origin") in ("", field(call, "referer").rstrip("/"))


def test_a_widget_shows_products_and_nothing_else(exchanges):
    names = Counter(call.endpoint for call, _ in exchanges)
    assert set(names) <= {"product", "price", "reviews", "listing", "search", "suggest"}
    assert names["product"] > 0.4 * sum(names.values())
    assert {call.truth.segment for call, _ in exchanges} == {"widget"}


def test_one_visit_stays_on_one_site(exchanges):
    sites = defaultdict(set)
    for call, _ in exchanges:
        sites[call.truth.session].add(field(call, "referer"))
    assert all(len(found) == 1 for found in sites.values())
    assert len(set().union(*sites.values())) > 15


def test_sites_differ():
    assert len({site(number) for number in range(40)}) == 40
