"""Which action, under which name, carried out or not. Shipped policies: ``tests/property/test_mitigate_policy.py``."""

from __future__ import annotations

import msgspec
import pytest

from vedette.config.expressions import Facts
from vedette.config.schema import Agent, Config, Enforce, GoodBots, Partner, Rate, RateLimit, Rule, Secret, Then
from vedette.config.units import parse_match
from vedette.detect.tables import Tables
from vedette.mitigate.policy import Choice, Keys, Policy, is_preflight
from vedette.types import Directive

NOW = 1.7e9
KEYS = Keys(address=11, session=22, account=33, api_key=44, fingerprint=55, agent=66)
PREFLIGHT = Facts(
    method="OPTIONS",
    score=0.99,
    low=0.95,
    headers=(("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")),
)
BLOCK = Then(action="block")
ONE = Rate(1, 60.0)


@pytest.fixture
def table():
    return Tables.open(shrink=11).limit


def policy(*rules, live=True, **config):
    return Policy.compile(Config(**{"mode": "enforce", "policy": rules, **config}), live=live)


def rule(then, when="", name="rule", **more):
    return Rule(name=name, then=then if isinstance(then, Then) else Then(action=then), when=when, **more)


def limited(key="address", *, rate=ONE, burst=1):
    return Then(action="rate_limit", rate=rate, key=key, burst=burst)


# -- rules ----------------------------------------------------------------------------------------------------------


def test_the_first_match_wins(table):
    rules = policy(rule("block", "score > 0.9", "a"), rule("challenge", "score > 0.5", "b"), rule("allow", "", "c"))
    chosen = [rules.choose(Facts(score=score), KEYS, table, NOW) for score in (0.95, 0.7, 0.2)]
    assert [(choice.rule, choice.action) for choice in chosen] == [("a", "block"), ("b", "challenge"), ("c", "allow")]


def test_later_rules_are_not_evaluated(table):
    rules = policy(rule("allow", "score < 0.5"), rule("block", "request.header['x'] == 'y'"))
    rules.choose(Facts(score=0.1), KEYS, table, NOW)
    assert [expression.errors for expression in rules.expressions] == [0, 0]
    rules.choose(Facts(score=0.6), KEYS, table, NOW)
    assert [expression.errors for expression in rules.expressions] == [0, 1]


def test_without_a_match_the_request_passes(table):
    assert policy(rule("block", "score > 2.0")).choose(Facts(), KEYS, table, NOW).action == "allow"
    assert policy().choose(Facts(score=1.0), KEYS, table, NOW).rule == "no rule"


def test_it_says_what_its_rules_ask_for():
    assert policy(rule("block", "score > 0.9 && client.address_kind == 'tor'")).names == {
        "score",
        "client.address_kind",
    }
    assert policy(rule("allow")).names == frozenset()


def test_a_condition_that_does_not_compile_is_an_error():
    with pytest.raises(ValueError, match="1:1"):
        policy(rule("block", "scor > 0.5"))


def test_what_an_action_needs_travels_with_it(table):
    def directive(then, **more):
        return policy(rule(then, **more)).choose(Facts(), KEYS, table, NOW).directive

    assert directive("block") == Directive(end_session=True)
    assert directive("challenge", advice="step-up") == Directive(advice="step-up")
    assert directive(Then(action="delay", delay_s=0.5)) == Directive(delay_s=0.5)
    assert directive(Then(action="redirect", redirect="https://a.example", status=307)) == Directive(
        redirect=("https://a.example", 307)
    )


# -- modes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "endpoint", "own", "enforced"),
    [
        ("enforce", None, None, True),
        ("monitor", None, None, False),
        ("monitor", "enforce", None, True),
        ("enforce", "monitor", None, False),
        ("enforce", None, "monitor", False),
        ("monitor", "enforce", "monitor", False),
        ("monitor", None, "enforce", False),
    ],
)
def test_mode_of_rule_endpoint_and_configuration(table, config, endpoint, own, enforced):
    rules = policy(rule("block", mode=own), mode=config)
    choice = rules.choose(Facts(), KEYS, table, NOW, endpoint_mode=endpoint)
    assert choice == Choice("rule", "block", enforced, Directive(end_session=True))
    assert choice.is_stopped is enforced


def test_a_rule_in_monitor_mode_is_still_the_first_match(table):
    rules = policy(rule("block", "score > 0.5", "trial", mode="monitor"), rule("block", "", "next"))
    assert rules.choose(Facts(score=0.6), KEYS, table, NOW).rule == "trial"


def test_recorded_traffic_is_never_enforced(table):
    rules = policy(rule("block"), live=False)
    assert not rules.choose(Facts(), KEYS, table, NOW, endpoint_mode="enforce", status="refused").enforced


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.25, 250), (1.0, 1000)])
def test_the_hold_out_is_a_share_of_sessions(share, expected):
    rules = policy(rule("block"), enforce=Enforce(share=share))
    sessions = [(number * 0x5851F42D4C957F2D + 77) % 2**64 for number in range(1, 1001)]
    enforced = sum(rules.enforces(Keys(address=1, session=session), None) for session in sessions)
    assert abs(enforced - expected) <= 60
    assert enforced == expected or 0.0 < share < 1.0


