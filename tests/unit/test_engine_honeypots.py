"""Honeypots through the whole engine: certain touches, doubtful ones, and what either does to others."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest

from vedette.config import defaults
from vedette.config.schema import Config, Endpoint, Honeypots, Identity, Selector
from vedette.config.units import parse_match, parse_selector
from vedette.detect.features import index
from vedette.engine import Engine
from vedette.mitigate.actions import PLAUSIBLE
from vedette.types import Answer, Decision, Headers, Request

DECOY = "/api/internal/export"
PROGRAM: Headers = (("user-agent", "python-requests/2.34"), ("accept", "*/*"))
BROWSER: Headers = (
    ("sec-ch-ua-platform", '"Linux"'),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    ("sec-ch-ua", '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"'),
    ("sec-ch-ua-mobile", "?0"),
    ("accept", "image/avif,*/*"),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-mode", "no-cors"),
    ("sec-fetch-dest", "image"),
    ("referer", "https://evil.example/"),
    ("accept-encoding", "gzip, deflate, br"),
    ("accept-language", "en-GB,en;q=0.9"),
)


def config(**honeypots: object) -> Config:
    login = Endpoint(
        name="login", match=parse_match("POST /api/login"), purpose="login", account=parse_selector("body.email")
    )
    return msgspec.structs.replace(
        defaults("http://127.0.0.1:8000"),
        mode="enforce",
        endpoints=(login,),
        identity=Identity(session=(Selector("cookie", "sid"),)),
        honeypots=Honeypots(paths=(DECOY, "/api/old/**"), accounts=("canary@example.com",), **honeypots),  # type: ignore[arg-type]  # keys of the section
    )


class Site:
    """An engine with a clock and an API that answers 200."""

    def __init__(self, **honeypots: object) -> None:
        self.engine = Engine.open(config(**honeypots), key=b"k" * 32, shrink=8)
        self.now, self.count = 1e9, 0

    def call(
        self, path: str, headers: Headers = PROGRAM, *, sid: str = "", wait: float = 1.0, **fields: object
    ) -> Decision:
        self.now += wait
        self.count += 1
        if sid:
            headers = (*headers, ("cookie", f"sid={sid}"))
        values: dict[str, object] = {"client_address": "198.51.100.7", "method": "GET"} | fields
        self.last = Request(
            timestamp=self.now,
            id=f"r{self.count}",
            path=path,
            host="shop.example",
            scheme="https",
            protocol="HTTP/2",
            headers=headers,
            **values,  # type: ignore[arg-type]  # fields of a request
        )
        decision = self.engine.decide(self.last, self.now)
        assert self.engine.degraded == 0, self.engine.last_error
        if self.engine.reply(decision, self.last) is None:
            self.engine.observe(Answer(timestamp=self.now + 0.01, id=self.last.id, status=200), self.now + 0.01)
        return decision

    def login(self, email: str, sid: str, headers: Headers = PROGRAM, **fields: object) -> Decision:
        body = json.dumps({"email": email}).encode()
        return self.call("/api/login", headers, sid=sid, method="POST", body=body, **fields)


def feature(decision: Decision, name: str) -> float:
    return float(np.frombuffer(decision.features, np.float32)[index(name)])


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_program_is_certain(site: Site) -> None:
    decision = site.call(DECOY)
    assert (decision.verdict, decision.action, decision.reasons[0].signal) == ("bad_bot", "block", "honeypot")
    assert site.call("/api/old/x/y", client_address="198.51.100.8").verdict == "bad_bot"


def test_a_person_who_is_led_there_a_hundred_times_is_not(site: Site) -> None:
    waits = [1.0, 7.0, 0.5, 31.0, 3.0, 90.0, 2.0, 12.0, 0.2, 45.0]  # a person's, on pages that hold it
    decisions = []
    for number in range(100):
        site.call(f"/api/products/{number % 7}", BROWSER, sid="person", wait=waits[number % 10])
        decisions.append(site.call(DECOY, BROWSER, sid="person", wait=0.1))
    assert {decision.verdict for decision in decisions} <= {"unknown", "human"}
    assert {decision.action for decision in decisions} <= {"allow", "monitor"}
    assert feature(decisions[-1], "client_taint") == pytest.approx(0.25, abs=0.01)


def test_a_client_with_a_good_history_is_never_certain(site: Site) -> None:
    site.login("me@example.com", "member")
    decision = site.call(DECOY, sid="member")
    assert decision.verdict != "bad_bot"
    assert feature(decision, "client_taint") == pytest.approx(0.5, abs=0.01)
    assert feature(site.call(DECOY, sid="member"), "client_taint") == pytest.approx(0.5, abs=0.01)


def test_taint_fades_within_a_day(site: Site) -> None:
    site.call(DECOY, BROWSER, sid="person")
    later = site.call("/api/products/1", BROWSER, sid="person", wait=86_400.0)
    assert feature(later, "client_taint") == pytest.approx(0.25 / np.e, rel=0.02)


def test_the_taint_of_an_address_is_divided_among_those_behind_it(site: Site) -> None:
    for _ in range(6):
        for number in range(20):
            site.call("/api/products/1", BROWSER, sid=f"s{number}", wait=0.1)
    site.call(DECOY, client_address="198.51.100.7")
    other = site.call("/api/products/2", BROWSER, sid="s3")
    assert feature(other, "address_taint") == pytest.approx(1 / 20, rel=0.2)
    assert feature(other, "client_taint") == 0.0


def test_the_taint_of_a_client_program_is_divided_among_its_addresses(site: Site) -> None:
    for number in range(40):
        site.call("/api/products/1", client_address=f"198.51.100.{number}", wait=0.1)
    touched = site.call(DECOY, client_address="203.0.113.1")
    assert feature(touched, "fingerprint_taint") == pytest.approx(1 / 41, rel=0.2)
    assert feature(site.call("/", BROWSER), "fingerprint_taint") == 0.0


def test_only_a_login_that_succeeds_taints_an_account() -> None:
    site = Site()
    site.engine.reload(msgspec.structs.replace(config(), mode="monitor"))
    site.call(DECOY, sid="thief")
    site.login("owner@example.com", "thief")
    assert feature(site.login("owner@example.com", "other"), "account_taint") == pytest.approx(1.0, abs=0.01)
    assert feature(site.login("else@example.com", "other"), "account_taint") == 0.0


def test_a_canary_account_is_certain_where_somebody_logs_in_with_it(site: Site) -> None:
    assert site.login("Canary@Example.com", "").reasons[0].signal == "honeypot"
    led = site.login("canary@example.com", "", BROWSER, client_address="198.51.100.9")  # a form of another site's
    assert led.verdict != "bad_bot"


def test_a_decoy_answers_a_bot_and_nobody_else() -> None:
    site = Site(answer="decoy")
    decision = site.call(DECOY)
    assert (decision.action, decision.policy, decision.enforced) == ("decoy", "honeypot", True)
    told = site.engine.reply(decision, site.last, plausible=True)
    assert told is not None
    assert told.status == PLAUSIBLE
    assert dict(told.headers) == {
        "cache-control": "no-store", "content-type": "application/json", "x-request-id": decision.id,
    }  # fmt: skip
    refused = site.engine.reply(decision, site.last)
    assert refused is not None
    assert refused.status == 403
    site.call("//api/internal/./Export;x=1")
    again = site.engine.reply(site.call("//api/internal/./Export;x=1"), site.last, plausible=True)
    assert again is not None
    assert again.body == told.body
    assert site.call(DECOY, BROWSER, client_address="198.51.100.9").action in ("allow", "monitor")
    assert site.login("canary@example.com", "", client_address="198.51.100.10").policy != "honeypot"


def test_in_monitor_mode_no_decoy_answers() -> None:
    site = Site(answer="decoy")
    site.engine.reload(msgspec.structs.replace(config(answer="decoy"), mode="monitor"))
    decision = site.call(DECOY)
    assert (decision.action, decision.enforced) == ("decoy", False)
    assert site.engine.reply(decision, site.last, plausible=True) is None


def test_a_decoys_answer_to_head_and_grpc() -> None:
    site = Site(answer="decoy")
    site.call(DECOY)
    empty = site.engine.reply(site.call("/api/old/x", method="HEAD"), site.last, plausible=True)
    if empty is not None:  # a HEAD by itself is doubtful
        assert empty.body == b""
    decision = site.call(DECOY, (*PROGRAM, ("content-type", "application/grpc")))
    refused = site.engine.reply(decision, site.last, plausible=True)
    assert refused is not None
    assert (refused.status, dict(refused.headers)["grpc-status"]) == (403, "7")
