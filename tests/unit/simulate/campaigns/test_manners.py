"""What surrounds an act: a plain script does nothing of it, a good imitation does it all."""

import random

import pytest

from vedette.simulate.calls import Reply
from vedette.simulate.campaigns.manners import come, rest, wander, winning
from vedette.simulate.campaigns.toolkit import Toolkit
from vedette.simulate.people.journey import look_at_product
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World


def visit_of(level, seed=901, **traits):
    part = Part(section="campaigns", kind="carding", name="c", count=100, level=level)
    world = World(Scenario(name="day", start=1_790_553_600.0, parts=(part,)), seed)
    kit = Toolkit(world, part, "OAT-001", is_app=False, **traits)
    return kit, kit.identity(random.Random(seed), world.start)


def made(script):
    calls, reply = [], None
    while True:
        try:
            call = script.send(reply)
        except StopIteration:
            return calls
        calls.append(call)
        reply = Reply(200, call.at + 0.05)


def test_a_plain_script_comes_straight_to_the_point():
    kit, visit = visit_of(1, loads_pages=False)
    now = visit.now
    assert made(come(kit, visit, random.Random(1), number=17)) == []
    assert visit.now == now
    assert made(wander(kit, visit, 3)) == []


def test_a_copy_opens_the_shop_but_not_where_it_is_sent():
    kit, visit = visit_of(2, loads_pages=True)
    calls = made(come(kit, visit, random.Random(1), number=17))
    assert calls[0].endpoint == "home"
    assert "product" not in {call.endpoint for call in calls}
    assert made(wander(kit, visit, 3)) == []


def test_an_imitation_comes_to_a_product_and_looks_around():
    kit, visit = visit_of(3)
    calls = made(come(kit, visit, random.Random(1), number=17))
    assert visit.seen == [17]
    assert "product" in {call.endpoint for call in calls}
    assert visit.now > calls[-1].at
    assert len(made(wander(kit, visit, 3))) >= 3


def test_answers_about_an_object_are_won():
    _, visit = visit_of(3)
    calls = made(winning("object:17", look_at_product(visit, 17)))
    assert {call.endpoint for call in calls if call.prize} <= {"product", "price", "reviews"}
    assert all(call.prize == "object:17" for call in calls if call.endpoint == "product")
    assert len([call for call in calls if call.prize]) >= 1


@pytest.mark.parametrize(("level", "least"), [(1, 0.0), (3, 0.01)])
def test_rests_are_as_long_as_the_level_allows(level, least):
    kit, visit = visit_of(level, gap_s=0.0)
    before = visit.now
    rest(kit, visit, random.Random(1))
    assert visit.now - before >= least
