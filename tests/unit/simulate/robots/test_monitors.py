from __future__ import annotations

from collections import defaultdict

import pytest

from vedette.simulate.robots.monitors import INTERVALS_S


@pytest.mark.parametrize("count", [60, 1440, 9000])
def test_monitors_check_at_fixed_intervals(robots, count):
    _, made = robots("monitor", count)
    assert len(made) == count
    by_check = defaultdict(list)
    for call, *_ in made:
        by_check[call.truth.session].append(call.at)
    for moments in by_check.values():
        gaps = [later - sooner for sooner, later in zip(moments, moments[1:], strict=False)]
        if gaps:
            usual = min(INTERVALS_S, key=lambda interval: abs(interval - gaps[0]))
            assert all(abs(gap - usual) < 0.1 for gap in gaps), usual


def test_services_check_from_their_ranges_and_what_they_should(robots):
    _, made = robots("monitor", 9000)
    networks, targets = defaultdict(set), set()
    for call, *_ in made:
        networks[call.client.stack.family].add(call.client.network)
        targets.add(call.endpoint or call.path)
    assert networks["pingdom"] == {"bot:pingdom"}
    assert networks["statuscake"] == {"bot:statuscake"}
    assert networks["owner"] == {"datacentre"}
    assert targets == {"home", "health", "/login"}
    assert all(call.method == "GET" for call, *_ in made)
