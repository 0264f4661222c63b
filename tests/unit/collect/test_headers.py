"""Whether headers agree with the claim."""

from __future__ import annotations

import json
from math import isnan
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bench
from vedette.collect.headers import Shape, examine, language_form
from vedette.collect.ja4 import Hello, ja4

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
BRANDS = '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"'
NAMES = (
    "host sec-ch-ua-platform user-agent sec-ch-ua sec-ch-ua-mobile accept sec-fetch-site sec-fetch-mode sec-fetch-dest"
    " accept-encoding accept-language cookie"
)
WHOLE = Shape(
    tuple(NAMES.split()),
    CHROME,
    BRANDS,
    "?0",
    '"Windows"',
    True,
    True,
    "HTTP/2",
    "t13d1516h2_8daaf6152771_e5627efa2ab1",
)


def change(**fields: object) -> Shape:
    return msgspec.structs.replace(WHOLE, **fields)


def without(*gone: str) -> Shape:
    return change(names=tuple(name for name in WHOLE.names or () if name not in gone))


def test_a_whole_browser_has_nothing_against_it() -> None:
    facts = examine(WHOLE)
    assert (facts.headers_missing, facts.hints_conflict, facts.tls_conflict, facts.protocol_downgrade) == (0, 0, 0, 0)
    assert facts.browser_whole == 1.0
    assert facts.client_class == 0.0


def test_a_copied_user_agent_alone_misses_everything() -> None:
    facts = examine(change(names=("host", "user-agent", "accept-encoding", "accept", "connection"), brands=""))
    assert facts.headers_missing == pytest.approx(1.0 + 1.6 + 1.6)
    assert facts.browser_whole == 0.0
    assert isnan(facts.hints_conflict)


def test_plain_http_origins_get_no_hints() -> None:
    shape = change(names=("host", "user-agent", "accept", "accept-encoding", "accept-language"), is_secure=False)
    assert examine(shape).headers_missing == 0.0


def test_firefox_sends_no_hints() -> None:
    names = tuple(
        "host user-agent accept accept-language accept-encoding sec-fetch-dest sec-fetch-mode sec-fetch-site cookie".split()
    )
    facts = examine(change(agent=FIREFOX, names=names, brands="", mobile="", platform=""))
    assert (facts.headers_missing, facts.browser_whole) == (0.0, 1.0)
    assert examine(change(agent=FIREFOX)).hints_conflict == 1.0


@pytest.mark.parametrize(
    "fields",
    [
        {"brands": BRANDS.replace('Chromium";v="142', 'Chromium";v="120')},
        {"mobile": "?1"},
        {"platform": '"Linux"'},
    ],
)
def test_contradicting_hints_are_seen(fields: dict[str, str]) -> None:
    assert examine(change(**fields)).hints_conflict == 1.0


def test_a_desktop_site_on_a_phone_is_no_contradiction() -> None:
    phone = CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 10; K").replace(" Safari", " Mobile Safari")
    facts = examine(change(agent=phone, mobile="?0", platform='"Android"'))
    assert facts.hints_conflict == 0.0


def test_headless_brand_makes_a_headless_client() -> None:
    facts = examine(change(brands=BRANDS.replace("Google Chrome", "HeadlessChrome")))
    assert facts.client_class == 1.0


@pytest.mark.parametrize("ja4", ["t12d1516h2_8daaf6152771_e5627efa2ab1", "t13d1516h1_8daaf6152771_e5627efa2ab1"])
def test_a_library_handshake_conflicts(ja4: str) -> None:
    assert examine(change(ja4=ja4)).tls_conflict == 1.0


def test_old_protocol_is_a_downgrade_only_where_h2_was_offered() -> None:
    assert examine(change(protocol="HTTP/1.1")).protocol_downgrade == 1.0
    assert isnan(examine(change(protocol="HTTP/1.1", ja4="")).protocol_downgrade)


def test_websockets_and_preflights_are_not_judged() -> None:
    facts = examine(change(is_page=False, names=("host", "upgrade"), ja4="t13d1516h1_8daaf6152771_e5627efa2ab1"))
    assert isnan(facts.headers_missing)
    assert isnan(facts.tls_conflict)


def test_an_access_log_leaves_headers_unknown() -> None:
    facts = examine(change(names=None, brands="", ja4=""))
    assert facts.client_class == 0.0
    assert all(isnan(value) for value in (facts.headers_missing, facts.agent_absent, facts.browser_whole))
    nothing = examine(change(names=None, agent="", brands="", ja4=""))
    assert isnan(nothing.client_class)


def test_absent_agent_counts_only_where_headers_are_known() -> None:
    assert examine(change(agent="", names=("host",), brands="")).agent_absent == 1.0