def test_a_session_stays_on_one_side_of_the_hold_out():
    rules = policy(rule("block"), enforce=Enforce(share=0.5))
    sides = {rules.enforces(Keys(address=address, session=4711), "enforce") for address in range(1, 50)}
    assert len(sides) == 1
    assert len({rules.enforces(Keys(address=address), None) for address in range(1, 50)}) == 2


# -- a rule with a limit --------------------------------------------------------------------------------------------


def test_within_its_limit_a_request_is_allowed_under_the_rules_name(table):
    rules = policy(rule(limited(burst=2), name="slow", advice="hide-price"))
    chosen = [rules.choose(Facts(), KEYS, table, NOW) for _ in range(3)]
    assert [choice.action for choice in chosen] == ["allow", "allow", "rate_limit"]
    assert {choice.rule for choice in chosen} == {"slow"}
    assert {choice.directive.advice for choice in chosen} == {"hide-price"}
    assert chosen[2].directive.retry_after_s == 60.0
    assert chosen[2].directive.limit == ("requests", 1, 60.0, 0), "clients do not learn the rule's name"


@pytest.mark.parametrize("key", ["session", "address", "account", "api_key", "fingerprint", "agent"])
def test_a_limit_counts_its_own_key(table, key):
    rules = policy(rule(limited(key)))
    assert rules.choose(Facts(), KEYS, table, NOW).action == "allow"
    others = Keys(*(value if name == key else value + 1000 for name, value in KEYS._asdict().items()))
    assert rules.choose(Facts(), others, table, NOW).action == "rate_limit"
    assert rules.choose(Facts(), KEYS._replace(**{key: 999}), table, NOW).action == "allow"


def test_an_absent_key_falls_back_to_the_address(table):
    rules = policy(rule(limited("session")))
    nobody = Keys(address=11)
    assert rules.choose(Facts(), nobody, table, NOW).action == "allow"
    assert rules.choose(Facts(), nobody, table, NOW).action == "rate_limit"
    assert rules.choose(Facts(), Keys(address=12), table, NOW).action == "allow"


def test_a_limit_advances_in_monitor_mode_and_for_recorded_traffic(table):
    for rules in (policy(rule(limited(), name="a"), mode="monitor"), policy(rule(limited(), name="b"), live=False)):
        chosen = [rules.choose(Facts(), KEYS, table, NOW) for _ in range(2)]
        assert [(choice.action, choice.enforced) for choice in chosen] == [("allow", False), ("rate_limit", False)]


def test_only_the_matching_rule_draws(table):
    rules = policy(rule(limited(), "score > 0.5", "a"), rule(limited(), "", "b"))
    for _ in range(5):
        rules.choose(Facts(score=0.1), KEYS, table, NOW)
    assert rules.choose(Facts(score=0.9), KEYS, table, NOW).action == "allow"


# -- limits before the rules ----------------------------------------------------------------------------------------


def search(key="session", match="GET /api/search", burst=1):
    return RateLimit(name="search", key=key, match=parse_match(match), limit=ONE, burst=burst)


def test_a_configured_limit_comes_before_the_rules(table):
    rules = policy(rule("block"), rate_limits=(search(),))
    here = Facts(method="GET", path="/api/search", host="shop.example")
    first, second = (rules.choose(here, KEYS, table, NOW) for _ in range(2))
    assert first.rule == "rule"
    assert (second.rule, second.action, second.enforced) == ("search", "rate_limit", True)
    assert second.directive.limit == ("search", 1, 60.0, 0)


@pytest.mark.parametrize(
    ("match", "method", "host", "path", "means"),
    [
        ("GET /api/search", "GET", "a.example", "/api/search", True),
        ("GET /api/search", "HEAD", "a.example", "/api/search", True),
        ("GET /api/search", "GET", "a.example", "/API/Search", True),
        ("GET /api/search", "POST", "a.example", "/api/search", False),
        ("GET /api/search", "GET", "a.example", "/api/search/more", False),
        ("* /api/search", "POST", "a.example", "/api/search", True),
        ("GET /api/{kind}/{id}", "GET", "a.example", "/api/shoes/1", True),
        ("GET /api/{kind}/{id}", "GET", "a.example", "/api/shoes", False),
        ("GET /api/**", "GET", "a.example", "/api/x/y/z", True),
        ("GET /api/**", "GET", "a.example", "/api", True),
        ("GET /api/**", "GET", "a.example", "/apis", False),
        ("GET b.example/**", "GET", "a.example", "/x", False),
        ("GET b.example/**", "GET", "b.example", "/x", True),
        ("GET /", "GET", "a.example", "/", True),
        ("GET /", "GET", "a.example", "/x", False),
    ],
)
def test_what_a_configured_limit_means(table, match, method, host, path, means):
    rules = policy(rule("allow"), rate_limits=(search(match=match),))
    here = Facts(method=method, host=host, path=path)
    rules.choose(here, KEYS, table, NOW)
    assert (rules.choose(here, KEYS, table, NOW).action == "rate_limit") is means


