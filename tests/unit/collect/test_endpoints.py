"""Routes: configured endpoints, templates, purposes."""

from __future__ import annotations

import hashlib
import math
from random import Random

import msgspec
import pytest

from vedette.collect.endpoints import Described, Router, template_of
from vedette.config.schema import Endpoint, Selector
from vedette.config.units import parse_match


def endpoint(name: str, match: str, **rest: object) -> Endpoint:
    return Endpoint(name=name, match=parse_match(match), **rest)  # type: ignore[arg-type]


ROUTER = Router(
    (
        endpoint("login", "POST /api/login", purpose="login"),
        endpoint("one host", "GET api.example.com/v1/**"),
        endpoint("product", "GET /api/products/{id}", purpose="product"),
        endpoint("review", "* /api/products/{id}/reviews/{review}"),
    )
)


@pytest.mark.parametrize(
    ("method", "host", "path", "name", "values"),
    [
        ("POST", "shop.example", "/api/login", "login", ()),
        ("POST", "shop.example", "/API/Login", "login", ()),
        ("GET", "shop.example", "/api/products/7", "product", ("7",)),
        ("HEAD", "shop.example", "/api/products/7", "product", ("7",)),
        ("DELETE", "shop.example", "/api/products/7/reviews/9", "review", ("7", "9")),
        ("GET", "api.example.com", "/v1/a/b/c", "one host", ()),
        ("GET", "api.example.com", "/v1", "one host", ()),
    ],
)
def test_configured_endpoint_is_found(method: str, host: str, path: str, name: str, values: tuple[str, ...]) -> None:
    route, found = ROUTER.find(method, host, path)
    assert (route.name, found) == (name, values)


def test_case_of_captured_values_is_kept() -> None:
    assert ROUTER.find("GET", "x", "/api/products/AbC")[1] == ("AbC",)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/login"), ("POST", "/api/login/x"), ("GET", "/v1/a"), ("GET", "/xapi/products/7")]
)
def test_others_get_a_template(method: str, path: str) -> None:
    assert ROUTER.find(method, "shop.example", path)[0].endpoint is None


@pytest.mark.parametrize(
    ("path", "template", "last"),
    [
        ("/users/4711", "/users/{id}", "4711"),
        ("/a/550e8400-e29b-41d4-a716-446655440000", "/a/{id}", "550e8400-e29b-41d4-a716-446655440000"),
        ("/Products/list", "/products/list", ""),
        ("/v1/items/SKU-00042", "/v1/items/{id}", "SKU-00042"),
        ("/v2/items", "/v2/items", ""),
        ("/", "/", ""),
    ],
)
def test_identifiers_become_placeholders(path: str, template: str, last: str) -> None:
    assert template_of(path) == (template, last)


@pytest.mark.parametrize(
    ("method", "path", "purpose"),
    [
        ("POST", "/auth/login", "login"),
        ("GET", "/auth/login", "other"),
        ("POST", "/users/sign_up", "signup"),
        ("POST", "/password/reset", "password_reset"),
        ("GET", "/api/search", "search"),
        ("GET", "/products/77", "product"),
        ("GET", "/products", "listing"),
        ("POST", "/cart/items", "cart"),
        ("POST", "/checkout", "checkout"),
        ("POST", "/payments", "payment"),
        ("GET", "/me/orders", "account"),
        ("GET", "/static/app.js", "static"),
        ("GET", "/anything", "other"),
    ],
)
def test_purpose_is_guessed(method: str, path: str, purpose: str) -> None:
    assert Router(()).find(method, "", path)[0].purpose == purpose


def test_template_gets_its_own_number_once_answered_well() -> None:
    router = Router(())
    route, _ = router.find("GET", "", "/products/7")
    assert route.index >= 224
    router.confirm(route)
    confirmed, _ = router.find("GET", "", "/products/8")
    assert confirmed.index < 224
    assert Router(()).find("GET", "", "/products/9")[0].index == route.index


def test_invented_paths_take_no_number() -> None:
    router = Router(())
    numbers = {router.find("GET", "", f"/invented-{chr(97 + n % 26)}{chr(97 + n // 26)}x")[0].index for n in range(600)}
    assert numbers <= set(range(224, 256))


def test_a_route_is_open_until_the_api_answers_well_on_it() -> None:
    router = Router((endpoint("rest", "GET /v1/**"), endpoint("one", "GET /one.php")))
    route, _ = router.find("GET", "", "/index.php")
    assert route.is_open
    router.confirm(route)
    assert not router.find("GET", "", "/index.php")[0].is_open
    assert router.find("GET", "", "/v1/shell.php")[0].is_open
    assert not router.find("GET", "", "/one.php")[0].is_open


LOGIN = b'{"operationName": "Login", "query": "mutation Login { login(email: 1) { token } }"}'
LIST = b'{"operationName": "ProductList", "query": "query ProductList { products { id } }"}'


def answer(router: Router, method: str, path: str, number: int, *, status: int = 200, item: int = 0) -> None:
    route, _ = router.find(method, "", path)
    router.ask(number, route, item)
    router.answer(number, status)


