"""Many matches in drawers find what one after the other finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.collect.matching import INDEXED, Lookup, match_pattern
from vedette.config.schema import Match
from vedette.config.units import parse_match

WORDS = ["api", "v1", "Products", "orders", "straße", "İstanbul", "k", "a", "b"]
MATCHES = st.builds(
    lambda method, host, parts, rest: Match("", method, host, (*parts, *rest)),
    st.sampled_from(["GET", "POST", "*"]),
    st.sampled_from(["", "api.example"]),
    st.lists(st.sampled_from([*WORDS, "{id}", "{x}"]), max_size=4).map(tuple),
    st.sampled_from([(), (), ("**",)]),
)
PATHS = st.lists(st.sampled_from([*WORDS, "PRODUCTS", "STRASSE", "istanbul", "K", "7"]), max_size=5).map(
    lambda parts: "/" + "/".join(parts)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(MATCHES, min_size=INDEXED + 1, max_size=INDEXED + 12), st.lists(PATHS, max_size=20))
def test_drawers_change_nothing(matches: list[Match], paths: list[str]) -> None:
    lookup = Lookup(matches)
    assert lookup._is_indexed
    plain = Lookup(matches)
    plain._is_indexed, plain._all = False, plain._compile(range(len(matches)))
    for path in paths:
        for method in ("GET", "HEAD", "POST"):
            assert lookup.find(method, "api.example", path) == plain.find(method, "api.example", path)


def test_two_thousand_operations_are_told_apart() -> None:
    matches = [parse_match(f"GET /api/v1/r{n // 4}/{{id}}/x{n % 4}") for n in range(2000)]
    lookup = Lookup(matches)
    assert lookup.find("GET", "h", "/api/v1/R377/9/x3") == (377 * 4 + 3, ("9",))
    assert lookup.find("GET", "h", "/api/v1/r500/9/x3") is None
    assert lookup.find("GET", "h", "/" + "a/" * 100) is None


def test_nothing_matches_nothing() -> None:
    assert Lookup([]).find("GET", "h", "/") is None


def test_the_root_has_no_segment() -> None:
    assert match_pattern(parse_match("GET /")) == ("(?:GET|HEAD) [^/ ]*/", ())
    assert Lookup([parse_match("GET /")]).find("GET", "h", "/") == (0, ())
