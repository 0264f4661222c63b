"""A call as it goes to the target, and what its answer means."""

from __future__ import annotations

import pytest

from vedette.simulate.target.message import Answer, Message, is_stop, message_of, reply_of
from vedette.simulate.target.place import Place

HERE = Place(scheme="http", host="127.0.0.1", port=8080, address="127.0.0.1", is_loopback=True)
SECURE = Place(scheme="https", host="api.test", port=443, address="192.0.2.1", is_loopback=False)
ASKED = Message("GET", "/a?x=1", (), None)
PROBLEM = {"content-type": "application/problem+json"}


def test_the_shops_names_become_the_targets_and_nothing_else_moves(call_of):
    headers = (
        ("sec-ch-ua", '"x"'),
        ("Host", "shop.example"),
        ("Referer", "https://shop.example/p/1"),
        ("Origin", "https://shop.example"),
        ("Connection", "keep-alive"),
        ("Cookie", "sid=1; x=shop.example"),
        ("X-Forwarded-Host", "shop.example"),
    )
    sent = message_of(call_of(headers=headers, path="/p/../1", query="q=%7e"), HERE, "shop.example")
    assert sent == Message(
        "GET",
        "/p/../1?q=%7e",
        (
            ("sec-ch-ua", '"x"'),
            ("Host", "127.0.0.1:8080"),
            ("Referer", "http://127.0.0.1:8080/p/1"),
            ("Origin", "http://127.0.0.1:8080"),
            ("Connection", "keep-alive"),
            ("Cookie", "sid=1; x=shop.example"),
            ("X-Forwarded-Host", "shop.example"),
        ),
        None,
    )


@pytest.mark.parametrize(
    "value", ["https://widget.example/page", "https://shop.example.evil/", "https://www.shop.example/", "null"]
)
def test_pages_of_other_origins_stay(call_of, value):
    sent = message_of(call_of(headers=(("origin", value), ("referer", value))), SECURE, "shop.example")
    assert sent.headers == (("origin", value), ("referer", value))


def test_a_body_has_its_own_length_and_a_type(call_of):
    call = call_of(method="POST", body={"email": "é"}, headers=(("Content-Length", "9"), ("A", "b")))
    sent = message_of(call, HERE, "shop.example")
    assert sent.body == '{"email":"é"}'.encode()
    assert sent.headers == (("Content-Length", "14"), ("A", "b"), ("content-type", "application/json"))
    bare = message_of(call_of(method="POST", body={}, headers=(("content-type", "text/x"),)), HERE, "shop.example")
    assert bare.headers == (("content-type", "text/x"), ("content-length", "2"))
    assert message_of(call_of(headers=(("content-length", "9"),)), HERE, "shop.example").headers == ()


def test_fields_of_one_connection_are_the_librarys(call_of):
    headers = (("Transfer-Encoding", "chunked"), ("Connection", "close"), ("TE", "trailers"))
    assert message_of(call_of(headers=headers), SECURE, "shop.example").headers == (("TE", "trailers"),)


def test_the_simulated_address_goes_along_where_it_is_asked_for(call_of):
    sent = message_of(call_of(), HERE, "shop.example", forwarded_for=True)
    assert sent.headers[-1] == ("x-forwarded-for", "203.0.113.9")


@pytest.mark.parametrize(
    ("answer", "stopped"),
    [
        (Answer(403, PROBLEM), True),
        (Answer(429, PROBLEM), True),
        (Answer(401, {"content-type": "Application/Problem+JSON; charset=utf-8"}), True),
        (Answer(401, {"content-type": "application/json"}), False),
        (Answer(403), False),
        (Answer(422, PROBLEM), False),
        (Answer(503, PROBLEM), False),
        (Answer(0), False),
        (Answer(200), False),
        (Answer(302, {"location": "https://elsewhere.example/wait"}), True),
        (Answer(307, {"location": "/wait"}), True),
        (Answer(302, {"location": "/a/"}), False),
        (Answer(307, {"location": "https://127.0.0.1/a?x=1"}), False),
        (Answer(302), False),
        (Answer(302, {"location": "http://[broken"}), True),
        (Answer(301, {"location": "/wait"}), False),
    ],
)
def test_what_is_a_stop(answer, stopped):
    assert is_stop(answer, ASKED, HERE) == stopped


@pytest.mark.parametrize(("value", "told"), [("7", 420.0), ("", 0.0), ("Wed, 21 Oct", 0.0), ("-1", 0.0), ("٣", 0.0)])
def test_a_wait_is_told_in_virtual_time(value, told):
    reply = reply_of(Answer(429, {"retry-after": value}, 12), ended=5.0, is_stopped=True, speed=60.0)
    assert (reply.status, reply.ended, reply.size, reply.is_stopped) == (429, 5.0, 12, True)
    assert reply.retry_after_s == told
