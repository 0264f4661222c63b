"""The judge of the drill: what counts as stopped, and what proves nothing."""

from __future__ import annotations

import importlib

from hypothesis import given
from hypothesis import strategies as st

judge_module = importlib.import_module("bench.drill.judge")
judge, FEWEST, ALLOWED_SHARE = judge_module.judge, judge_module.FEWEST, judge_module.ALLOWED_SHARE

moments = st.lists(st.floats(0, 100, allow_nan=False), max_size=120)


def test_a_tool_that_is_stopped_at_once_meets_its_bound():
    finding = judge([float(n) for n in range(60)], [0.01, 1.01], 2.0)
    assert finding.is_met
    assert (finding.late_sent, finding.late_reached, finding.after_s) == (57, 0, 0.0)


def test_a_tool_that_is_never_stopped_misses_it():
    sent = [n / 10 for n in range(300)]
    finding = judge(sent, [moment + 0.001 for moment in sent], 2.0)
    assert finding.share == 1.0 or abs(finding.share - 1.0) < 0.01
    assert not finding.is_met
    assert finding.after_s is None


def test_one_in_twenty_is_the_limit():
    sent = [0.0] + [3.0 + n / 100 for n in range(100)]
    assert judge(sent, sent[1:6], 2.0).is_met
    assert not judge(sent, sent[1:7], 2.0).is_met


def test_a_tool_that_gave_up_proves_nothing():
    finding = judge([0.0, 0.5, 1.0, *([3.0] * (FEWEST - 1))], [0.0], 2.0)
    assert not finding.is_proven
    assert not finding.is_met


def test_silence_proves_nothing():
    assert not judge([], [], 2.0).is_met


@given(moments, moments, st.floats(0, 50))
def test_counts_add_up_whatever_the_order(sent, reached, within_s):
    finding = judge(sent, reached, within_s)
    assert finding == judge(sent[::-1], sorted(reached), within_s)
    assert (finding.sent, finding.reached) == (len(sent), len(reached))
    assert finding.late_sent <= finding.sent
    if finding.after_s is not None:
        later = judge(sent, reached, finding.after_s)
        assert later.is_met
