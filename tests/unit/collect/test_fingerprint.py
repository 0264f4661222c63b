"""Stable keys."""

from __future__ import annotations

import pytest

from vedette.collect.fingerprint import order_of, stable_ja4


def test_resumption_and_grease_do_not_change_the_key() -> None:
    first = stable_ja4("t13d1516h2_8daaf6152771_e5627efa2ab1")
    assert first == stable_ja4("t13d1517h2_8daaf6152771_aaaaaaaaaaaa")
    assert first != stable_ja4("t13d1516h1_8daaf6152771_e5627efa2ab1")
    assert first != stable_ja4("t13d1516h2_000000000000_e5627efa2ab1")


@pytest.mark.parametrize(
    "text", ["", "FAKE", "t13d1516h2_8daaf6152771", "t13d1516h2_8daaf6152771_e5627efa2ab1\n", "x" * 999]
)
def test_what_is_no_ja4_has_no_key(text: str) -> None:
    assert stable_ja4(text) == ""


def test_headers_of_the_call_do_not_count() -> None:
    assert order_of(("cookie", "user-agent", "x-anything", "content-length", "accept-language")) == (
        "user-agent,accept-language"
    )
