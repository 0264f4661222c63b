from __future__ import annotations

import itertools
import statistics

import pytest

from vedette.simulate.people.pages import (
    add_to_cart,
    browse,
    choose,
    go_to,
    load_file,
    look_at_article,
    look_at_listing,
    look_at_product,
    open_shop,
    open_tabs,
    pause,
    report,
    search,
)
from vedette.simulate.shapes import load_shapes


def field(call, name):
    return {key.lower(): value for key, value in call.headers}.get(name, "")


def endpoints(calls):
    return [call.endpoint for call in calls]


def test_a_browser_opens_a_product_from_a_search_engine(visit, run):
    here = visit("browser", "chrome")
    calls, _ = run(here, open_shop(here, number=17, referer="https://www.google.com/"))
    document = calls[0]
    assert document.path == f"/p/{here.shop.slug(17)}-{here.shop.product_id(17)}"
    assert field(document, "sec-fetch-mode") == "navigate"
    assert field(document, "sec-fetch-site") == "cross-site"
    assert field(document, "referer") == "https://www.google.com/"
    assert field(document, "cookie") == ""
    assert {"asset", "bootstrap", "product"} <= set(endpoints(calls))
    for call in calls[1:]:
        assert field(call, "referer") == here.origin + document.path
        assert field(call, "sec-fetch-site") == "same-origin"
        assert field(call, "cookie").startswith("sid=")


@pytest.mark.parametrize(
    ("how", "path"),
    [
        ({}, "/"),
        ({"category": "boots"}, "/c/boots"),
        ({"q": "red tent"}, "/search"),
        ({"slug": "a-b"}, "/articles/a-b"),
    ],
)
def test_a_browser_enters_where_it_is_told(visit, run, how, path):
    here = visit("browser", "chrome")
    calls, _ = run(here, open_shop(here, **how))
    assert calls[0].path == path
    assert field(calls[0], "sec-fetch-site") == "none"
    assert field(calls[0], "sec-fetch-dest") == "document"
    if "q" in how:
        assert calls[0].query == "q=red+tent"
        assert endpoints(calls)[-1] in ("search", "asset")


def test_a_warm_cache_asks_for_next_to_nothing(visit, run):
    cold = warm = 0
    for seed in range(40):
        here = visit("browser", "chrome", seed=seed)
        cold += endpoints(run(here, open_shop(here))[0]).count("asset")
        here = visit("browser", "chrome", seed=seed)
        warm += endpoints(run(here, open_shop(here, is_warm=True))[0]).count("asset")
    assert cold > 3 * 40 - 1
    assert warm < 40


def test_few_files_are_loaded_by_somebody_who_leaves(visit, run):
    here = visit("browser", "chrome")
    assert endpoints(run(here, open_shop(here, files=1))[0]).count("asset") == 1


def test_a_cookie_that_is_there_is_kept_and_a_given_one_is_taken(visit, run):
    here = visit("browser", "chrome")
    here.client.cookie = "sid=old"
    calls, _ = run(here, open_shop(here, cookie="sid=new"))
    assert {field(call, "cookie") for call in calls} == {"sid=old"}
    here = visit("browser", "chrome")
    calls, _ = run(here, open_shop(here, cookie="sid=new"))
    assert [field(call, "cookie") for call in calls[:2]] == ["", "sid=new"]


def test_an_app_opens_without_document_and_cookie(visit, run):
    here = visit("app", "okhttp")
    calls, _ = run(here, open_shop(here, number=5))
    assert endpoints(calls)[0] == "bootstrap"
    assert "home" not in endpoints(calls)
    assert not any(field(call, "cookie") or field(call, "sec-fetch-mode") for call in calls)


def test_pictures_are_loaded_once(visit, run):
    for seed in range(20):
        here = visit("browser", "chrome", seed=seed)
        run(here, look_at_product(here, 9))
        calls, _ = run(here, look_at_product(here, 9))
        assert "asset" not in endpoints(calls)
        assert endpoints(calls)[0] == "product"


def test_a_page_makes_its_calls_at_once(visit, run):
    here = visit("browser", "chrome", seed=3)
    calls, _ = run(here, look_at_product(here, 9))
    together = [call for call in calls if call.endpoint in ("product", "price")]
    assert calls == sorted(calls, key=lambda call: call.at)
    assert together[-1].at - together[0].at < 0.05


