"""The gatherer with a real name server, a real TLS server and its real files."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path

import msgspec
import pytest

from tests.peers.dns import NameServer
from tests.peers.web import answer
from vedette.config.schema import Config, Dns, Feed, GoodBots, Identity, Jwt, Rate
from vedette.gather.gatherer import Gatherer
from vedette.gather.inquiries import bind
from vedette.gather.setup import COUNTS, Setup, read_counts
from vedette.snapshot.findings import Inquiry
from vedette.snapshot.gathered import FOLDER, Gathered

KEY = b"k" * 32
ONE = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "one"}
TEN = Rate(10, 1.0)
SUFFIXES = {"googlebot": ("googlebot.com",), "bingbot": ("search.msn.com",)}


@pytest.fixture
def server():
    server = NameServer("googlebot.com")
    server.point("127.0.0.1", "crawl-1.googlebot.com")
    server.records["crawl-1.googlebot.com", "A"] = ["127.0.0.1"]
    yield server
    server.close()


class Stage:
    """A gatherer that runs, the questions that go to it, and what it has written."""

    def __init__(self, data: Path, config: Config, **more) -> None:
        self.data = data
        self.path = data / "run" / "gather.sock"
        self.config = config
        self._more = more

    async def __aenter__(self):
        setup = Setup(config=self.config, data=str(self.data), socket=str(self.path), key=KEY)
        self._more.setdefault("wait_s", 5.0)
        self.gatherer = Gatherer(setup, lambda name: SUFFIXES.get(name, ()), **self._more)
        await self.gatherer.take(self.config)
        self._listening = bind(self.path)
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self.gatherer.run(self._listening, self._stop))
        return self

    async def __aexit__(self, *_):
        self._stop.set()
        await self._task
        self._listening.close()

    def ask(self, *inquiries: Inquiry) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
            sending.sendto(msgspec.msgpack.encode(inquiries), str(self.path))

    def gathered(self) -> Gathered:
        gathered, warnings = Gathered.load(self.data / FOLDER, Gathered.shipped(), KEY)
        assert warnings == ()
        return gathered

    async def until(self, check):
        async with asyncio.timeout(20):
            while not (found := check()):
                await asyncio.sleep(0.01)
        return found

    def standing(self, address: str, crawler: str = "googlebot") -> str:
        found = self.gathered().findings.get(address, crawler, 0.0)
        return found.standing if found is not None else ""


def configured(server: NameServer, budget: Rate = TEN) -> Config:
    return Config(good_bots=GoodBots(dns=Dns(servers=(server.address,), budget=budget)))


def test_a_question_is_answered_in_a_file(tmp_path, server):
    async def run():
        async with Stage(tmp_path, configured(server)) as stage:
            stage.ask(*(Inquiry("dns", address, "googlebot") for address in ("127.0.0.1", "127.0.0.2", "::1")))
            await stage.until(
                lambda: stage.standing("127.0.0.1") and stage.standing("127.0.0.2") and stage.standing("::1")
            )
            assert [stage.standing(a) for a in ("127.0.0.1", "127.0.0.2", "::1")] == ["verified", "forged", "forged"]
            stage.ask(Inquiry("dns", "127.0.0.1", "googlebot"))
            await stage.until(lambda: stage.gatherer.counts().get("inquiry/dns/known"))

    asyncio.run(run())
    counts = read_counts(tmp_path)
    assert counts["dns/verified"] == 1 and counts["dns/forged"] == 2 and counts["inquiry/dns/answered"] == 3
    for file in (*(tmp_path / FOLDER).iterdir(), tmp_path / "run" / COUNTS):
        assert b"127.0.0.1" not in file.read_bytes()
        assert file.stat().st_mode & 0o777 == 0o600


def test_answers_outlive_the_gatherer_and_grow_old(tmp_path, server):
    now = [1000.0]

    async def run():
        async with Stage(tmp_path, configured(server), clock=lambda: now[0]) as stage:
            stage.ask(Inquiry("dns", "127.0.0.1", "googlebot"), Inquiry("dns", "127.0.0.2", "googlebot"))
            await stage.until(lambda: stage.standing("127.0.0.1") and stage.standing("127.0.0.2"))
        asked = len(server.asked)
        async with Stage(tmp_path, configured(server), clock=lambda: now[0]) as stage:
            stage.ask(Inquiry("dns", "127.0.0.1", "googlebot"))
            await stage.until(lambda: stage.gatherer.counts().get("inquiry/dns/known"))
            assert len(server.asked) == asked
        now[0] += 3600.0
        async with Stage(tmp_path, configured(server), clock=lambda: now[0]) as stage:
            await stage.until(lambda: not stage.standing("127.0.0.2"))
            assert stage.standing("127.0.0.1") == "verified"
            assert stage.gathered().findings.get("127.0.0.1", "googlebot", 87_399.0) is not None
            assert stage.gathered().findings.get("127.0.0.1", "googlebot", 87_401.0) is None
        now[0] += 86_400.0
        async with Stage(tmp_path, configured(server, Rate(1, 86_400.0)), clock=lambda: now[0]) as stage:
            stage.ask(*(Inquiry("dns", f"127.0.{n}.9", "googlebot") for n in range(3)))
            await stage.until(lambda: stage.gatherer.counts().get("inquiry/dns/over_budget") == 2)
            stage.ask(Inquiry("dns", "127.0.0.1", "googlebot"))  # it was true: no flood keeps it from being asked about
            await stage.until(lambda: stage.gatherer.counts()["dns/verified"] == 1)

    asyncio.run(run())


def test_what_is_not_to_be_asked(tmp_path, server):
    async def run():
        async with Stage(tmp_path, configured(server)) as stage:
            for address, name in (
                ("opaque", "googlebot"),
                ("127.0.0.1", "curl"),
                ("127.0.0.1", ""),
                ("127.0.0.0/24", "googlebot"),
            ):
                stage.ask(Inquiry("dns", address, name))
            await stage.until(lambda: stage.gatherer.counts().get("inquiry/dns/unwanted") == 4)
            await stage.gatherer.take(Config(good_bots=GoodBots(dns=False)))
            stage.ask(Inquiry("dns", "127.0.0.1", "googlebot"))
            await stage.until(lambda: stage.gatherer.counts()["inquiry/dns/unwanted"] == 5)
            await stage.gatherer.take(Config())  # the system's resolvers are not asked about this machine
            for address in ("127.0.0.1", "10.0.0.1", "::1", "192.168.1.1", "::ffff:127.0.0.1", "169.254.1.1"):
                stage.ask(Inquiry("dns", address, "googlebot"))
            await stage.until(lambda: stage.gatherer.counts()["inquiry/dns/unwanted"] == 11)
            await stage.gatherer.take(configured(server))
            stage.ask(Inquiry("dns", "127.0.0.1", "googlebot"))
            await stage.until(lambda: stage.standing("127.0.0.1"))

    asyncio.run(run())
    assert server.asked_for("PTR") == ["1.0.0.127.in-addr.arpa"]


def test_budgets_of_a_network_and_of_all(tmp_path, server):
    async def run():
        async with Stage(tmp_path, configured(server, Rate(1000, 1.0)), clock=lambda: 1000.0) as stage:
            stage.ask(*(Inquiry("dns", f"127.0.0.{n}", "googlebot") for n in range(1, 31)))
            await stage.until(lambda: stage.gatherer.counts().get("inquiry/dns/over_budget") == 20)
            stage.ask(Inquiry("dns", "127.0.9.1", "googlebot"))
            await stage.until(lambda: stage.standing("127.0.9.1"))
            await stage.gatherer.take(configured(server, Rate(2, 1.0)))
            stage.ask(*(Inquiry("dns", f"127.{n}.0.1", "googlebot") for n in range(1, 11)))
            await stage.until(lambda: stage.gatherer.counts().get("inquiry/dns/over_budget") == 29)
            stage.ask(*(Inquiry("dns", f"127.{n}.0.1", "bingbot") for n in range(1, 11)))  # has a share of its own
            await stage.until(lambda: stage.gatherer.counts().get("inquiry/dns/over_budget") == 38)
            await stage.until(lambda: stage.gatherer.counts()["inquiry/dns/answered"] == 10 + 1 + 1 + 1)

    asyncio.run(run())


def test_a_silent_server_holds_up_nobody_else(tmp_path, server):
    server.silence("127.0.0.5", "silence")

    async def run():
        async with Stage(tmp_path, configured(server), wait_s=1.0) as stage:
            stage.ask(Inquiry("dns", "127.0.0.5", "googlebot"))
            stage.ask(Inquiry("dns", "127.0.0.1", "googlebot"))
            await stage.until(lambda: stage.standing("127.0.0.1"))
            await stage.until(lambda: stage.standing("127.0.0.5"))
            assert stage.standing("127.0.0.5") == "unverifiable"

    asyncio.run(run())


def test_it_stops_while_a_question_is_open(tmp_path, server):
    server.silence("127.0.0.5", "silence")

    async def run():
        async with Stage(tmp_path, configured(server)) as stage:
            stage.ask(Inquiry("dns", "127.0.0.5", "googlebot"))
            await stage.until(lambda: server.asked)

    asyncio.run(run())


def test_keys_are_fetched_at_start_and_resolved_by_the_same_servers(tmp_path, server, web, authority):
    web.pages["/jwks"] = answer(json.dumps({"keys": [ONE]}).encode())
    server.records["bot.example", "A"] = ["127.0.0.1"]
    url = f"https://bot.example:{web.port}/jwks"
    config = msgspec.structs.replace(configured(server), identity=Identity(jwt=Jwt(jwks=url)))

    async def run():
        async with Stage(tmp_path, config, tls=authority.client()) as stage:
            found = await stage.until(lambda: stage.gathered().keys.get(url))
            assert found.keys == (ONE,)
            web.pages["/jwks"] = answer(json.dumps({"keys": []}).encode())
            stage.ask(Inquiry("jwks", url, "x"))
            await stage.until(lambda: stage.gathered().keys.get(url).keys == ())

    asyncio.run(run())
    assert read_counts(tmp_path)["keys/fetched"] == 2


def test_a_damaged_file_is_written_anew(tmp_path, server):
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "findings.msgpack").write_bytes(b"damaged")

    async def run():
        async with Stage(tmp_path, configured(server)) as stage:
            stage.ask(Inquiry("dns", "127.0.0.1", "googlebot"))
            await stage.until(lambda: b"damaged" not in (folder / "findings.msgpack").read_bytes())
            assert stage.standing("127.0.0.1") == "verified"

    asyncio.run(run())


def test_a_folder_that_cannot_be_written_costs_the_answer_alone(tmp_path, server):
    (tmp_path / FOLDER).write_text("in the way")

    async def run():
        async with Stage(tmp_path, configured(server)) as stage:
            stage.ask(Inquiry("dns", "127.0.0.1", "googlebot"))
            await stage.until(lambda: stage.gatherer.counts()["dns/verified"])
            (tmp_path / FOLDER).unlink()
            await stage.until(lambda: stage.standing("127.0.0.1"))

    asyncio.run(run())


def test_feeds_are_refreshed_and_the_map_follows_the_configuration(tmp_path, server):
    listed = tmp_path / "listed.txt"
    listed.write_text("93.184.215.0/24\n")
    feed = Feed(name="mine", url=f"file:{listed}", kind="blocklist")
    config = msgspec.structs.replace(configured(server), feeds=(feed,))

    async def run():
        async with Stage(tmp_path, config) as stage:
            await stage.until(lambda: stage.gatherer.counts()["feeds/ok"])
            await stage.until(lambda: stage.gathered().networks.lookup("93.184.215.9", time.time()).listed > 0)
            await stage.gatherer.take(configured(server))
            await stage.until(lambda: not stage.gathered().networks.lookup("93.184.215.9", time.time()).listed > 0)
            gone = Feed(name="gone", url=f"file:{tmp_path}/gone.txt", kind="blocklist")
            await stage.gatherer.take(msgspec.structs.replace(config, feeds=(gone,)))
            await stage.until(lambda: stage.gatherer.counts()["feeds/failed"])
            stage.ask(Inquiry("dns", "127.0.0.1", "googlebot"))
            await stage.until(lambda: stage.standing("127.0.0.1"))

    asyncio.run(run())


def test_counts_of_nobody(tmp_path):
    assert read_counts(tmp_path) == {}
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / COUNTS).write_text('{"a": "b"}')
    assert read_counts(tmp_path) == {}
