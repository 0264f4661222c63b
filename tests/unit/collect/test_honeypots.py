"""Honeypots and probes: what is touched, and which touches somebody else may have caused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect.honeypots import DOUBTFUL, UNTOUCHED, Circumstances, Touch, Traps, advertised, is_probe
from vedette.config.schema import Honeypots

PATHS = ("/api/internal/export", "/api/backup/{name}", "/api/admin/**")
TRAPS = Traps(Honeypots(paths=PATHS, accounts=("Canary@Example.com",), objects=("product:999", "order:1")))
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
)
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.1 Safari/605.1.15"


@pytest.mark.parametrize(
    ("path", "account", "item", "found"),
    [
        ("/api/internal/export", "", "", "path"),
        ("/API/Internal/Export", "", "", "path"),
        ("/api/internal/export/x", "", "", ""),
        ("/api/backup", "", "", ""),
        ("/api/backup/2026.sql", "", "", "path"),
        ("/api/backup/a\nb", "", "", "path"),
        ("/api/backup/a/b", "", "", ""),
        ("/api/admin", "", "", "path"),
        ("/Api/admin/users/7", "", "", "path"),
        ("/api/admin/a\nb", "", "", "path"),
        ("/api/administrators", "", "", ""),
        ("/x", "canary@example.com", "", "account"),
        ("/x", "", "999", "object"),
        ("/x", "", "1", ""),
        ("/x", "someone@example.com", "998", ""),
    ],
)
def test_what_is_touched(path: str, account: str, item: str, found: str) -> None:
    assert TRAPS.finds(path, account, "product", "product detail", item) == found


def test_objects_are_named_by_purpose_or_endpoint() -> None:
    assert TRAPS.finds("/x", "", "account", "order", "1") == "object"


def test_without_honeypots_nothing_is_touched() -> None:
    assert Traps(Honeypots()).is_empty
    assert Traps(Honeypots()).finds("/", "a", "b", "c", "d") == ""
    assert TRAPS.weigh("", asks()) is UNTOUCHED
    assert not UNTOUCHED
    assert Touch("path")


def asks(
    method: str = "GET",
    *,
    agent: str = "python-requests/2.34",
    secure: bool = True,
    login: bool = False,
    known: bool = True,
    **values: str,
) -> Circumstances:
    headers = {name.replace("_", "-"): value for name, value in values.items()}
    return Circumstances(method, "api.example.com", agent, headers, known, secure, login)


CERTAIN = {
    "a program": ("path", asks()),
    "a program that posts": ("path", asks("POST")),
    "a program that names no agent": ("path", asks(agent="")),
    "a log without headers": ("path", asks(known=False)),
    "a crawler's name in a tool": ("path", asks(agent="sqlmap/1.8")),
    "the shop's own script": ("path", asks(agent=CHROME, sec_fetch_site="same-origin", sec_fetch_dest="empty")),
    "a page of a sibling, by CORS": (
        "path",
        asks(agent=CHROME, sec_fetch_site="same-site", sec_fetch_mode="cors", sec_fetch_dest="empty"),
    ),
    "an old browser's page of the same host": ("path", asks(agent=SAFARI, referer="https://api.example.com/shop")),
    "a browser in name only": ("path", asks(agent=CHROME, accept="*/*")),
    "a login with the canary": ("account", asks("POST", login=True)),
    "a program that asks for the canary object": ("object", asks()),
    "a browser that changes the canary object": ("object", asks("POST", agent=CHROME, sec_fetch_site="same-origin")),
}


@pytest.mark.parametrize("name", CERTAIN)
def test_nobody_else_can_have_caused_it(name: str) -> None:
    kind, request = CERTAIN[name]
    assert TRAPS.weigh(kind, request) == Touch(kind, True, 1.0)


DOUBTS = {
    "an image on another site": (
        "cross-site",
        "path",
        asks(agent=CHROME, sec_fetch_site="cross-site", sec_fetch_dest="image"),
    ),
    "a form on another site": (
        "cross-site",
        "account",
        asks("POST", agent=CHROME, login=True, sec_fetch_site="cross-site", sec_fetch_mode="navigate"),
    ),
    "an image of a sibling": (
        "cross-site",
        "path",
        asks(agent=CHROME, sec_fetch_site="same-site", sec_fetch_dest="image"),
    ),
    "a link in a mail": (
        "navigation",
        "path",
        asks(agent=CHROME, sec_fetch_site="none", sec_fetch_mode="navigate", sec_fetch_dest="document"),
    ),
    "an image in a review on the shop's own page": (
        "resource",
        "path",
        asks(agent=CHROME, sec_fetch_site="same-origin", sec_fetch_mode="no-cors", sec_fetch_dest="image"),
    ),
    "a frame": ("navigation", "path", asks(sec_fetch_dest="iframe")),
    "an image, said by Accept alone": ("resource", "path", asks(agent=SAFARI, accept="image/webp,*/*", secure=False)),
    "a link of another page, without Fetch Metadata": ("cross-site", "path", asks(referer="http://evil.example/")),
    "a Referer that cannot be read": ("cross-site", "path", asks(referer="http://[evil")),
    "an origin that hides itself": ("cross-site", "path", asks("POST", origin="null")),
    "a page over plain HTTP, its referrer hidden": (
        "navigation",
        "path",
        asks(agent=CHROME, secure=False, accept="text/html"),
    ),
    "a script over plain HTTP, its referrer hidden": (
        "unknown",
        "path",
        asks(agent=CHROME, secure=False, accept="*/*"),
    ),
    "a log without headers": ("unknown", "path", asks(agent=CHROME, known=False)),
    "fetched ahead": (
        "prefetch",
        "path",
        asks(agent=CHROME, sec_purpose="prefetch;prerender", sec_fetch_site="same-origin"),
    ),
    "fetched ahead, the old way": ("prefetch", "path", asks(purpose="prefetch")),
    "fetched ahead by old Firefox": ("prefetch", "path", asks(x_moz="prefetch")),
    "a messenger's preview": (
        "preview",
        "path",
        asks(agent="Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
    ),
    "a mail service's proxy": ("preview", "path", asks(agent="Mozilla/5.0 (via ggpht.com GoogleImageProxy)")),
    "a crawler that was told nothing": ("crawler", "path", asks(agent="Mozilla/5.0 (compatible; Somebot/2.1)")),
    "a question about what is there": ("method", "path", asks("HEAD")),
    "any OPTIONS": ("method", "path", asks("OPTIONS")),
    "an unheard-of method": ("method", "path", asks("PROPFIND")),
    "a canary account that is looked at": ("read", "account", asks("GET")),
    "a canary account in a search": ("read", "account", asks("POST")),
    "a link into a single-page application": (
        "link",
        "object",
        asks(agent=CHROME, sec_fetch_site="same-origin", sec_fetch_mode="cors", sec_fetch_dest="empty"),
    ),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_somebody_else_may_have_caused_it(name: str) -> None:
    doubt, kind, request = DOUBTS[name]
    assert TRAPS.weigh(kind, request) == Touch(kind, False, DOUBTFUL, doubt)


def test_a_preflight_says_nothing_of_the_person() -> None:
    preflight = asks("OPTIONS", agent=CHROME, access_control_request_method="POST", origin="https://evil.example")
    assert TRAPS.weigh("path", preflight) == Touch("path", False, 0.0, "preflight")
    assert TRAPS.weigh("path", asks("OPTIONS", known=False)).weight == 0.0


def test_a_crawler_that_was_told_to_stay_away_is_certain() -> None:
    told = Traps(Honeypots(paths=PATHS, advertise=("robots",)))
    assert told.weigh("path", asks(agent="Mozilla/5.0 (compatible; Somebot/2.1)")).is_certain
    assert not told.weigh("object", asks(agent="Mozilla/5.0 (compatible; Somebot/2.1)")).is_certain
    assert not told.weigh("path", asks(agent="WhatsApp/2.23.20.0")).is_certain


@given(
    st.sampled_from(["path", "account", "object"]),
    st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", ""]),
    st.dictionaries(
        st.sampled_from(["sec-fetch-dest", "sec-fetch-mode", "referer", "origin", "accept", "purpose"]), st.text()
    ),
    st.text(),
    st.booleans(),
)
def test_no_touch_is_certain_that_says_it_is_cross_site(kind, method, values, agent, secure) -> None:
    values["sec-fetch-site"] = "cross-site"
    touch = TRAPS.weigh(kind, Circumstances(method, "api.example.com", agent, values, True, secure, True))
    assert not touch.is_certain
    assert 0.0 <= touch.weight <= DOUBTFUL


@pytest.mark.parametrize(
    ("path", "written"),
    [("/a/b", "/a/b"), ("/a/{name}/c", "/a/"), ("/a/**", "/a/"), ("/a/{half", "/a/{half")],
)
def test_what_is_advertised_of_a_path(path: str, written: str) -> None:
    assert advertised(path) == written


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/.git/config", ""),
        ("/.env", ""),
        ("/wp-login.php", ""),
        ("/index.php", ""),
        ("/a/../../etc/passwd", ""),
        ("/x", "q=1'+or+'1'='1"),
        ("/x", "u=${jndi:ldap://a}"),
        ("/x", "q=<script>"),
        ("/" + "a" * 500 + "/.env", ""),
    ],
)
def test_probes(path: str, query: str) -> None:
    assert is_probe(path, query)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/products/7", "q=shoes"),
        ("/api/environment", ""),
        ("/.well-known/openid-configuration", ""),
        ("/search", "q=rock+'n'+roll"),
        ("/search", "q=union+square+hotels+select"),
    ],
)
def test_ordinary_calls_are_no_probes(path: str, query: str) -> None:
    assert not is_probe(path, query)


def test_an_app_may_load_what_somebody_else_has_named() -> None:
    traps = Traps(Honeypots(paths=("/api/export",)))

    def touch(method: str) -> Touch:
        return traps.weigh(
            "path", Circumstances(method, "shop.example", "ShopApp/3.1 (Android 14) okhttp/4.9", {}, True, True, False)
        )

    assert (touch("GET").is_certain, touch("GET").doubt) == (False, "resource")
    assert touch("POST").is_certain
