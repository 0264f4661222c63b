from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from vedette.simulate.calls import Reply
from vedette.simulate.play import play


def call(at, who):
    return SimpleNamespace(at=at, who=who)


def answer(call):
    return Reply(200, call.at + 0.5)


def steps(who, times, heard=None):
    for at in times:
        reply = yield call(at, who)
        if heard is not None:
            heard.append(reply.ended)


@given(st.lists(st.lists(st.floats(0, 1000), min_size=1, max_size=6), max_size=8))
def test_calls_come_in_order_of_time_and_none_is_lost(scripts):
    starts = sorted((min(times), number, times) for number, times in enumerate(scripts))
    arrivals = iter([(at, steps(number, times)) for at, number, times in starts])
    played = [(made.at, made.who) for made, _ in play(arrivals, answer)]
    assert [at for at, _ in played] == sorted(at for at, _ in played)
    assert sorted(who for _, who in played) == sorted(n for n, times in enumerate(scripts) for _ in times)


def test_a_script_hears_each_reply_before_its_next_call():
    heard = []
    for made, reply in play(iter([(0.0, steps("a", (0.0, 1.0, 2.0), heard))]), answer):
        assert reply.ended == made.at + 0.5
    assert heard == [0.5, 1.5, 2.5]


def test_a_call_dated_into_the_past_is_made_at_once():
    played = [made.at for made, _ in play(iter([(5.0, steps("a", (9.0, 3.0, 12.0)))]), answer)]
    assert played == [9.0, 9.0, 12.0]


def test_nothing_happens_after_the_end():
    arrivals = iter([(0.0, steps("a", (0.0, 10.0, 20.0))), (15.0, steps("b", (15.0,)))])
    assert [made.at for made, _ in play(arrivals, answer, 12.0)] == [0.0, 10.0]


def test_scripts_are_started_only_when_their_time_has_come():
    started = []

    def late(number):
        started.append(number)
        yield call(number * 10.0, number)

    run = play(iter([(number * 10.0, late(number)) for number in range(100)]), answer)
    for _ in range(5):
        next(run)
    assert len(started) <= 7


def test_a_million_scripts_leave_nothing_behind():

    def brief(number):
        yield call(float(number), number)

    run = play(((float(n), brief(n)) for n in range(20_000)), answer)
    for made, _ in run:
        frame = run.gi_frame
        if made.who % 5000 == 0:
            assert len(frame.f_locals["waiting"]) <= 2


def test_a_script_that_never_calls_is_passed_over():
    def silent():
        return
        yield

    arrivals = iter([(0.0, silent()), (1.0, steps("b", (1.0,)))])
    assert [made.who for made, _ in play(arrivals, answer)] == ["b"]