def test_only_the_answer_to_the_request_itself_teaches() -> None:
    router = Router(())
    scanner, _ = router.find("GET", "", "/invented")
    real, _ = router.find("GET", "", "/orders/7")
    router.ask(1, real, 0)
    router.ask(2, scanner, 0)
    router.answer(1, 200)
    router.answer(2, 404)
    router.answer(3, 200)
    assert router.confirmed() == ["GET /orders/{id}"]


def test_a_redirect_confirms_an_endpoint_but_teaches_no_value() -> None:
    router = Router(())
    answer(router, "POST", "/login", 1, status=302)
    for number in range(300):
        answer(router, "GET", f"/blog/page-of-{chr(97 + number % 26)}{chr(97 + number // 26)}-more", number, status=302)
    assert "POST /login" in router.confirmed()
    assert len(router.confirmed()) == 301


def test_learned_values_are_the_object_of_a_request() -> None:
    router = Router(())
    for number in range(40):
        answer(router, "GET", f"/products/shoe-number-{chr(97 + number % 26)}{chr(97 + number // 26)}", number)
    route, values = router.find("GET", "", "/products/Blue-Suede-Shoes")
    assert (route.name, route.purpose, values) == ("GET /products/{slug}", "product", ("blue-suede-shoes",))
    assert route.index < 224
    assert router.find("GET", "", "/products/blue-suede-shoes/reviews/7")[1] == ("7",)


def test_requests_that_wait_for_an_answer_are_bounded() -> None:
    router = Router(())
    route, _ = router.find("GET", "", "/orders/7")
    for number in range(1, 20_001):
        router.ask(number, route, 5)
    assert len(router._asked) + len(router._asked_before) <= 8192
    router.answer(1, 200)
    assert router.confirmed() == []
    router.answer(20_000, 200)
    assert router.confirmed() == ["GET /orders/{id}"]


def test_the_catalogue_of_an_endpoint_is_what_it_has_shown() -> None:
    router = Router((endpoint("product", "GET /api/products/{id}", purpose="product"),))
    product = router.find("GET", "", "/api/products/1")[0]
    assert math.isnan(router.catalogue(product))
    for number in range(1, 501):
        answer(router, "GET", f"/api/products/{number}", number, item=hash64(number))
        answer(router, "GET", f"/api/products/x{number}", number, status=404, item=hash64(-number))
        answer(router, "GET", f"/orders/{number}", number, item=hash64(number % 50))
    assert router.catalogue(product) == pytest.approx(500, rel=0.1)
    learned = router.find("GET", "", "/orders/1")[0]
    assert router.catalogue(learned) == pytest.approx(50, rel=0.1)
    assert math.isnan(router.catalogue(router.find("GET", "", "/x")[0]))


def hash64(number: int) -> int:
    return int.from_bytes(hashlib.blake2b(str(number).encode(), digest_size=8).digest(), "little")


def test_what_was_learned_survives_a_restart() -> None:
    endpoints = (endpoint("product", "GET /api/products/{id}"),)
    router = Router(endpoints)
    for number in range(1, 200):
        answer(router, "GET", f"/api/products/{number}", number, item=hash64(number))
        answer(
            router,
            "GET",
            f"/c/shoe-number-{chr(97 + number % 26)}{chr(97 + number // 26)}",
            number,
            item=hash64(number),
        )
    for number in range(9):
        graph, _ = router.find("POST", "", "/graphql")
        route, _ = router.operations(graph, LIST, "")
        router.ask(number, route, 0)
        router.answer(number, 200)
    again = Router(endpoints)
    again.restore(router.state())
    assert again.state() == router.state()
    for method, path in (("GET", "/api/products/7"), ("GET", "/c/any-thing-at-all"), ("GET", "/new")):
        assert again.find(method, "", path) == router.find(method, "", path)
        route = again.find(method, "", path)[0]
        assert again.catalogue(route) == router.catalogue(route) or path == "/new"
    assert again.operations(again.find("POST", "", "/graphql")[0], LIST, "")[0].name == "POST /graphql:ProductList"


@pytest.mark.parametrize(
    "state",
    [b"", b"x", b"\x80", b"\xff" * 100, bytes(5 << 20), msgspec.msgpack.encode({"version": 2, "learned": {}, "catalogues": {}}),
     msgspec.msgpack.encode({"version": 1, "learned": {}, "catalogues": {}}),
     msgspec.msgpack.encode({"version": 1, "learned": {"names": {}, "slugs": {}, "places": {}}, "catalogues": {"a": b"x"}})],
)  # fmt: skip
def test_what_is_no_state_is_refused_and_changes_nothing(state: bytes) -> None:
    router = Router(())
    answer(router, "GET", "/orders/7", 1)
    before = router.state()
    with pytest.raises(ValueError, match="."):
        router.restore(state)
    assert router.state() == before


