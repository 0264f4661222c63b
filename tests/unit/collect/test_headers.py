"""Whether headers agree with the claim."""

from __future__ import annotations

from math import isnan

import msgspec
import pytest

from vedette.collect.headers import Shape, examine

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
