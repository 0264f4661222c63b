"""The engine: one loop from request to decision, answer and outcome."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from vedette.config import defaults
from vedette.config.schema import Config, Endpoint, Enforce, Honeypots, Identity, Partner, Rate, Secret, Selector
from vedette.config.units import parse_match, parse_selector
from vedette.detect.features import COUNT
from vedette.engine import Engine
from vedette.types import Answer, Decision, Headers, Outcome, OutcomeName, Request

NOW = 1e9
LIBRARY: Headers = (("host", "shop.example"), ("user-agent", "python-requests/2.34"), ("accept", "*/*"))
BROWSER: Headers = (
    ("host", "shop.example"),
    ("sec-ch-ua-platform", '"Linux"'),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    ("sec-ch-ua", '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"'),
    ("sec-ch-ua-mobile", "?0"),
    ("accept", "*/*"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-dest", "empty"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-GB,en;q=0.9"),
)


def config(**changes: object) -> Config:
    base = msgspec.structs.replace(
        defaults("http://127.0.0.1:8000"),
        mode="enforce",
        endpoints=(
            Endpoint(
                name="login",
                match=parse_match("POST /api/login"),
                purpose="login",
                account=parse_selector("body.email"),
            ),
            Endpoint(
                name="product",
                match=parse_match("GET /api/products/{id}"),
                purpose="product",
                object=parse_selector("path.id"),
            ),
        ),
        identity=Identity(session=(Selector("cookie", "sid"),), api_key=Selector("header", "x-api-key")),
        partners=(Partner(name="feed", api_key=Secret("env:FEED", "partner-secret"), limit=Rate(600, 60.0)),),
        honeypots=Honeypots(paths=("/api/internal/export",)),
    )
    return msgspec.structs.replace(base, **changes)


class Site:
    """An engine with a clock and an API that answers at once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.now = NOW
        self.count = 0

    def call(
        self, path: str, *, method: str = "GET", status: int = 200, wait: float = 1.0, **fields: object
    ) -> Decision:
        self.now += wait
        self.count += 1
        values: dict[str, object] = {"headers": LIBRARY, "client_address": "198.51.100.7"} | fields
        request = Request(
            timestamp=self.now,
            id=f"r{self.count}",
            method=method,
            path=path,
            host="shop.example",
            scheme="https",
            protocol="HTTP/2",
            **values,  # type: ignore[arg-type]
        )
        decision = self.engine.decide(request, self.now)
        self.last = request
        if self.engine.reply(decision, request) is None:
            answer = Answer(timestamp=self.now + 0.01, id=request.id, status=status, duration=0.01)
            self.engine.observe(answer, self.now + 0.01)
        return decision

    def stuff(self, count: int, *, start: int = 0, **fields: object) -> list[Decision]:
        return [
            self.call(
                "/api/login",
                method="POST",
                status=401,
                wait=0.05,
                body=b'{"email": "user%d@example.com"}' % n,
                **fields,
            )
            for n in range(start, start + count)
        ]

    def outcome(self, name: OutcomeName, **reference: str) -> None:
        self.engine.observe(Outcome(timestamp=self.now, outcome=name, **reference), self.now)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(Engine.open(config(), key=b"k" * 32, shrink=8))
    yield site
    assert site.engine.last_error is None
    assert site.engine.degraded == 0


def test_a_first_request_passes_with_a_wide_interval(site: Site) -> None:
    decision = site.call("/api/products/7", headers=BROWSER)
    assert (decision.action, decision.verdict, decision.threat) == ("allow", "unknown", None)
    assert decision.low <= decision.score <= decision.high
    assert decision.high - decision.low > 0.2
    assert len(np.frombuffer(decision.features, np.float32)) == COUNT


def test_credential_stuffing_is_blocked_and_held(site: Site) -> None:
    decisions = site.stuff(40)
    first = next(n for n, decision in enumerate(decisions) if decision.action == "block")
    assert first <= 15
    assert all(decision.action == "block" for decision in decisions[first:])
    assert decisions[first].threat == "OAT-008"
    assert decisions[first].policy == "certain"
    assert decisions[-1].policy == "held"
    held = site.call("/api/products/7")
    assert held.action == "block"


def test_a_stop_is_held_for_a_minute_and_then_judged_anew(site: Site) -> None:
    site.stuff(40)
    assert site.call("/api/products/7", wait=30).action == "block"
    assert site.call("/api/products/7", wait=7200).action in ("allow", "monitor")


def test_a_blocked_session_is_refused_from_everywhere(site: Site) -> None:
    cookie = (*LIBRARY, ("cookie", "sid=thief"))
    site.stuff(40, headers=cookie)
    decision = site.call(
        "/api/products/7", headers=(*BROWSER, ("cookie", "sid=thief")), client_address="203.0.113.1", wait=7200
    )
    assert (decision.action, decision.policy, decision.verdict) == ("block", "refused session", "bad_bot")
    reply = site.engine.reply(decision, site.last)
    assert reply is not None
    assert any(name == "set-cookie" and value.startswith("sid=;") for name, value in reply.headers)
    site.outcome("label_good", session_id="thief")
    assert site.call("/api/products/7", headers=cookie).action == "allow"


