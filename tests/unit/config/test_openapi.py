"""OpenAPI documents: what is read of them, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vedette.config import load
from vedette.config.openapi import OPERATIONS_MAX, OpenApiError, parse_openapi, read_openapi
from vedette.errors import ConfigError


def document(paths: dict[str, Any], **rest: Any) -> bytes:
    return msgspec.json.encode({"openapi": "3.0.3", "paths": paths, **rest})


def matches(raw: bytes) -> list[str]:
    return [operation.match.text for operation in parse_openapi(raw)]


SHOP = """
openapi: 3.1.0
servers:
  - url: https://{region}.shop.example/{version}
    variables: {region: {default: eu}, version: {default: v2}}
paths:
  /products/{productId}:
    parameters:
      - {name: productId, in: path, schema: {type: integer}}
      - $ref: '#/components/parameters/Lang'
    get: {operationId: getProduct}
    put:
      requestBody: {$ref: '#/components/requestBodies/Product'}
  /products/latest:
    get:
      operationId: latest
      parameters:
        - {name: From, in: query, schema: {type: string, format: date}}
        - {name: size, in: query, schema: {type: [integer, 'null']}}
        - {name: X-Trace, in: header, schema: {type: string}}
  /login:
    post:
      operationId: login
      servers: [{url: /auth}]
      requestBody:
        content:
          application/json; charset=utf-8:
            schema:
              allOf:
                - {$ref: '#/components/schemas/Credentials'}
                - {properties: {remember: {type: boolean}}}
components:
  parameters:
    Lang: {name: lang, in: query, schema: {type: string}}
  requestBodies:
    Product: {content: {application/json: {schema: {properties: {price: {type: number}, tags: {type: array}}}}}}
  schemas:
    Credentials:
      properties: {userName: {type: string}, password: {type: string}, self: {$ref: '#/components/schemas/Credentials'}}