def test_order_keeps_only_what_the_client_decides() -> None:
    assert examine(WHOLE).order == (
        "sec-ch-ua-platform,user-agent,sec-ch-ua,sec-ch-ua-mobile,sec-fetch-site,sec-fetch-mode,sec-fetch-dest,"
        "accept-encoding,accept-language"
    )
    assert examine(without("cookie", "host")).order == examine(WHOLE).order


# ------------------------------------------------------------------------------------------ what real programs sent

RECORDED = json.loads((Path(bench.__file__).parent / "clients" / "contexts.json").read_text())
PROGRAMS = json.loads((Path(bench.__file__).parent / "simulation" / "captured.json").read_text())
CONTRADICTIONS = (
    "headers_extra order_conflict values_conflict hints_conflict case_conflict tls_unlike tls_library agent_impossible"
).split()
LIBRARIES = "python-requests httpx aiohttp urllib curl wget node node-https java go php ruby apache-httpclient".split()


def shape_of(row: dict[str, Any], *, agent: str = "", ja4: str = "", is_secure: bool = True) -> Shape:
    """Give the shape of a recorded request, as the collector makes it; Chromium is taken out of its headless dress."""
    values = {name.lower(): value for name, value in reversed(row["headers"])}
    names = tuple(name.lower() for name, _ in row["headers"])
    received = tuple(name for name, _ in row["headers"])
    return Shape(
        names,
        agent or values.get("user-agent", "").replace("Headless", ""),
        values.get("sec-ch-ua", ""),
        values.get("sec-ch-ua-mobile", ""),
        values.get("sec-ch-ua-platform", ""),
        is_secure,
        row["method"] != "OPTIONS" and "upgrade" not in values,
        row["version"],
        ja4,
        values.get("accept", ""),
        values.get("accept-encoding", ""),
        language_form(values.get("accept-language", "")),
        values.get("sec-fetch-site", ""),
        values.get("sec-fetch-mode", ""),
        values.get("sec-fetch-user", ""),
        values.get("sec-fetch-dest", ""),
        spelled=received if received != names else (),
    )


def ja4_of(program: str) -> str:
    told = dict(PROGRAMS[program]["hello"])
    lists = {name: tuple(value) for name, value in told.items() if isinstance(value, list) and name != "alpn"}
    alpn = tuple(name.encode() for name in told["alpn"])
    return ja4(Hello(version=told["version"], **lists, alpn=alpn, has_sni=True))


@pytest.mark.parametrize("way", RECORDED)
def test_nothing_contradicts_a_true_browser_whatever_it_fetches(way: str) -> None:
    tls = ja4_of("headless-chrome" if "chromium" in way else "firefox") if "http1" not in way else ""
    contexts = set()
    for row in RECORDED[way]:
        # in the clear, only what goes to this machine itself counts as secure
        is_secure = "clear" not in way or any(name.lower() == "sec-fetch-mode" for name, _ in row["headers"])
        facts = examine(shape_of(row, ja4=tls if "clear" not in way else "", is_secure=is_secure))
        against = {name: getattr(facts, name) for name in CONTRADICTIONS if getattr(facts, name) > 0.0}
        assert not against, (row, against)
        assert not facts.headers_missing > 0.5, row
        is_worker = row["path"] == "/api/worker.json" and "chromium" in way
        assert facts.browser_whole != 0.0 or is_worker, row
        contexts.add(facts.context)
    assert contexts >= ({"page", "call", "asset", "preflight", "socket"} if "clear" not in way else {"", "preflight"})


@pytest.mark.parametrize("program", LIBRARIES)
def test_a_library_that_names_a_browser_contradicts_itself(program: str) -> None:
    for row in PROGRAMS[program]["requests"]:
        facts = examine(shape_of(row, agent=CHROME, ja4=ja4_of(program)))
        assert facts.headers_missing > 2.5
        assert (facts.tls_library, facts.tls_unlike, facts.browser_whole) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("program", LIBRARIES)
def test_a_library_that_tells_the_truth_contradicts_nothing(program: str) -> None:
    for row in PROGRAMS[program]["requests"]:
        facts = examine(shape_of(row, ja4=ja4_of(program)))
        assert facts.client_class in (0.5, 1.0)
        assert not any(getattr(facts, name) > 0.0 for name in CONTRADICTIONS)


