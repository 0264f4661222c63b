from __future__ import annotations

import asyncio
import socket
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.config.schema import Rate
from vedette.gather.inquiries import AT_ONCE, WAITING, Budget, Budgets, Desk, bind, network_of, read_datagrams
from vedette.snapshot.findings import Inquiry

ASKED = Inquiry("dns", "192.0.2.1", "googlebot")


@given(st.integers(1, 50), st.integers(1, 20), st.lists(st.floats(0.0, 2.0), max_size=200))
def test_a_budget_is_never_exceeded(count, burst, pauses):
    budget, now, let = Budget(Rate(count, 1.0), burst), 0.0, []
    for pause in pauses:
        now += pause
        if budget.spend(now):
            let.append(now)
    for first, start in enumerate(let):
        within = sum(1 for moment in let[first:] if moment < start + 1.0)
        assert within <= count + burst


def test_each_network_has_its_own_budget_and_few_are_remembered():
    budgets = Budgets(Rate(1, 60.0), 1, most=2)
    assert [budgets.spend(key, 0.0) for key in ("a", "a", "b", "b")] == [True, False, True, False]
    assert budgets.spend("c", 0.0)  # forgets a
    assert [budgets.spend(key, 1.0) for key in ("b", "a")] == [False, True]
    assert budgets.spend("b", 60.0)


def test_networks():
    assert network_of("192.0.2.200") == network_of("::ffff:192.0.2.1") == "192.0.2.0/24"
    assert network_of("2001:db8:1:2::3") == network_of("2001:db8:1:ffff::") == "2001:db8:1::/48"
    with pytest.raises(ValueError):
        network_of("opaque")


def run(work):
    return asyncio.run(asyncio.wait_for(work(), 20))


def test_a_question_is_answered_once_however_often_it_comes():
    async def work():
        asked, gate = [], asyncio.Event()

        async def answer(inquiry):
            asked.append(inquiry)
            await gate.wait()
            return "answered"

        desk = Desk({"dns": answer, "jwks": answer, "directory": answer})
        desk.start()
        for _ in range(50):
            desk.ask(ASKED)
            await asyncio.sleep(0)
        desk.ask(Inquiry("jwks", "https://id.example/keys"))
        gate.set()
        while len(desk.counts) < 2:
            await asyncio.sleep(0)
        assert asked == [ASKED, Inquiry("jwks", "https://id.example/keys")]
        assert desk.counts == {("dns", "answered"): 1, ("jwks", "answered"): 1}
        desk.ask(ASKED)
        while len(asked) < 3:
            await asyncio.sleep(0)
        await desk.stop()

    run(work)


def test_too_many_questions_are_dropped_and_counted():
    async def work():
        async def answer(inquiry):
            await asyncio.Event().wait()

        desk = Desk({"dns": answer})
        for number in range(WAITING + 10):
            desk.ask(Inquiry("dns", f"192.0.2.{number}", "googlebot"))
        assert desk.counts == {("dns", "crowded"): 10}
        desk.start()
        while desk._queue.qsize() > WAITING - AT_ONCE:
            await asyncio.sleep(0)
        await desk.stop()

    run(work)


def test_a_question_that_fails_does_not_end_the_desk():
    async def work():
        async def answer(inquiry):
            if inquiry.subject == "bad":
                raise RuntimeError("unforeseen")
            return "answered"

        failures = []
        desk = Desk({"dns": answer}, failures.append)
        desk.start()
        for number in range(AT_ONCE + 1):
            desk.ask(Inquiry("dns", "bad", str(number)))
        desk.ask(ASKED)
        while not desk.counts.get(("dns", "answered")):
            await asyncio.sleep(0)
        assert len(failures) == AT_ONCE + 1
        await desk.stop()

    run(work)


def test_absurd_questions_are_not_put():
    desk = Desk({})
    desk.ask(Inquiry("directory", "https://" + "a" * 3000))
    desk.ask(Inquiry("dns", "192.0.2.1", "a" * 101))
    assert desk.counts == {("directory", "unwanted"): 1, ("dns", "unwanted"): 1}


def test_questions_come_as_datagrams(tmp_path: Path):
    path = tmp_path / "run" / "gather.sock"
    asked: list[Inquiry] = []
    for _ in range(2):  # the second replaces what the first left there
        listening = bind(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with listening, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
            for data in (
                msgspec.msgpack.encode([ASKED, ASKED]),
                b"",
                b"\xc1",
                b"\x91" * 60_000,
                msgspec.msgpack.encode([["shell", "x", ""]]),
                msgspec.msgpack.encode([["dns", 5, ""]]),
                msgspec.msgpack.encode([ASKED] * 200),
            ):
                sending.sendto(data, str(path))
            read_datagrams(listening, asked.append)
    assert asked == [ASKED] * (2 * (2 + 64))
    assert [entry.name for entry in path.parent.iterdir()] == ["gather.sock"]


def test_one_turn_reads_a_bounded_number(tmp_path: Path):
    asked: list[Inquiry] = []
    with bind(tmp_path / "s") as listening, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        sending.setblocking(False)
        sent = 0
        try:
            for _ in range(100):
                sending.sendto(msgspec.msgpack.encode([ASKED]), str(tmp_path / "s"))
                sent += 1
        except BlockingIOError:
            pass
        turns = 0
        while len(asked) < sent:
            read_datagrams(listening, asked.append)
            turns += 1
            assert len(asked) <= 32 * turns


@given(st.binary(max_size=300))
def test_garbage_is_no_question(data):
    asked: list[Inquiry] = []
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.setblocking(False)
        theirs.send(data)
        read_datagrams(ours, asked.append)
    assert all(isinstance(one, Inquiry) for one in asked)
