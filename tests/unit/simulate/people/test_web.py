from __future__ import annotations

import itertools
import tracemalloc
from bisect import bisect_left
from collections import Counter, defaultdict

import pytest

from vedette.simulate.clients import load_stacks
from vedette.simulate.people.web import web
from vedette.simulate.play import play
from vedette.simulate.shapes import load_shapes

SESSIONS = 1500
PAGES = {"product", "listing", "search", "cart", "article", "orders", "order", "checkout"}


def field(call, name):
    return next((value for key, value in call.headers if key.lower() == name), "")


@pytest.fixture
def exchanges(day):
    return day("web", SESSIONS)


@pytest.fixture
def visits(exchanges):
    found = defaultdict(list)
    for call, _ in exchanges:
        found[call.truth.session].append(call)
    return found


def outcomes(exchanges):
    return Counter(word.outcome for call, _ in exchanges for word in call.words)


def distance(values, shape):
    """The largest difference between a sample's distribution and a table's, at the table's quantiles."""
    values, known = sorted(values), shape.quantiles
    apart = 0.0
    for value in set(known):
        here = bisect_left(values, value) / len(values)
        lower = bisect_left(known, value) / (len(known) - 1)
        upper = (len(known) - bisect_left([-v for v in reversed(known)], -value) - 1) / (len(known) - 1)
        apart = max(apart, lower - here if here < lower else here - upper if here > upper else 0.0)
    return apart


def test_the_same_seed_makes_the_same_calls(people):
    def calls(seed):
        world = people("web", 40, seed)
        return [
            (c.at, c.path, c.query, c.headers, c.client.ja3, c.account)
            for c, _ in play(world.arrivals(), world.shop.answer)
        ]

    assert calls(901) == calls(901)
    assert calls(901) != calls(902)


def test_every_visit_is_a_person_with_a_session_of_its_own(exchanges, visits):
    assert len(visits) > 0.99 * SESSIONS
    assert {call.truth.actor for call, _ in exchanges} == {"human"}
    assert {call.truth.segment for call, _ in exchanges} == {"web", "privacy", "old_device", "office_proxy"}
    assert all(len({call.truth for call in calls}) == 1 for calls in visits.values())
    assert not any(call.prize or call.truth.campaign for call, _ in exchanges)


def test_no_call_goes_back_in_time(visits):
    for calls in visits.values():
        assert all(later.at >= earlier.at for earlier, later in itertools.pairwise(calls))


def test_visits_are_as_long_as_real_ones(visits):
    shapes = load_shapes()
    calls = [[call.at for call in calls if call.endpoint != "asset"] for calls in visits.values()]
    pages = [max(1, sum(call.endpoint in PAGES for call in calls)) for calls in visits.values()]
    gaps = [later - earlier for moments in calls for earlier, later in itertools.pairwise(moments)]
    assert distance([len(calls) for calls in visits.values()], shapes["session_requests"]) < 0.08
    assert distance(pages, shapes["session_pages"]) < 0.1
    assert distance([calls[-1].at - calls[0].at for calls in visits.values()], shapes["session_s"]) < 0.15
    assert distance([gap for gap in gaps if 1 <= gap < 1800], shapes["think_s"]) < 0.07


def test_a_share_of_the_calls_loads_files(exchanges):
    share = sum(call.endpoint == "asset" for call, _ in exchanges) / len(exchanges)
    assert share == pytest.approx(load_shapes().figures["asset_share"], abs=0.04)


def test_people_look_far_more_than_they_buy(exchanges):
    names = Counter(call.endpoint for call, _ in exchanges)
    paid = outcomes(exchanges)["conversion"]
    related = names["product"] + names["listing"] + names["search"]
    assert related / (related + names["cart"] + names["article"] + names["orders"]) == pytest.approx(0.92, abs=0.03)
    assert names["cart_add"] / names["product"] == pytest.approx(0.055, abs=0.02)
    assert paid / names["cart_add"] == pytest.approx(0.2, abs=0.08)
    assert 0.02 < paid / SESSIONS < 0.09


