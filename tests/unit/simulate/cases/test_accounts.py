from __future__ import annotations


def test_the_forgetful_fail_then_reset_then_get_in(cases, by_session):
    _, found = cases("forgotten_passwords", 200)
    ways = []
    for rows in by_session(found).values():
        ways.append(
            [(s.call.endpoint, s.call.is_right) for s in rows if s.call.endpoint in ("login", "reset", "reset_confirm")]
        )
    assert sum(("login", True) in way for way in ways) > 0.9 * len(ways)
    failed = [sum(step == ("login", False) for step in way) for way in ways]
    assert max(failed) >= 4
    assert sum(count > 0 for count in failed) > 0.5 * len(failed)
    asked = [way for way in ways if ("reset", True) in way]
    assert all(way.index(("reset", True)) > 0 for way in asked)
    outcomes = {word.outcome for seen in found for word in seen.call.words}
    assert {"login_failed", "login_succeeded"} <= outcomes


def test_a_forced_reset_comes_as_a_wave(cases, by_session):
    world, found = cases("forgotten_passwords", 300)
    begin = 0.4 * 24
    hours = [(rows[0].call.at - world.start) / 3600 for rows in by_session(found).values()]
    wave = sum(begin <= hour < begin + 2.0 for hour in hours)
    assert wave > 0.3 * len(hours)
    straight = [rows for rows in by_session(found).values() if not any(s.call.endpoint == "reset" for s in rows)]
    assert any(s.call.endpoint == "reset_confirm" for rows in straight for s in rows), "from the mail"


def test_a_seller_works_hundreds_of_calls_through_one_account(cases, by_session):
    _, found = cases("power_seller", 12)
    for rows in by_session(found).values():
        assert len(rows) >= 150 or rows[-1].call.at - rows[0].call.at > 3600.0
        assert len({seen.call.account for seen in rows if seen.call.account}) == 1
        assert len({seen.address for seen in rows}) == 1
    assert max(len(rows) for rows in by_session(found).values()) > 250
    assert len({seen.call.path for seen in found if seen.call.endpoint == "order"}) > 30


def test_a_spreadsheet_refreshes_prices_beside_the_browser(cases, by_session):
    _, found = cases("power_seller", 12)
    sheets = [seen for seen in found if seen.call.client.stack.family == "spreadsheet"]
    assert {seen.call.endpoint for seen in sheets} == {"price"}
    gaps = [b.call.at - a.call.at for a, b in zip(sheets, sheets[1:], strict=False) if a.call.truth == b.call.truth]
    assert sorted(gaps)[len(gaps) // 2] < 0.3
    assert any(name.lower() == "authorization" for name, _ in sheets[0].call.headers)
