"""Distributions: draws follow their tables, and the tables say what the real logs said."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.simulate.shapes import Shape, load_shapes

SHAPES = load_shapes()


@pytest.mark.parametrize("name", sorted(SHAPES.shapes))
def test_a_table_rises_and_names_its_source(name):
    shape = SHAPES[name]
    assert len(shape.quantiles) >= 101
    assert list(shape.quantiles) == sorted(shape.quantiles)
    assert "n = " in shape.source and len(shape.source) > 20


@pytest.mark.parametrize("name", sorted(SHAPES.shapes))
def test_draws_follow_the_table(name):
    """The largest distance between the shares below a value, drawn and in the table (Kolmogorov-Smirnov)."""
    shape, rng = SHAPES[name], random.Random(name)
    drawn = sorted(shape.draw(rng) for _ in range(8000))
    steps = len(shape.quantiles) - 1
    for value in shape.quantiles[1:-1:5]:
        low, high = bisect_left(shape.quantiles, value) / steps, bisect_right(shape.quantiles, value) / steps
        slack = 0.02 + 2 / steps
        below, up_to = bisect_left(drawn, value) / len(drawn), bisect_right(drawn, value) / len(drawn)
        assert below <= high + slack and up_to >= low - slack, (name, value)


@given(st.floats(0.0, 1.0, exclude_max=True), st.sampled_from(sorted(SHAPES.shapes)))
def test_a_draw_is_in_the_range_and_rises_with_its_chance(chance, name):
    shape = SHAPES[name]
    value = shape.at(chance)
    assert shape.quantiles[0] <= value <= shape.quantiles[-1] * (1 + 1e-12)
    assert shape.at(min(chance + 0.01, 1.0)) >= value * (1 - 1e-12)
    if shape.is_whole:
        assert value == int(value)


def test_between_quantiles_the_logarithm_is_interpolated():
    shape = Shape((1.0, 100.0), False, "")
    assert shape.at(0.5) == pytest.approx(10.0)
    assert Shape((0.0, 10.0), False, "").at(0.5) == pytest.approx(5.0)
    assert shape.at(0.0) == 1.0 and shape.at(1.0) == 100.0
    assert Shape((1.0, 3.0, 9.0), True, "").at(0.75) == 5.0


def test_the_tables_say_what_was_published_about_the_logs():
    assert SHAPES["shop_pages"].at(0.5) == 20
    assert SHAPES["shop_pages"].at(0.95) == pytest.approx(117, abs=3)
    assert SHAPES["click_gap_s"].at(0.5) == pytest.approx(30, abs=1)
    assert SHAPES.figures["product_share"] == pytest.approx(0.918, abs=0.002)
    assert SHAPES.figures["buying_sessions"] == pytest.approx(0.155, abs=0.002)
    assert SHAPES.figures["failed_logins_attack"] == pytest.approx(0.66, abs=0.01)
    assert SHAPES["addresses_per_login"].at(0.4) == 1 and SHAPES["addresses_per_login"].at(0.6) >= 2


def test_the_day_has_a_night():
    hours = [SHAPES.day_curve(hour) for hour in range(24)]
    assert sum(hours) / 24 == pytest.approx(1.0, abs=0.01)
    assert min(hours[1:6]) < 0.2 and max(hours[9:18]) > 2.0
    assert SHAPES.day_curve(23.5) == pytest.approx((hours[23] + hours[0]) / 2)
    assert SHAPES.day_curve(24.0) == hours[0] and SHAPES.day_curve(10.25) == pytest.approx(
        0.75 * hours[10] + 0.25 * hours[11]
    )


def test_words_are_lists_without_repeats():
    for name, least in (("given_names", 1500), ("surnames", 2500), ("passwords", 500), ("mail_domains", 25)):
        assert len(SHAPES.words[name]) >= least
        assert len(set(SHAPES.words[name])) == len(SHAPES.words[name])
    assert SHAPES.words["passwords"][0] == "123456"
    assert len(SHAPES.shares["mail_domains"]) == len(SHAPES.words["mail_domains"])
    assert sum(SHAPES.shares["mail_domains"]) == pytest.approx(1.0, abs=0.001)


def test_the_same_seed_draws_the_same():
    shape = SHAPES["think_s"]
    assert [shape.draw(random.Random(4)) for _ in range(3)] == [shape.draw(random.Random(4))] * 3