def test_a_person_behind_the_same_address_is_not_held(site: Site) -> None:
    person = (*BROWSER, ("cookie", "sid=anna"))
    for gap in np.random.default_rng(3).lognormal(2.0, 1.0, 25):
        site.call(f"/api/products/{int(gap * 3)}", headers=person, wait=float(gap))
    site.call("/api/login", method="POST", headers=person, body=b'{"email": "anna@example.com"}')
    site.stuff(40)
    assert site.call("/api/products/9", headers=person, wait=5).action == "allow"
    # another browser of the same make, without a session yet, shares address and perhaps fingerprint
    assert site.call("/api/products/9", headers=BROWSER, wait=5).action in ("allow", "monitor")


def test_monitor_mode_chooses_and_never_acts() -> None:
    site = Site(Engine.open(config(mode="monitor"), key=b"k" * 32, shrink=8))
    decisions = site.stuff(60)
    assert decisions[-1].action == "block"
    assert not any(decision.enforced for decision in decisions)
    assert site.engine.reply(decisions[-1], site.last) is None
    assert site.call("/api/products/7", wait=6 * 3600).action != "block"


def test_replay_never_enforces() -> None:
    site = Site(Engine.open(config(), key=b"k" * 32, shrink=8, live=False))
    assert not any(decision.enforced for decision in site.stuff(40))


def test_hold_out_stays_in_monitor() -> None:
    site = Site(Engine.open(config(enforce=Enforce(0.0)), key=b"k" * 32, shrink=8))
    assert not site.stuff(40)[-1].enforced


def test_a_honeypot_is_a_certainty(site: Site) -> None:
    decision = site.call("/api/internal/export")
    assert (decision.verdict, decision.score, decision.low, decision.high) == ("bad_bot", 0.99, 0.95, 1.0)
    assert decision.action == "block"
    assert decision.reasons[0].signal == "honeypot"


def test_a_partner_is_known_and_limited(site: Site) -> None:
    headers = (*LIBRARY, ("x-api-key", "partner-secret"))
    decisions = [site.call(f"/api/products/{n}", headers=headers, wait=0.01) for n in range(700)]
    assert (decisions[0].verdict, decisions[0].score, decisions[0].action) == ("good_bot", 0.01, "allow")
    assert {decision.action for decision in decisions} == {"allow", "rate_limit"}
    reply = site.engine.reply(decisions[-1], site.last)
    assert reply is not None
    assert reply.status == 429


def test_invented_keys_do_not_push_out_the_habits_of_a_partner() -> None:
    site = Site(Engine.open(config(), key=b"k" * 32, shrink=8))
    headers = (*LIBRARY, ("x-api-key", "partner-secret"))
    for _ in range(3):
        assert site.call("/api/products/7", headers=headers, wait=86_400.0).verdict == "good_bot"
    for n in range(300):
        site.call("/api/products/7", headers=(*LIBRARY, ("x-api-key", f"invented-{n}")), client_address="203.0.113.9")
    site.now += 86_400.0
    thief = site.call("/api/products/7", headers=(*BROWSER, headers[-1]), client_address="203.0.113.9")
    assert thief.verdict != "good_bot"


def test_who_misuses_a_key_is_held_and_not_all_who_have_it() -> None:
    site = Site(Engine.open(config(), key=b"k" * 32, shrink=8))
    headers = (*LIBRARY, ("x-api-key", "partner-secret"))
    assert site.call("/api/products/7", headers=headers).action == "allow"
    misuse = {"headers": (*BROWSER, headers[-1]), "client_address": "203.0.113.9"}
    assert site.call("/api/internal/export", **misuse).action == "block"
    assert site.call("/api/products/7", **misuse).policy == "held"
    assert site.call("/api/products/7", headers=headers).action == "allow"
    site.outcome("false_positive", request_id=f"r{site.count - 1}")
    assert site.call("/api/products/7", **misuse).policy != "held"


def test_operator_word_outranks_everything(site: Site) -> None:
    site.call("/api/products/7", headers=(*LIBRARY, ("cookie", "sid=s-1")))
    site.outcome("label_bad", request_id="r1")
    assert site.call("/api/products/7", headers=(*BROWSER, ("cookie", "sid=s-1"))).action == "block"
    site.outcome("label_good", session_id="s-1")
    decision = site.call("/api/internal/export", headers=(*BROWSER, ("cookie", "sid=s-1")))
    assert (decision.action, decision.verdict) == ("allow", "human")


@pytest.mark.parametrize("name", ["conversion", "signup_completed", "challenge_passed"])
def test_good_outcomes_speak_for_a_session(site: Site, name: OutcomeName) -> None:
    headers = (*BROWSER, ("cookie", "sid=s-1"))
    before = site.call("/api/products/7", headers=headers)
    site.outcome(name, session_id="s-1")
    assert site.call("/api/products/7", headers=headers).score < before.score


