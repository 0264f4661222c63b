"""Goods held, goods bought in a second, and queues that are jumped."""

from collections import Counter, defaultdict

import pytest

from vedette.simulate.campaigns.stock import EXPEDITES


def never(call):
    return False


def by_session(found):
    sessions = defaultdict(list)
    for call, reply in found.exchanges:
        sessions[call.truth.session].append((call, reply))
    return sessions.values()


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("seed", [901, 903])
def test_hoarders_fill_carts_and_never_buy(campaign, level, seed):
    found = campaign("inventory_hoarding", level, 1500, seed=seed)
    places = Counter(call.endpoint for call in found.calls)
    assert {call.truth.threat for call in found.calls} == {"OAT-021"}
    assert not places["checkout"] and not places["payment"]
    assert places["cart_add"] > 40
    taken = sum(call.endpoint == "cart_add" and reply.status == 201 for call, reply in found.exchanges)
    assert found.books.prizes["stock"] == taken


@pytest.mark.parametrize("level", [1, 2])
def test_carts_are_renewed_before_they_expire(campaign, level):
    found = campaign("inventory_hoarding", level, 1500, seed=902)
    rests = []
    for calls in by_session(found):
        times = [call.at for call, _ in calls if call.endpoint in ("cart_add", "cart_change")]
        rests += [gap for gap in (b - a for a, b in zip(times, times[1:], strict=False)) if gap > 300.0]
    assert len(rests) > 20
    assert sorted(rests)[len(rests) // 2] < 900.0


def test_a_good_imitation_comes_back_to_its_cart_from_another_address(duel):
    found = duel("inventory_hoarding", 3, never, count=4000, seed=905)
    moved = [
        {call.client.address for call, _ in calls}
        for calls in by_session(found)
        if calls[-1][0].at - calls[0][0].at > 500.0
    ]
    assert len(moved) > 10
    stacks = [len({call.client.stack.name for call, _ in calls}) for calls in by_session(found)]
    assert set(stacks) == {1}


@pytest.mark.parametrize("level", [1, 2, 3])
def test_scalpers_wait_for_the_drop_and_buy_in_a_moment(duel, level):
    found = duel("scalping", level, never, count=2500, options={"drop": "7200", "goods": "1"})
    drop = found.world.start + 3600.0 + 7200.0
    assert {call.truth.threat for call in found.calls} == {"OAT-005"}
    bought = [call.at for call in found.calls if call.endpoint in ("cart_add", "checkout", "payment")]
    assert min(bought) >= drop
    assert sum(at < drop + 60.0 for at in bought) > 0.2 * len(bought)
    assert found.books.prizes["stock"] > 20
    before = Counter(call.endpoint for call in found.calls if call.at < drop)
    assert before["product"] + before["price"] > 200
    orders = [
        payment.at - added.at
        for calls in by_session(found)
        for (added, _), (till, _), (payment, _) in zip(calls, calls[1:], calls[2:], strict=False)
        if (added.endpoint, till.endpoint, payment.endpoint) == ("cart_add", "checkout", "payment")
    ]
    assert len(orders) > 20
    assert sorted(orders)[len(orders) // 2] < 6.0


def test_a_drop_sells_out(duel):
    found = duel("scalping", 2, never, count=3000, options={"drop": "7200"})
    drop = found.world.start + 3600.0 + 7200.0
    added = [(call.at - drop, reply.status == 201) for call, reply in found.exchanges if call.endpoint == "cart_add"]
    early = [taken for after, taken in added if after < 60.0]
    late = [taken for after, taken in added if after > 240.0]
    assert len(early) > 20 and len(late) > 20
    assert sum(early) / len(early) > 0.2 + sum(late) / len(late)


@pytest.mark.parametrize("mode", EXPEDITES)
@pytest.mark.parametrize("level", [1, 2, 3])
def test_expediting_is_faster_than_people(duel, mode, level):
    found = duel("expediting", level, never, count=800, options={"mode": mode})
    places = Counter(call.endpoint for call in found.calls)
    assert {call.truth.threat for call in found.calls} == {"OAT-006"}
    if mode == "queue":
        assert places["waitlist"] > 40 and not places["payment"]
        assert found.books.prizes["token"] == places["waitlist"]
        return
    assert places["payment"] > 20
    assert found.books.prizes["stock"] > 0.8 * places["payment"]
    if mode == "bidding":
        assert places["checkout"] > 1.5 * places["payment"]
    if level < 3:
        assert not places["product"], "no look at anything"


def test_mistakes_are_told(duel):
    with pytest.raises(ValueError, match="no mode 'flying'; name one of funnel"):
        duel("expediting", 1, never, options={"mode": "flying"})
