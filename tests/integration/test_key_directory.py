"""From a signed request to a verified agent: the engine's question, a directory over TLS, a file, and the engine again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.peers.web import Authority, Web, answer
from tests.unit.collect.signing import NOW, OTHER, OWN, SECRET, public, request, sign
from vedette.collect.signing_keys import thumbprint
from vedette.config import defaults
from vedette.config.schema import Agent, GoodBots
from vedette.doors.gathering import Watch
from vedette.engine import Engine
from vedette.gather.directories import Directories
from vedette.snapshot.files import write
from vedette.snapshot.gathered import FILES, FOLDER

KIND = "application/http-message-signatures-directory+json"
WELL_KNOWN = "/.well-known/http-message-signatures-directory"


@pytest.fixture
def web(tmp_path: Path):
    authority = Authority(tmp_path)
    web = Web(authority.server("bot.example"))
    web.trust = authority.client()  # type: ignore[attr-defined]  # for who fetches
    yield web
    web.close()


class Stage:
    """An engine, a gatherer's directories, and the files between them."""

    def __init__(self, data: Path, web: Web) -> None:
        self.origin = f"https://bot.example:{web.port}"
        agent = Agent(name="price-robot", signature_agent=self.origin)
        bots = GoodBots(agents=(agent,), dns=False)
        self.config = replace(defaults("http://127.0.0.1:9"), good_bots=bots)
        self.engine = Engine.open(self.config, key=b"k", shrink=12)
        self.watch = Watch(data, b"k")
        self.file = data / FOLDER / FILES["keys"].name

        async def loopback(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        self.directories = Directories(resolve=loopback, tls=web.trust, loopback=True)
        self.directories.configure(self.config, NOW)
        self.now = NOW

    def visit(self, secret=SECRET, **more) -> tuple[str, str]:
        """Send a signed request; give verdict and the strongest reason."""
        self.now += 0.5
        covered = {'"@authority"': "api.example", OWN: f'"{self.origin}"'}
        headers = sign(
            covered, sent=f'sig1="{self.origin}"', secret=secret, created=self.now - 1, expires=self.now + 60, **more
        )
        decision = self.engine.decide(request([*headers, ("User-Agent", "price-robot/1.0")]), self.now)
        assert not decision.directive.degraded, self.engine.last_error
        return decision.verdict, decision.reasons[0].signal if decision.reasons else ""

    def gather(self) -> list[str]:
        """Answer what the engine asked, as the gatherer does, and let the engine look."""

        async def answered() -> list[str]:
            return [
                await self.directories.answer(self.engine.inquiries.popleft(), self.now)
                for _ in range(len(self.engine.inquiries))
            ]

        results = asyncio.run(answered())
        write(self.file, self.directories.snapshot().encode())
        gathered, _ = self.watch.look(self.now)
        if gathered is not None:
            self.engine.take(gathered)
        return results


def page(*secrets) -> bytes:
    keys = [public(secret) | {"kid": thumbprint(public(secret))} for secret in secrets]
    return answer(json.dumps({"keys": keys}).encode(), kind=KIND)


def test_an_agent_is_verified_once_its_directory_was_fetched(tmp_path, web):
    web.pages[WELL_KNOWN] = page(SECRET)
    stage = Stage(tmp_path, web)
    assert stage.visit()[0] == "unknown"
    assert stage.gather() == ["answered"]
    assert stage.visit() == ("good_bot", "verified_agent")
    assert not stage.engine.inquiries, "nothing is left to ask"
    assert len(web.asked) == 1


def test_another_key_is_asked_for_once_a_minute_and_a_rotated_one_is_found(tmp_path, web):
    web.pages[WELL_KNOWN] = page(SECRET)
    stage = Stage(tmp_path, web)
    stage.visit()
    stage.gather()
    assert stage.visit(OTHER)[0] == "unknown"
    assert stage.gather() == ["over_budget"]
    web.pages[WELL_KNOWN] = page(OTHER)
    stage.now += 60.0
    assert stage.visit(OTHER)[0] == "unknown"
    assert stage.gather() == ["answered"]
    assert stage.visit(OTHER) == ("good_bot", "verified_agent")
    assert stage.visit(SECRET)[0] != "good_bot", "the old key is gone"


def test_an_agent_stays_verified_while_its_directory_fails(tmp_path, web):
    web.pages[WELL_KNOWN] = page(SECRET)
    stage = Stage(tmp_path, web)
    stage.visit()
    stage.gather()
    for broken in (answer(b"", "500 Oops"), answer(b"", "302 Found", "text/html", "location: /x"), b"nonsense"):
        web.pages[WELL_KNOWN] = broken
        stage.now += 400.0
        stage.visit(OTHER)
        assert stage.gather() == ["answered"]
        assert stage.visit() == ("good_bot", "verified_agent")
    stage.file.write_bytes(b"damaged")
    stage.watch.look(stage.now)
    assert stage.visit() == ("good_bot", "verified_agent")
