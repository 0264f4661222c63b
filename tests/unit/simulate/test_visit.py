from __future__ import annotations

import random

import msgspec
import pytest

from vedette.simulate.calls import Reply, Truth, Word
from vedette.simulate.clients import Client, load_stacks
from vedette.simulate.networks import Address
from vedette.simulate.shop import ENDPOINTS, Shop
from vedette.simulate.visit import Visit

HOME = Address("192.0.2.7", 64496, "DE", "home")
TRUTH = Truth("human", "web-1", "web")


def visit(kind="browser", family=None, seed=1):
    rng = random.Random(seed)
    stack = load_stacks().draw(rng, kind, families=family)
    return Visit(Shop(random.Random(2)), Client.make(stack, HOME, rng, "de-DE,de;q=0.9"), TRUTH, rng, 1000.0)


def fields(call):
    return {name.lower(): value for name, value in call.headers}


def run(script, replies=()):
    """Drive a script; give what it called and what it returned."""
    calls, replies = [], iter(replies)
    try:
        call = next(script)
        while True:
            calls.append(call)
            call = script.send(next(replies, None) or Reply(200, call.at + 0.1))
    except StopIteration as done:
        return calls, done.value


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_endpoint_can_be_called_by_a_browser_and_by_a_library(endpoint):
    for kind in ("browser", "library"):
        here = visit(kind)
        ids = {"number": 5, "q": "tent", "category": "boots", "order": "77", "slug": "a-b", "file": "x.js"}
        call = here.call(endpoint, **ids)
        assert call.method == ENDPOINTS[endpoint].method
        assert call.path.startswith("/")
        assert call.at == 1000.0
        if call.body is not None:
            assert call.body_size == len(msgspec.json.encode(call.body))
            assert fields(call).get("content-length", str(call.body_size)) == str(call.body_size)


def test_a_page_becomes_the_referrer_of_what_follows():
    here = visit(family={"chrome"})
    run(here.do("home", kind="navigate"))
    assert here.page == "https://shop.example/"
    assert fields(here.call("listing", category="boots"))["referer"] == here.page


def test_a_page_that_failed_does_not():
    here = visit()
    run(here.do("home", kind="navigate"), [Reply(503, 1001.0)])
    assert here.page == ""


@pytest.mark.parametrize(
    ("how", "site"),
    [
        ({"kind": "navigate"}, "none"),
        ({"kind": "navigate", "referer": "https://search.example/"}, "cross-site"),
        ({"kind": "navigate", "referer": "https://shop.example/a"}, "same-origin"),
        ({"kind": "fetch", "referer": "https://shop.example/a"}, "same-origin"),
        ({"kind": "cross", "referer": "https://blog.example/post/1"}, "cross-site"),
    ],
)
def test_a_chromium_says_where_a_call_comes_from(how, site):
    assert fields(visit(family={"chrome"}).call("product", number=3, **how))["sec-fetch-site"] == site


def test_a_widget_names_the_page_that_it_is_in():
    call = visit(family={"chrome"}).call("price", number=3, kind="cross", referer="https://blog.example/post/1")
    assert fields(call)["origin"] == "https://blog.example"


def test_the_clock_waits_for_answers_unless_told_not_to():
    here = visit()
    run(here.do("product", number=1, after=2.0), [Reply(200, 1002.5)])
    arrived = here.now
    assert 1002.5 < arrived < 1002.9
    calls, _ = run(here.do("price", number=1, after=0.1, waits=False), [Reply(200, 1009.0)])
    assert calls[0].at == here.now == pytest.approx(arrived + 0.1)
    here.wait(3)
    assert here.call("cart").at == pytest.approx(arrived + 3.1)


def test_a_reply_is_what_the_script_gets():
    _, reply = run(visit().do("login", account="a@b.example", is_right=False), [Reply(401, 1001.0)])
    assert reply.status == 401


def test_truth_and_words_travel_along():
    call = visit().call("payment", prize="card:1", words=(Word("payment_declined", 3.0),), is_right=False)
    assert (call.truth, call.prize, call.words[0].outcome, call.is_right) == (
        TRUTH,
        "card:1",
        "payment_declined",
        False,
    )


def test_an_answer_and_the_next_call_are_on_their_way_for_a_while():
    here = visit()
    gaps = []
    for _ in range(20):
        call = next(script := here.do("product", number=5))
        with pytest.raises(StopIteration):
            script.send(Reply(200, call.at + 0.1))
        gaps.append(here.now - call.at - 0.1)
    assert min(gaps) > 0.001
    assert len({round(gap, 6) for gap in gaps}) == 20
    assert max(gaps) < 1.5 * min(gaps)
