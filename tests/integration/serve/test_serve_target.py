"""Firing scripts at a real ``vedette serve``: an attacker that adapts, addresses behind a proxy, and a drill's proof."""

from __future__ import annotations

import signal
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from vedette.errors import ConfigError
from vedette.simulate import target
from vedette.simulate.calls import Call, Truth
from vedette.simulate.clients import Client, Handshake, Stack
from vedette.simulate.ledger import Ledger
from vedette.simulate.target import fire, firing
from vedette.simulate.target.place import find_place, source_of

KEY, OTHER_KEY = "Zm9yIHRoZSB0ZXN0cyBhbG9uZSwgb2YgY291cnNl", "YSBrZXkgb2Ygc29tZWJvZHkgZWxzZSBlbnRpcmVseQ"
CONFIG = """
mode: enforce
upstream: {url}
honeypots: {{paths: [/trap]}}
{more}
policy:
  - {{name: certain, when: "low >= 0.9", then: block}}
  - {{name: rest, then: allow}}
"""
ATTACKER = Truth("bad_bot", "w1", "vulnerability_scanning", campaign="scan-1", threat="OAT-014", level=1)


def stack(family: str, impersonate: str = "") -> Stack:
    return Stack(
        name=family,
        kind="browser" if impersonate else "library",
        family=family,
        major=1,
        platform="",
        is_mobile=False,
        user_agent=f"{family}/1",
        weight=1.0,
        protocol="1.1",
        tls=Handshake("1.3", (("t13d", 1.0),)),
        headers={},
        impersonate=impersonate,
        pieces={},
    )


STACKS = (stack("python-requests"), stack("aiohttp"), stack("chrome", "chrome142"))


def call(client: Client, at: float, path: str, truth: Truth) -> Call:
    headers = (("Host", "shop.example"), ("User-Agent", client.stack.user_agent), ("Accept", "*/*"))
    return Call(
        at=at, client=client, truth=truth, endpoint="", method="GET", path=path, headers=headers, prize=f"object:{path}"
    )


def world(*scripts):
    """The scripts, all at once."""
    return SimpleNamespace(
        arrivals=lambda: iter([(1000.0, script) for script in scripts]),
        end=float("inf"),
        ledger=Ledger(),
        shop=SimpleNamespace(host="shop.example"),
    )


def adapting(attempts: list[tuple[str, bool]], *, most: int = 60):
    """Walk into the trap; whenever somebody stops it, take another program and another address, and go on."""
    tools, at = 0, 1000.0
    client = Client(stack=STACKS[0], address="198.51.100.1", protocol="1.1")
    for number in range(most):
        reply = yield call(client, at, "/trap" if tools < 2 else f"/found/{number}", ATTACKER)
        attempts.append((client.address, reply.is_stopped))
        at = reply.ended + 1.0
        if reply.is_stopped:
            tools += 1
            client = Client(stack=STACKS[tools % 3], address=f"198.51.100.{tools + 1}", protocol="1.1")
        elif reply.status and tools >= 2:
            return


def browsing(address: str, count: int):
    client = Client(stack=STACKS[2], address=address, protocol="1.1")
    at = 1000.0
    for number in range(count):
        reply = yield call(client, at, f"/p/{number}", Truth("human", address, "web"))
        at = reply.ended + 1.0


def test_an_attacker_notices_that_it_is_stopped_and_retools(serve, api):
    one = serve(config=CONFIG.format(url=api.url, more=""))
    attempts: list[tuple[str, bool]] = []
    figures = fire(world(adapting(attempts), browsing("203.0.113.9", 5)), f"http://127.0.0.1:{one.port}", speed=20)
    assert figures.ended == "done"
    stopped = [address for address, is_stopped in attempts if is_stopped]
    assert stopped == ["198.51.100.1", "198.51.100.2"], "each set of tools once, and then the next"
    assert attempts[-1] == ("198.51.100.3", False), "the third is not known yet"
    assert figures.populations["scan-1"].stopped == 2
    assert figures.populations["web"].noticed == set()
    assert (figures.ledger.accounts["scan-1"].stopped, figures.replaced) == (2, {})
    agents = [fields["user-agent"] for _, path, fields in api.seen if path.startswith("/found/")]
    assert agents == ["chrome/1"]


def test_simulated_addresses_are_the_clients_where_loopback_is_a_trusted_proxy(serve, api):
    more = "trusted_proxies: [127.0.0.0/8]\nforwarded: {address: x-forwarded-for}"
    one = serve(config=CONFIG.format(url=api.url, more=more))
    records = []
    fire(
        world(browsing("203.0.113.9", 3), browsing("203.0.113.10", 3)),
        f"http://127.0.0.1:{one.port}",
        speed=20,
        forwarded_for=True,
        record=lambda sent, reply: records.append((sent.client.address, reply.status)),
    )
    assert sorted(records) == [("203.0.113.10", 200)] * 3 + [("203.0.113.9", 200)] * 3
    seen = {fields["x-forwarded-for"] for _, _, fields in api.seen}
    assert seen == {f"{address},{source_of(address)}" for address in ("203.0.113.9", "203.0.113.10")}


@pytest.fixture
def guarded(serve, api, tmp_path, monkeypatch):
    """An edge with a drill key, taken for one that is not on this machine."""
    key = tmp_path / "drill.key"
    key.write_text(KEY)
    one = serve(config=CONFIG.format(url=api.url, more=f'drill: {{key: "file:{key}"}}'))
    monkeypatch.setattr(target, "find_place", lambda url, ca: replace(find_place(url, ca), is_loopback=False))
    return SimpleNamespace(serve=one, url=f"http://127.0.0.1:{one.port}", key=key)


def test_an_edge_elsewhere_is_fired_at_with_its_own_key_alone(guarded, api):
    with pytest.raises(ConfigError, match="does not prove that a drill is wanted there"):
        fire(world(browsing("203.0.113.9", 3)), guarded.url, key=OTHER_KEY)
    assert {path for _, path, _ in api.seen} == {"/.well-known/vedette-drill"}, "nothing but the question"
    figures = fire(world(browsing("203.0.113.9", 3)), guarded.url, key=KEY, speed=20)
    assert (figures.ended, figures.requests) == ("done", 3)
    assert [path for _, path, _ in api.seen if path.startswith("/p/")] == ["/p/0", "/p/1", "/p/2"]


def test_a_drill_ends_when_the_edge_takes_its_consent_back(guarded, api, monkeypatch):
    monkeypatch.setattr(firing, "RENEW_S", 0.2)
    changed = []

    def change(*_):
        if not changed:
            changed.append(True)
            guarded.key.write_text(OTHER_KEY)
            guarded.serve.process.send_signal(signal.SIGHUP)

    figures = fire(world(browsing("203.0.113.9", 100_000)), guarded.url, key=KEY, speed=20, record=change)
    assert (figures.ended, figures.is_failure) == ("refused", True)
    assert "answered 200, as where no drill key is configured, or another" in figures.text()
