"""The engine's socket against everything that a peer can send: the next peer is always served."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.doors import connection
from vedette.doors.connection import ASK_BODY_BYTES, BODY_BYTES, Crowd, answer, problem


class Stage:
    """A server around a handler that echoes what it was handed."""

    def __init__(self, handle=None, *, limit=64):
        self.calls = []
        self.refused = []
        self.crowd = Crowd(handle or self.echo, self.refused.append, limit=limit)

    def echo(self, call):
        self.calls.append(call)
        return answer(200, body=call.method + b" " + call.target + b" " + call.body, kind=b"text/plain")


def play(stage, script):
    """Run ``script(open)`` against the server; ``open`` gives (reader, writer) of a new connection."""

    async def run():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(stage.crowd, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        writers = []

        async def connect():
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
            writers.append(writer)
            return reader, writer

        try:
            async with asyncio.timeout(20):
                return await script(connect)
        finally:
            for writer in writers:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
            server.close()
            await server.wait_closed()

    return asyncio.run(run())


async def exchange(connect, data):
    """Send bytes, say that no more come, and return all that is answered."""
    reader, writer = await connect()
    with contextlib.suppress(OSError):
        writer.write(data)
        await writer.drain()
        writer.write_eof()
    received = b""
    with contextlib.suppress(OSError):
        while part := await reader.read(1 << 16):
            received += part
    return received


def send(data, stage=None):
    stage = stage or Stage()
    return stage, play(stage, lambda connect: exchange(connect, data))


def get(target=b"/a", extra=b""):
    return b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n" + extra + b"\r\n"


def post(body, target=b"/v1/score"):
    return b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (target, len(body), body)


def test_calls_are_answered_in_order_on_one_connection():
    stage, received = send(get(b"/1") + post(b"body", b"/2") + get(b"/3", b"X-Y: Z\r\n"))
    assert [call.target for call in stage.calls] == [b"/1", b"/2", b"/3"]
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.index(b"GET /1") < received.index(b"POST /2 body") < received.index(b"GET /3")
    assert (b"x-y", b"Z") in stage.calls[2].headers
    assert stage.refused == []


@pytest.mark.parametrize("size", [1, 7, 64])
def test_pieces_of_any_size_make_the_same_call(size):
    data = post(b"hello", b"/v1/score?a=b")
    stage = Stage()

    async def script(connect):
        reader, writer = await connect()
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)
        head = await reader.readuntil(b"\r\n\r\n")
        return head

    assert play(stage, script).startswith(b"HTTP/1.1 200")
    (call,) = stage.calls
    assert (call.method, call.target, call.body) == (b"POST", b"/v1/score?a=b", b"hello")


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"\r\n" * 10 + b"nonsense\r\n\r\n",
    ],
)
def test_malformed_input_is_counted_and_answered(data):
    stage, received = send(data)
    assert stage.calls == []
    assert stage.refused == ["malformed"]
    assert received.startswith(b"HTTP/1.1 400 Bad Request")


@given(st.binary(min_size=1, max_size=400))
def test_whatever_comes_the_next_peer_is_served(data):
    stage = Stage()

    async def script(connect):
        await exchange(connect, data)
        return await exchange(connect, get(b"/next"))

    assert b"GET /next" in play(stage, script)


def test_a_head_that_never_ends_is_refused():
    stage, received = send(b"GET / HTTP/1.1\r\na: " + b"x" * 400_000)
    assert stage.refused == ["oversized"]
    assert received.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("head", [b"GET /" + b"a" * 120_000 + b" HTTP/1.1\r\n\r\n", get(extra=b"a: b\r\n" * 20_000)])
def test_a_large_head_is_refused(head):
    stage, received = send(head)
    assert stage.calls == []
    assert stage.refused == ["oversized"]
    assert received.startswith(b"HTTP/1.1 431")


def test_a_large_body_is_refused_and_a_question_keeps_its_beginning():
    stage, received = send(post(b"x" * (BODY_BYTES + 1)))
    assert (stage.calls, stage.refused) == ([], ["oversized"])
    assert received.startswith(b"HTTP/1.1 413")
    stage, _ = send(post(b"y" * 100_000, b"/v1/decide/login"))
    assert stage.refused == []
    assert stage.calls[0].body == b"y" * ASK_BODY_BYTES
    assert stage.calls[0].body_size == 100_000


def test_a_question_about_an_upgrade_is_a_call_like_any_other():
    upgrade = b"connection: upgrade\r\nupgrade: websocket\r\n"
    with_body = b"POST /v1/decide/x HTTP/1.1\r\n" + upgrade + b"content-length: 5\r\n\r\nhello"
    stage, received = send(get(b"/ws", upgrade) + with_body + get(b"/after"))
    assert [(call.method, call.target, call.body) for call in stage.calls] == [
        (b"GET", b"/ws", b""),
        (b"POST", b"/v1/decide/x", b"hello"),
        (b"GET", b"/after", b""),
    ]
    assert received.count(b"HTTP/1.1 200") == 3
    assert stage.refused == []


def test_the_connection_closes_when_it_is_asked_to():
    stage, received = send(get(extra=b"connection: close\r\n") + get(b"/never"))
    assert [call.target for call in stage.calls] == [b"/a"]
    assert received.count(b"HTTP/1.1") == 1


def test_later_answers_keep_the_order_and_others_go_on():
    gate = {}

    async def later(call):
        await gate["event"].wait()
        return answer(200, body=b"late " + call.target, kind=b"text/plain")

    def handle(call):
        return later(call) if call.target == b"/slow" else answer(200, body=b"fast " + call.target, kind=b"text/plain")

    stage = Stage(handle)

    async def script(connect):
        gate["event"] = asyncio.Event()
        reader, writer = await connect()
        writer.write(get(b"/slow") + get(b"/one") + get(b"/two"))
        await writer.drain()
        other = await exchange(connect, get(b"/other"))
        gate["event"].set()
        first = await reader.readuntil(b"/slow")
        rest = await reader.readuntil(b"/two")
        return other, first, rest

    other, first, rest = play(stage, script)
    assert b"fast /other" in other
    assert b"late /slow" in first
    assert rest.index(b"fast /one") < rest.index(b"fast /two")


def test_too_many_calls_ahead_of_an_answer_end_the_connection():
    async def never(_call):
        await asyncio.Event().wait()

    stage = Stage(lambda call: never(call))

    async def script(connect):
        reader, writer = await connect()
        writer.write(get() * (connection.QUEUE + 3))
        with contextlib.suppress(OSError):
            assert await reader.read() == b""
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    play(stage, script)
    assert stage.refused == ["crowded"]


def test_a_crowd_is_bounded_and_room_is_given_back():
    stage = Stage(limit=3)

    async def script(connect):
        held = [await connect() for _ in range(3)]
        while len(stage.crowd.members) < 3:
            await asyncio.sleep(0)
        assert await exchange(connect, get()) == b""
        held[0][1].close()
        while len(stage.crowd.members) > 2:
            await asyncio.sleep(0)
        return await exchange(connect, get())

    assert b"200 OK" in play(stage, script)
    assert stage.refused == ["crowded"]


def test_whoever_keeps_us_waiting_is_ended_by_the_sweep():
    stage = Stage()

    async def script(connect):
        loop = asyncio.get_running_loop()
        reader, writer = await connect()
        idle = await connect()
        writer.write(b"GET / HTTP/1.1\r\nhost:")
        while not any(member._started for member in stage.crowd.members):
            await asyncio.sleep(0)
        stage.crowd.sweep(loop.time())
        assert stage.refused == []
        stage.crowd.sweep(loop.time() + connection.PATIENCE_S + 1.0)
        assert stage.refused == ["slow"]
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        idle[1].write(get(b"/idle"))
        return await idle[0].readuntil(b"/idle")

    assert b"200 OK" in play(stage, script)


def test_whoever_takes_no_answers_is_ended_by_the_sweep():
    stage = Stage(lambda _call: answer(200, body=b"x" * 1_000_000))

    async def script(connect):
        loop = asyncio.get_running_loop()
        _, writer = await connect()
        with contextlib.suppress(OSError):
            for _ in range(60):
                writer.write(get())
                await asyncio.sleep(0)
        deadline = loop.time() + 10
        while not any(member._stuck_since for member in stage.crowd.members):
            assert loop.time() < deadline
            await asyncio.sleep(0.01)
        stage.crowd.sweep(loop.time() + connection.PATIENCE_S + 1.0)
        return list(stage.refused)

    assert play(stage, script) == ["slow"]


def test_a_problem_names_status_detail_and_field():
    head, _, body = problem(422, "wrong", field="url.path", headers=b"retry-after: 5\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 422 Unprocessable Entity\r\nretry-after: 5\r\n")
    assert b"content-type: application/problem+json" in head
    assert msgspec.json.decode(body) == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "wrong",
        "field": "url.path",
    }