@pytest.mark.parametrize("name", ["chargeback", "abuse_report", "payment_declined"])
def test_bad_outcomes_speak_against_it(site: Site, name: OutcomeName) -> None:
    headers = (*BROWSER, ("cookie", "sid=s-1"))
    before = site.call("/api/products/7", headers=headers)
    for _ in range(8):
        site.outcome(name, session_id="s-1")
    assert site.call("/api/products/7", headers=headers).score > before.score


def test_a_reported_login_counts_where_the_endpoint_is_no_login(site: Site) -> None:
    for _ in range(15):
        decision = site.call("/graphql", method="POST")
        site.outcome("login_failed", request_id=decision.id)
    assert "client_refusals" in [reason.signal for reason in site.call("/graphql", method="POST").reasons]


def test_success_expression_of_an_endpoint_is_used() -> None:
    login = Endpoint(
        name="login",
        match=parse_match("POST /api/login"),
        purpose="login",
        success="status == 200 && header['x-ok'] == '1'",
    )
    site = Site(Engine.open(config(endpoints=(login,)), key=b"k" * 32, shrink=8))
    for _ in range(20):
        decision = site.call("/api/login", method="POST", status=200)
    assert "client_refusals" in [reason.signal for reason in decision.reasons]


def test_preflight_is_never_stopped_by_a_score(site: Site) -> None:
    site.stuff(40)
    preflight = (*LIBRARY, ("origin", "https://a.example"), ("access-control-request-method", "POST"))
    assert site.call("/api/login", method="OPTIONS", headers=preflight).action in ("allow", "monitor")


def test_one_failed_login_of_a_person_means_nothing(site: Site) -> None:
    headers = (*BROWSER, ("cookie", "sid=anna"))
    site.call("/api/products/7", headers=headers, wait=9)
    for wait in (14.0, 11.0, 23.0):
        decision = site.call(
            "/api/login", method="POST", status=401, headers=headers, wait=wait, body=b'{"email": "anna@example.com"}'
        )
        assert decision.action == "allow"
        assert decision.score < 0.2


def test_body_is_wanted_only_where_the_account_is_in_it(site: Site) -> None:
    assert site.engine.wants_body("POST", "shop.example", "//api/login;x")
    assert not site.engine.wants_body("GET", "shop.example", "/api/products/7")
    assert not site.engine.wants_body("POST", "shop.example", "/other")


def test_reload_keeps_the_tables(site: Site) -> None:
    site.stuff(3)
    site.engine.reload(config(mode="monitor"))
    decision = site.stuff(1, start=3)[0]
    values = np.frombuffer(decision.features, np.float32)
    assert math.expm1(float(values[0])) > 3.5


def test_nothing_that_clients_have_it_learn_keeps_a_configuration_out(site: Site) -> None:
    site.call("/a" * 20, method="A" + "/" * 15)
    with pytest.raises(ValueError, match="more than ever"):
        site.engine.restore(site.engine.state())
    site.engine.reload(config(mode="monitor"))
    assert site.call("/api/internal/export").enforced is False


def test_tables_survive_a_killed_engine(tmp_path: Path) -> None:
    first = Site(Engine.open(config(), key=b"k" * 32, directory=tmp_path, shrink=8))
    first.stuff(40)
    second = Site(Engine.open(config(), key=b"k" * 32, directory=tmp_path, shrink=8))
    second.now = first.now
    second.count = 1000
    assert second.call("/api/products/7").action == "block"


def test_a_failing_part_allows_and_is_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_request: Request) -> None:
        message = "broken"
        raise RuntimeError(message)

    with monkeypatch.context() as patch:
        patch.setattr(site.engine._collector, "observe", fail)
        decision = site.call("/api/products/7")
    assert (decision.action, decision.policy, decision.directive.degraded) == ("allow", "degraded", True)
    assert site.engine.degraded == 1
    site.engine.degraded, site.engine.last_error = 0, None


def test_same_calls_same_decisions() -> None:
    def story() -> list[bytes]:
        site = Site(Engine.open(config(), key=b"k" * 32, shrink=8))
        return [msgspec.json.encode(decision) for decision in site.stuff(30)]

    assert story() == story()


def test_unknown_references_are_ignored(site: Site) -> None:
    site.engine.observe(Answer(timestamp=NOW, id="nobody", status=200), NOW)
    site.outcome("label_bad", request_id="nobody")
    site.outcome("label_bad", user_name="nobody")
    assert site.call("/api/products/7", headers=BROWSER).action == "allow"


def test_a_new_session_for_every_call_does_not_hide_a_scraper(site: Site) -> None:
    actions = [
        site.call(f"/api/products/{n * 37}", headers=(*BROWSER, ("cookie", f"sid=new-{n}")), wait=0.2).action
        for n in range(300)
    ]
    assert actions[-150:].count("allow") < 30
