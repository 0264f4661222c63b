"""Selectors over hostile requests."""

from __future__ import annotations

from math import isnan

import pytest

from vedette.collect.identity import cookie_value, number_of, selector
from vedette.config.units import parse_selector
from vedette.types import Request


def find(where: str, *, body: bytes = b"", kind: str = "application/json", query: str = "") -> str:
    call = Request(timestamp=0, id="r", method="POST", path="/", client_address="", body=body, query=query)
    headers = {"content-type": kind, "x-device-id": "d-1", "authorization": "Bearer t"}
    return selector(parse_selector(where))(call, headers, "a=1; sid=s-1", {"id": "7"})


@pytest.mark.parametrize(
    ("where", "expected"),
    [("header.X-Device-Id", "d-1"), ("cookie.sid", "s-1"), ("path.id", "7"), ("query.q", "a b"), ("cookie.none", "")],
)
def test_selectors(where: str, expected: str) -> None:
    assert find(where, query="x=1&q=a+b&q=second") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"user": {"email": "a@b.example"}}', "a@b.example"),
        (b'{"user": {"email": 7}}', "7"),
        (b'{"user": {"email": ["a"]}}', ""),
        (b'{"user": {"email": true}}', ""),
        (b'{"user": "a"}', ""),
        (b'{"user": ', ""),
        (b"\xff\xfe", ""),
        (b"[" * 16_000, ""),
        (b'{"user": {"email": "' + b"x" * 20_000 + b'"}}', ""),
    ],
)
def test_json_bodies(body: bytes, expected: str) -> None:
    assert find("body.user.email", body=body) == expected


def test_form_bodies_and_long_values() -> None:
    kind = "application/x-www-form-urlencoded"
    assert find("body.email", body=b"email=a%40b.example&email=c", kind=kind) == "a@b.example"
    assert len(find("body.email", body=b"email=" + b"x" * 9000, kind=kind)) == 512
    assert find("body.email", body=b"&".join(b"a=1" for _ in range(500)), kind=kind) == ""


def test_a_jwt_claim_is_not_believed_unverified() -> None:
    assert find("jwt.sub") == ""


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("sid=a", "a"),
        ("x=1; sid=a; sid=b", "a"),
        ("nosid=x; sid=a", "a"),
        ("nosid=x", ""),
        ('x=1;sid="quoted"', "quoted"),
        ("sid=", ""),
        ("", ""),
        ("x" * 20_000 + "; sid=a", ""),
    ],
)
def test_one_cookie_is_found_among_others(header: str, value: str) -> None:
    assert cookie_value(header, "sid") == value


@pytest.mark.parametrize(("text", "number"), [("42", 42.0), ("SKU-0042", 42.0), ("a1b22", 22.0)])
def test_numbers_of_objects(text: str, number: float) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["", "abc", "12x", "9" * 400 + "x"])
def test_objects_without_a_number(text: str) -> None:
    assert isnan(number_of(text))
