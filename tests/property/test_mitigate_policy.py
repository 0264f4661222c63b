"""The promises of the shipped policies, and of any policy, over all that can be known about a request."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.config.expressions import Facts
from vedette.config.policies import PRESETS, preset
from vedette.config.schema import Config, Rate, Rule, Then
from vedette.detect.tables import Tables
from vedette.mitigate.policy import Keys, Policy
from vedette.types import STOPPING, Action, Purpose

NOW = 1.7e9
TABLE = Tables.open(shrink=11).limit
POLICIES = {name: Policy.compile(Config(mode="enforce", policy=preset(name), policy_name=name)) for name in PRESETS}
CERTAINTIES = {"good_bot": (0.01, 0.0, 0.02), "bad_bot": (0.99, 0.95, 1.0)}

keys = st.builds(Keys, *[st.integers(1, 2**64 - 1)] + [st.integers(0, 2**64 - 1)] * 5)
methods = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS"])


@st.composite
def facts(draw):
    """A request whose verdict follows from its interval, or from a certainty, as the contract says."""
    low, score, high = sorted(draw(st.lists(st.floats(0, 1), min_size=3, max_size=3)))
    verdict = "bad_bot" if low >= 0.9 else "human" if high <= 0.1 else "unknown"
    certain = draw(st.sampled_from(["", "", "good_bot", "bad_bot"]))
    if certain:
        verdict, (score, low, high) = certain, CERTAINTIES[certain]
    return Facts(
        score=score,
        low=low,
        high=high,
        verdict=verdict,
        endpoint_purpose=draw(st.sampled_from(get_args(Purpose))),
        method=draw(methods),
        path="/a",
        session=draw(st.sampled_from(["", "s"])),
        api_key=draw(st.sampled_from(["", "k"])),
        partner=draw(st.sampled_from(["", "p"])),
        agent="bot" if verdict == "good_bot" else "",
    )


@given(facts(), keys)
def test_balanced_never_hard_stops_an_unknown(known, who):
    choice = POLICIES["balanced"].choose(known, who, TABLE, NOW)
    if known.verdict == "unknown":
        assert choice.action not in ("block", "redirect", "decoy")
        assert choice.action != "challenge" or known.endpoint_purpose == "login"
        assert choice.action != "rate_limit" or known.low >= 0.6


@given(facts(), keys)
def test_balanced_lets_people_through_and_blocks_what_is_certain(known, who):
    choice = POLICIES["balanced"].choose(known, who, TABLE, NOW)
    if known.verdict == "human":
        assert choice.action == "allow"
    if known.verdict == "bad_bot" and known.method != "OPTIONS":
        assert (choice.rule, choice.action) == ("certain", "block")


@given(facts(), keys)
def test_observe_acts_on_nothing(known, who):
    assert POLICIES["observe"].choose(known, Keys(*who[:-1], agent=0), TABLE, NOW).action in (
        "allow",
        "monitor",
    ) or (known.verdict == "good_bot")


@pytest.mark.parametrize("name", PRESETS)
@given(facts(), keys, st.sampled_from(["free", "held", "refused", "bad"]), st.booleans())
def test_no_policy_stops_a_preflight_by_its_score(name, known, who, status, is_certain):
    choice = POLICIES[name].choose(known, who, TABLE, NOW, status=status, is_certain=is_certain)
    if known.method == "OPTIONS" and known.verdict != "good_bot":
        assert not choice.is_stopped


@st.composite
def rules(draw):
    then = draw(st.sampled_from(get_args(Action)))
    when = draw(st.sampled_from(["", "score > 0.5", "low >= 0.6", "verdict == 'human'", "identity.session != ''"]))
    extra = {"rate": Rate(5, 1.0), "key": draw(st.sampled_from(Keys._fields)), "burst": 2}
    return Rule(
        name=draw(st.text(min_size=1, max_size=8)),
        when=when,
        then=Then(action=then, redirect="https://a.example", **(extra if then == "rate_limit" else {})),
        mode=draw(st.sampled_from([None, "monitor"])),
    )


HOLDS = {
    "": lambda f: True,
    "score > 0.5": lambda f: f.score > 0.5,
    "low >= 0.6": lambda f: f.low >= 0.6,
    "verdict == 'human'": lambda f: f.verdict == "human",
    "identity.session != ''": lambda f: f.session != "",
}


@given(st.lists(rules(), max_size=5), facts(), keys, st.sampled_from(["monitor", "enforce"]))
def test_any_policy_is_its_first_match(written, known, who, mode):
    policy = Policy.compile(Config(mode=mode, policy=tuple(written)))
    choice = policy.choose(known, who, Tables.open(shrink=17).limit, NOW)
    first = next((rule for rule in written if HOLDS[rule.when](known)), None)
    if known.verdict == "good_bot":
        assert choice.action != "rate_limit", "one request is within every limit"
    if first is None:
        assert (choice.rule, choice.action, choice.enforced) == ("no rule", "allow", mode == "enforce")
        return
    assert choice.rule == first.name
    assert choice.enforced == (mode == "enforce" and first.mode is None)
    if first.then.action == "rate_limit":
        assert choice.action == "allow"
    elif known.method == "OPTIONS":
        assert choice.action not in STOPPING
    else:
        assert choice.action == first.then.action
