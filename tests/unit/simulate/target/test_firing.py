"""Scripts against a target: order, replies, bounds, and every way in which a drill ends."""

from __future__ import annotations

import asyncio

import pytest

from vedette.doors.drill import Bounds, Refused
from vedette.simulate.calls import Truth
from vedette.simulate.target import firing
from vedette.simulate.target.crowd import Crowd
from vedette.simulate.target.figures import Figures
from vedette.simulate.target.firing import Firing
from vedette.simulate.target.pace import Limits

LIMITS = Limits(rate=5000.0, count=1000, seconds=60.0, concurrent=50)
FAST = 1e6


@pytest.fixture
def fire(place):
    """Fire arrivals at the target; ``during(firing)`` runs beside."""

    def run(arrivals, *, limits=LIMITS, during=None, **how):
        figures = Figures()
        options = {
            "shop": "shop.example",
            "end": float("inf"),
            "speed": FAST,
            "forwarded_for": False,
            "consent": None,
            "record": None,
            "report": None,
        }

        async def all_of():
            crowd = Crowd(place, binds=True, now=asyncio.get_running_loop().time)
            made = Firing(iter(arrivals), place, crowd, limits, figures, **(options | how))
            beside = asyncio.ensure_future(during(made)) if during else None
            try:
                await made.run()
            finally:
                if beside is not None:
                    beside.cancel()
            assert len(crowd) == 0

        asyncio.run(all_of())
        return figures

    return run


def walk(call_of, client, paths, replies=None, *, start=1000.0, pause=1.0):
    """A script that asks for paths one after the other and keeps its replies."""
    at = start
    for path in paths:
        reply = yield call_of(client=client, at=at, path=path)
        if replies is not None:
            replies.append(reply)
        at = reply.ended + pause


def test_a_script_gets_its_replies_in_its_own_time(target, fire, call_of, client_of):
    target.answer = lambda seen: (429, {"content-type": "application/problem+json", "retry-after": "2"}, b"{}")
    replies = []
    figures = fire([(1000.0, walk(call_of, client_of(), ["/1", "/2", "/3"], replies))])
    assert [seen.target for seen in target.seen] == ["/1", "/2", "/3"]
    assert [reply.status for reply in replies] == [429] * 3
    assert all(reply.is_stopped for reply in replies)
    assert {reply.retry_after_s for reply in replies} == {2.0 * FAST}, "two seconds, as the edge measures them"
    assert all(one.ended < other.ended for one, other in zip(replies, replies[1:], strict=False))
    assert 1000.0 < replies[0].ended, "virtual time, not the machine's"
    assert replies[-1].ended < 1_000_000_000.0
    assert (figures.ended, figures.requests, figures.stopped, figures.cut) == ("done", 3, 3, 0)


def test_calls_go_out_in_order_of_virtual_time(target, fire, call_of, client_of):
    client = client_of("aiohttp")
    later = walk(call_of, client, ["/late"], start=2e6)
    never = walk(call_of, client, ["/never"], start=9e9)
    soon = walk(call_of, client, ["/soon"], start=1e6)
    dated_back = walk(call_of, client, ["/back"], start=0.0)
    arrivals = [(1e6, soon), (1e6, later), (1.5e6, dated_back), (1e10, never)]
    figures = fire(arrivals, end=5e9)
    assert [seen.target for seen in target.seen] == ["/soon", "/back", "/late"]
    assert figures.ended == "done"


def test_a_call_beyond_the_end_is_not_made(target, fire, call_of, client_of):
    closed = []

    def script():
        try:
            yield from walk(call_of, client_of(), ["/1", "/2"], pause=1e12)
        finally:
            closed.append(True)

    assert fire([(1000.0, script())], end=1e9).requests == 1
    assert closed == [True]


@pytest.mark.parametrize("family", ["chrome", "aiohttp", "requests"])
def test_the_largest_number_is_exact(target, fire, call_of, client_of, family):
    arrivals = [(1000.0, walk(call_of, client_of(family), ["/"] * 20)) for _ in range(10)]
    figures = fire(arrivals, limits=Limits(rate=5000.0, count=25, seconds=60.0, concurrent=4))
    assert (figures.ended, figures.requests, len(target.seen)) == ("count", 25, 25)


def test_never_more_under_way_than_allowed(target, fire, call_of, client_of):
    crowd_of, most = [], []
    send = Crowd.send

    async def counting(self, client, message):
        crowd_of.append(client)
        most.append(len(crowd_of))
        try:
            return await send(self, client, message)
        finally:
            crowd_of.pop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Crowd, "send", counting)
        arrivals = [(1000.0, walk(call_of, client_of("aiohttp"), ["/"] * 3)) for _ in range(20)]
        figures = fire(arrivals, limits=Limits(rate=5000.0, count=1000, seconds=60.0, concurrent=3))
    assert figures.requests == 60
    assert max(most) == 3


def test_calls_that_wait_for_their_turn_are_counted(fire, call_of, client_of):
    arrivals = [(1000.0, walk(call_of, client_of("aiohttp"), ["/"])) for _ in range(12)]
    figures = fire(arrivals, limits=Limits(rate=40.0, count=1000, seconds=60.0, concurrent=50))
    assert figures.requests == 12
    assert 1 <= figures.late <= 12