def test_each_partner_has_a_limit_of_its_own(table):
    partners = tuple(
        Partner(name=name, api_key=Secret("env:K", "k"), limit=limit) for name, limit in (("a", ONE), ("b", None))
    )
    rules = policy(rule("allow"), partners=partners)
    chosen = [rules.choose(Facts(partner="a"), Keys(address=n), table, NOW) for n in (1, 2)]
    assert [choice.action for choice in chosen] == ["allow", "rate_limit"], "whatever address it comes from"
    assert chosen[1].rule == "partner a"
    assert {rules.choose(Facts(partner="b"), KEYS, table, NOW).action for _ in range(5)} == {"allow"}


def test_each_verified_bot_has_a_limit_of_its_own(table):
    bots = GoodBots(limit=ONE, agents=(Agent(name="robot", signature_agent="https://r.example", limit=Rate(2, 60.0)),))
    rules = policy(rule("allow"), good_bots=bots)

    def visit(agent, key, verdict="good_bot"):
        return rules.choose(Facts(agent=agent, verdict=verdict), Keys(address=1, agent=key), table, NOW)

    assert [visit("googlebot", 5).action for _ in range(2)] == ["allow", "rate_limit"]
    assert visit("bingbot", 6).action == "allow"
    assert [visit("robot", 7).action for _ in range(3)] == ["allow", "allow", "rate_limit"]
    assert visit("robot", 7).rule == "agent robot"
    assert visit("googlebot", 5, "unknown").action == "allow", "a name that is not verified is not limited as a bot"


# -- what comes before everything -----------------------------------------------------------------------------------


def test_an_operators_good_word_passes_everything(table):
    rules = policy(rule("block"), rate_limits=(search(match="* /**"),))
    for _ in range(3):
        choice = rules.choose(Facts(method="GET", score=0.99, low=0.95, path="/"), KEYS, table, NOW, status="good")
        assert (choice.rule, choice.action) == ("operator", "allow")


def test_a_refused_session_is_blocked_and_its_cookie_expired(table):
    choice = policy(rule("allow")).choose(Facts(), KEYS, table, NOW, status="refused", is_certain=True)
    assert (choice.rule, choice.action, choice.directive.end_session) == ("refused session", "block", True)


def test_a_held_key_is_blocked_without_ending_a_session(table):
    choice = policy(rule("allow")).choose(Facts(), KEYS, table, NOW, status="held")
    assert (choice.rule, choice.action, choice.directive.end_session) == ("held", "block", False)


def test_a_certainty_comes_before_holds_and_limits(table):
    rules = policy(rule("block", "low >= 0.9", "certain"), rate_limits=(search(match="* /**"),))
    facts = Facts(method="GET", low=0.95, path="/")
    for _ in range(3):
        assert rules.choose(facts, KEYS, table, NOW, status="held", is_certain=True).rule == "certain"
        assert rules.choose(facts, KEYS, table, NOW, status="bad").rule == "certain"


# -- preflight ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "then",
    [BLOCK, Then(action="challenge"), Then(action="decoy"), Then(action="redirect", redirect="https://a"), limited()],
)
def test_no_rule_stops_a_preflight(table, then):
    rules = policy(rule(then, name="hard"))
    for status in ("free", "held", "refused", "bad"):
        for _ in range(3):
            choice = rules.choose(PREFLIGHT, KEYS, table, NOW, status=status, is_certain=True)
            assert choice.rule == "hard"
            assert not choice.is_stopped
            assert not choice.directive.end_session
    assert rules.choose(Facts(method="GET"), KEYS, table, NOW).action == (
        "allow" if then.action == "rate_limit" else then.action
    ), "a preflight draws nothing from a rule's bucket"


def test_a_configured_limit_stops_a_preflight(table):
    rules = policy(rule("allow"), rate_limits=(search(match="* /**"),))
    facts = msgspec.structs.replace(PREFLIGHT, path="/")
    assert [rules.choose(facts, KEYS, table, NOW).action for _ in range(2)] == ["allow", "rate_limit"]


def test_what_a_preflight_is():
    assert is_preflight(PREFLIGHT)
    assert is_preflight(Facts(method="OPTIONS")), "a log without headers"
    assert not is_preflight(Facts(method="OPTIONS", headers=(("origin", "https://a.example"),)))
    assert not is_preflight(msgspec.structs.replace(PREFLIGHT, method="GET"))


def test_an_options_request_that_is_no_preflight_is_stopped(table):
    plain = Facts(method="OPTIONS", headers=(("accept", "*/*"),))
    assert policy(rule("block")).choose(plain, KEYS, table, NOW).is_stopped
