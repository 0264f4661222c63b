from __future__ import annotations

import pytest

from vedette.simulate.cases.crowds import newer_app
from vedette.simulate.clients import load_stacks


def test_a_push_message_brings_most_within_minutes_to_one_product(cases, by_session):
    world, found = cases("flash_crowd", 400, lasts_s=3600.0)
    starts = sorted(rows[0].call.at for rows in by_session(found).values())
    busiest = max(sum(at <= other < at + 300.0 for other in starts) for at in starts)
    assert busiest > 0.6 * len(starts), "more than half come within five minutes"
    products = [seen.call.path for seen in found if seen.call.endpoint == "product"]
    assert products.count(max(set(products), key=products.count)) > 0.4 * len(products)
    assert sum(seen.call.client.stack.kind == "app" for seen in found) > 0.6 * len(found)


def test_a_push_message_sells_out(cases, by_session):
    _, found = cases("flash_crowd", 400, lasts_s=3600.0)
    taken = [seen for seen in found if seen.call.endpoint == "cart_add"]
    assert any(seen.reply.status == 409 for seen in taken)
    assert any(seen.call.endpoint == "payment" for seen in found)
    repeated = [sum(s.call.endpoint == "cart_add" for s in rows) for rows in by_session(found).values()]
    assert max(repeated) > 1


def test_a_release_replaces_the_app_within_hours(cases, by_session):
    world, found = cases("app_release", 500)
    starts = [
        ((rows[0].call.at - world.start) / 86_400, "5.0.0" in rows[0].call.client.stack.user_agent)
        for rows in by_session(found).values()
    ]
    early = [is_new for at, is_new in starts if at < 0.2]
    late = [is_new for at, is_new in starts if at > 0.6]
    assert sum(early) <= 0.3 * len(early)
    assert sum(late) > 0.8 * len(late)


def test_a_release_brings_a_fingerprint_that_no_version_had(cases):
    _, found = cases("app_release", 300)
    old, new = set(), set()
    for seen in found:
        if seen.call.client.stack.family == "okhttp":
            (new if "5.0.0" in seen.call.client.stack.user_agent else old).add(seen.ja4)
    assert old
    assert new
    assert not old & new


def test_a_release_signs_people_out(cases):
    _, found = cases("app_release", 300)
    refused = [seen for seen in found if seen.call.endpoint == "refresh" and seen.reply.status >= 400]
    assert len(refused) > 20
    assert all("5.0.0" in seen.call.client.stack.user_agent for seen in refused)


@pytest.mark.parametrize(
    "name", [stack.name for stack in load_stacks().all if stack.family in ("okhttp", "cfnetwork")][:6]
)
def test_the_next_version_keeps_what_the_system_sends(name):
    stacks = load_stacks()
    old, new = stacks.named(name), newer_app(stacks, name)
    assert [[field for field, _ in fields] for fields in old.headers.values()] == [
        [field for field, _ in fields] for fields in new.headers.values()
    ]
    assert new.user_agent.startswith("ShopApp/5.0.0")
    assert any(value == new.user_agent for _, value in new.headers["api"])
    assert not any(value == old.user_agent for _, value in new.headers["api"])
