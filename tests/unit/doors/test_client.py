from __future__ import annotations

import asyncio

import pytest

from vedette.doors.client import ask


def serve(tmp_path, talk, question):
    """Answer one connection with ``talk`` and return what ``question(path)`` gives."""
    path = tmp_path / "s"

    async def run():
        met = asyncio.Event()

        async def meet(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
            writer.close()
            await writer.wait_closed()
            met.set()

        async with await asyncio.start_unix_server(meet, str(path)):
            try:
                return await question(path)
            finally:
                await met.wait()

    return asyncio.run(run())


def saying(data):
    async def talk(_reader, writer):
        writer.write(data)
        await writer.drain()

    return talk


def test_an_answer_in_full(tmp_path):
    data = b"HTTP/1.1 422 X\r\nContent-Length: 3\r\nX-A: b\r\n\r\nabc"
    reply = serve(tmp_path, saying(data), lambda path: ask(path, "POST", "/x", headers=[(b"a", b"b")], body=b"q"))
    assert (reply.status, reply.body) == (422, b"abc")
    assert (b"x-a", b"b") in reply.headers


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", b"SSH-2.0-x\r\n\r\n"])
def test_what_is_no_answer_is_an_os_error(tmp_path, data):
    with pytest.raises(OSError):
        serve(tmp_path, saying(data), lambda path: ask(path, "GET", "/"))


def test_silence_is_a_time_out(tmp_path):
    async def silent(reader, _writer):
        await reader.read()

    with pytest.raises(TimeoutError, match="no answer within"):
        serve(tmp_path, silent, lambda path: ask(path, "GET", "/", timeout_s=0.05))


def test_nobody_is_an_os_error(tmp_path):
    with pytest.raises(OSError):
        asyncio.run(ask(tmp_path / "nobody", "GET", "/"))
