from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.gather.answers import Answers
from vedette.snapshot.findings import Finding

STANDINGS = st.sampled_from(["verified", "forged", "unverifiable"])
PUTS = st.lists(st.tuples(st.integers(0, 40), STANDINGS, st.floats(0, 100)), max_size=200)


def test_an_answer_counts_until_it_is_old():
    answers = Answers({1: Finding("verified", 10.0), 2: Finding("forged", 10.0)})
    assert answers.get(1, 9.0) == Finding("verified", 10.0) and answers.get(2, 9.0) == Finding("forged", 10.0)
    assert answers.get(1, 10.0) is answers.get(2, 10.0) is answers.get(3, 0.0) is None
    assert answers.was_verified(1) and not answers.was_verified(2)


def test_a_later_answer_replaces_an_earlier_one():
    answers = Answers()
    answers.put(1, Finding("verified", 10.0))
    answers.put(1, Finding("forged", 20.0))
    assert answers.all() == {1: Finding("forged", 20.0)} and not answers.was_verified(1)
    answers.put(1, Finding("verified", 30.0))
    assert answers.all() == {1: Finding("verified", 30.0)}


def test_forgers_push_out_forgers_alone():
    answers = Answers(most=20)
    for place in range(5):
        answers.put(place, Finding("verified", 1e9))
    for place in range(100, 1100):
        answers.put(place, Finding("forged", 1e9))
    assert [place for place in range(5) if answers.get(place, 0.0)] == [0, 1, 2, 3, 4]
    assert sorted(answers.all()) == [0, 1, 2, 3, 4, *range(1090, 1100)]


def test_what_is_old_is_forgotten_and_the_true_are_remembered_longer():
    answers = Answers({1: Finding("verified", 10.0), 2: Finding("forged", 10.0), 3: Finding("forged", 50.0)})
    assert not answers.tidy(9.0)
    assert answers.tidy(10.0) and sorted(answers.all()) == [1, 3]
    assert not answers.tidy(10.0)
    assert answers.tidy(10.0 + 86_400.0) and len(answers) == 0


@given(PUTS)
def test_memory_is_bounded_and_the_last_answer_wins(puts):
    answers, last = Answers(most=20), {}
    for place, standing, until in puts:
        answers.put(place, Finding(standing, until))
        last[place] = Finding(standing, until)
    assert len(answers) <= 20
    assert all(last[place] == finding for place, finding in answers.all().items())
    assert Answers(answers.all(), most=20).all() == answers.all()
