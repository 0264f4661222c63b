"""Each client has its own connections and its own address; idle ones go, and there are never too many."""

from __future__ import annotations

import asyncio

import pytest

from vedette.simulate.target import crowd
from vedette.simulate.target.crowd import IDLE_S, Crowd
from vedette.simulate.target.message import Message
from vedette.simulate.target.place import find_place, source_of

GET = Message("GET", "/", (("User-Agent", "me"),), None)


@pytest.fixture
def run(place):
    """Run ``act(crowd)`` on a crowd whose clock the test moves."""

    def with_crowd(act, *, binds=True):
        now = [0.0]

        async def all_of():
            clients = Crowd(place, binds=binds, now=lambda: now[0])
            try:
                return await act(clients, now)
            finally:
                await clients.close()
                assert len(clients) == 0

        return asyncio.run(all_of())

    return with_crowd


@pytest.mark.parametrize("family", ["chrome", "aiohttp", "requests"])
def test_a_client_keeps_its_connection_and_shares_it_with_nobody(target, run, client_of, family):
    first, second = client_of(family), client_of(family)

    async def act(clients, now):
        for client in (first, second, first, second):
            assert (await clients.send(client, GET)).status == 200
        assert len(clients) == 2

    run(act)
    numbers = [seen.connection for seen in target.seen]
    assert numbers == [numbers[0], numbers[1]] * 2
    assert numbers[0] != numbers[1]
    assert {seen.source for seen in target.seen} == {source_of(first.address)}, (
        "two behind one address share it here, too"
    )


def test_who_moves_comes_from_elsewhere_over_another_connection(target, run, client_of):
    client = client_of()

    async def act(clients, now):
        await clients.send(client, GET)
        client.address = "198.51.100.7"
        await clients.send(client, GET)
        client.ja3 = "another handshake"
        await clients.send(client, GET)

    run(act)
    here, there = source_of("203.0.113.9"), source_of("198.51.100.7")
    assert [seen.source for seen in target.seen] == [here, there, there]
    assert len({seen.connection for seen in target.seen}) == 3


def test_without_binding_all_come_from_one(target, run, client_of):
    async def act(clients, now):
        assert clients.source(client_of()) == ""
        await clients.send(client_of(), GET)

    run(act, binds=False)
    assert target.seen[0].source == "127.0.0.1"


def test_idle_clients_are_closed_and_busy_ones_are_not(target, run, client_of):
    idle, used = client_of(), client_of("aiohttp")

    async def act(clients, now):
        await clients.send(idle, GET)
        now[0] = IDLE_S - 1.0
        await clients.send(used, GET)
        await clients.close_idle()
        assert len(clients) == 2
        now[0] = IDLE_S
        await clients.close_idle()
        assert len(clients) == 1
        await clients.send(used, GET)

    run(act)
    assert target.seen[1].connection == target.seen[2].connection


def test_the_longest_unused_makes_room(target, run, client_of, monkeypatch):
    monkeypatch.setattr(crowd, "CLIENTS", 2)
    several = [client_of(address=f"203.0.113.{number}") for number in range(3)]

    async def act(clients, now):
        for client in (several[0], several[1], several[0], several[2]):
            await clients.send(client, GET)
        assert len(clients) == 2
        await clients.send(several[0], GET)

    run(act)
    assert target.seen[0].connection == target.seen[2].connection == target.seen[4].connection


def test_what_stands_for_another_program_is_counted(run, client_of):
    async def act(clients, now):
        for family in ("go", "go", "urllib", "chrome", "aiohttp"):
            await clients.send(client_of(family), GET)
        assert clients.replaced == {("go", "aiohttp"): 2, ("urllib", "requests"): 1}

    run(act)


def test_a_target_of_one_address(client_of):
    async def act():
        clients = Crowd(find_place("http://[::1]:1"), binds=False, now=lambda: 0.0)
        answers = [(await clients.send(client_of(family), GET)).status for family in ("chrome", "aiohttp", "requests")]
        await clients.close()
        return answers

    assert asyncio.run(act()) == [0, 0, 0]
