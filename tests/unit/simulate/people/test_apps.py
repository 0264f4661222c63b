from __future__ import annotations

import random
import re
from collections import Counter, defaultdict

import pytest

from vedette.simulate.people.apps import device_id
from vedette.simulate.play import play

SESSIONS = 600


def field(call, name):
    return next((value for key, value in call.headers if key.lower() == name), "")


@pytest.fixture(params=["android", "ios"])
def exchanges(request, day):
    return day(request.param, SESSIONS)


@pytest.fixture
def visits(exchanges):
    found = defaultdict(list)
    for call, _ in exchanges:
        found[call.truth.session].append(call)
    return found


def test_a_device_id_is_a_random_uuid():
    found = {device_id(random.Random(seed)) for seed in range(100)}
    assert len(found) == 100
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", id) for id in found)


def test_apps_have_a_device_and_no_cookie(visits):
    devices = defaultdict(int)
    for calls in visits.values():
        ids = {field(call, "x-device-id") for call in calls if call.endpoint != "asset"}
        assert len(ids) == 1
        assert ids == {calls[0].client.device}
        devices[ids.pop()] += 1
        assert not any(
            field(call, "cookie") or field(call, "sec-fetch-mode") or field(call, "referer") for call in calls
        )
    assert len(devices) < 0.7 * len(visits)
    assert max(devices.values()) > 3


def test_old_and_new_releases_are_used_side_by_side(exchanges):
    assert len({call.client.stack.user_agent for call, _ in exchanges}) > 5
    assert {call.client.stack.kind for call, _ in exchanges} == {"app"}


def test_members_carry_a_token_that_lasts(visits):
    tokens = defaultdict(set)
    for calls in visits.values():
        for call in calls:
            token = field(call, "authorization")
            assert not token or call.endpoint not in ("refresh", "asset")
            if token:
                assert token.startswith("Bearer ")
                tokens[token].add(call.truth.session)
    members = len(set().union(*tokens.values()))
    assert 0.4 < members / len(visits) < 0.8
    assert sum(len(sessions) > 1 for sessions in tokens.values()) > 10
    assert any(call.endpoint == "refresh" for calls in visits.values() for call in calls)


def test_a_token_belongs_to_one_device(visits):
    owners = defaultdict(set)
    for calls in visits.values():
        for call in calls:
            if field(call, "authorization"):
                owners[field(call, "authorization")].add(call.client.device)
    assert all(len(devices) == 1 for devices in owners.values())


def test_phones_roam(people):
    world = people("android", 300)
    addresses = defaultdict(set)
    for call, _ in play(world.arrivals(), world.shop.answer):
        addresses[call.truth.session].add(call.client.address)
    moving = sum(len(found) > 1 for found in addresses.values())
    assert 0.08 < moving / len(addresses) < 0.4


def test_apps_report_and_poll(exchanges):
    names = Counter(call.endpoint for call, _ in exchanges)
    assert names["events"] > names["listing"]
    assert names["graphql"] > 0.5 * SESSIONS
    assert names["cart"] > names["checkout"]
    assert 0.2 < names["asset"] / sum(names.values()) < 0.46


def test_segments_are_the_kinds(exchanges):
    assert len({call.truth.segment for call, _ in exchanges}) == 1
    assert {call.truth.segment for call, _ in exchanges} <= {"android", "ios"}