def test_the_time_ends_it(fire, call_of, client_of):
    arrivals = [(1000.0, walk(call_of, client_of(), ["/1", "/2"], pause=1e15))]
    figures = fire(arrivals, limits=Limits(rate=50.0, count=1000, seconds=0.3, concurrent=1))
    assert (figures.ended, figures.requests) == ("time", 1)


@pytest.mark.parametrize("family", ["chrome", "aiohttp", "requests"])
def test_an_interruption_cuts_off_what_is_under_way(target, fire, call_of, client_of, family):
    """The target holds its second answer back until the drill is over."""
    import threading

    let_go = threading.Event()

    def answer(seen):
        if seen.target == "/2":
            let_go.wait(20)
        return 200, {}, b""

    target.answer = answer

    async def interrupt(made):
        while not target.seen or target.seen[-1].target != "/2":
            await asyncio.sleep(0.005)
        made.end("interrupted")

    figures = fire([(1000.0, walk(call_of, client_of(family), ["/1", "/2", "/3"]))], during=interrupt)
    let_go.set()
    assert (figures.ended, figures.requests, figures.cut) == ("interrupted", 1, 1)
    assert [seen.target for seen in target.seen] == ["/1", "/2"]


def test_a_target_that_falls_silent_ends_it(target, fire, call_of, client_of):
    target.answer = lambda seen: None if len(target.seen) > 10 else (200, {}, b"")
    client = client_of("aiohttp")
    figures = fire([(1000.0, walk(call_of, client, ["/"] * 1000))])
    assert figures.ended == "unanswered"
    assert "none of the last 50 calls was answered, " in figures.detail
    assert (figures.requests, figures.unanswered) == (60, 50)


def test_now_and_then_no_answer_is_part_of_life(target, fire, call_of, client_of):
    target.answer = lambda seen: None if len(target.seen) % 2 else (200, {}, b"")
    figures = fire([(1000.0, walk(call_of, client_of("requests"), ["/"] * 120))])
    assert (figures.ended, figures.requests, figures.unanswered) == ("done", 120, 60)


def test_consent_is_renewed_and_its_bounds_hold(fire, call_of, client_of, monkeypatch):
    monkeypatch.setattr(firing, "RENEW_S", 0.01)
    asked = []

    async def consent():
        asked.append(True)
        if len(asked) == 3:
            raise Refused("answered 404")
        return Bounds(count=2)

    arrivals = [(1000.0, walk(call_of, client_of(), ["/"], pause=1e15)), (1e15, walk(call_of, client_of(), ["/"]))]
    figures = fire(arrivals, consent=consent)
    assert (figures.ended, figures.detail) == ("refused", "answered 404")
    assert len(asked) == 3


def test_a_mistake_in_a_script_is_raised_and_everything_closed(fire, call_of, client_of):
    def broken():
        yield call_of(client=client_of())
        raise RuntimeError("a mistake in a script")

    with pytest.raises(RuntimeError, match="a mistake in a script"):
        fire([(1000.0, broken()), (1000.0, walk(call_of, client_of(), ["/"] * 50))])


def test_what_was_sent_is_recorded_as_the_target_saw_it(target, fire, call_of, client_of):
    kept = []
    client = client_of("requests", "203.0.113.77")
    truth = Truth("bad_bot", "w1", "price_scraping", campaign="c", level=1)

    def script():
        yield call_of(client=client, at=1000.0, method="POST", truth=truth, body={"a": 1})

    fire([(1000.0, script())], record=lambda call, reply: kept.append((call, reply)))
    ((call, reply),) = kept
    (seen,) = target.seen
    assert call.client.address == seen.source != client.address
    assert (call.client.ja4, client.ja4) == ("", "t13d"), "which handshake it really was is not known here"
    assert list(call.headers) == seen.headers
    assert call.body_size == len(seen.body)
    assert call.truth == truth
    assert (reply.status, reply.size) == (200, 5)
    assert 1e9 < call.at < reply.ended, "the machine's own time"


def test_with_forwarded_for_the_record_has_the_simulated_address(target, fire, call_of, client_of):
    kept = []
    arrivals = [(1000.0, walk(call_of, client_of(), ["/"]))]
    fire(arrivals, forwarded_for=True, record=lambda call, reply: kept.append(call))
    assert kept[0].client.address == "203.0.113.9" == target.seen[0]["x-forwarded-for"]


def test_nobody_comes(fire):
    assert fire([]).ended == "done"


def test_an_empty_script_and_reports(fire, call_of, client_of, monkeypatch):
    monkeypatch.setattr(firing, "REPORT_S", 0.01)
    told = []

    async def wait(made):
        while not told:
            await asyncio.sleep(0.005)
        made.end("time")

    def empty():
        return
        yield

    arrivals = [(1000.0, empty()), (1000.0, walk(call_of, client_of(), ["/", "/"], pause=1e15))]
    figures = fire(arrivals, report=told.append, during=wait)
    assert (figures.ended, told[0]) == ("time", figures)