def test_a_picture_loader_of_an_app_knows_neither_token_nor_device(visit, run):
    here = visit("app", "okhttp")
    here.client.authorization, here.client.extra = "Bearer 1", (("x-device-id", "7"),)
    calls, _ = run(here, load_file(here, 30))
    assert not field(calls[0], "authorization")
    assert not field(calls[0], "x-device-id")
    calls, _ = run(here, look_at_listing(here, "boots"))
    assert (field(calls[0], "authorization"), field(calls[0], "x-device-id")) == ("Bearer 1", "7")


def test_files_say_what_they_are_for(visit, run):
    here = visit("browser", "chrome")
    dests = [field(run(here, load_file(here, file))[0][0], "sec-fetch-dest") for file in (0, 1, 2, 40)]
    assert dests == ["script", "style", "image", "image"]


def test_a_search_suggests_while_somebody_types(visit, run):
    typed = 0
    for seed in range(30):
        here = visit("browser", "chrome", seed=seed)
        calls, _ = run(here, search(here, "warm jacket"))
        found = [call for call in calls if call.endpoint == "suggest"]
        lengths = [len(call.query) for call in found]
        assert lengths == sorted(lengths)
        assert [call.endpoint for call in calls if call.endpoint == "search"] == ["search"]
        typed += len(found) > 1
    assert typed > 5


def test_an_article_is_a_document_in_a_browser_alone(visit, run):
    browser, app = visit("browser", "chrome"), visit("app", "okhttp")
    assert field(run(browser, look_at_article(browser, "a-b"))[0][0], "sec-fetch-mode") == "navigate"
    assert field(run(app, look_at_article(app, "a-b"))[0][0], "sec-fetch-mode") == ""
    assert browser.page == f"{browser.origin}/articles/a-b"


def test_events_are_reported_in_a_share_of_cases(visit, run):
    here = visit()
    assert sum(len(run(here, report(here, 0.25))[0]) for _ in range(400)) == pytest.approx(100, abs=35)


def test_a_single_page_moves_on_without_loading(visit):
    browser, app = visit("browser", "chrome"), visit("app", "okhttp")
    go_to(browser, "/cart")
    go_to(app, "/cart")
    assert browser.page.endswith("/cart")
    assert app.page == ""


def test_pauses_follow_the_shape_and_the_tempo(visit):
    def pauses(tempo):
        here = visit(seed=5)
        here.tempo = tempo
        found = []
        for _ in range(3000):
            before = here.now
            pause(here)
            found.append(here.now - before)
        return found

    every = [gap for tempo in range(20) for gap in pauses((tempo + 0.5) / 20)]
    assert statistics.median(every) == pytest.approx(load_shapes()["think_s"].at(0.5), rel=0.15)
    assert statistics.median(pauses(0.9)) > 1.5 * statistics.median(pauses(0.1))


def test_people_come_back_to_what_they_saw_but_not_at_once(visit):
    here = visit()
    here.seen = [1, 2, 3, 4]
    chosen = [choose(here) for _ in range(2000)]
    assert sum(number in (1, 2, 3) for number in chosen) > 600
    assert sum(number == 4 for number in chosen) < 40


def test_a_full_cart_is_known_and_a_sold_out_product_is_not_in_it(visit, run):
    here = visit()
    results = [run(here, add_to_cart(here, number))[1] for number in range(400)]
    assert 0 < results.count(False) < 30
    assert len(here.cart) == results.count(True)


def test_browsing_ends_by_pages_or_by_calls(visit, run):
    here = visit("browser", "chrome")
    calls, _ = run(here, browse(here, requests=60))
    assert 60 <= len(calls) < 90
    assert here.made == len(calls)
    here = visit("app", "okhttp")
    calls, _ = run(here, browse(here, pages=10, carts=0.0))
    assert "cart_add" not in endpoints(calls)
    assert len(calls) >= 10


def test_browsing_is_mostly_products_and_puts_some_in_the_cart(visit, run):
    here = visit("browser", "chrome")
    calls, _ = run(here, browse(here, pages=2000))
    names = endpoints(calls)
    views = sum(names.count(name) for name in ("product", "listing", "search", "cart", "article"))
    assert (names.count("product") + names.count("listing") + names.count("search")) / views > 0.88
    assert names.count("cart_add") / names.count("product") == pytest.approx(0.065, abs=0.02)
    assert all(later.at >= earlier.at for earlier, later in itertools.pairwise(calls))


def test_tabs_are_opened_faster_than_they_are_read(visit, run):
    here = visit("browser", "chrome")
    calls, _ = run(here, open_tabs(here, 20))
    documents = [call for call in calls if field(call, "sec-fetch-mode") == "navigate"]
    assert len(documents) == 20
    assert documents[-1].at - documents[0].at < 60
