"""Walks over ids: as they are named, mostly refused, and won where an object answers."""

import pytest

OPTIONS = {"object": "order"}


def never(call):
    return False


def numbers_of(found):
    """Numbers of the orders that were asked for, in the order of asking."""
    paths = [call.path for call in found.calls if call.endpoint == "order"]
    return [int(path.rpartition("/")[2]) for path in paths]


def walked(duel, level, walk, count=600, seed=900, **options):  # of this seed the shop counts its orders up
    return duel("footprinting", level, never, count=count, seed=seed, options=OPTIONS | {"walk": walk} | options)


def steps_of(numbers):
    return [following - number for number, following in zip(numbers, numbers[1:], strict=False)]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_ordered_goes_upward(duel, level):
    steps = steps_of(numbers_of(walked(duel, level, "ordered")))
    assert len(steps) > 20
    assert sum(0 < step <= 20 for step in steps) > 0.7 * len(steps)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_shuffled_visits_none_twice_and_in_no_order(duel, level):
    numbers = numbers_of(walked(duel, level, "shuffled"))
    steps = steps_of(numbers)
    assert len(set(numbers)) == len(numbers) > 20
    assert sum(abs(step) <= 2 for step in steps) < 0.1 * len(steps)
    assert 0.25 < sum(step > 0 for step in steps) / len(steps) < 0.75


def test_sampled_repeats_itself(duel):
    numbers = numbers_of(walked(duel, 1, "sampled", count=8000, seed=900))
    assert len(numbers) == 8000
    assert sum(abs(step) <= 2 for step in steps_of(numbers)) < 80
    assert max(numbers) - min(numbers) > 4000


@pytest.mark.parametrize("level", [1, 2, 3])
def test_orders_of_others_are_refused_and_a_few_are_not(duel, level):
    found = walked(duel, level, "shuffled", count=3000)
    asked = [(call, reply) for call, reply in found.exchanges if call.endpoint == "order"]
    assert {call.truth.threat for call in found.calls} == {"OAT-018"}
    assert len({reply.status for _, reply in asked if reply.status != 200}) == 1
    assert {reply.status for _, reply in asked} <= {200, 403, 404}
    opened = sum(reply.status == 200 for _, reply in asked)
    assert 0 < opened < 0.08 * len(asked)
    assert found.books.prizes["object"] == opened


def test_products_beyond_the_catalogue_do_not_exist(duel):
    found = duel("footprinting", 1, never, count=3000, options={"object": "product", "walk": "shuffled"})
    statuses = [reply.status for call, reply in found.exchanges if call.endpoint == "product"]
    assert set(statuses) == {200, 404}
    assert statuses.count(404) / len(statuses) == pytest.approx(0.375, abs=0.05)
    ids = {found.world.shop.product_id(number) for number in range(found.world.shop.products)}
    assert {call.prize.partition(":")[2] for call in found.calls if call.prize and call.is_right} <= ids


def test_some_sign_in_before_they_look(campaign):
    signed_in = []
    for seed in range(901, 909):
        places = {call.endpoint for call in campaign("footprinting", 3, 300, seed=seed).calls}
        signed_in.append("login" in places)
    assert True in signed_in and False in signed_in


def test_campaigns_walk_differently(campaign):
    asked = {
        (call.endpoint, call.path)
        for seed in range(901, 905)
        for call in campaign("footprinting", 1, 50, seed=seed).calls[:1]
    }
    assert len(asked) == 4


@pytest.mark.parametrize("options", [{"walk": "backward"}, {"object": "dream"}])
def test_mistakes_are_told(duel, options):
    with pytest.raises(ValueError, match="name one of"):
        duel("footprinting", 1, never, options=options)
