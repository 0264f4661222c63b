"""Spam is taken for a message most of the time; skewing pushes the same few goods."""

from collections import Counter

import pytest

from vedette.simulate.campaigns.spam import CHANNELS


def never(call):
    return False


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("level", [1, 2, 3])
def test_messages_are_left(duel, channel, level):
    found = duel("spamming", level, never, count=1200, options={"channel": channel})
    left = [(call, reply) for call, reply in found.exchanges if call.endpoint == channel]
    assert {call.truth.threat for call in found.calls} == {"OAT-017"}
    assert len(left) > 60
    kind = "signup" if channel == "signup" else "message"
    accepted = sum(reply.status < 300 for _, reply in left)
    assert found.books.prizes[kind] == accepted
    assert 0.7 < accepted / len(left) < 0.95
    reported = sum(word.outcome == "abuse_report" for call, _ in left for word in call.words)
    assert 0.08 < reported / len(left) < 0.4
    if channel == "signup":
        assert all(any(word.outcome == "signup_completed" for word in call.words) == call.is_right for call, _ in left)


def test_reports_come_hours_later(campaign):
    delays = [word.after_s for call in campaign("spamming", 1, 2000).calls for word in call.words]
    reports = sorted(delay for delay in delays if delay > 10.0)
    assert 3600.0 < reports[len(reports) // 2] < 10 * 3600.0


def test_texts_are_about_as_long_as_reviews(duel):
    found = duel("spamming", 3, never, count=3000, options={"channel": "review"})
    sizes = sorted(call.body_size for call in found.calls if call.endpoint == "review")
    assert 60 < sizes[len(sizes) // 2] < 250
    assert len(set(sizes)) > 15


def test_an_unknown_channel_is_told(duel):
    with pytest.raises(ValueError, match="no channel 'pigeon'; name one of review"):
        duel("spamming", 1, never, options={"channel": "pigeon"})


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("seed", [901, 902, 903])
def test_skewing_pushes_a_few_goods(campaign, level, seed):
    found = campaign("skewing", level, 1000, seed=seed)
    assert {call.truth.threat for call in found.calls} == {"OAT-016"}
    assert not found.books.prizes
    means = Counter(call.endpoint for call in found.calls)
    assert means["product"] + means["events"] > 150
    pushed = Counter(call.path + call.query for call in found.calls if call.endpoint == "product")
    if pushed:
        assert sum(count for _, count in pushed.most_common(10)) > (0.25 if level == 3 else 0.6) * pushed.total()
