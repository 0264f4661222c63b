from __future__ import annotations


def header(seen, name):
    return next((value for field, value in seen.call.headers if field.lower() == name), "")


def test_browsers_inside_apps_say_so_and_come_from_there(cases, by_session):
    _, found = cases("webview_inside_app", 120)
    sessions = by_session(found)
    for rows in sessions.values():
        agent = header(rows[0], "user-agent")
        assert any(mark in agent for mark in ("FBAV/", "Instagram "))
        assert header(rows[0], "referer") in ("https://l.facebook.com/", "https://l.instagram.com/")
        assert agent == rows[0].call.client.stack.user_agent
    agents = {header(rows[0], "user-agent") for rows in sessions.values()}
    assert any("; wv)" in agent and "Version/4.0 Chrome/" in agent for agent in agents)
    assert any("iPhone" in agent and "Version/" not in agent for agent in agents)
    assert not any("Google Chrome" in header(seen, "sec-ch-ua") for seen in found)
    known = sum(bool(header(rows[0], "cookie")) for rows in sessions.values())
    assert known < 0.3 * len(sessions)


def test_relays_change_their_address_and_savers_share_few(cases, by_session):
    world, found = cases("saver_proxy", 200)
    kinds = {}
    for rows in by_session(found).values():
        kinds.setdefault(rows[0].call.client.network, []).append(rows)
    assert set(kinds) == {"relay", "vpn", "datacentre"}
    moved = sum(len({seen.address for seen in rows}) > 1 for rows in kinds["relay"])
    assert moved > 0.1 * len(kinds["relay"])
    assert len({seen.address for rows in kinds["datacentre"] for seen in rows}) <= 3
    assert len(kinds["datacentre"]) > 30
    assert all("Safari" in header(rows[0], "user-agent") for rows in kinds["relay"])


def test_a_saver_names_the_phone_behind_it(cases):
    _, found = cases("saver_proxy", 100)
    saved = [seen for seen in found if "Opera Mini" in header(seen, "user-agent")]
    assert saved
    assert all(header(seen, "x-operamini-phone-ua") and header(seen, "x-forwarded-for") for seen in saved)
    assert len({header(seen, "x-forwarded-for") for seen in saved}) > 5


def test_languages_are_those_of_the_people_not_of_the_exit(cases, by_session):
    _, found = cases("saver_proxy", 200)
    abroad = [rows[0] for rows in by_session(found).values() if rows[0].country != "DE"]
    german = sum(seen.language.startswith("de") for seen in abroad)
    assert german > 0.5 * len(abroad) > 5
