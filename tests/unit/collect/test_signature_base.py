"""The lines that a signature signs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.collect.signing import request
from vedette.collect.signature_base import Broken, NotKnown, base_of, combine, dictionary, serialize

ASKED = request(
    [("Accept", " a, b "), ("accept", "c"), ("D", 'x=1, y=("a" b);q=?0, z'), ("Evil", 'a\n"@method": POST')],
    request_body_size=12,
    query="q=%C3%A9t%C3%A9&n=1&n=2&e=&s=a+b~",
    scheme="https",
    host="API.example:443",
)
FIELDS = combine(ASKED)


def line(name: str, /, scheme: str = "https", **given: object) -> str:
    """The line of one component."""
    text = base_of(ASKED, FIELDS, scheme, [(name, tuple(given.items()))], "()").decode()
    first, last = text.rsplit("\n", 1)
    assert last == '"@signature-params": ()'
    return first


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("@authority", "api.example"),
        ("@method", "GET"),
        ("@path", "/products/7"),
        ("@query", "?q=%C3%A9t%C3%A9&n=1&n=2&e=&s=a+b~"),
        ("@scheme", "https"),
        ("@target-uri", "https://api.example/products/7?q=%C3%A9t%C3%A9&n=1&n=2&e=&s=a+b~"),
        ("@request-target", "/products/7?q=%C3%A9t%C3%A9&n=1&n=2&e=&s=a+b~"),
        ("accept", "a, b, c"),
        ("host", "API.example:443"),
        ("content-length", "12"),
    ],
)
def test_components(name: str, value: str) -> None:
    assert line(name) == f'"{name}": {value}'


@pytest.mark.parametrize(("key", "value"), [("x", "1"), ("y", '("a" b);q=?0'), ("z", "?1")])
def test_members_of_dictionaries(key: str, value: str) -> None:
    assert line("d", key=key) == f'"d";key="{key}": {value}'


@pytest.mark.parametrize(("name", "value"), [("q", "%C3%A9t%C3%A9"), ("e", ""), ("s", "a%20b%7E")])
def test_query_parameters(name: str, value: str) -> None:
    assert line("@query-param", name=name) == f'"@query-param";name="{name}": {value}'


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("@query-param", {"name": "n"}, Broken),
        ("@query-param", {"name": "none"}, Broken),
        ("@query-param", {"name": 1}, Broken),
        ("@query-param", {}, NotKnown),
        ("@status", {}, NotKnown),
        ("@method", {"req": True}, NotKnown),
        ("accept", {"bs": True}, NotKnown),
        ("accept", {"key": "q"}, Broken),
        ("d", {"key": "none"}, Broken),
        ("d", {"key": 1}, Broken),
        ("Accept", {}, Broken),
        ("absent", {}, Broken),
        ("evil", {}, Broken),
    ],
)
def test_what_cannot_be_signed(name: str, given: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        line(name, **given)


def test_a_query_of_many_parameters_is_not_searched() -> None:
    asked = request([], query="&".join(f"a{n}=1" for n in range(129)))
    with pytest.raises(NotKnown):
        base_of(asked, combine(asked), "https", [("@query-param", (("name", "a1"),))], "()")


def test_an_empty_query_and_path() -> None:
    asked = request([], query="", path="")
    text = base_of(asked, combine(asked), "https", [("@query", ()), ("@path", ()), ("@target-uri", ())], "()").decode()
    assert text.splitlines()[:3] == ['"@query": ?', '"@path": /', '"@target-uri": https://api.example/']


@pytest.mark.parametrize("headers", [[("x", "é")], [("x", "a" * 70_000)]])
def test_what_is_signed_is_ascii_and_bounded(headers: list) -> None:
    asked = request(headers)
    with pytest.raises(Broken):
        base_of(asked, combine(asked), "https", [("x", ())], "()")


@pytest.mark.parametrize("text", ["", "a=1", "a=1;b=2, c=(1 2);d", "a"])
def test_dictionaries_are_written_as_they_were(text: str) -> None:
    assert (
        ", ".join(
            name if member[0] is True else f"{name}={serialize(member)}" for name, member in dictionary(text).items()
        )
        == text
    )


@given(st.text(max_size=80))
def test_a_dictionary_is_read_or_broken(text: str) -> None:
    try:
        members = dictionary(text)
    except Broken:
        return
    for member in members.values():
        assert serialize(member).isascii()