def test_passwords_are_mistyped_and_cards_declined(exchanges):
    said = outcomes(exchanges)
    tried = said["login_failed"] + said["login_succeeded"]
    assert said["login_failed"] / tried == pytest.approx(0.41, abs=0.08)
    assert 0 < said["payment_declined"] < 0.15 * said["conversion"]
    assert said["signup_completed"] > 0
    assert set(said) <= {
        "login_failed", "login_succeeded", "signup_completed", "conversion", "payment_declined", "chargeback"
    }  # fmt: skip


def test_headers_agree_with_what_a_call_is_for(exchanges):
    for call, _ in exchanges:
        mode = field(call, "sec-fetch-mode")
        if not mode:  # older Safari says nothing
            continue
        if call.endpoint in ("home", "article"):
            assert mode == "navigate"
            assert field(call, "sec-fetch-site") in ("none", "same-origin", "cross-site")
        else:
            assert mode == ("no-cors" if call.endpoint == "asset" else "cors")
            assert field(call, "sec-fetch-site") == "same-origin"


def test_cookies_come_from_the_shop_or_from_before(visits):
    begun = [field(calls[0], "cookie") for calls in visits.values() if calls[0].truth.segment == "web"]
    assert sum(map(bool, begun)) / len(begun) == pytest.approx(0.4, abs=0.08)
    for calls in visits.values():
        if calls[0].truth.segment == "web":
            cookies = [field(call, "cookie") for call in calls[1:]]
            assert len({cookie for cookie in cookies if cookie}) <= 1
            assert len(calls) < 4 or all(cookies)


def test_a_cookie_returns_with_its_person(visits):
    sessions = defaultdict(set)
    for session, calls in visits.items():
        for cookie in {field(call, "cookie") for call in calls} - {""}:
            sessions[cookie].add(session)
    again = sum(len(found) > 1 for found in sessions.values())
    assert again / len(sessions) > 0.1


def test_careful_people_hide_where_they_come_from_or_refuse_cookies(visits):
    careful = [calls for calls in visits.values() if calls[0].truth.segment == "privacy" and len(calls) > 10]
    without_cookie = sum(not any(field(call, "cookie") for call in calls) for calls in careful)
    without_referrer = sum(not any(field(call, "referer") for call in calls) for calls in careful)
    assert 0.15 < without_cookie / len(careful) < 0.7
    assert 0.15 < without_referrer / len(careful) < 0.7
    assert {"relay", "vpn"} <= {call.client.network for calls in careful for call in calls}


def test_office_proxies_speak_for_the_browsers_behind_them(visits):
    handshakes = {
        call.client.ja4 for calls in visits.values() for call in calls if call.truth.segment == "office_proxy"
    }
    elsewhere = {call.client.ja4 for calls in visits.values() for call in calls if call.truth.segment == "web"}
    known = {handshake.ja4[0][0] for handshake in load_stacks().replaced_tls}
    assert handshakes
    assert handshakes <= known
    assert len(elsewhere - known) > 5


def test_some_change_their_address_on_the_way(people):
    world = people("web", 300)
    addresses = defaultdict(set)
    for call, _ in play(world.arrivals(), world.shop.answer):
        addresses[call.truth.session].add(call.client.address)
    moving = sum(len(found) > 1 for found in addresses.values())
    assert 0.03 < moving / len(addresses) < 0.2


def test_one_address_carries_few_people_but_for_carriers(exchanges):
    people = defaultdict(set)
    for call, _ in exchanges:
        if call.client.network == "home":
            people[call.client.address].add(call.account)
    shared = sum(len(accounts - {""}) > 1 for accounts in people.values())
    assert shared / len(people) < 0.05


def test_people_come_by_day(visits):
    hours = Counter(int(calls[0].at % 86_400 // 3600) for calls in visits.values())
    assert sum(hours[hour] for hour in range(9, 18)) > 4 * sum(hours[hour] for hour in range(6))


def test_memory_does_not_grow_with_the_number_of_people(people):
    def peak(sessions):
        world = people("web", sessions)
        arrivals = web(world, world.scenario.parts[0])
        tracemalloc.start()
        for _ in range(sessions):
            next(arrivals)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(100)
    assert peak(3000) < peak(300) + 50_000
