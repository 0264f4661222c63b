from __future__ import annotations

from vedette.simulate.robots.keys import partner_key, partners


def test_the_whole_catalogue_is_read_by_night_with_a_key(cases, by_session):
    world, found = cases("nightly_sync", 1, products=5_000)
    (rows,) = by_session(found).values()
    assert {seen.call.truth.actor for seen in rows} == {"good_bot"}
    pages = [seen.call.query or seen.call.path for seen in rows if seen.call.endpoint == "export"]
    assert len(set(pages)) == len(pages) == 50
    assert len({seen.call.path for seen in rows if seen.call.endpoint == "product"}) == 500
    keys = {{name.lower(): value for name, value in seen.call.headers}.get("x-api-key") for seen in rows}
    assert keys == {partner_key(world, "my nightly_sync")}
    assert "my nightly_sync" in partners(world)
    assert rows[-1].call.at < world.end


def test_the_owner_tests_everything_every_hour_as_one_account(cases, by_session):
    world, found = cases("test_automation", 24)
    sessions = by_session(found)
    assert len(sessions) == 24
    assert {seen.call.truth.actor for seen in found} == {"good_bot"}
    assert len({seen.call.account for seen in found if seen.call.account}) == 1
    starts = [rows[0].call.at for rows in sessions.values()]
    assert {round(later - sooner, 3) for sooner, later in zip(starts, starts[1:], strict=False)} == {3600.0}
    first = next(iter(sessions.values()))
    assert {seen.call.client.stack.kind for seen in first} == {"headless", "library"}
    funnel = {
        "search",
        "listing",
        "product",
        "cart_add",
        "login",
        "checkout",
        "payment",
        "signup",
        "graphql",
        "gift_card",
    }
    assert funnel <= {seen.call.endpoint for seen in first}
    assert len({seen.address for seen in first}) == 1
    assert {rows[0].call.client.network for rows in sessions.values()} == {"office", "datacentre"}


def test_tests_fail_on_purpose(cases):
    _, found = cases("test_automation", 4)
    words = [word.outcome for seen in found for word in seen.call.words]
    assert words.count("login_failed") == 4
    assert words.count("login_succeeded") == 8
    assert all(seen.reply.status >= 400 for seen in found if not seen.call.is_right)
