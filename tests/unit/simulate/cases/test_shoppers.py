from __future__ import annotations

import random

import pytest

from vedette.simulate.cases.shoppers import account, app, browser, hours_of, moments, requests, shop, visit
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

PART = Part(section="cases", kind="office", name="mine", count=1)
DAY = 86_400.0


@pytest.fixture
def world():
    return World(Scenario(name="mine", parts=(PART,)), 3)


def test_moments_are_in_order_and_within():
    rng = random.Random(1)
    found = moments(300, lambda: rng.gauss(50.0, 60.0), 0.0, 100.0)
    assert found == sorted(found)
    assert len(found) == 300
    assert 0.0 <= found[0] <= found[-1] < 100.0


@pytest.mark.parametrize(
    ("begin", "end", "wanted"),
    [
        (0.0, DAY, [32_400.0]),
        (10 * 3600.0, 3 * DAY, [DAY + 32_400.0, 2 * DAY + 32_400.0]),
        (10 * 3600.0, 12 * 3600.0, [10.6 * 3600.0]),
    ],
)
def test_an_hour_is_found_in_the_span_or_a_moment_instead(begin, end, wanted):
    assert hours_of(begin, end, 9.0) == pytest.approx(wanted)


def test_people_work_from_monday_to_friday():
    monday = 4 * DAY  # 1970-01-05
    assert len(hours_of(monday, monday + 14 * DAY, 9.0, at_work=True)) == 10
    saturday = monday + 5 * DAY
    assert hours_of(saturday, saturday + DAY, 9.0, at_work=True) == [saturday + 32_400.0]


def test_visits_have_lengths_as_in_real_logs_but_bounded(world):
    rng = random.Random(2)
    found = [requests(world, rng, 60) for _ in range(2000)]
    assert min(found) == 3
    assert max(found) == 60
    assert 8 <= sorted(found)[1000] <= 20


def test_accounts_exist(world):
    everybody = {world.shop.account(number) for number in range(world.shop.accounts)}
    assert all(account(world, random.Random(number)) in everybody for number in range(20))


def test_an_app_names_its_device_and_a_browser_may_have_a_cookie(world):
    rng = random.Random(3)
    phone = app(world, rng)
    assert ("x-device-id", phone.device) in phone.extra
    stack = world.stacks.draw(rng)
    known = [browser(world, rng, stack, world.address(rng, "home"), known=0.5).cookie for _ in range(100)]
    assert 25 < sum(map(bool, known)) < 75
    assert all(cookie.startswith(f"{world.shop.cookie}=") for cookie in known if cookie)


def test_a_visit_is_of_a_person_in_the_segment_of_its_case(world):
    rng = random.Random(4)
    made = visit(world, PART, rng, app(world, rng), 7, world.start)
    assert (made.truth.actor, made.truth.session, made.truth.segment) == ("human", "mine-7", "mine")
    script = shop(world, made, most=20)
    call, count = next(script), 1
    while call is not None:
        try:
            call = script.send(world.shop.answer(call))
            count += 1
        except StopIteration:
            break
    assert 2 <= count
