"""Routes: configured endpoints, templates, purposes."""

from __future__ import annotations

import pytest

from vedette.collect.endpoints import Router, template_of
from vedette.config.schema import Endpoint
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
