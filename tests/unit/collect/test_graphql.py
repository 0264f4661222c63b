"""Operations of GraphQL requests."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect.graphql import MAX_EXAMINED, read_calls, scan


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("{ me { id } }", [("", "query", ("me",), 1)]),
        ("query ProductList($n: Int = 3) { products(first: $n) { id } }", [("ProductList", "query", ("products",), 1)]),
        ("mutation M { a: login(u: 1) { t } b: login(u: 2) { t } c: me { id } }", [("M", "mutation", ("login", "me"), 2)]),
        ("query A { a } query B { b }", [("A", "query", ("a",), 1), ("B", "query", ("b",), 1)]),
        ("subscription { ticks }", [("", "subscription", ("ticks",), 1)]),
        ('{ find(q: "{ login }", o: {a: [1, {b: 2}]}) { id } }', [("", "query", ("find",), 1)]),
        ('{ find(q: """ } "quoted" { login \\""" """) { id } } # } login', [("", "query", ("find",), 1)]),
        ("query X @live { a @include(if: true) { b } }", [("X", "query", ("a",), 1)]),
        ("mutation { ... on Mutation { login(a: 1) { t } } }", [("", "mutation", ("login",), 1)]),
        ("mutation { ...F } fragment F on Mutation { login { t } }", [("", "mutation", ("login",), 1)]),
        ("fragment F on Product { price } query Q { product { ...F } }", [("Q", "query", ("product",), 1)]),
        ("query query { query }", [("query", "query", ("query",), 1)]),
        ("query Cut { a { b", [("Cut", "query", ("a",), 1)]),
        ("", []),
        ("}}}{{{", [("", "query", (), 1)]),
    ],
)  # fmt: skip
def test_scan(query: str, found: list[tuple[str, str, tuple[str, ...], int]]) -> None:
    assert [(one.name, one.kind, one.fields, one.count) for one in scan(query)] == found


def body(*calls: dict[str, object]) -> bytes:
    return json.dumps(calls[0] if len(calls) == 1 else calls).encode()


LIST = {"operationName": "ProductList", "query": "query ProductList { products { id } }"}
LOGIN = {"query": "mutation Login($e: String) { login(email: $e) { token } }", "variables": {"e": "x"}}


@pytest.mark.parametrize(
    ("sent", "names", "count"),
    [
        (body(LIST), ["ProductList"], 1),
        (body(LOGIN), ["Login"], 1),
        (body(LIST, LOGIN, LOGIN), ["ProductList", "Login", "Login"], 3),
        (body({"query": "mutation { a: login b: login c: login }"}), [""], 3),
        (body({"operationName": "B", "query": "query A { a } mutation B { b }"}), ["B"], 1),
        (body({"operationName": "7 bad", "query": "{ a }"}), [""], 1),
        (body({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "ab" * 32}}}), ["sha256_abababababab"], 1),
        (body({"operationName": "P", "extensions": {"persistedQuery": {"sha256Hash": "ab" * 32}}}), ["P"], 1),
        (b'{"operationName":"Big","query":"query Big { a(v: \\"' + b"x" * 20_000, ["Big"], 1),
        (b'[{"operationName":"A","query":"' + b"x" * 200 + b'"},{"operationName":"B","query":"' + b"x" * 17_000, ["A", "B"], 2),
        (b"query Plain { a }", ["Plain"], 1),
        (b'--b\r\nname="operations"\r\n\r\n{"operationName": "Upload", "query": "x"}\r\n--b', ["Upload"], 1),
        (b"", [], 0),
        (b"[]", [], 0),
        (b"7", [], 0),
        (b"\xff\xfe", [], 0),
        (b"[" * 10_000, [], 0),
    ],
)  # fmt: skip
def test_calls_of_a_body(sent: bytes, names: list[str], count: int) -> None:
    calls = read_calls(sent, "")
    assert [call.name for call in calls.calls] == names
    assert calls.count == count


def test_a_long_batch_is_counted_to_its_end() -> None:
    calls = read_calls(b"[" + b",".join([b'{"query":"{a}"}'] * 1000) + b"]", "")
    assert len(calls.calls) == MAX_EXAMINED
    assert calls.count == 1000


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("query=query+List+%7B+products+%7D", "List"),
        ("operationName=List&extensions=%7B%22persistedQuery%22%3A%7B%22sha256Hash%22%3A%22" + "0f" * 32 + "%22%7D%7D", "List"),
        ("extensions=%7B%22persistedQuery%22%3A%7B%22sha256Hash%22%3A%22" + "0f" * 32 + "%22%7D%7D", "sha256_0f0f0f0f0f0f"),
        ("extensions=%7B&operationName=X", "X"),
    ],
)  # fmt: skip
def test_calls_of_a_url(query: str, name: str) -> None:
    assert [call.name for call in read_calls(b"", query).calls] == [name]


def test_the_name_stands_where_the_configuration_says() -> None:
    assert read_calls(b'{"meta": {"op": "X"}}', "", ("meta", "op")).calls[0].name == "X"


@given(st.binary(max_size=300), st.text(max_size=100))
def test_anything_is_read_without_a_failure(sent: bytes, query: str) -> None:
    calls = read_calls(sent, query)
    assert len(calls.calls) <= max(calls.count, 1)
    for call in calls.calls:
        assert len(call.name) <= 64
        assert len(call.fields) <= 32


@given(st.text(st.sampled_from('{}():.@"#\\ \nabq'), max_size=200))
def test_any_nesting_is_scanned(query: str) -> None:
    for operation in scan(query):
        assert operation.count >= 1
