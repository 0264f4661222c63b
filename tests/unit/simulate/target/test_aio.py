"""A script on asyncio: the same demands as on a browser's client."""

from __future__ import annotations

import asyncio

from vedette.simulate.target.aio import Aio
from vedette.simulate.target.message import Answer, Message
from vedette.simulate.target.place import Place, find_place

HEADERS = (("Host", "shop.test"), ("X-B", "2"), ("User-Agent", "me"), ("Accept-Encoding", "br"), ("Cookie", "sid=9"))


def send(place: Place, *messages: Message, source: str = "127.9.8.7") -> list[Answer]:
    async def all_of() -> list[Answer]:
        client = Aio(place, source, timeout_s=10.0)
        try:
            return [await client.send(message) for message in messages]
        finally:
            await client.close()

    return asyncio.run(all_of())


def test_fields_path_and_address_are_as_given(target, place):
    target.answer = lambda seen: (200, {"content-encoding": "br"}, b"not in fact")
    (answer,) = send(place, Message("POST", "/a//../b/%7e?q=%20", (*HEADERS, ("Content-Length", "2")), b"{}"))
    assert (answer.status, answer.size) == (200, 11)
    (seen,) = target.seen
    assert (seen.source, seen.method, seen.target, seen.body) == ("127.9.8.7", "POST", "/a//../b/%7e?q=%20", b"{}")
    assert tuple(seen.headers) == (*HEADERS, ("Content-Length", "2"))


def test_nothing_is_added(target, place):
    send(place, Message("GET", "/", (), None))
    assert {name.lower() for name, _ in target.seen[0].headers} == {"host"}


def test_what_the_target_sets_is_not_kept_and_where_it_leads_not_followed(target, place):
    target.answer = lambda seen: (302, {"set-cookie": "sid=1; Path=/", "Location": "http://127.0.0.1:1/"}, b"")
    get = Message("GET", "/", (), None)
    answers = send(place, get, get)
    assert [answer.status for answer in answers] == [302, 302]
    assert answers[0].headers["location"] == "http://127.0.0.1:1/"
    assert target.seen[1]["cookie"] is None
    assert target.seen[0].connection == target.seen[1].connection


def test_a_name_is_not_resolved_again_and_no_proxy_asked(target, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    named = Place(scheme="http", host="shop.test", port=target.port, address="127.0.0.1", is_loopback=True)
    assert send(named, Message("GET", "/", (), None))[0].status == 200
    assert target.seen[0]["host"] == f"shop.test:{target.port}"


def test_no_answer(target, place):
    target.answer = lambda seen: None
    assert send(place, Message("GET", "/", (), None))[0].status == 0
    (answer,) = send(find_place("http://127.0.0.1:1"), Message("GET", "/", (), None))
    assert (answer.status, bool(answer.error)) == (0, True)
