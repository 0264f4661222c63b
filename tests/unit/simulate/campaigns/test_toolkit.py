"""The framework of campaigns: budget, identities, retooling, and what it costs."""

from __future__ import annotations

from collections import defaultdict

import pytest

from vedette.simulate.calls import Reply
from vedette.simulate.campaigns.toolkit import Toolkit, run
from vedette.simulate.play import play
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

MIDNIGHT = 1_790_553_600.0
HOUR = 3600.0


def make(level=1, count=1000, seed=901, scale=1.0, hours=6.0, **how):
    part = Part(
        section="campaigns",
        kind="pricing",
        name="pricing",
        count=count,
        level=level,
        at_s=HOUR,
        lasts_s=hours * HOUR,
        **how,
    )
    return World(Scenario(name="day", start=MIDNIGHT, parts=(part,)), seed, scale), part


def look(kit, visit, rng):
    """An act of some calls."""
    yield from kit.arrive(visit, rng)
    for number in range(3):
        yield from visit.do("price", after=kit.gap(rng), number=number, prize=f"object:{rng.random()}")


def played(world, part, answer=None, act=look, **how):
    kit = Toolkit(world, part, "OAT-011", **how)
    calls = []
    for call, reply in play(run(world, part, "OAT-011", act, kit), answer or world.shop.answer, world.end):
        world.ledger.add(call, reply)
        calls.append(
            (call.at, call.endpoint, call.path, call.truth, call.client.address, call.client.ja4, call.headers)
        )
    return kit, calls


def stopped(call):
    return Reply(403, call.at + 0.002, is_stopped=True)


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("seed", [901, 902, 903, 904])
def test_the_budget_is_spent_to_the_request_and_spread_over_the_time(level, seed):
    world, part = make(level, 1500, seed)
    kit, calls = played(world, part)
    assert 1500 - 5 <= len(calls) <= 1500
    assert kit.left == 1500 - len(calls)
    assert calls[0][0] >= MIDNIGHT + HOUR
    assert calls[-1][0] < MIDNIGHT + 7 * HOUR + 600  # a visit under way may end after it
    assert calls[-1][0] - calls[0][0] > 3 * HOUR


def test_the_scale_of_the_world_is_that_of_the_budget():
    world, part = make(1, 1000, scale=0.25)
    assert len(played(world, part)[1]) == 250


def test_what_cannot_be_done_by_one_worker_is_done_by_more():
    world, part = make(1, 30_000, hours=0.5)
    kit, calls = played(world, part, workers=1)
    assert len(calls) == 30_000
    assert len({truth.session for _, _, _, truth, *_ in calls}) > 1


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_same_seed_gives_the_same_calls(level):
    first, second = (played(*make(level, 600))[1] for _ in range(2))
    assert first == second
    assert first != played(*make(level, 600, seed=905))[1]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_truth_names_campaign_family_threat_and_level(level):
    for _, _, _, truth, *_ in played(*make(level, 300))[1]:
        assert (truth.actor, truth.campaign, truth.segment) == ("bad_bot", "pricing", "pricing")
        assert (truth.threat, truth.level) == ("OAT-011", level)
        assert truth.session.startswith("pricing-")


def test_addresses_by_level():
    counts = {}
    for level in (1, 2, 3):
        counts[level] = [len({call[4] for call in played(*make(level, 900, seed))[1]}) for seed in range(901, 907)]
    assert max(counts[1]) <= 5
    assert min(counts[2]) >= 20
    assert all(count > 50 for count in counts[3])


def test_at_the_third_level_an_address_makes_one_short_visit():
    for seed in range(901, 907):
        kit, calls = played(*make(3, 900, seed), is_app=False)
        by_address = defaultdict(set)
        for _, _, _, truth, address, *_ in calls:
            by_address[address].add(truth.session)
        assert sum(len(sessions) == 1 for sessions in by_address.values()) > 0.7 * len(by_address)
        assert ("moving" in kit.traits.tells) == (len(by_address) > 0.8 * len(calls))


def test_a_campaign_without_tells_looks_at_pages_with_their_files():
    kit, calls = played(*make(3, 900), is_app=False, loads_pages=True, loads_assets=True, even_gaps=False)
    assert {"home", "asset", "bootstrap"} <= {endpoint for _, endpoint, *_ in calls}
    kit, calls = played(*make(3, 900), is_app=False, loads_pages=True, loads_assets=False)
    assert "asset" not in {endpoint for _, endpoint, *_ in calls}


def test_a_campaign_that_opens_no_pages_says_all_the_same_where_it_has_been():
    _, calls = played(*make(3, 300), is_app=False, loads_pages=False)
    assert {endpoint for _, endpoint, *_ in calls} == {"price"}
    for *_, headers in calls:
        assert {"referer", "cookie"} <= {name.lower() for name, _ in headers}


def test_carried_cookies_are_seen_from_many_addresses():
    def cookies(**how):
        _, calls = played(*make(3, 600), is_app=False, acts=1, calls=0, loads_pages=True, **how)
        found = defaultdict(set)
        for *_, address, _, headers in calls:
            for name, value in headers:
                if name.lower() == "cookie":
                    found[value].add(address)
        return max(map(len, found.values()))

    assert cookies(carries_cookies=True) > 20
    assert cookies(carries_cookies=False, aged=0.5) == 1


def test_a_plain_script_without_a_jar_sends_no_cookie():
    for keeps in (True, False):
        seen = [
            any(name.lower() == "cookie" for name, _ in headers)
            for seed in range(901, 909)
            for *_, headers in played(*make(1, 100, seed), keeps_cookies=keeps)[1]
        ]
        assert any(seen) == keeps


