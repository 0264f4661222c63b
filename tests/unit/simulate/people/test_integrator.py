from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from vedette.simulate.calls import Reply
from vedette.simulate.people.integrator import PROGRAMS, integrator


def field(call, name):
    return next((value for key, value in call.headers if key.lower() == name), "")


@pytest.fixture
def exchanges(day):
    return day("integrator", 300)


@pytest.fixture
def runs(exchanges):
    found = defaultdict(list)
    for call, _ in exchanges:
        found[call.truth.session].append(call)
    return found


def test_programs_say_which_library_they_use(exchanges):
    assert {call.client.stack.kind for call, _ in exchanges} == {"library"}
    assert len({call.client.stack.family for call, _ in exchanges}) > 4
    assert {call.truth.segment for call, _ in exchanges} == {"integrator"}
    assert {call.truth.actor for call, _ in exchanges} == {"human"}


def test_a_program_is_the_same_whenever_it_runs(runs):
    keys = defaultdict(set)
    for calls in runs.values():
        for call in calls:
            if field(call, "x-api-key"):
                keys[field(call, "x-api-key")].add((call.client.address, call.client.stack.name))
    assert len(keys) > 10
    assert all(len(found) == 1 for found in keys.values())


def test_clocks_start_most_programs(runs):
    begun = [calls[0].at % 60 for calls in runs.values()]
    assert sum(second < 5 for second in begun) / len(begun) > 0.5


def test_rates_are_low(runs):
    for calls in runs.values():
        lasts = calls[-1].at - calls[0].at
        assert len(calls) < 4 or len(calls) / lasts < 5.0


def test_programs_ask_for_data_and_sign_in_where_they_have_no_key(exchanges):
    names = Counter(call.endpoint for call, _ in exchanges)
    assert names["price"] + names["product"] > 0.5 * sum(names.values())
    assert 0 < names["login"] < 0.1 * sum(names.values())
    assert names["asset"] == names["home"] == 0
    assert sum(PROGRAMS.values()) == pytest.approx(1.0)


def test_a_refused_program_stops_and_a_slowed_one_waits(people):
    world = people("integrator", 40)
    refused, slowed = [], []
    for _, script in integrator(world, world.scenario.parts[0]):
        calls, call = 0, next(script, None)
        while call is not None:
            calls += 1
            try:
                call = script.send(Reply(403, call.at + 0.1))
            except StopIteration:
                break
        refused.append(calls)
    for _, script in integrator(world, world.scenario.parts[0]):
        call = next(script)
        try:
            later = script.send(Reply(429, call.at + 0.1, retry_after_s=60.0))
            if call.endpoint != "login":
                slowed.append(later.at - call.at)
        except StopIteration:
            pass
    assert max(refused) <= 3
    assert min(slowed) > 60.0
