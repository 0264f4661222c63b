"""The rule language: what it sees, what it refuses and where, and that a client cannot make a rule fail."""

from __future__ import annotations

import pytest

from vedette.config.expressions import Facts, compile_expected, compile_success, compile_when
from vedette.config.policies import PRESETS, preset
from vedette.types import Answer


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("score >= 1", '1:7: ">=" does not go with double, int; write a decimal'),
        ("score in [1]", '1:7: "in" does not go with double, list'),
        ("score = 0.5", '1:7: unexpected "="; write "=="'),
        ("score => 0.5", '1:7: unexpected "=>"; write ">="'),
        ("score > 0.5 and low > 0.1", '1:13: unexpected "and"; write "&&"'),
        ("low > 0.1 &&\n  scor > 0.5", '2:3: unknown name "scor" (did you mean "score"?)'),
        ("purpose == 'login'", '1:1: unknown name "purpose" (did you mean "endpoint.purpose"?)'),
        ("verdict == human", "1:12: unknown name \"human\" (a text is quoted: 'human'"),
        ("verdict == 'human", "1:12: a text that does not end"),
        ("request.path.matches('(')", "1:22: invalid regular expression"),
        ("score >", "1:8: ends too early"),
        ("", "1:1: empty"),
        ("  \n", "1:1: empty"),
        ("asn", "1:1: must be true or false, is a int"),
        ("dyn(verdict)", "1:1: must be true or false"),
        ("x" * 5000, "1:1: longer than 4096"),
        ("true\x00", "1:5: a character"),
        ("true\ud800", "1:5: a character"),
        ("(" * 300 + "true" + ")" * 300, "1:1: nested too deeply"),
    ],
)
def test_mistakes_have_a_position_and_a_fix(source, said):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the text is compared below
        compile_when(source)
    assert str(caught.value).startswith(said)


def test_each_place_sees_its_own_names():
    assert compile_success("status == 200 && header['content-type'].startsWith('application/json')").names == {
        "status",
        "header",
    }
    assert compile_expected("request.header['user-agent'].startsWith('ShopApp/')").names == {"request.header"}
    for compile_one, source in (
        (compile_expected, "score > 0.5"),
        (compile_success, "score > 0.5"),
        (compile_when, "status == 200"),
    ):
        with pytest.raises(ValueError, match="unknown name"):
            compile_one(source)


def test_success_is_asked_of_an_answer():
    answer = Answer(timestamp=0.0, id="a", status=200, headers=((":authority", "x"), ("content-type", "text/html")))
    assert compile_success("status == 200").evaluate(answer)
    assert compile_success("header['content-type'] == 'text/html' && !(':authority' in header)").evaluate(answer)


def test_a_missing_header_is_false_and_counted():
    rule = compile_when("request.header['x-app'] == '1'")
    assert [rule.evaluate(Facts()), rule.errors] == [False, 1]
    assert rule.evaluate(Facts(headers=(("x-app", "1"),)))
    careful = compile_when("!('x-app' in request.header)")
    assert (careful.evaluate(Facts(headers=None)), careful.errors) == (True, 0)


def test_repeated_headers_are_joined():
    facts = Facts(headers=(("via", "a"), ("via", "b")))
    assert compile_when("request.header['via'] == 'a, b'").evaluate(facts)


@pytest.mark.parametrize("odd", ["\udcff", "a\0b", "\ud800\udfff", "\U0010ffff"])
def test_odd_characters_of_a_client_do_not_make_a_rule_fail(odd):
    facts = Facts(path="/" + odd, headers=(("user-agent", odd + "curl"), (odd, odd)))
    rule = compile_when("request.header['user-agent'].contains('curl') && request.path.size() > 0")
    assert (rule.is_simple, rule.evaluate(facts), rule.errors) == (False, True, 0)
    assert compile_when("request.path.startsWith('/')").evaluate(facts)


def test_a_value_that_cel_cannot_hold_counts_as_an_error():
    rule = compile_when("asn == 1 ? true : false")
    assert (rule.evaluate(Facts(asn=1 << 70)), rule.errors) == (False, 1)


def test_names_inside_a_text_are_not_names():
    assert compile_when("verdict == 'low'").names == {"verdict"}
    assert compile_when("request.header['score'].size() > 0").names == {"request.header"}


def test_shipped_rules_are_simple():
    """Every request meets every rule, so none of them may need the slow way."""
    for name in PRESETS:
        rules = preset(name)
        assert [rule.name for rule in rules if rule.when and not compile_when(rule.when).is_simple] == []
        assert (rules[-1].when, rules[-1].then.action) == ("", "allow")


def test_repr_shows_the_source():
    assert repr(compile_when("true")) == "Expression('true')"