@pytest.mark.parametrize(
    ("way", "claim", "betrayed_by"),
    [
        ("firefox", CHROME, {"headers_missing", "order_conflict", "tls_unlike"}),
        ("firefox-http1", CHROME, {"headers_missing", "order_conflict"}),
        ("chromium", FIREFOX, {"order_conflict", "hints_conflict", "headers_extra"}),
        ("chromium-http1", FIREFOX, {"order_conflict", "hints_conflict", "headers_extra"}),
        ("chromium", CHROME.replace("142", "147"), {"hints_conflict"}),
        ("chromium", CHROME.replace("142", "156"), {"hints_conflict"}),  # the platform
    ],
)
def test_a_browser_that_names_another_is_betrayed(way: str, claim: str, betrayed_by: set[str]) -> None:
    tls = "" if "http1" in way else ja4_of("headless-chrome" if "chromium" in way else "firefox")
    for path in ("/page", "/api/fetch.json"):
        row = next(row for row in RECORDED[way] if row["path"] == path)
        facts = examine(shape_of(row, agent=claim, ja4=tls))
        assert betrayed_by <= {name for name in (*CONTRADICTIONS, "headers_missing") if getattr(facts, name) > 0.0}
        assert facts.browser_whole == 0.0


def test_a_browser_driven_with_a_locale_of_its_own_is_betrayed() -> None:
    facts = examine(shape_of(PROGRAMS["headless-chrome-locale"]["requests"][0]))
    assert facts.order_conflict > 0.0
    assert facts.values_conflict == 0.5


PAGE_NAMES = (
    "host sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform upgrade-insecure-requests user-agent accept sec-fetch-site"
    " sec-fetch-mode sec-fetch-user sec-fetch-dest accept-encoding accept-language"
)
PAGE = msgspec.structs.replace(
    WHOLE,
    names=tuple(PAGE_NAMES.split()),
    accept=(
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
        "application/signed-exchange;v=b3;q=0.7"
    ),
    encoding="gzip, deflate, br, zstd",
    language="plain",
    site="none",
    mode="navigate",
    user="?1",
    dest="document",
)
CALL = msgspec.structs.replace(
    PAGE, names=WHOLE.names, accept="*/*", site="same-origin", mode="cors", user="", dest="empty"
)


def test_a_page_and_a_call_of_todays_chrome_are_whole() -> None:
    assert examine(PAGE).browser_whole == examine(CALL).browser_whole == 1.0
    assert examine(PAGE).released == 1_761_609_600.0


@pytest.mark.parametrize(
    ("base", "changes", "weight"),
    [
        (PAGE, {"accept": "*/*"}, 1.0),
        (PAGE, {"accept": "text/html,*/*"}, 0.5),
        (PAGE, {"accept": "text/html,*/*", "brands": BRANDS.replace("Google Chrome", "Brave")}, 0.0),
        (PAGE, {"encoding": "gzip, deflate"}, 0.7),
        (PAGE, {"encoding": "gzip,deflate,br"}, 0.7),
        (PAGE, {"encoding": "gzip", "is_direct": False}, 0.0),
        (PAGE, {"encoding": "gzip, deflate", "is_secure": False}, 0.0),
        (PAGE, {"language": "foreign"}, 0.5),
        (PAGE, {"language": "alone"}, 0.5),
        (PAGE, {"dest": "empty"}, 0.0),  # a service worker passed it on
        (PAGE, {"dest": "script", "accept": "*/*"}, 1.0),
        (PAGE, {"mode": "cors"}, 2.5),  # a document that is fetched, of no site, by a user
        (PAGE, {"mode": "magic", "user": "", "site": "elsewhere"}, 3.0),
        (CALL, {"user": "?1"}, 1.0),
        (CALL, {"user": "yes"}, 1.0),
        (CALL, {"language": "foreign"}, 0.0),
        (CALL, {"site": "none"}, 0.5),
        (CALL, {"site": "cross-site"}, 1.0),  # and no Origin
        (CALL, {"site": "cross-site", "names": (*(WHOLE.names or ()), "origin")}, 0.0),
        (CALL, {"site": "cross-site", "mode": "same-origin"}, 1.0),
        (CALL, {"mode": "websocket", "protocol": "HTTP/1.1"}, 1.0),
        (CALL, {"encoding": "identity"}, 0.7),
        (CALL, {"encoding": "identity", "names": (*(WHOLE.names or ()), "range")}, 0.0),
        (CALL, {"accept": PAGE.accept}, 0.5),
        (CALL, {"mode": "no-cors", "dest": "image", "accept": "image/avif,*/*"}, 0.0),
        (CALL, {"mode": "no-cors", "dest": "image"}, 1.0),
        (CALL, {"mode": "no-cors", "dest": "style"}, 1.0),
        (CALL, {"mode": "no-cors", "dest": "script"}, 0.0),
    ],
)
def test_values_that_no_browser_sends(base: Shape, changes: dict[str, object], weight: float) -> None:
    assert examine(msgspec.structs.replace(base, **changes)).values_conflict == pytest.approx(weight)


