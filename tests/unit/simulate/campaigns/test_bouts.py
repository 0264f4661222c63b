"""Bouts: a rate is kept, the budget is shared out, and who means to stay is not hurried."""

import random

import pytest

from vedette.simulate.campaigns.bouts import draw_rate, run_in_bouts
from vedette.simulate.play import play
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

HOUR = 3600.0


def one_call(kit, visit, rng):
    yield from visit.do("price", number=kit.left)


def bouts_of(count=900, hours=12.0, rate=5.0, level=1, seed=901, retool_s=0.0, options=None, **how):
    part = Part(
        section="campaigns", kind="price_scraping", name="p", count=count, level=level, lasts_s=hours * HOUR,
        retool_s=retool_s, options=options or {},
    )  # fmt: skip
    world = World(Scenario(name="day", start=1_790_553_600.0, parts=(part,)), seed)
    arrivals = run_in_bouts(world, part, "OAT-011", one_call, random.Random(seed), rate, **how)
    return world, [call.at - world.start for call, _ in play(arrivals, world.shop.answer, world.end)]


def gaps(times):
    return [following - time for time, following in zip(times, times[1:], strict=False)]


def test_one_bout_keeps_its_rate():
    _, times = bouts_of(rate=5.0)
    assert len(times) == 900
    assert 100.0 < times[-1] - times[0] < 260.0


def test_bouts_lie_apart_and_share_the_budget():
    _, times = bouts_of(count=901, bouts=3, workers=1, activity="steady")
    breaks = [gap for gap in gaps(times) if gap > 900.0]
    assert len(breaks) == 2
    assert 880 <= len(times) <= 901


def test_short_times_have_fewer_bouts():
    _, times = bouts_of(count=400, hours=0.5, bouts=6, activity="steady")
    assert max(gaps(times)) < 60.0
    assert times[-1] < 0.5 * HOUR


@pytest.mark.parametrize("how", [{"rate": 0.0}, {"options": {"rate": "0"}}, {"retool_s": HOUR}])
def test_without_a_rate_it_takes_all_its_time(how):
    _, times = bouts_of(**how, activity="steady")
    assert times[-1] - times[0] > 10.0 * HOUR


def test_the_scenario_may_say_the_rate():
    _, times = bouts_of(rate=20.0, options={"rate": "0.5"}, activity="steady")
    assert 1500.0 < times[-1] - times[0] < 2400.0


def test_drawn_rates_are_spread_over_the_whole_range():
    rng = random.Random(1)
    rates = sorted(draw_rate(rng, 1.0, 16.0) for _ in range(2000))
    assert rates[0] >= 1.0 and rates[-1] <= 16.0
    assert rates[1000] == pytest.approx(4.0, rel=0.15)


def test_bouts_share_their_tools_but_not_their_chance():
    part = Part(section="campaigns", kind="flood", name="p", count=300, level=1, lasts_s=12 * HOUR)
    world = World(Scenario(name="day", start=1_790_553_600.0, parts=(part,)), 901)
    drawn, agents = [], set()

    def draw(kit, visit, rng):
        drawn.append(rng.random())
        agents.add(visit.client.stack.user_agent)
        yield from visit.do("home")

    arrivals = run_in_bouts(world, part, "OAT-015", draw, random.Random(1), 5.0, bouts=3)
    assert len(list(play(arrivals, world.shop.answer, world.end))) > 280
    assert len(set(drawn)) == len(drawn)
    assert len(agents) <= 2
