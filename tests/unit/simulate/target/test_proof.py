"""The drill's side of the proof, against a server that answers as an edge would, or does not."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest

from vedette.doors.drill import PATH, Bounds, Consent, Refused
from vedette.simulate.target import proof
from vedette.simulate.target.place import find_place
from vedette.simulate.target.proof import prove

KEY = "k" * 32


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(proof, "PAUSE_S", 0.0)


def edge(key=KEY, *, bounds=None, misses=0):
    """Answer as an edge with this key; the first ``misses`` proofs go by undecided."""
    consent, missed = Consent(key, bounds), []

    def answer(seen):
        if len(missed) < misses:
            missed.append(seen)
            return 404, {}, b"no such page"
        try:
            return 202, {"content-type": "application/json"}, consent.grant(seen.body, seen["host"], time.time())
        except Refused:
            return 404, {}, b"no such page"

    return answer


def test_an_edge_that_wants_it_says_so(target, place):
    target.answer = edge(bounds=Bounds(rate=7, count=8, seconds=9))
    assert asyncio.run(prove(place, KEY)) == Bounds(rate=7, count=8, seconds=9)
    (seen,) = target.seen
    assert (seen.method, seen.target, seen["host"]) == ("POST", PATH, place.authority)
    assert seen["content-length"] == str(len(seen.body))
    assert len(msgspec.json.decode(seen.body)["nonce"]) == 32


def test_an_edge_that_could_not_decide_is_asked_again_with_another_number(target, place):
    target.answer = edge(misses=4)
    assert asyncio.run(prove(place, KEY)) == Bounds()
    assert len({msgspec.json.decode(seen.body)["nonce"] for seen in target.seen}) == 5


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (edge("another key of another edge"), "answered 404"),
        (edge(misses=99), "answered 404"),
        (lambda seen: (202, {}, b"yes, please"), "not an answer to a proof"),
        (lambda seen: (200, {}, Consent(KEY).grant(seen.body, seen["host"], time.time())), "answered 200"),
        (lambda seen: (302, {"location": "http://127.0.0.1:1"}, b""), "answered 302"),
        (lambda seen: None, "closed|reset|without"),
    ],
)
def test_anything_else_is_a_refusal(target, place, answer, why):
    target.answer = answer
    with pytest.raises(Refused, match=why):
        asyncio.run(prove(place, KEY))
    assert len(target.seen) == proof.TRIES


def test_a_clock_that_is_wrong(target, place):
    target.answer = edge()
    with pytest.raises(Refused, match="answered 404"):
        asyncio.run(prove(place, KEY, clock=lambda: time.time() - 120.0))


def test_a_recorded_answer_proves_nothing(target, place):
    recorded = []

    def replaying(seen):
        recorded.append(Consent(KEY).grant(seen.body, seen["host"], time.time()))
        return 202, {}, recorded[0]

    target.answer = replaying
    assert asyncio.run(prove(place, KEY)) == Bounds()
    with pytest.raises(Refused, match="another proof"):
        asyncio.run(prove(place, KEY))


def test_nobody_there():
    with pytest.raises(Refused, match="refused"):
        asyncio.run(prove(find_place("http://127.0.0.1:1"), KEY))
