"""A script that waits for each answer: the same demands, and threads that keep nobody waiting."""

from __future__ import annotations

import asyncio
import threading

import pytest

from vedette.simulate.target.message import Answer, Message
from vedette.simulate.target.place import Place, find_place
from vedette.simulate.target.threads import Requests, Threads

HEADERS = (("X-B", "2"), ("Host", "shop.test"), ("User-Agent", "me"), ("Accept-Encoding", "br"), ("Cookie", "sid=9"))


def send(place: Place, *messages: Message, source: str = "127.9.8.7") -> list[Answer]:
    async def all_of() -> list[Answer]:
        threads = Threads(2)
        client = Requests(place, source, threads, timeout_s=10.0)
        try:
            return [await client.send(message) for message in messages]
        finally:
            await client.close()
            threads.close()

    return asyncio.run(all_of())


def test_fields_path_and_address_are_as_given(target, place):
    target.answer = lambda seen: (200, {"content-encoding": "br"}, b"not in fact")
    (answer,) = send(place, Message("POST", "/a//../b/%7e?q=%20", (*HEADERS, ("Content-Length", "2")), b"{}"))
    assert (answer.status, answer.size) == (200, 11)
    (seen,) = target.seen
    assert (seen.source, seen.method, seen.target, seen.body) == ("127.9.8.7", "POST", "/a//../b/%7E?q=%20", b"{}")
    assert tuple(seen.headers) == (*HEADERS, ("Content-Length", "2"))


def test_nothing_is_added(target, place):
    send(place, Message("GET", "/", (), None))
    assert target.seen[0].headers == [("Host", place.authority)]


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


def test_a_mistake_of_ours_is_raised_where_it_was_asked_for():
    def broken() -> Answer:
        raise RuntimeError("ours")

    async def ask() -> None:
        threads = Threads(1)
        try:
            await threads.run(broken)
        finally:
            threads.close()

    with pytest.raises(RuntimeError, match="ours"):
        asyncio.run(ask())


def test_work_that_nobody_waits_for_keeps_nobody_waiting():
    entered, leave = threading.Event(), threading.Event()

    def slow() -> Answer:
        entered.set()
        leave.wait(20)
        return Answer(200)

    async def ask() -> None:
        threads = Threads(1)
        under_way = asyncio.ensure_future(threads.run(slow))
        waiting = asyncio.ensure_future(threads.run(lambda: Answer(1)))
        await asyncio.to_thread(entered.wait, 20)
        under_way.cancel()
        waiting.cancel()
        threads.close()

    asyncio.run(ask())  # ends although the thread is still at it
    before = threading.active_count()
    leave.set()
    for thread in threading.enumerate():
        if thread.name.startswith("vedette-drill"):
            thread.join(20)
            assert not thread.is_alive()
    assert threading.active_count() < before
