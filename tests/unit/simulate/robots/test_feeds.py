from __future__ import annotations

from collections import defaultdict


def test_a_reader_polls_at_its_own_interval_and_mostly_nothing_has_changed(robots):
    _, made = robots("feed_reader", 900)
    assert len(made) == 900
    assert {call.endpoint for call, *_ in made} == {"feed"}
    by_reader = defaultdict(list)
    for call, *_ in made:
        by_reader[call.truth.session].append(call.at)
    for moments in by_reader.values():
        gaps = [later - sooner for sooner, later in zip(moments, moments[1:], strict=False)]
        assert not gaps or 880.0 < min(gaps) <= max(gaps) < 3630.0
        assert not gaps or max(gaps) - min(gaps) < 20.0
    unchanged = [reply.status == 304 for _, reply, *_ in made]
    assert 0.7 < sum(unchanged) / len(unchanged) < 0.98


def test_304_answers_only_those_who_name_what_they_have(robots):
    _, made = robots("feed_reader", 400)
    for _, reply, _, headers in made:
        assert reply.status in (200, 304)
        assert reply.status == 200 or "if-none-match" in headers
    asked = [headers for _, reply, _, headers in made if reply.status == 200]
    assert any("if-none-match" in headers for headers in asked), "the feed changed"


def test_readers_are_services_and_apps_at_home(robots):
    _, made = robots("feed_reader", 2000)
    assert {call.client.network for call, *_ in made} == {"datacentre", "home"}
