"""The relay: bytes pass unchanged, from an address of its own, and every request is counted."""

from __future__ import annotations

import asyncio
import importlib
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

relay = importlib.import_module("bench.drill.relay")

ADDRESS = "127.91.0.7"


def run(tmp_path, scenario, behave, count=0):
    """Run ``scenario(host, port)`` against a relay before a server that behaves; return its result and the log.

    The relay is given time until it has counted ``count`` requests.
    """
    log = tmp_path / "sent.jsonl"
    log.unlink(missing_ok=True)
    peers = []

    async def serve(reader, writer):
        peers.append(writer.get_extra_info("peername")[0])
        await behave(reader, writer)
        writer.close()

    async def all_of_it():
        upstream = await asyncio.start_server(serve, "127.0.0.1", 0)
        counter = relay.Counter(log, "tool", ADDRESS)
        target = upstream.sockets[0].getsockname()
        server = await relay.Relay(target, ADDRESS, counter).listen("127.0.0.1", 0)
        try:
            result = await asyncio.wait_for(scenario(*server.sockets[0].getsockname()), 20)
        finally:
            server.close()
            upstream.close()
            deadline = time.monotonic() + 20
            while len(counter._lines) < count and time.monotonic() < deadline:
                await asyncio.sleep(0.01)
            counter.flush()
            counter.close()
        return result

    result = asyncio.run(all_of_it())
    return result, [json.loads(line) for line in log.read_text().splitlines()], peers


async def ask(host, port, *chunks):
    reader, writer = await asyncio.open_connection(host, port)
    for chunk in chunks:
        writer.write(chunk)
        await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


def answering(*answers):
    async def behave(reader, writer):
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        await writer.drain()

    return behave


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}"
REFUSED = b"HTTP/1.1 403 Forbidden\r\ncontent-type: application/problem+json\r\ncontent-length: 2\r\n\r\n{}"


def test_requests_of_one_connection_are_counted_with_their_answers(tmp_path):
    asked = b"GET /a?q=1 HTTP/1.1\r\nhost: x\r\n\r\nGET /b HTTP/1.1\r\nhost: x\r\n\r\n"
    got, lines, peers = run(tmp_path, lambda *at: ask(*at, asked), answering(OK, REFUSED), count=2)
    assert got == OK + REFUSED
    assert peers == [ADDRESS]
    assert [(line["path"], line["status"], line["stopped"]) for line in lines] == [
        ("/a?q=1", 200, False),
        ("/b", 403, True),
    ]
    assert {line["client"] for line in lines} == {ADDRESS}


def test_a_request_without_an_answer_is_counted_too(tmp_path):
    asked = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
    got, lines, _ = run(tmp_path, lambda *at: ask(*at, asked), answering(b""), count=1)
    assert got == b""
    assert [(line["path"], line["status"]) for line in lines] == [("/a", 0)]


def test_an_interim_answer_is_not_the_answer(tmp_path):
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    asked = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
    _, lines, _ = run(tmp_path, lambda *at: ask(*at, asked), answering(interim + OK), count=1)
    assert [line["status"] for line in lines] == [200]


def test_an_upstream_that_refuses_closes_the_connection(tmp_path):
    log = tmp_path / "sent.jsonl"

    async def scenario():
        counter = relay.Counter(log, "tool", ADDRESS)
        closed = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        target = closed.sockets[0].getsockname()
        closed.close()
        await closed.wait_closed()
        server = await relay.Relay(target, ADDRESS, counter).listen("127.0.0.1", 0)
        try:
            return await asyncio.wait_for(ask(*server.sockets[0].getsockname()), 20)
        finally:
            server.close()
            counter.close()

    assert asyncio.run(scenario()) == b""


@settings(max_examples=20)
@given(st.binary(min_size=1, max_size=20_000))
def test_bytes_that_are_not_http_pass_unchanged(tmp_path_factory, data):
    async def echo(reader, writer):
        writer.write(await reader.readexactly(len(data)))
        await writer.drain()

    got, _, _ = run(tmp_path_factory.mktemp("relay"), lambda *at: ask(*at, data), echo)
    assert got == data


@pytest.mark.parametrize("size", [300_000])
def test_large_answers_pass_whole(tmp_path, size):
    large = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size
    got, lines, _ = run(tmp_path, lambda *at: ask(*at, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"), answering(large), count=1)
    assert got == large
    assert len(lines) == 1
