"""Which segments are identifiers by their look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect.normalize import normal_path
from vedette.collect.templates import MAX_TEMPLATE, is_sluggish, slug, template_of


@pytest.mark.parametrize(
    ("path", "template", "last"),
    [
        ("/mail/anna@example.com", "/mail/{id}", "anna@example.com"),
        ("/orders/2026-01-31", "/orders/{id}", "2026-01-31"),
        ("/t/dGVzdHRva2VuMQ", "/t/{id}", "dGVzdHRva2VuMQ"),
        ("/watch/dQw4w9WgXcQ", "/watch/{id}", "dQw4w9WgXcQ"),
        ("/doi/s0140-6736(04)17579-x", "/doi/{id}", "s0140-6736(04)17579-x"),
        ("/files/deadbeef01", "/files/{id}", "deadbeef01"),
        ("/users/7/orders/9", "/users/{id}/orders/{id}", "9"),
        ("/rpc/getOAuth2Token", "/rpc/getoauth2token", ""),
        ("/rpc/listOrderHistory", "/rpc/listorderhistory", ""),
        ("/api/v2/sign-up", "/api/v2/sign-up", ""),
        ("/c/boots", "/c/boots", ""),
        ("/static/app.js", "/static/{file}.js", ""),
        ("/static/7/app.3f9a1c77.JS", "/static/{id}/{file}.js", "7"),
        ("/logo.png", "/{file}.png", ""),
        ("/docs/readme.html", "/docs/readme.html", ""),
    ],
)
def test_templates(path: str, template: str, last: str) -> None:
    assert template_of(path) == (template, last)


SEGMENTS = st.one_of(
    st.sampled_from(["api", "v1", "{id}", "{slug}", "{file}.js", "a.js", "boots", "7", "x@y.example", "Ab1Cd2Ef3Gh"]),
    st.text(max_size=40),
)


@given(st.lists(SEGMENTS, max_size=30))
def test_the_template_of_a_template_is_itself(parts: list[str]) -> None:
    template, _ = template_of(normal_path("/" + "/".join(parts)))
    assert len(template) <= MAX_TEMPLATE
    if len(template) < MAX_TEMPLATE:  # what is cut may end in another kind of segment
        assert template_of(template) == (template, "")


@pytest.mark.parametrize(
    ("segment", "is_one"),
    [
        ("blue-suede-shoes", True),
        ("red_wine_glasses", True),
        ("crème", True),
        ("faq04.html", True),
        ("a" * 21, True),
        ("boots", False),
        ("sign-up", False),
        ("log_in", False),
    ],
)
def test_titles(segment: str, is_one: bool) -> None:
    assert is_sluggish(segment) == is_one


def test_the_extension_of_a_value_stays() -> None:
    assert slug("apollo-13.html") == "{slug}.html"
    assert slug("blue-shoes") == "{slug}"
    assert slug("release-1.10") == "{slug}"