def test_each_operation_is_an_endpoint_once_it_was_answered_often() -> None:
    router = Router((endpoint("graph", "POST /graphql", operation=Selector("body", "operationName")),))
    graph, _ = router.find("POST", "", "/graphql")
    assert graph.is_graph
    assert graph.reads_body
    for number in range(8):
        route, count = router.operations(graph, LIST, "")
        assert (route.name, route.purpose, count) == ("graph:{other}", "listing", 1)
        assert route.index >= 224
        router.ask(number, route, 0)
        router.answer(number, 200)
    route, _ = router.operations(graph, LIST, "")
    assert (route.name, route.operation) == ("graph:ProductList", "ProductList")
    assert route.index < 224
    assert route.endpoint is graph.endpoint
    assert router.operations(graph, b"", "") == (graph, 1)


def test_a_batch_is_what_its_most_sensitive_operation_is() -> None:
    router = Router(())
    graph, _ = router.find("POST", "", "/api/graphql")
    assert graph.is_graph
    route, count = router.operations(graph, b"[" + b",".join([LIST, LIST, LOGIN, LIST]) + b"]", "")
    assert (route.purpose, route.operation, count) == ("login", "Login", 4)
    aliases = b'{"query": "mutation ProductList { a: login b: login c: login }"}'
    route, count = router.operations(graph, aliases, "")
    assert (route.purpose, count) == ("login", 3)


def test_invented_operations_take_no_number_and_no_name() -> None:
    router = Router(())
    graph, _ = router.find("POST", "", "/graphql")
    for number in range(20_000):
        body = b'{"operationName": "Op%d", "query": "query Op%d { a }"}' % (number, number)
        route, _ = router.operations(graph, body, "")
        assert route.name == "POST /graphql:{other}"
        router.ask(number, route, 0)
        router.answer(number, 200)
    assert len(router._operations) <= 2048
    assert len(router.confirmed()) <= 4096


def test_an_operation_named_elsewhere_counts() -> None:
    router = Router((endpoint("graph", "POST /graphql", operation=Selector("header", "x-operation")),))
    graph, _ = router.find("POST", "", "/graphql")
    route, count = router.operations(graph, b"", "", "Login")
    assert (route.operation, route.purpose, count) == ("Login", "login", 1)
    assert router.operations(graph, b"", "", "not a name")[0] is graph


def test_a_purpose_that_is_configured_stays() -> None:
    router = Router(
        (endpoint("graph", "POST /graphql", operation=Selector("body", "operationName"), purpose="search"),)
    )
    assert router.operations(router.find("POST", "", "/graphql")[0], LOGIN, "")[0].purpose == "search"


def test_described_endpoints_come_after_configured_ones_and_may_be_many() -> None:
    described = tuple(Described(endpoint(f"op{n}", f"GET /v1/r{n}/{{id}}"), (f"p{n}:int",), 0.7) for n in range(2000))
    router = Router((endpoint("mine", "GET /v1/r5/{id}"),), described)
    assert router.find("GET", "", "/v1/r5/7")[0].name == "mine"
    route, values = router.find("GET", "", "/v1/r1999/7")
    assert (route.name, route.parameters, route.confidence, values) == ("op1999", ("p1999:int",), 0.7, ("7",))
    numbers = {router.find("GET", "", f"/v1/r{n}/7")[0].index for n in range(0, 2000, 20)}
    assert numbers <= set(range(224))
    assert Router((), described[:10]).find("GET", "", "/v1/r9/7")[0].index == 9


def test_the_number_of_what_was_never_answered_does_not_depend_on_the_configuration_alone() -> None:
    assert Router(()).find("GET", "", "/x")[0].index >= 224
    with_many = Router(tuple(endpoint(f"e{n}", f"GET /e{n}") for n in range(190)))
    assert with_many.find("GET", "", "/x")[0].index >= 224
    answer(with_many, "GET", "/x", 1)
    assert 190 <= with_many.find("GET", "", "/x")[0].index < 224


def test_catalogues_are_bounded() -> None:
    router = Router(())
    for number in range(400):
        answer(router, "GET", f"/{chr(97 + number % 26)}{chr(97 + number // 26)}/7", number, item=hash64(number))
    assert len(router._catalogues) == 256
    again = Router(())
    again.restore(router.state())
    assert again.state() == router.state()


def test_a_long_method_is_not_remembered_whole() -> None:
    router = Router(())
    for number in range(3):
        router.find("A" * 60_000 + str(number), "", "/api/products")
    assert len(router._cached) == 1
    assert max(len(method) for method, _ in router._cached) <= 32


def test_whatever_clients_have_it_learn_can_be_restored() -> None:
    router = Router(())
    chance = Random(1)
    letters = [chr(0x20000 + place) for place in range(1024)]
    for number in range(1, 4001):
        words = ["".join(chance.choices(letters, k=32)) for _ in range(7)]
        route, _ = router.find("GET", "", "/" + "/1/".join(words))
        router.ask(number, route, number)
        router.answer(number, 200)
    assert len(router.state()) > 4 << 20
    again = Router(())
    again.restore(router.state())
    assert again.confirmed() == router.confirmed()
