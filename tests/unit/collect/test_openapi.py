"""What the operations of a document become."""

from __future__ import annotations

import pytest

from vedette.collect.observation import Collector
from vedette.collect.openapi import describe, described
from vedette.config.schema import Config, OpenApi, Operation, Selector
from vedette.config.units import parse_match
from vedette.types import Request


def operation(name: str, match: str, parameters: tuple[str, ...] = (), fields: tuple[str, ...] = ()) -> Operation:
    return Operation(name, parse_match(match), parameters, fields)


LOGIN = operation("createSession", "POST /v1/session", ("username:text", "password:text"), ("userName", "password"))
PRODUCT = operation("getProduct", "GET /v1/products/{productId}")
CONFIG = Config(openapi=OpenApi("api.json", (LOGIN, PRODUCT)))


@pytest.mark.parametrize(
    ("one", "purpose"),
    [
        (LOGIN, "login"),
        (PRODUCT, "product"),
        (operation("searchEverything", "GET /x"), "search"),
        (operation("x", "GET /x", ("q:text",)), "search"),
        (operation("x", "GET /x"), "other"),
    ],
)
def test_purposes(one: Operation, purpose: str) -> None:
    assert describe(one).endpoint.purpose == purpose


def test_the_account_of_a_login_is_the_field_as_it_is_written() -> None:
    assert describe(LOGIN).endpoint.account == Selector("body", "userName")
    assert describe(PRODUCT).endpoint.account is None


def test_a_last_path_parameter_is_the_object() -> None:
    assert describe(PRODUCT).endpoint.object == Selector("path", "productId")


def test_without_a_document_nothing_is_described() -> None:
    assert described(Config()) == ()


def test_the_collector_reads_account_and_object_of_described_endpoints() -> None:
    collector = Collector(CONFIG, b"k" * 32)
    call = Request(timestamp=0.0, id="r", method="GET", path="/v1/products/B-7", client_address="192.0.2.1")
    seen = collector.observe(call, 0.0)
    assert seen.route.name == "getProduct"
    assert seen.item == collector.hash("object", "product:B-7")
    call = Request(
        timestamp=0.0, id="r", method="POST", path="/v1/session", client_address="192.0.2.1",
        headers=(("content-type", "application/json"),), body=b'{"userName": "Anna", "password": "x"}',
    )  # fmt: skip
    seen = collector.observe(call, 0.0)
    assert (seen.route.name, seen.account_text) == ("createSession", "anna")
    assert seen.route.reads_body
