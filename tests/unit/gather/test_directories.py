"""Key directories and key sets from a real TLS server on loopback."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.peers.web import answer
from vedette.config.schema import Agent, Config, GoodBots, Identity, Jwt
from vedette.gather.directories import DISCOVERED, Directories
from vedette.snapshot.findings import Inquiry
from vedette.snapshot.keys import KeySet, KeySets, directory_url

DIRECTORY = "application/http-message-signatures-directory+json"
WELL_KNOWN = "/.well-known/http-message-signatures-directory"
ONE = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "one"}
TWO = ONE | {"kid": "two"}


def keys(*items, kind=DIRECTORY, status="200 OK", more=()) -> bytes:
    return answer(json.dumps({"keys": items}).encode(), status, kind, *more)


async def loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.fixture
def make(web, authority):
    def make(*agents: str, known=None, discover=False, jwks="", loopback_allowed=True, resolve=loopback, now=0.0):
        directories = Directories(known, resolve=resolve, tls=authority.client(), loopback=loopback_allowed)
        named = tuple(Agent(name=f"a{n}", signature_agent=url) for n, url in enumerate(agents))
        identity = Identity(jwt=Jwt(jwks=jwks)) if jwks else Identity()
        directories.configure(Config(good_bots=GoodBots(agents=named, discover=discover), identity=identity), now)
        return directories

    return make


@pytest.fixture
def origin(web) -> str:
    return f"https://bot.example:{web.port}"


def fetched(directories: Directories, source: str, now: float = 0.0) -> KeySet:
    asyncio.run(directories.refresh(directory_url(source), now))
    found = directories.snapshot().get(source)
    assert found is not None
    return found


def test_a_directory_is_fetched_from_its_well_known_place(web, make, origin):
    web.pages[WELL_KNOWN] = keys(ONE | {"d": "secret"})
    directories = make(origin)
    assert directories.due(0.0) == (origin + WELL_KNOWN,)
    found = fetched(directories, origin, 5.0)
    assert found == KeySet(origin + WELL_KNOWN, (ONE,), fetched=5.0)
    assert directories.is_changed and directories.counts == {"fetched": 1, "failed": 0}
    assert directories.due(3604.0) == () and directories.due(3605.0) == (origin + WELL_KNOWN,)
    assert DIRECTORY in web.asked[0]


def test_a_url_with_a_path_is_fetched_as_it_is(web, make, origin):
    web.pages["/keys.json?v=1"] = keys(ONE)
    assert fetched(make(f"{origin}/keys.json?v=1"), f"{origin}/keys.json?v=1").keys == (ONE,)


def test_plain_json_is_tolerated_and_noted(web, make, origin):
    for kind in ("application/json", "application/jwk-set+json; charset=utf-8"):
        web.pages[WELL_KNOWN] = keys(ONE, kind=kind)
        found = fetched(make(origin), origin)
        assert found.keys == (ONE,) and found.note == f"of type {kind.partition(';')[0]}, should be {DIRECTORY}"


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (keys(ONE, kind="text/html"), f"of type text/html, use {DIRECTORY}"),
        (answer(b"{}", "200 OK", ""), f"of type unknown, use {DIRECTORY}"),
        (keys(ONE, status="404 Not Found"), "answered with status 404"),
        (keys(ONE, status="500 Oops"), "answered with status 500"),
        (keys(ONE, status="203 Changed"), "answered with status 203"),
        (answer(b"", "204 No Content", DIRECTORY), "answered with status 204"),
        (keys(ONE, status="302 Found", more=("location: /elsewhere",)), "redirected"),
        (keys(ONE, status="307 Moved", more=("location: https://169.254.169.254/",)), "redirected"),
        (keys(*[ONE] * 33), "33 keys, at most 32"),
        (answer(b" " * 65_537, kind=DIRECTORY), "larger than 65536 bytes"),
        (answer(b"not json", kind=DIRECTORY), "not JSON"),
        (answer(b"[" * 60_000, kind=DIRECTORY), "not JSON"),
        (answer(b'{"keys": {}}', kind=DIRECTORY), 'no list "keys"'),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}", "cut short"),
        (b"SSH-2.0\r\n\r\n", "not HTTP"),
    ],
)
def test_a_failed_fetch_says_why_and_takes_no_key_away(web, make, origin, page, why):
    web.pages["/elsewhere"] = keys(TWO)
    web.pages[WELL_KNOWN] = keys(ONE)
    directories = make(origin)
    fetched(directories, origin, 5.0)
    web.pages[WELL_KNOWN] = page
    found = fetched(directories, origin, 9.0)
    assert found.keys == (ONE,) and (found.fetched, found.failed) == (5.0, 9.0)
    assert why in found.error
    assert directories.counts == {"fetched": 1, "failed": 1}
    web.pages[WELL_KNOWN] = keys(TWO)
    assert fetched(directories, origin, 99.0) == KeySet(origin + WELL_KNOWN, (TWO,), fetched=99.0)


def test_a_slow_directory_is_given_up(web, make, origin, monkeypatch):
    web.pages[WELL_KNOWN] = lambda peer, head: web.ended.wait(10)
    monkeypatch.setattr("vedette.gather.directories.TIMEOUT_S", 0.2)
    assert "longer than 0.2 s" in fetched(make(origin), origin).error


def test_a_key_that_is_no_longer_there_is_gone(web, make, origin):
    directories = make(origin, known=KeySets({origin + WELL_KNOWN: KeySet(origin + WELL_KNOWN, (ONE, TWO), 1.0)}))
    web.pages[WELL_KNOWN] = keys(TWO)
    assert fetched(directories, origin).keys == (TWO,)
    web.pages[WELL_KNOWN] = keys()
    assert fetched(directories, origin).keys == ()


def test_agents_directories_are_on_public_addresses(web, make, origin):
    """The server is there and would answer: its address alone is the reason."""
    web.pages[WELL_KNOWN] = keys(ONE)
    found = fetched(make(origin, loopback_allowed=False), origin)
    assert (found.keys, web.asked) == ((), [])
    assert "not public" in found.error
    for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "2130706433"):
        url = f"https://{host}:{web.port}"

        async def literal(name: str, port: int) -> list[str]:
            return ["127.0.0.1"] if name.isdecimal() else [name]

        assert "not public" in fetched(make(url, loopback_allowed=False, resolve=literal), url).error
    assert web.asked == []


def test_a_name_that_changes_its_address_gains_nothing(web, make, origin):
    """DNS rebinding: the first answer is a public address, every later one is this machine."""
    web.pages[WELL_KNOWN] = keys(ONE)
    asked = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["192.0.2.1", "127.0.0.1"] if len(asked) == 1 else ["127.0.0.1"]

    directories = make(origin, loopback_allowed=False, resolve=rebinding)
    for _ in range(3):
        assert "not public" in fetched(directories, origin).error
    assert asked == ["bot.example"] * 3
    assert web.asked == []


def test_the_connection_goes_to_the_address_that_was_checked(make, origin, monkeypatch):
    asked, connected = [], []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.215.14"] if len(asked) == 1 else ["127.0.0.1"]

    async def connect(host, port, **more):
        connected.append((host, more["server_hostname"]))
        raise OSError

    monkeypatch.setattr(asyncio, "open_connection", connect)
    assert "cannot be reached" in fetched(make(origin, loopback_allowed=False, resolve=rebinding), origin).error
    assert (asked, connected) == (["bot.example"], [("93.184.215.14", "bot.example")])


def test_a_key_set_at_the_root_is_asked_for_as_it_is_named(web, authority, origin):
    web.pages["/"] = keys(ONE, kind="application/json")
    directories = Directories(resolve=loopback, tls=authority.client())
    agent = Agent(name="a", signature_agent="https://a.example", keys=origin)
    directories.configure(Config(good_bots=GoodBots(agents=(agent,))), 0.0)
    assert ask(directories, origin) == "answered"
    assert directories.snapshot().get(origin).keys == (ONE,)


def test_only_tls_is_spoken(make):
    found = fetched(make("http://bot.example"), "http://bot.example")
    assert found.error == "not fetched: use https"


def test_the_operators_own_key_set_may_be_in_the_operators_own_network(web, make, origin):
    web.pages["/jwks"] = keys(ONE, kind="application/json")
    found = fetched(make(jwks=f"{origin}/jwks", loopback_allowed=False), f"{origin}/jwks")
    assert (found.keys, found.note) == ((ONE,), "")
    web.pages["/jwks"] = keys(ONE, kind=DIRECTORY)
    found = fetched(make(jwks=f"{origin}/jwks"), f"{origin}/jwks")
    assert found.error == f"of type {DIRECTORY}, use application/jwk-set+json"


def test_who_asks_at_once_shares_one_fetch(web, make, origin):
    web.pages[WELL_KNOWN] = keys(ONE)
    directories = make(origin)

    async def many():
        return await asyncio.gather(*(directories.refresh(origin + WELL_KNOWN, 0.0) for _ in range(20)))

    assert asyncio.run(many()) == [True] * 20
    assert len(web.asked) == 1


def ask(directories: Directories, subject: str, now: float = 0.0, kind="directory") -> str:
    return asyncio.run(directories.answer(Inquiry(kind, subject), now))


def test_a_request_can_cause_one_fetch_a_host_and_minute(web, make, origin):
    web.pages[WELL_KNOWN] = web.pages["/more"] = keys(ONE)
    directories = make(origin, f"{origin}/more")
    assert ask(directories, origin, 0.0) == "answered"
    assert ask(directories, origin, 1.0) == "over_budget"
    assert ask(directories, f"{origin}/more", 59.0) == "over_budget"
    assert ask(directories, f"{origin}/", 60.0) == "answered"
    assert len(web.asked) == 2


def test_after_a_failure_nobody_is_asked_for_a_while(web, make, origin):
    directories = make(origin)
    moments = [0.0, 59.0, 60.0, 170.0, 180.0, 410.0, 420.0, 710.0, 720.0, 1020.0]
    results = [ask(directories, origin, now) for now in moments]
    assert results == [
        "answered",
        "known",
        "answered",
        "known",
        "answered",
        "known",
        "answered",
        "known",
        "answered",
        "answered",
    ]
    web.pages[WELL_KNOWN] = keys(ONE)
    assert ask(directories, origin, 1320.0) == "answered"
    assert directories.snapshot().get(origin).keys == (ONE,)


def test_what_nobody_configured_is_not_fetched(web, make, origin):
    web.pages[WELL_KNOWN] = web.pages["/upload.json"] = keys(ONE)
    directories = make(origin)
    for subject in (
        "https://other.example",
        f"{origin}/upload.json",
        "http://bot.example",
        "file:///etc/passwd",
        "",
        "https://[",
    ):
        assert ask(directories, subject) == "unwanted"
        assert ask(directories, subject, kind="jwks") == "unwanted"
    assert web.asked == []


def test_unknown_agents_are_looked_up_only_where_that_is_wanted(web, make, origin):
    web.pages[WELL_KNOWN] = keys(ONE)
    directories = make(discover=True)
    assert ask(directories, origin) == "answered"
    assert directories.snapshot().get(origin).keys == (ONE,)
    for subject in ("http://bot.example", "ftp://bot.example", f"{origin}x", "https://"):
        assert ask(directories, subject) == "unwanted"
    assert ask(directories, f"{origin}/jwks", kind="jwks") == "unwanted"
    strict = make(discover=True, loopback_allowed=False)
    assert ask(strict, origin) == "unwanted"  # another port than 443
    assert ask(strict, "https://bot.example") == "answered"
    assert "not public" in strict.snapshot().get("https://bot.example").error


def test_what_was_discovered_is_bounded_and_forgotten(make, origin):
    directories = make(discover=True, loopback_allowed=False)
    for number in range(DISCOVERED + 20):
        assert ask(directories, f"https://a{number}.example", 60.0 * number) == "answered"
    assert len(directories.snapshot()) == DISCOVERED
    assert directories.snapshot().get("https://a0.example") is None
    assert directories.due(60.0 * (DISCOVERED + 19)) == ()
    assert 0 < len(directories.snapshot()) <= 61  # of the last hour


def test_all_requests_together_can_cause_few_fetches(make):
    directories = make(discover=True, loopback_allowed=False)
    results = [ask(directories, f"https://a{number}.example", number / 10) for number in range(100)]
    assert results.count("answered") <= 15
    assert set(results) == {"answered", "over_budget"}


def test_what_is_no_longer_configured_is_forgotten(web, make, origin):
    web.pages[WELL_KNOWN] = keys(ONE)
    directories = make(origin)
    fetched(directories, origin)
    directories.is_changed = False
    directories.configure(Config(), 1.0)
    assert (len(directories.snapshot()), directories.is_changed, directories.due(9e9)) == (0, True, ())


def test_known_keys_are_not_fetched_again_at_once(make, origin):
    source = origin + WELL_KNOWN
    directories = make(origin, known=KeySets({source: KeySet(source, (ONE,), fetched=1000.0)}), now=1500.0)
    assert directories.due(1500.0) == ()
    assert directories.due(4600.0) == (source,)
    failed = KeySet(source, failed=1000.0, error="gone")
    assert make(origin, known=KeySets({source: failed}), now=1500.0).due(1500.0) == (source,)
