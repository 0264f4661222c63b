"""Languages: written as each family of browsers writes them, drawn by the country's shares."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from vedette.simulate.languages import draw_language, written
from vedette.simulate.reading import read_data

GERMAN = ["de-DE", "de", "en-US", "en"]


@pytest.mark.parametrize(
    ("family", "is_shared_out", "text"),
    [
        ("chrome", False, "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"),
        ("safari", False, "de-DE,de;q=0.9"),
        ("safari_ios", False, "de-DE,de;q=0.9"),
        ("firefox", True, "de,en-US;q=0.7,en;q=0.3"),
        ("firefox", False, "de,en-US;q=0.9,en;q=0.8"),
    ],
)
def test_families_write_their_own_way(family, is_shared_out, text):
    assert written(GERMAN, family, is_shared_out=is_shared_out) == text


def test_old_and_new_firefox_differ():
    found = {
        major: {draw_language(random.Random(seed), "US", "firefox", major) for seed in range(300)}
        for major in (140, 156)
    }
    assert "en-US,en;q=0.5" in found[140] and "en-US,en;q=0.9" in found[156]


def test_tor_tells_nothing():
    assert {draw_language(random.Random(seed), "DE", "tor", 140) for seed in range(50)} == {"en-US,en;q=0.5"}


def test_shares_of_a_country_are_whole():
    for country, found in read_data("languages.json").items():
        assert sum(share for _, share in found) == pytest.approx(1.0, abs=0.01), country


def test_people_speak_the_language_of_their_country():
    rng = random.Random(1)
    german = Counter(draw_language(rng, "DE", "chrome")[:2] for _ in range(2000))
    assert german["de"] > 1600 and len(german) > 3
    assert draw_language(rng, "ZZ", "chrome") == "en-US,en;q=0.9"
