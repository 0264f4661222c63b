"""Names and types of parameters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect.parameters import MAX_PARAMETERS, TYPES, parameters_of, type_of


@pytest.mark.parametrize(
    ("value", "type"),
    [
        ("", "empty"),
        ("7", "int"),
        ("-7", "int"),
        ("12345678901234567", "int"),
        ("7\n", "text"),
        ("1.5", "decimal"),
        (".5e-3", "decimal"),
        ("1.5.6", "text"),
        ("true", "bool"),
        ("FALSE", "bool"),
        ("truex", "text"),
        ("550e8400-e29b-41d4-a716-446655440000", "uuid"),
        ("2026-01-31", "date"),
        ("2026-01-31T10%3A00%3A00Z", "date"),
        ("2026-13-41", "text"),
        ("deadbeef", "hex"),
        ("0xDEADBEEF", "hex"),
        ("facade", "text"),
        ("a%40example.com", "email"),
        ("a@b", "text"),
        ("https%3A%2F%2Fshop.example%2F", "url"),
        ("//evil.example", "url"),
        ("red+boots", "text"),
        ("7" * 5000, "text"),
    ],
)
def test_types(value: str, type: str) -> None:
    assert type_of(value) == type


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ()),
        ("&&", ()),
        ("Q=a&q=b", ("q:text",)),
        ("item[3]=a&item[4]=b", ("item[]:text",)),
        ("lines.0.sku=a&line_2=7", ("lines.[].sku:text", "line_[]:int")),
        ("v2=a", ("v2:text",)),
        ("%71=a", ("q:text",)),
        ("flag", ("flag:empty",)),
        ("x" * 100 + "=1", ("x" * 64 + ":int",)),
    ],
)
def test_names(query: str, found: tuple[str, ...]) -> None:
    assert parameters_of(query, b"", "") == found


@pytest.mark.parametrize(
    ("body", "kind", "found"),
    [
        (b"user=a%40b.example&pw=x1", "application/x-www-form-urlencoded", ("user:email", "pw:text")),
        (b'{"A": 1, "b": 1.5, "c": true, "d": null, "e": [], "f": {}}', "application/json",
         ("a:int", "b:decimal", "c:bool", "d:empty", "e:list", "f:object")),
        (b'[{"a": "2026-01-31"}, 7]', "application/json; charset=utf-8", ("a:date",)),
        (b'{"a": 1}', "", ("a:int",)),
        (b'{"a": 1', "application/json", ()),
        (b"7", "application/json", ()),
        (b"--x\r\n", "multipart/form-data; boundary=x", ()),
        (b"[" * 5000, "application/json", ()),
        (b"\xff\xfe", "application/x-www-form-urlencoded", ("��:empty",)),
    ],
)  # fmt: skip
def test_bodies(body: bytes, kind: str, found: tuple[str, ...]) -> None:
    assert parameters_of("", body, kind) == found


def test_query_and_body_together_give_each_once() -> None:
    assert parameters_of("a=1&b=x", b'{"a": 2, "c": ""}', "application/json") == ("a:int", "b:text", "c:empty")


@given(st.text(max_size=400), st.binary(max_size=200), st.sampled_from(["", "application/json", "x-form-urlencoded"]))
def test_whatever_comes_is_bounded_and_typed(query: str, body: bytes, kind: str) -> None:
    found = parameters_of(query, body, kind)
    assert len(found) == len(set(found)) <= MAX_PARAMETERS
    for one in found:
        name, _, type = one.rpartition(":")
        assert len(name) <= 64
        assert type in TYPES


def test_many_parameters_are_cut() -> None:
    assert len(parameters_of("&".join(f"a{n}x=1" for n in range(500)), b"", "")) == MAX_PARAMETERS