"""


@pytest.mark.parametrize("raw", [SHOP.encode(), msgspec.json.encode(yaml.safe_load(SHOP))], ids=["yaml", "json"])
def test_operations_are_read(raw: bytes) -> None:
    found = {operation.name: operation for operation in parse_openapi(raw)}
    assert {name: operation.match.text for name, operation in found.items()} == {
        "login": "POST /auth/login",
        "latest": "GET /v2/products/latest",
        "getProduct": "GET /v2/products/{productId}",
        "PUT /products/{productId}": "PUT /v2/products/{productId}",
    }
    assert found["latest"].parameters == ("from:date", "size:int")
    assert found["getProduct"].parameters == ("lang:text",)
    assert found["PUT /products/{productId}"].fields == ("price", "tags")
    assert found["login"].parameters == ("username:text", "password:text", "self:text", "remember:bool")
    assert found["login"].fields == ("userName", "password", "self", "remember")


def test_swagger_2() -> None:
    raw = msgspec.json.encode(
        {
            "swagger": "2.0",
            "host": "api.example.com",
            "basePath": "/v1/",
            "paths": {
                "/login": {
                    "post": {
                        "parameters": [
                            {"name": "q", "in": "query", "type": "integer"},
                            {"name": "user", "in": "formData", "type": "string"},
                            {"name": "body", "in": "body", "schema": {"properties": {"n": {"type": "number"}}}},
                        ]
                    }
                }
            },
        }
    )
    (operation,) = parse_openapi(raw)
    assert operation.match.text == "POST /v1/login"
    assert operation.parameters == ("q:int", "user:text", "n:decimal")
    assert operation.fields == ("user", "n")


def test_literal_paths_come_before_parameters() -> None:
    paths = {path: {"get": {}} for path in ("/{a}/x", "/a/{b}", "/a/b", "/{a}/{b}", "/a")}
    assert matches(document(paths)) == ["GET /a", "GET /a/b", "GET /a/{b}", "GET /{a}/x", "GET /{a}/{b}"]


def test_a_segment_with_a_parameter_in_it_is_one() -> None:
    paths = {"/f/{name}.{ext}/{name}/{2nd-part}": {"get": {}}}
    assert matches(document(paths)) == ["GET /f/{name}/{name_}/{p2nd-part}"]


def test_each_server_is_a_place() -> None:
    raw = document({"/a": {"get": {}}}, servers=[{"url": "/v1"}, {"url": "https://x.example/v2/"}, {"url": "/v1"}])
    assert matches(raw) == ["GET /v1/a", "GET /v2/a"]


def test_names_are_unique() -> None:
    raw = document({"/a": {"get": {"operationId": "x"}, "post": {"operationId": "x"}}})
    assert sorted(operation.name for operation in parse_openapi(raw)) == ["POST /a", "x"]


@pytest.mark.parametrize(
    ("raw", "line", "said"),
    [
        (b"", 1, "not an OpenAPI document, nothing"),
        (b"openapi: 2.9\npaths: {}", 1, 'not an OpenAPI document, "2.9"'),
        (b"openapi: 3.0.0", 1, "paths: nothing there"),
        (b"openapi: 3.0.0\npaths:\n  users:\n    get: {}", 3, 'paths: not a path, "users"'),
        (b"openapi: 3.0.0\npaths:\n\t/a: {}", 3, "a tab"),
        (b'{"openapi": "3.0.0",\n "paths": {,}}', 2, "not JSON"),
        (b"[" * 100, 1, "nested too deeply"),
        (b"{" + b'"a":{' * 3000, 1, "nested too deeply"),
        (b"a: &a [x, x, x, x, x, x, x, x, x, x]\n"
         + b"".join(b"%c: &%c [" % (98 + n, 98 + n) + b",".join([b"*%c" % (97 + n)] * 10) + b"]\n" for n in range(6)),
         5, "too much, aliases"),
        (b"x" * (9 << 20), 1, "too large"),
        (document({f"/a{n}": {"get": {}} for n in range(OPERATIONS_MAX + 5)}), 0, "too many, operations"),
        (document({"/" + "a/" * 30: {"get": {}}}), 0, "too long"),
        (document({"/a": {"get": {}}}, servers=[{"url": "http://[x"}]), 0, "servers: not a URL"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_line(raw: bytes, line: int, said: str) -> None:
    with pytest.raises(OpenApiError) as caught:
        parse_openapi(raw)
    assert caught.value.problems[0][0] == line
    assert said in caught.value.problems[0][1]


def test_references_that_lead_nowhere_or_in_circles_give_nothing() -> None:
    circle = {"$ref": "#/components/parameters/A"}
    raw = document(
        {"/a": {"get": {"parameters": [circle, {"$ref": "other.yaml#/x"}, {"$ref": "#/none"}, 7, None]}}, "/b": circle},
        components={"parameters": {"A": circle}},
    )
    (operation,) = parse_openapi(raw)
    assert operation.parameters == ()


def test_the_configuration_names_it(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text("openapi: api.yaml\n")
    (tmp_path / "api.yaml").write_text(SHOP)
    config = load(file)
    assert config.openapi == read_openapi(tmp_path / "api.yaml")
    (tmp_path / "api.yaml").write_text("openapi: 3.0.0\npaths:\n  users: {}\n  roles: {}\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert list(caught.value.problems) == [
        f'{file}:1: openapi: not usable, api.yaml:3, paths: not a path, "users", it begins with /',
        f'{file}:1: openapi: not usable, api.yaml:4, paths: not a path, "roles", it begins with /',
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["get", "post", "parameters", "$ref", "schema", "type", "properties", "requestBody", "content", "in", "name", "servers",
         "url", "application/json", "allOf"]), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["/a", "/a/{b}", "x", "/{"]), JSON, max_size=3), JSON)
def test_whatever_a_document_holds_is_read_or_refused(paths: dict[str, Any], servers: Any) -> None:
    try:
        found = parse_openapi(document(paths, servers=servers, components=paths))
    except OpenApiError as error:
        assert error.problems
    else:
        assert all(len(operation.parameters) <= 32 for operation in found)
