from __future__ import annotations

import statistics


def test_sixty_tabs_open_within_a_minute_and_are_read_later(cases, by_session):
    _, found = cases("many_tabs", 30)
    for rows in by_session(found).values():
        products = [seen.call.at for seen in rows if seen.call.endpoint == "product"]
        assert 40 <= len(products) <= 90
        busiest = max(sum(at <= other < at + 60.0 for other in products) for at in products)
        assert busiest >= 16
    fastest = [
        sorted(seen.call.at for seen in rows if seen.call.endpoint == "product") for rows in by_session(found).values()
    ]
    assert any(moments[40] - moments[0] < 60.0 for moments in fastest)
    spans = [rows[-1].call.at - rows[0].call.at for rows in by_session(found).values()]
    assert statistics.median(spans) > 300.0


def test_a_traveller_changes_country_and_nothing_else(cases, by_session):
    _, found = cases("traveller", 60)
    crossed = 0
    for rows in by_session(found).values():
        crossed += len({seen.country for seen in rows}) > 1
        assert len({seen.language for seen in rows}) == 1
        assert len({seen.call.client.stack.name for seen in rows}) == 1
        assert len({name for seen in rows if (name := dict(seen.call.headers).get("cookie"))}) <= 1
        assert len({seen.call.account for seen in rows if seen.call.account and seen.call.is_right}) <= 1
    assert crossed > 30


def test_a_traveller_takes_time(cases, by_session):
    _, found = cases("traveller", 60)
    spans = [rows[-1].call.at - rows[0].call.at for rows in by_session(found).values()]
    assert statistics.median(spans) > 2 * 3600.0


def test_help_looks_like_automation(cases, by_session):
    _, found = cases("assistive", 60)
    sessions = list(by_session(found).values())
    quick = [
        rows
        for rows in sessions
        if any(
            a.call.endpoint != "login" and b.call.endpoint == "login" and b.call.at - a.reply.ended < 0.5
            for a, b in zip(rows, rows[1:], strict=False)
        )
    ]
    assert len(quick) >= 10, "password managers"
    regular = 0
    for rows in sessions:
        gaps = [round(b.call.at - a.call.at, 1) for a, b in zip(rows, rows[1:], strict=False)]
        late = [gap for gap in gaps if gap > 5.0]
        regular += len(late) >= 10 and late.count(statistics.mode(late)) > 0.65 * len(late)
    assert regular >= 5, "scripts that turn the page"
    bursts = 0
    for rows in sessions:
        moments = [seen.call.at for seen in rows if seen.call.endpoint == "product"]
        bursts += any(later - sooner < 1.0 for sooner, later in zip(moments, moments[11:], strict=False))
    assert bursts >= 5, "extensions that prefetch"
    families = {rows[0].call.client.stack.user_agent.split("/")[0] for rows in sessions}
    assert {"Lynx", "w3m"} & families
    assert all(seen.call.truth.actor == "human" for seen in found)
