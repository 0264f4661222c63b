"""What comes out of the collect room."""

from __future__ import annotations

import msgspec
import pytest

from vedette.collect.observation import Collector, Hasher
from vedette.config.schema import Config, Endpoint, Honeypots, Identity, Networks, Partner, Secret, Selector
from vedette.config.units import parse_match, parse_selector
from vedette.snapshot.gathered import Gathered
from vedette.snapshot.networks import NetworkMap
from vedette.types import Request

CONFIG = Config(
    endpoints=(
        Endpoint(
            name="login", match=parse_match("POST /api/login"), purpose="login", account=parse_selector("body.email")
        ),
        Endpoint(
            name="product",
            match=parse_match("GET /api/products/{id}"),
            purpose="product",
            object=parse_selector("path.id"),
        ),
    ),
    identity=Identity(api_key=Selector("header", "x-api-key"), device=Selector("header", "x-device-id")),
    partners=(Partner(name="feed", api_key=Secret("env:FEED", "partner-secret")),),
    honeypots=Honeypots(accounts=("canary@example.com",)),
)
CALL = Request(
    timestamp=1e9,
    id="r-1",
    method="GET",
    path="/api/products/4711",
    client_address="198.51.100.7",
    host="shop.example:8443",
    scheme="https",
    headers=(("user-agent", "curl/8"), ("cookie", "sid=s-1; other=x"), ("x-device-id", "d-1")),
)


def change(**fields: object) -> Request:
    return msgspec.structs.replace(CALL, **fields)


NOW = 1e9


class Observing(Collector):
    def observe(self, request: Request, now: float = NOW):
        return super().observe(request, now)


@pytest.fixture
def collector() -> Collector:
    return Observing(CONFIG, b"k" * 32)


def test_identifiers_become_hashes(collector: Collector) -> None:
    seen = collector.observe(CALL)
    assert seen.session == collector.hash("session", "s-1")
    assert seen.client == seen.session
    assert seen.item == collector.hash("object", "product:4711")
    assert (seen.item_number, seen.host, seen.route.name) == (4711.0, "shop.example", "product")
    assert seen.device_text == "d-1"


def test_without_session_the_client_is_address_with_fingerprint(collector: Collector) -> None:
    bare = change(headers=(("user-agent", "curl/8"),))
    first = collector.observe(bare)
    assert first.session == 0
    assert first.client == collector.observe(bare).client
    assert first.client != collector.observe(msgspec.structs.replace(bare, client_address="198.51.100.8")).client
    assert first.client != collector.observe(change(headers=(("user-agent", "wget/1"),))).client


def test_account_is_read_and_folded(collector: Collector) -> None:
    call = change(
        method="POST",
        path="/api/login",
        body=b'{"email": " Anna@Example.com "}',
        headers=(("content-type", "application/json"),),
    )
    assert collector.observe(call).account == collector.hash("account", "anna@example.com")


def test_canary_account_is_a_trap(collector: Collector) -> None:
    call = change(method="POST", path="/api/login", body=b'{"email": "canary@example.com"}', headers=())
    assert collector.observe(call).trap.kind == "account"


def test_partner_is_known_by_its_key(collector: Collector) -> None:
    assert collector.observe(change(headers=(("x-api-key", "partner-secret"),))).partner == "feed"
    assert collector.observe(change(headers=(("x-api-key", "partner-secre"),))).partner == ""


def test_hashes_depend_on_key_and_kind() -> None:
    assert Hasher(b"a")("session", "x") != Hasher(b"b")("session", "x")
    assert Hasher(b"a")("session", "x") != Hasher(b"a")("account", "x")
    assert 0 < Hasher(b"a")("session", "\ud800") < 2**64


def test_hostile_sizes_are_bounded(collector: Collector) -> None:
    seen = collector.observe(
        change(
            path="/" + "x/" * 20_000,
            query="q" * 100_000,
            client_address="y" * 100_000,
            headers=tuple((f"n{'m' * 5000}{n}", "v" * 9000) for n in range(300)) + (("cookie", "sid=" + "s" * 9000),),
        )
    )
    assert len(seen.path) <= 4096
    assert len(seen.place.text) <= 256
    assert len(seen.session_text) <= 512


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
SENT = {
    "page": "user-agent accept accept-language accept-encoding upgrade-insecure-requests sec-fetch-dest sec-fetch-mode"
    " sec-fetch-site sec-fetch-user priority te",
    "call": "user-agent accept accept-language accept-encoding referer sec-fetch-dest sec-fetch-mode sec-fetch-site te",
    "preflight": "user-agent accept accept-language accept-encoding access-control-request-method referer origin"
    " sec-fetch-dest sec-fetch-mode sec-fetch-site te",
}
VALUES = {
    "user-agent": FIREFOX,
    "accept": "*/*",
    "accept-language": "en-US,en;q=0.5",
    "accept-encoding": "gzip, deflate, br, zstd",
    "sec-fetch-dest": "empty",
    "sec-fetch-mode": "cors",
    "sec-fetch-site": "same-origin",
}
PAGE = {
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "sec-fetch-dest": "document",
    "sec-fetch-mode": "navigate",
    "sec-fetch-user": "?1",
}


def sent(context: str) -> tuple[tuple[str, str], ...]:
    values = {**VALUES, **(PAGE if context == "page" else {})}
    return tuple((name, values.get(name, "x")) for name in SENT[context].split())


