"""Simple rules run as Python; whatever they say, CEL says the same."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from vedette.config.expressions import WHEN_NAMES, Facts, _check, as_cel, compile_when
from vedette.config.translate import translate

SCALARS = {name: attribute for name, (attribute, kind) in WHEN_NAMES.items() if "(" not in kind}
KINDS = {name: kind for name, (_, kind) in WHEN_NAMES.items()}
DOUBLES = [name for name, kind in KINDS.items() if kind == "double"]
INTS = [name for name, kind in KINDS.items() if kind == "int"]
STRINGS = [name for name, kind in KINDS.items() if kind == "string"]

# few values, so that comparisons are often equal
words = st.sampled_from(["", "a", "ab", "b", "login", "\u00e9", "\uffff", "\U0001f600", "A b"])
doubles = st.sampled_from([0.0, -0.0, 0.1, 0.5, 0.9, 1.0, -1.5, 1e9, float("nan"), float("inf"), 0.1 + 0.2])
ints = st.sampled_from([0, 1, -1, 64496, 2**63 - 1, -(2**63)])
facts = st.builds(
    Facts,
    score=doubles, low=doubles, high=doubles, labels=ints, asn=ints,
    reasons=st.lists(words, max_size=3).map(tuple),
    verdict=words, threat=words, campaign=words, endpoint_name=words, endpoint_purpose=words, method=words, path=words,
    host=words, country=words, session=words, device=words, api_key=words, agent=words, partner=words,
    address_kind=words,
)  # fmt: skip
double_texts = st.sampled_from(["0.0", "0.1", "0.5", "0.9", "1.0", "-1.5", "1.0e9", "0.30000000000000004", "-0.0"])
int_texts = st.sampled_from(["0", "1", "-1", "64496", "9223372036854775807", "-9223372036854775808"])
string_texts = st.one_of(words.map(lambda word: f"'{word}'"), words.map(lambda word: f'"{word}"'))
comparisons = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
blanks = st.sampled_from(["", " ", "  ", "\n", "\t"])


def _relations(names, texts):
    name = st.sampled_from(names)
    side = st.one_of(name, texts)
    return st.one_of(
        st.tuples(side, blanks, comparisons, blanks, side).map("".join),
        st.tuples(name, st.just(" in ["), st.lists(texts, max_size=4).map(", ".join), st.just("]")).map("".join),
    )


calls = st.builds(
    lambda name, method, text: f"{name}.{method}({text})",
    st.sampled_from(STRINGS), st.sampled_from(["startsWith", "endsWith", "contains"]), string_texts,
)  # fmt: skip
atoms = st.one_of(
    _relations(DOUBLES, double_texts),
    _relations(INTS, int_texts),
    _relations(STRINGS, string_texts),
    calls,
    string_texts.map(lambda text: f"{text} in reasons"),
    st.sampled_from(STRINGS).map(lambda name: f"{name} in reasons"),
    st.sampled_from(["true", "false"]),
)
sources = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, blanks, st.sampled_from(["&&", "||"]), blanks, inner).map("".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"!({text})"),
    ),
    max_leaves=8,
)


@given(sources, facts)
@example("score >= 0.8 && endpoint.purpose == 'login'", Facts(score=0.8, endpoint_purpose="login"))
@example("true || false && false", Facts())
@example("!(score < 0.5)", Facts(score=float("nan")))
@example("low in [0.0]", Facts(low=-0.0))
@example("verdict == '//'", Facts(verdict="//"))
def test_python_says_what_cel_says(source, known):
    quick = translate(source, SCALARS, {"reasons": "reasons"})
    assert quick is not None, "the strategy makes simple expressions only"
    slow = as_cel(_check(source, "when"), WHEN_NAMES)
    assert quick(known) is slow(known)


@given(
    st.lists(
        st.sampled_from(
            ["score", "verdict", "reasons", "0.5", "'a'", "1", "-", "(", ")", "[", "]", "!", "&&", "||", "==", "<", "in",
             ",", "true", ".", "startsWith", "contains", "request.header", "?", ":", "+", "''", '"', "'", "\\", "//", "r"]
        ),
        min_size=1,
        max_size=12,
    ).map(" ".join),
    facts,
)  # fmt: skip
def test_whatever_compiles_runs_alike_both_ways(source, known):
    """Also what the strategy above would never write: if both ways take it, they agree."""
    try:
        program = _check(source, "when")
    except ValueError:
        return
    quick = translate(source, SCALARS, {"reasons": "reasons"})
    if quick is not None:
        assert quick(known) is as_cel(program, WHEN_NAMES)(known)


@given(st.text(max_size=60))
def test_compiling_anything_answers_or_names_a_position(source):
    try:
        compiled = compile_when(source)
    except ValueError as error:
        line, column, _ = str(error).split(":", 2)
        assert int(line) >= 1
        assert int(column) >= 1
    else:
        assert compiled.evaluate(Facts()) in (True, False)


@given(
    st.text(max_size=20),
    st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=4).map(tuple),
)
def test_no_request_makes_a_rule_fail(path, headers):
    """A client chooses path and headers: a rule that does not ask for a missing one never errs."""
    rule = compile_when("request.path.size() >= 0 && request.header.size() >= 0 && !('x-none' in request.header)")
    known = Facts(path=path, headers=tuple((name, value) for name, value in headers if name != "x-none"))
    assert (rule.evaluate(known), rule.errors) == (True, 0)