def test_on_schedule_everything_is_new():
    world, part = make(2, 1200, retool_s=HOUR)
    kit, calls = played(world, part, activity="steady")
    assert kit.generation in (5, 6)
    assert world.ledger.accounts["pricing"].retools == kit.generation
    agents, addresses = defaultdict(set), defaultdict(set)
    for at, _, _, _, address, ja4, _ in calls:
        hour = int((at - MIDNIGHT - 60) // HOUR)
        if hour < 1:
            continue
        agents[hour].add(ja4)
        addresses[hour].add(address)
    assert len(set().union(*agents.values())) > max(map(len, agents.values()))
    hours = sorted(addresses)
    assert all(
        len(addresses[a] & addresses[b]) < 0.3 * len(addresses[a]) for a, b in zip(hours, hours[1:], strict=False)
    )


def test_without_a_schedule_nothing_changes_in_a_log():
    kit, _ = played(*make(1, 500))
    assert kit.generation == 0


def test_being_stopped_makes_it_retool_and_lie_low():
    world, part = make(1, 2000)
    kit, calls = played(world, part, stopped, patience=3)
    assert kit.has_given_up
    assert world.ledger.accounts["pricing"].retools == 3
    assert 20 * 4 <= len(calls) < 500
    gaps = [later[0] - earlier[0] for earlier, later in zip(calls, calls[1:], strict=False)]
    assert sum(gap > 60 for gap in gaps) >= 3


def test_who_does_not_adapt_goes_on():
    world, part = make(1, 500, adapts=False)
    kit, calls = played(world, part, stopped)
    assert (len(calls), kit.generation) == (500, 0)


def test_half_of_the_last_replies_must_be_stopped():
    kit = Toolkit(*make(1), "OAT-011")
    for number in range(40):
        kit.heard(Reply(200, 1.0, is_stopped=number % 2 == 0), kit.begin + number)
    assert kit.generation == 0
    for number in range(40, 60):
        kit.heard(Reply(403, 1.0, is_stopped=True), kit.begin + number)
    assert kit.generation == 1


def test_some_climb_a_level_and_the_truth_keeps_the_declared_one():
    climbed = 0
    for seed in range(901, 921):
        world, part = make(1, 1500, seed)
        kit, calls = played(world, part, stopped)
        assert {truth.level for _, _, _, truth, *_ in calls} == {1}
        climbed += kit.level > 1
    assert 5 < climbed < 20


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_success_costs_more_where_most_is_stopped(level):
    def price(answer):
        world, part = make(level, 2000)
        played(world, part, answer(world))
        return world.ledger.accounts["pricing"].record("pricing")

    def mostly(world):
        def answer(call):
            return stopped(call) if int(call.at * 1e3) % 10 < 6 else world.shop.answer(call)

        return answer

    free, defended = price(lambda world: world.shop.answer), price(mostly)
    assert defended["retools"] > 0
    assert defended["cost_per_success"] > 5 * free["cost_per_success"]


def test_given_traits_hold_for_life():
    world, part = make(2, 600, retool_s=HOUR)
    kit, _ = played(world, part, acts=7, keeps_cookies=True, activity="steady")
    assert kit.generation > 3
    assert (kit.traits.acts, kit.traits.keeps_cookies) == (7, True)


def test_who_passes_for_a_person_leaves_when_refused():
    def visits(**how):
        world, part = make(3, 600, adapts=False)
        _, calls = played(world, part, stopped, is_app=False, **how)
        return len({truth.session for _, _, _, truth, *_ in calls}) / len(calls)

    assert visits(heeds=True) > 2 * visits(heeds=False)


def test_some_scripts_wait_as_long_as_they_are_told():
    def answer(call):
        return Reply(429, call.at + 0.002, is_stopped=True, retry_after_s=60.0)

    def shortest(**how):
        world, part = make(2, 200, adapts=False)
        _, calls = played(world, part, answer, workers=1, calls=0, acts=0, activity="steady", **how)
        times = defaultdict(list)
        for at, _, _, truth, *_ in calls:
            times[truth.session].append(at)
        return min(later - earlier for own in times.values() for earlier, later in zip(own, own[1:], strict=False))

    assert shortest(heeds=True) >= 60.0 > shortest(heeds=False)


def test_whoever_wants_one_product_comes_by_a_link_as_people_do():
    def act(kit, visit, rng):
        yield from kit.arrive(visit, rng, number=5)

    _, calls = played(*make(3, 600), act=act, is_app=False, loads_pages=True, carries_cookies=False)
    pages = [dict(headers) for _, endpoint, *_, headers in calls if endpoint == "home"]
    linked = [True for found in pages if {"referer", "Referer"} & found.keys()]
    assert len(pages) > 40
    assert len(linked) > 0.8 * len(pages)


def test_an_app_shows_its_home_screen_before_what_is_wanted_as_people_s_do():
    def act(kit, visit, rng):
        yield from kit.arrive(visit, rng, number=5)

    _, calls = played(*make(3, 600), act=act, is_app=True, loads_pages=True, acts=1)
    visits = defaultdict(list)
    for _, endpoint, _, truth, *_ in calls:
        visits[truth.session].append(endpoint)
    starts = [tuple(found[:2]) for found in visits.values()]
    assert {start[0] for start in starts} == {"bootstrap"}
    assert starts.count(("bootstrap", "graphql")) > 0.6 * len(starts)
    assert starts.count(("bootstrap", "product")) > 0