@pytest.mark.parametrize(
    ("base", "names", "weight"),
    [
        (PAGE, "authorization x-own apikey traceparent via x-forwarded-for cf-ray x-requested-with dpop", 0.0),
        (PAGE, "postman-token", 1.0),
        (PAGE, "accept-charset te", 2.0),
        (CALL, "upgrade-insecure-requests", 0.5),
    ],
)
def test_fields_that_no_browser_sends(base: Shape, names: str, weight: float) -> None:
    shape = msgspec.structs.replace(base, names=(*(base.names or ()), *names.split()))
    assert examine(shape).headers_extra == weight


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"brands": BRANDS.replace("Not_A Brand", "Not A;Brand")}, 1.0),
        ({"brands": BRANDS.replace('v="99"', 'v="8"')}, 1.0),
        ({"brands": '"Google Chrome";v="142", "Chromium";v="142", "Not_A Brand";v="99"'}, 1.0),
        ({"brands": '"Chromium";v="142", "Brave";v="142", "Not_A Brand";v="99"'}, 0.0),
        ({"brands": '"Not_A Brand";v="99", "Chromium";v="142"'}, 0.0),
        ({"brands": BRANDS + ', "Another";v="1"'}, 0.0),
        ({"mobile": "true"}, 1.0),
        ({"full_versions": '"Chromium";v="142.0.7444.60", "Not_A Brand";v="99.0.0.0"'}, 0.0),
        ({"full_versions": '"Chromium";v="120.0.6099.109"'}, 1.0),
        ({"platform": '"Unknown"'}, 0.0),
        ({"agent": CHROME + " Edg/142.0.0.0"}, 1.0),
        ({"agent": CHROME + " Edg/142.0.0.0", "brands": BRANDS.replace("Google Chrome", "Microsoft Edge")}, 0.0),
    ],
)
def test_hints_follow_their_own_rules(changes: dict[str, object], expected: float) -> None:
    assert examine(msgspec.structs.replace(PAGE, **changes)).hints_conflict == expected


def test_what_a_proxy_may_have_changed_is_not_held_against_the_client() -> None:
    changed = msgspec.structs.replace(
        PAGE, names=tuple(reversed(PAGE.names or ())), protocol="HTTP/1.1", is_direct=False, spelled=("Sec-Ch-Ua",)
    )
    facts = examine(changed)
    assert isnan(facts.order_conflict) and isnan(facts.case_conflict) and isnan(facts.protocol_downgrade)
    assert facts.browser_whole == 1.0


def test_a_browser_from_the_future_is_not_judged_by_its_details() -> None:
    agent = CHROME.replace("142", "330")
    facts = examine(msgspec.structs.replace(PAGE, agent=agent, names=tuple(reversed(PAGE.names or ())), encoding="br"))
    assert isnan(facts.order_conflict) and isnan(facts.tls_unlike)
    assert facts.released > 1_900_000_000.0
    assert facts.values_conflict == 0.0


texts = st.text(max_size=40) | st.sampled_from(
    [CHROME, FIREFOX, BRANDS, "navigate", "cors", "document", "empty", "?1", "*/*"]
)
shapes = st.builds(
    Shape,
    names=st.none()
    | st.lists(st.sampled_from([*PAGE_NAMES.split(), "origin", "te"]) | st.text(max_size=20), max_size=30).map(tuple),
    agent=texts,
    brands=texts,
    mobile=texts,
    platform=texts,
    is_secure=st.booleans(),
    is_page=st.booleans(),
    protocol=st.sampled_from(["", "HTTP/1.1", "HTTP/2", "2.0", "x"]),
    ja4=st.sampled_from(["", "t13d1516h2_8daaf6152771_e5627efa2ab1", "x"]) | st.text(max_size=64),
    accept=texts,
    encoding=texts,
    language=st.text(max_size=20).map(language_form),
    site=texts,
    mode=texts,
    user=texts,
    dest=texts,
    full_versions=texts,
    spelled=st.lists(st.text(max_size=20), max_size=10).map(tuple),
    is_direct=st.booleans(),
)


@given(shapes)
def test_whatever_comes_gives_numbers_within_bounds(shape: Shape) -> None:
    facts = examine(shape)
    for name in (*CONTRADICTIONS, "headers_missing", "tls_conflict", "protocol_downgrade", "browser_whole"):
        value = getattr(facts, name)
        assert isnan(value) or 0.0 <= value <= 64.0, name
    assert len(facts.order) <= 128 * 64
