"""Stacks and clients: what is sent agrees with itself, is drawn by its share, and is the same for the same seed."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from vedette.collect.agents import read
from vedette.collect.fingerprint import stable_ja4
from vedette.simulate.clients import HELD_OUT_STACKS, Client, Handshake, Stacks, load_stacks
from vedette.simulate.networks import Address

PLACE = Address("192.0.2.7", 64500, "DE", "home")
STACKS = load_stacks()
SLOTS = "host language referer origin type length cookie authorization site dest accept".split()
CHROMIUM = {"chrome", "edge", "opera", "samsung", "webview", "brave"}
KINDS = {
    "browser": {"navigate", "fetch", "cross", "asset"},
    "headless": {"navigate", "fetch", "cross", "asset"},
    "app": {"api"},
    "library": {"api"},
    "impersonator": {"navigate", "fetch", "cross", "asset", "api"},
}


def client_of(stack, seed=1):
    return Client.make(stack, PLACE, random.Random(seed))


def field(headers, name):
    return next((value for given, value in headers if given.lower() == name), None)


@pytest.mark.parametrize("stack", STACKS.all, ids=lambda stack: stack.name)
def test_a_stack_writes_all_its_kinds(stack):
    assert KINDS[stack.kind] <= set(stack.headers)
    client = client_of(stack)
    client.cookie, client.authorization, client.extra = "sid=1", "Bearer x", (("X-App-Token", "t"),)
    for kind in KINDS[stack.kind]:
        for type, accept in (("", ""), ("application/json", ""), ("application/json", "application/json")):
            headers = client.headers(kind, "shop.example", type=type, length=9 if type else 0, accept=accept)
            names = [name for name, _ in headers]
            assert all(value and "{" not in value for _, value in headers), headers
            assert len({name.lower() for name in names}) == len(names), "no field twice"
            if stack.protocol == "2":
                assert names == [name.lower() for name in names]
                assert not {"host", "connection"} & set(names)
            else:
                assert field(headers, "host") == "shop.example"
            assert (field(headers, "user-agent") or "") == stack.user_agent
            if kind in {"fetch", "cross", "api"}:
                assert field(headers, "x-app-token") == "t"
                assert field(headers, "authorization") == "Bearer x"
                assert field(headers, "content-type") == (type or None)
                assert field(headers, "content-length") == ("9" if type else None)
            assert field(headers, "cookie") == "sid=1"


@pytest.mark.parametrize("stack", STACKS.all, ids=lambda stack: stack.name)
def test_a_handshake_is_whole(stack):
    shares = [share for _, share in stack.tls.ja4]
    assert sum(shares) == pytest.approx(1.0, abs=1e-3)
    assert len(stack.tls.ja3) in {0, len(shares)}
    for name, _ in stack.tls.ja4:
        assert stable_ja4(name)
        assert name[1:3] == stack.tls.version.replace(".", "")
    assert len({stable_ja4(name) for name, _ in stack.tls.ja4}) == 1, "one client has one stable key"
    if stack.protocol == "2":
        assert all(name[8:10] == "h2" for name, _ in stack.tls.ja4), "without ALPN nobody speaks HTTP/2"


@pytest.mark.parametrize("stack", [s for s in STACKS.all if s.family in CHROMIUM], ids=lambda stack: stack.name)
def test_a_chromium_says_one_version(stack):
    major = read(stack.user_agent).chromium
    brands = field(stack.headers["navigate"], "sec-ch-ua")
    if major >= 89:
        assert f'"Chromium";v="{major}"' in brands
        assert field(stack.headers["fetch"], "sec-ch-ua-platform") == f'"{stack.platform}"'
        assert field(stack.headers["fetch"], "sec-ch-ua-mobile") == f"?{int(stack.is_mobile)}"
    else:
        assert brands is None
    assert (field(stack.headers["navigate"], "priority") is not None) == (major >= 124 and stack.protocol == "2")
    if stack.protocol == "2":
        assert re.match("t13d151[4-8]h2_8daaf6152771_", stack.tls.ja4[0][0])
        assert bool(stack.tls.ja3) == (major < 110), "extensions are permuted since 110"


def test_todays_chrome_has_sixteen_hashes_of_signatures():
    newest = max(STACKS.family("chrome"), key=lambda stack: (stack.major, stack.protocol == "2"))
    client = client_of(newest)
    seen = set()
    rng = random.Random(3)
    for _ in range(2000):
        client.reconnect(rng)
        seen.add((client.ja4, client.ja3))
    assert len({ja4 for ja4, _ in seen}) == 32, "with and without resumption"
    assert len({ja3 for _, ja3 in seen}) == 2000, "permuted extensions: each connection has its own JA3"


def test_firefox_resumes_with_the_ja3_of_its_ja4():
    stack = max(STACKS.family("firefox"), key=lambda stack: stack.major)
    pairs = {stack.tls.draw(random.Random(seed)) for seed in range(200)}
    assert len(pairs) == 2


def test_the_same_seed_makes_the_same_client():
    def made(seed):
        rng = random.Random(seed)
        return [client_of(STACKS.draw(rng), rng.random()) for _ in range(20)]

    assert made(5) == made(5)
    assert made(5) != made(6)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_shares_are_respected(kind):
    chosen = [stack for stack in STACKS.all if stack.kind == kind]
    assert sum(stack.weight for stack in chosen) == pytest.approx(1.0, abs=1e-4)
    rng = random.Random(11)
    seen = Counter(STACKS.draw(rng, kind).name for _ in range(20_000))
    for stack in chosen:
        expected = 20_000 * stack.weight
        assert abs(seen[stack.name] - expected) <= 5 * expected**0.5 + 3, stack.name
    assert set(seen) <= {stack.name for stack in chosen}


def test_a_draw_can_be_narrowed():
    rng = random.Random(2)
    for _ in range(300):
        assert STACKS.draw(rng, "browser", is_mobile=True).is_mobile
        assert STACKS.draw(rng, "library", without=HELD_OUT_STACKS).family != "go"
        assert STACKS.draw(rng, "browser", without=HELD_OUT_STACKS).family != "firefox"
        assert STACKS.draw(rng, "browser", families=["safari", "brave"]).family in {"safari", "brave"}
    with pytest.raises(ValueError, match="no browser of families"):
        STACKS.draw(rng, "browser", families=["netscape"])


def test_held_out_families_exist():
    assert all(STACKS.family(name) for name in HELD_OUT_STACKS)
    assert "firefox" in {stack.family for stack in STACKS.all if stack.kind == "browser"}


def test_names_are_unique_and_found():
    assert len({stack.name for stack in STACKS.all}) == len(STACKS.all)
    assert all(STACKS.named(stack.name) is stack for stack in STACKS.all)
    with pytest.raises(KeyError):
        STACKS.named("mosaic-1")


def test_the_agent_is_what_the_family_says():
    for stack in STACKS.all:
        agent = read(stack.user_agent)
        if stack.kind == "browser":
            assert agent.kind in {"browser", "unknown"}, stack.user_agent
            assert stack.is_mobile == (agent.is_mobile or agent.platform == "iOS")
        elif stack.kind == "app" and stack.family != "dart":
            assert agent.kind == "app"
        elif stack.kind == "headless":
            assert agent.kind in {"headless", "browser"}


def test_the_app_is_named_by_its_shop():
    assert {stack.user_agent.split("/")[0] for stack in load_stacks("Duft").all if stack.family == "cfnetwork"} == {
        "Duft"
    }


def test_present_is_a_day_on_which_the_newest_versions_were_out():
    assert STACKS.present % 86_400 == 0
    assert max(stack.major for stack in STACKS.family("chrome")) >= 154


def test_what_the_page_sets_decides_the_order_in_chromium():
    stack = next(s for s in STACKS.family("chrome") if s.major >= 150 and s.protocol == "2")
    client = client_of(stack)
    plain = [name for name, _ in client.headers("fetch", "h")]
    json = [name for name, _ in client.headers("fetch", "h", accept="application/json")]
    assert plain.index("accept") > plain.index("sec-ch-ua-mobile")
    assert json.index("accept") < json.index("sec-ch-ua")
    assert field(client.headers("fetch", "h", accept="application/json"), "accept") == "application/json"


@pytest.mark.parametrize(
    ("kind", "referer", "site"),
    [
        ("navigate", "", "none"),
        ("navigate", "https://shop.example/a", "same-origin"),
        ("navigate", "https://search.example/", "cross-site"),
        ("fetch", "", "same-origin"),
        ("cross", "", "cross-site"),
        ("asset", "", "same-origin"),
    ],
)
def test_the_site_follows_from_the_call(kind, referer, site):
    client = client_of(max(STACKS.family("chrome"), key=lambda stack: stack.major))
    assert field(client.headers(kind, "shop.example", referer=referer), "sec-fetch-site") == site
    assert (
        field(client.headers(kind, "shop.example", referer=referer, site="same-site"), "sec-fetch-site") == "same-site"
    )


def test_assets_are_asked_for_by_what_they_are():
    client = client_of(max(STACKS.family("chrome"), key=lambda stack: stack.major))
    for dest, accept in (("", "image/avif"), ("image", "image/avif"), ("script", "*/*"), ("style", "text/css")):
        headers = client.headers("asset", "h", dest=dest)
        assert field(headers, "sec-fetch-dest") == (dest or "image")
        assert field(headers, "accept").startswith(accept)


def test_a_client_moves_and_another_program_speaks_for_it():
    client = client_of(STACKS.draw(random.Random(1)))
    client.move(Address("2001:db8::1", 64501, "FR", "mobile"))
    assert (client.address, client.asn, client.country, client.network) == ("2001:db8::1", 64501, "FR", "mobile")
    assert len(STACKS.replaced_tls) >= 3
    for handshake in STACKS.replaced_tls:
        client.replace_tls(handshake, random.Random(1))
        assert client.ja4 == handshake.ja4[0][0] and client.tls_version == handshake.version
        assert not stable_ja4(client.ja4).endswith("8daaf6152771")


def test_variants_are_drawn_by_their_share():
    handshake = Handshake("1.3", (("a", 0.7), ("b", 0.3)), ("x", "y"))
    rng = random.Random(4)
    seen = Counter(handshake.draw(rng) for _ in range(10_000))
    assert set(seen) == {("x", "a"), ("y", "b")}
    assert seen["x", "a"] == pytest.approx(7000, abs=200)


def test_a_stack_dressed_as_another_keeps_its_handshake():
    library = STACKS.family("python-requests")[0]
    dressed = library.dressed(
        {"api": (("User-Agent", "Mine"), ("Cookie", "{cookie}"))}, user_agent="Mine", protocol="1.1"
    )
    client = client_of(dressed)
    assert client.headers("api", "h") == (("User-Agent", "Mine"),)
    client.cookie = "a=1"
    assert client.headers("api", "h") == (("User-Agent", "Mine"), ("Cookie", "a=1"))
    assert client.ja4 in {name for name, _ in library.tls.ja4}


def test_an_empty_set_of_stacks_draws_nothing():
    with pytest.raises(ValueError, match="no browser"):
        Stacks([], []).draw(random.Random(1))


def test_a_replaced_handshake_outlives_a_connection():
    stacks = load_stacks()
    client = client_of(stacks.family("chrome")[0])
    handshake = stacks.replaced_tls[0]
    known = {ja4 for ja4, _ in handshake.ja4}
    client.replace_tls(handshake, rng := random.Random(1))
    for _ in range(10):
        client.reconnect(rng)
        assert client.ja4 in known
        assert client.tls_version == handshake.version
