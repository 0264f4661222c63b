"""Walks visit what they should, in the order that their name says."""

import random

import pytest

from vedette.simulate.campaigns.walks import WALKS, draw_walk, make_walk


def test_ordered_goes_upward_and_round():
    walk = make_walk("ordered", random.Random(1), 50)
    numbers = [walk(step) for step in range(100)]
    assert all((following - number) % 50 == 1 for number, following in zip(numbers, numbers[1:], strict=False))
    assert numbers[0] < 5


@pytest.mark.parametrize("size", [1, 2, 7, 50, 999, 4096, 5000])
def test_shuffled_visits_each_once_a_round(size):
    walk = make_walk("shuffled", random.Random(2), size)
    assert sorted(walk(step) for step in range(size)) == list(range(size))
    assert [walk(step) for step in range(size, 2 * size)] == [walk(step) for step in range(size)]


def test_shuffled_is_in_no_order():
    walk = make_walk("shuffled", random.Random(3), 20_000)
    steps = [walk(step + 1) - walk(step) for step in range(5000)]
    near = sum(abs(step) <= 2 for step in steps) / len(steps)
    upward = sum(step > 0 for step in steps) / len(steps)
    assert near < 0.01
    assert 0.4 < upward < 0.6
    assert len(set(steps)) > 4000


def test_sampled_comes_back_to_some_and_misses_others():
    walk = make_walk("sampled", random.Random(4), 1000)
    seen = {walk(step) for step in range(1000)}
    assert 580 < len(seen) < 690
    assert max(seen) < 1000


def test_walks_differ_between_generators():
    first, second = (make_walk("shuffled", random.Random(seed), 1000) for seed in (5, 6))
    assert [first(step) for step in range(20)] != [second(step) for step in range(20)]


def test_drawn_walks_are_seldom_ordered():
    rng = random.Random(7)
    drawn = [draw_walk(rng) for _ in range(1000)]
    assert set(drawn) == set(WALKS)
    assert drawn.count("ordered") < 160


def test_mistakes_are_told():
    with pytest.raises(ValueError, match="no walk 'backward'; name one of shuffled, sampled, ordered"):
        make_walk("backward", random.Random(0), 10)
    with pytest.raises(ValueError, match="nothing to walk over"):
        make_walk("ordered", random.Random(0), 0)
