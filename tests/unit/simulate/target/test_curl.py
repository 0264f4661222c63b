"""A browser's client: its fields as they are, its own connections, no cookies of its own, no redirects, no proxies."""

from __future__ import annotations

import asyncio

import pytest

from vedette.simulate.target.curl import Curl
from vedette.simulate.target.message import Answer, Message
from vedette.simulate.target.place import Place, find_place

HEADERS = (
    ("sec-ch-ua", '"Chromium";v="142"'),
    ("Host", "shop.test"),
    ("User-Agent", "me"),
    ("content-type", "application/json"),
    ("Content-Length", "9"),
    ("Accept-Encoding", "gzip, br"),
    ("Cookie", "sid=9; a=b"),
)


def send(place: Place, *messages: Message, impersonate: str = "chrome142", source: str = "127.9.8.7") -> list[Answer]:
    async def all_of() -> list[Answer]:
        client = Curl(place, source, impersonate, is_http1=True, timeout_s=10.0)
        try:
            return [await client.send(message) for message in messages]
        finally:
            await client.close()

    return asyncio.run(all_of())


@pytest.mark.parametrize("impersonate", ["chrome142", "chrome9999", ""])
def test_fields_path_and_address_are_as_given(target, place, impersonate):
    message = Message("POST", "/a//../b/%7e?q=%20", HEADERS, b'{"a": "b"}'[:9])
    (answer,) = send(place, message, impersonate=impersonate)
    assert (answer.status, answer.size) == (200, 5)
    (seen,) = target.seen
    assert (seen.source, seen.method, seen.body) == ("127.9.8.7", "POST", b'{"a": "b"')
    assert seen.target.startswith("/a//../b/")
    assert tuple(seen.headers) == HEADERS


def test_what_the_target_sets_is_not_kept_and_where_it_leads_not_followed(target, place):
    target.answer = lambda seen: (302, {"set-cookie": "sid=1; Path=/", "Location": "http://127.0.0.1:1/"}, b"")
    get = Message("GET", "/", (("User-Agent", "me"),), None)
    answers = send(place, get, get)
    assert [answer.status for answer in answers] == [302, 302]
    assert answers[0].headers["location"] == "http://127.0.0.1:1/"
    assert target.seen[1]["cookie"] is None
    assert target.seen[0].connection == target.seen[1].connection


def test_a_name_is_not_resolved_again_and_no_proxy_asked(target, monkeypatch):
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    named = Place(scheme="http", host="shop.test", port=target.port, address="127.0.0.1", is_loopback=True)
    assert send(named, Message("GET", "/", (), None))[0].status == 200
    assert target.seen[0]["host"] == f"shop.test:{target.port}"


def test_no_answer(target, place):
    target.answer = lambda seen: None
    assert send(place, Message("GET", "/", (), None))[0].status == 0
    (answer,) = send(find_place("http://127.0.0.1:1"), Message("GET", "/", (), None))
    assert (answer.status, bool(answer.error)) == (0, True)
