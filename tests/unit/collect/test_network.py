"""What the network says, as numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect.network import language_conflict, proxy_gap, weigh
from vedette.snapshot.networks import KINDS, NOTHING, NetworkFacts


def test_nothing_known_is_unknown_not_innocent() -> None:
    found = weigh(NOTHING)
    assert all(math.isnan(value) for value in (found.hosting, found.anonymous, found.listed))


@pytest.mark.parametrize(
    ("kinds", "hosting", "anonymous"),
    [
        ((), 0.0, 0.0),
        (("hosting",), 1.0, 0.0),
        (("tor",), 0.0, 1.0),
        (("hosting", "vpn"), 0.0, 0.5),
        (("relay",), 0.0, 0.0),
        (("vpn", "proxy"), 0.0, 1.0),
        (("hosting", "relay"), 0.0, 0.0),
    ],
)
def test_a_network_is_weighed_once(kinds: tuple[str, ...], hosting: float, anonymous: float) -> None:
    found = weigh(NetworkFacts(kinds=kinds, is_known=True))
    assert (found.hosting, found.anonymous) == (hosting, anonymous)


def test_nothing_speaks_against_own_networks() -> None:
    found = weigh(NetworkFacts(kinds=("hosting", "tor"), listed=1.0, is_own=True, is_known=True))
    assert (found.hosting, found.anonymous, found.listed) == (0.0, 0.0, 0.0)


def test_a_proxy_shows_in_round_trips() -> None:
    assert proxy_gap(0.02, 0.12) == pytest.approx(0.1)
    assert proxy_gap(0.12, 0.02) == 0.0
    assert math.isnan(proxy_gap(-1.0, 0.1))
    assert math.isnan(proxy_gap(0.1, -1.0))


@pytest.mark.parametrize(
    ("accept", "country", "conflict"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "DE", 0.0),
        ("ru-RU,ru;q=0.9", "DE", 1.0),
        ("ru-RU,ru;q=0.9,en;q=0.1", "DE", 0.0),
        ("*", "DE", 0.0),
        ("fr-CH, fr;q=0.9", "CH", 0.0),
        (", ,", "DE", 0.0),
    ],
)
def test_languages_of_a_country(accept: str, country: str, conflict: float) -> None:
    assert language_conflict(accept, country) == conflict


@pytest.mark.parametrize(("accept", "country"), [("", "DE"), ("de", ""), ("de", "XX")])
def test_a_language_without_a_country_says_nothing(accept: str, country: str) -> None:
    assert math.isnan(language_conflict(accept, country))


@given(st.text(), st.text(max_size=4))
def test_any_header_gives_a_flag_or_nothing(accept: str, country: str) -> None:
    found = language_conflict(accept, country)
    assert math.isnan(found) or found in (0.0, 1.0)


@given(st.lists(st.sampled_from(KINDS), max_size=4), st.floats(0, 1))
def test_weights_stay_between_none_and_one(kinds: list[str], listed: float) -> None:
    found = weigh(NetworkFacts(kinds=tuple(kinds), listed=listed, is_known=True))
    assert 0.0 <= found.hosting <= 1.0
    assert 0.0 <= found.anonymous <= 1.0
    assert found.listed == listed
