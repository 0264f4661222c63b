"""What traffic teaches: places that hold values, and what keeps its name."""

from __future__ import annotations

import random
import string

import pytest

from vedette.collect.learned import MAX_ALL_VALUES, MAX_NAMES, MAX_PLACES, MAX_VALUES, Learned

SLUGS = [f"{one}-{other}-shoes" for one in ("red", "blue", "warm", "dry", "old", "new") for other in ("big", "tiny", "nice", "fast", "odd")]  # fmt: skip


def learn(learned: Learned, method: str, path: str, times: int = 1) -> None:
    for _ in range(times):
        template, _ = learned.shown(path)
        learned.note(f"{method} {template}")
        learned.learn(method, template)


def words(count: int, seed: int = 1) -> list[str]:
    source = random.Random(seed)
    return ["".join(source.choices(string.ascii_lowercase, k=7)) for _ in range(count)]


def test_titles_below_a_collection_are_values() -> None:
    learned = Learned()
    for one in SLUGS[:15]:
        learn(learned, "GET", f"/products/{one}")
    assert learned.shown("/products/green-big-shoes") == ("/products/green-big-shoes", "")
    for one in SLUGS[15:]:
        learn(learned, "GET", f"/products/{one}")
    assert learned.shown("/products/green-big-shoes") == ("/products/{slug}", "green-big-shoes")
    assert learned.shown("/products/green-big-shoes/reviews") == ("/products/{slug}/reviews", "green-big-shoes")
    assert learned.shown("/products/green-big-shoes/{id}") == ("/products/{slug}/{id}", "")
    assert [name for name in learned.names() if "shoes" in name] == []
    assert learned.count("GET /products/{slug}") == len(SLUGS)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_a_clear_case_does_not_matter(seed: int) -> None:
    calls = [("GET", f"/shop/products/{one}") for one in SLUGS] * 3
    calls += [("GET", f"/shop/{one}") for one in ("cart", "about", "stores", "help")] * 20
    calls += [("GET", "/shop/products/search")] * 5
    random.Random(seed).shuffle(calls)
    learned = Learned()
    for method, path in calls:
        learn(learned, method, path)
    for method, path in calls:  # what was counted under its own name at first
        learn(learned, method, path)
    assert learned.names() == [
        "GET /shop/about", "GET /shop/cart", "GET /shop/help", "GET /shop/products/search", "GET /shop/products/{slug}",
        "GET /shop/stores",
    ]  # fmt: skip


@pytest.mark.parametrize("is_read_only", [True, False])
def test_routes_of_a_large_api_stay_apart(*, is_read_only: bool) -> None:
    learned = Learned()
    names = [f"{one}-{other}" for one in ("order", "customer", "email", "payment", "stock", "price") for other in ("history", "methods", "templates", "settings", "labels", "exports", "policies")]  # fmt: skip
    for _ in range(30):
        for name in names:
            learn(learned, "GET", f"/api/{name}")
            if not is_read_only:
                learn(learned, "GET", f"/api/{name}/{{id}}")
                learn(learned, "POST", f"/api/{name}")
    assert len(learned.names()) == (1 if is_read_only else 3) * len(names)


def test_methods_of_a_remote_interface_stay_apart() -> None:
    learned = Learned()
    source = random.Random(2)
    names = words(100)
    for _ in range(5000):
        learn(learned, "GET", f"/rpc/{source.choice(names)}")
    assert len(learned.names()) == 100


def test_plain_words_that_never_stop_coming_are_values() -> None:
    learned = Learned()
    for one in words(1000):
        learn(learned, "GET", f"/u/{one}")
    assert learned.names() == ["GET /u/{slug}"]


def test_what_is_asked_for_all_the_time_keeps_its_name() -> None:
    learned = Learned()
    learn(learned, "GET", "/blog/archive-of-all-years", times=400)
    for one in SLUGS:
        learn(learned, "GET", f"/blog/{one}")
    assert learned.names() == ["GET /blog/archive-of-all-years", "GET /blog/{slug}"]


def test_what_is_written_to_or_has_identifiers_below_it_keeps_its_name() -> None:
    learned = Learned()
    learn(learned, "POST", "/products/import-from-file")
    learn(learned, "GET", "/products/by-order-number/{id}")
    for one in SLUGS:
        learn(learned, "GET", f"/products/{one}")
    assert learned.names() == [
        "GET /products/by-order-number/{id}", "GET /products/{slug}", "POST /products/import-from-file",
    ]  # fmt: skip


def test_extensions_stay() -> None:
    learned = Learned()
    for number in range(20):
        learn(learned, "GET", f"/facts/faq{number}.html")
    assert learned.shown("/facts/faq99.html") == ("/facts/{slug}.html", "faq99.html")


@pytest.mark.parametrize("shape", ["/{word}", "/api/{word}", "/{word}/{word}", "/a/{word}-of-{word}/{word}"])
def test_a_flood_of_invented_paths_neither_grows_memory_nor_renames_an_endpoint(shape: str) -> None:
    learned = Learned()
    real = ["/login", "/api/orders", "/api/orders/{id}", "/api/refund-request", "/cart", "/x"]
    for path in real:
        learn(learned, "GET", path, times=300)
    source = random.Random(3)
    for _ in range(100_000 if shape.count("{") < 3 else 20_000):
        path = shape
        while "{word}" in path:
            path = path.replace("{word}", "".join(source.choices(string.ascii_lowercase, k=8)), 1)
        learn(learned, "GET", path)
    assert len(learned._names) <= MAX_NAMES
    assert len(learned._places) <= MAX_PLACES
    assert learned._size == sum(len(place.values) for place in learned._places.values()) <= MAX_ALL_VALUES
    assert all(len(place.values) <= MAX_VALUES for place in learned._places.values())
    for path in real:
        assert learned.shown(path) == (path, ""), path


def test_the_state_comes_back() -> None:
    learned = Learned()
    for one in SLUGS:
        learn(learned, "GET", f"/products/{one}")
        learn(learned, "POST", f"/other/{one}")
    again = Learned.restore(learned.state())
    assert again.state() == learned.state()
    assert again._size == learned._size
    assert again.shown("/products/x-y") == learned.shown("/products/x-y")


@pytest.mark.parametrize(
    "state",
    [
        None,
        {},
        {"names": {}, "slugs": {}, "places": {}, "more": 1},
        {"names": {"a": "b"}, "slugs": {}, "places": {}},
        {"names": {str(n): 1 for n in range(MAX_NAMES + 1)}, "slugs": {}, "places": {}},
        {"names": {"x" * 1000: 1}, "slugs": {}, "places": {}},
        {"names": {}, "slugs": {}, "places": {"/a": [1, {str(n): 4 for n in range(MAX_VALUES + 1)}]}},
    ],
)
def test_what_is_no_state_is_refused(state: object) -> None:
    with pytest.raises(ValueError, match=r"not what was learned|more than ever"):
        Learned.restore(state)
