"""The simple subset: what is translated and what is left to CEL. Equality with CEL is a property test."""

from __future__ import annotations

import pytest

from vedette.config.expressions import WHEN_NAMES, Facts
from vedette.config.translate import translate

SCALARS = {name: attribute for name, (attribute, kind) in WHEN_NAMES.items() if "(" not in kind}
LISTS = {"reasons": "reasons"}


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("score >= 0.8 && endpoint.purpose == 'login'", True),
        ("!(score >= 0.8) || low < -0.5", False),
        ("endpoint.purpose in ['search', 'login']", True),
        ("endpoint.purpose in []", False),
        ("'velocity' in reasons", True),
        ("request.path.startsWith('/api') && !request.path.endsWith('.js') && request.path.contains('log')", True),
        ("asn == -1 || asn in [64496, 64497]", True),
        ("score > low", True),
        ("0.5 < score", True),
        ("true && !false", True),
        ("((score == 0.9))", True),
    ],
)
def test_simple_expressions_become_python(source, answer):
    run = translate(source, SCALARS, LISTS)
    facts = Facts(score=0.9, low=0.5, asn=64496, endpoint_purpose="login", path="/api/login", reasons=("velocity",))
    assert run is not None
    assert run(facts) is answer


@pytest.mark.parametrize(
    "source",
    [
        "request.header['a'] == 'b'",
        "request.path.matches('a')",
        "request.path.size() > 3",
        "score > 0.5 ? true : false",
        "score > 0.1 + 0.2",
        "verdict == 'a\\'b'",
        "verdict == '''a'''",
        "verdict == r'a'",
        "verdict < 'b' == true",
        "(score > 0.5) == true",
        "!verdict.contains('a') == true",
        "reasons.exists(r, r == 'a')",
        "reasons == ['a']",
        "asn == 0x10",
        "score > 5e-1",
        "score > .5",
        "true // a comment",
        "score in [0.1,]",
        "score in [low]",
        "verdict in verdict",
        "verdict == 'a' 'b'",
        "score > 0.5 &&",
        "__import__('os')",
        "f.score > 0.5",
        "(" * 40 + "true" + ")" * 40,
        "!!true",
        "",
    ],
)
def test_the_rest_is_left_to_cel(source):
    assert translate(source, SCALARS, LISTS) is None