def test_one_browser_has_one_fingerprint_whatever_it_fetches(collector: Collector) -> None:
    page = collector.observe(change(headers=sent("page"))).known
    call = collector.observe(change(headers=sent("call"))).known
    preflight = collector.observe(change(method="OPTIONS", headers=sent("preflight"))).known
    assert page.facts.browser_whole == call.facts.browser_whole == 1.0
    assert page.fingerprint == call.fingerprint == preflight.fingerprint
    assert (page.order, preflight.order) == (call.order, 0)
    for other in (sent("page")[:3], (sent("call")[0], *reversed(sent("call")[1:]))):
        known = collector.observe(change(headers=other)).known
        assert known.fingerprint != page.fingerprint
        assert known.order not in {0, page.order}


def test_each_common_browser_has_a_place_of_its_own(collector: Collector) -> None:
    agents = [FIREFOX.replace("144", "130"), FIREFOX, *(f"client{n}/1" for n in range(300))]
    agents += [f"Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/{major}.0.0.0 Safari/537.36" for major in (130, 150)]
    places = [collector.observe(change(headers=(("user-agent", agent),))).known.family for agent in agents]
    assert len({*places[:2], *places[-2:]}) == 4
    assert not {*places[:2], *places[-2:]} & set(places[2:-2])
    assert all(0 <= place < 64 for place in places)


def test_a_user_is_an_account_on_login_and_a_session_elsewhere(collector: Collector) -> None:
    tried = collector.observe(change(method="POST", path="/api/login", headers=None, user_name="anna"))
    assert (tried.account != 0, tried.session) == (True, 0)
    known = collector.observe(change(headers=None, user_name="anna"))
    assert (known.account, known.session != 0, known.client) == (0, True, known.session)


def test_nothing_speaks_against_own_networks() -> None:
    config = msgspec.structs.replace(CONFIG, networks=Networks(own=("3.5.140.0/24",)))
    collector = Observing(config, b"k" * 32, Gathered.shipped())
    for _ in range(2):  # as it is, and after new ranges were taken over
        facts = [
            collector.observe(change(client_address=address), 1.79e9).place.facts
            for address in ("3.5.140.2", "3.5.141.2")
        ]
        assert [(fact.is_own, fact.kinds) for fact in facts] == [(True, ()), (False, ("hosting",))]
        again = NetworkMap(NetworkMap.shipped().packed)
        collector.take(msgspec.structs.replace(Gathered.shipped(), networks=again))


@pytest.mark.parametrize(
    ("host", "read"),
    [
        ("Shop.Example:8080", "shop.example"),
        ("[::1]:80", "[::1]"),
        ("bücher.example", "bücher.example"),
        ("a/api/public", ""),
        ("a, b", ""),
        ("user@a", ""),
        ("a b", ""),
        ("[::1", ""),
        ("", ""),
    ],
)
def test_a_host_is_no_place_to_hide_a_path(collector: Collector, host: str, read: str) -> None:
    assert collector.observe(change(host=host)).host == read


def test_wide_networks_are_a_sixteen_of_ipv4_and_a_thirty_two_of_ipv6(collector: Collector) -> None:
    def wide(address: str) -> int:
        return collector.observe(change(client_address=address)).place.wide

    assert wide("198.51.100.7") == wide("198.51.7.100") != wide("198.52.100.7")
    assert wide("2001:db8:1::1") == wide("2001:db8:ffff::1") != wide("2001:db9::1")
    assert wide("::ffff:198.51.100.7") == wide("198.51.100.7")
    assert wide("somebody") == 0
    many = {wide(f"{a}.{b}.0.1") & 0xFFFF for a in range(1, 200, 3) for b in range(0, 250, 25)}
    assert len(many) > 600, "the low 16 bits tell networks apart"
    other = Collector(CONFIG, b"q" * 32).observe(change(client_address="198.51.100.7"), NOW)
    assert other.place.wide != wide("198.51.100.7")


def test_no_cookie_is_taken_for_the_session_of_a_known_user(collector: Collector) -> None:
    known = collector.observe(change(headers=None, user_name="anna"))
    assert known.session
    assert collector.observe(change(headers=(("cookie", "sid=user anna"),))).session != known.session


def test_a_clock_that_is_set_right_again_is_followed_back(collector: Collector) -> None:
    collector.observe(CALL, 4e9)
    collector.observe(CALL, NOW)
    assert collector._hour == NOW // 3600 * 3600


def test_a_partner_is_at_home_in_its_own_networks_alone() -> None:
    partners = tuple(
        Partner(name=name, api_key=Secret("env:KEY", f"key-{name}"), networks=(network,))
        for name, network in (("feed", "198.51.100.0/24"), ("other", "203.0.113.0/24"))
    )
    collector = Observing(msgspec.structs.replace(CONFIG, partners=partners), b"k" * 32)
    found = {
        (name, address): collector.observe(
            change(client_address=address, headers=(("x-api-key", f"key-{name}"),))
        ).is_at_home
        for name in ("feed", "other", "nobody")
        for address in ("198.51.100.7", "203.0.113.7", "somebody")
    }
    assert {where for where, is_at_home in found.items() if is_at_home} == {
        ("feed", "198.51.100.7"),
        ("other", "203.0.113.7"),
    }
