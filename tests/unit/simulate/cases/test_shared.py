from __future__ import annotations

from collections import Counter


def test_an_office_shares_one_address_and_one_browser_among_hundreds(cases, by_session):
    world, found = cases("office", 300)
    sessions = by_session(found)
    assert len(sessions) == 300
    assert len({seen.address for seen in found}) == 1
    stacks = Counter(rows[0].call.client.stack.user_agent for rows in sessions.values())
    assert stacks.most_common(1)[0][1] > 0.8 * len(sessions)
    assert all(seen.call.truth.segment == "my office" for seen in found)


def test_many_of_an_office_sign_in_at_nine(cases):
    world, found = cases("office", 300)
    logins = [(seen.call.at - world.start) / 3600 for seen in found if seen.call.endpoint == "login"]
    at_nine = sum(9.0 <= hour < 9.5 for hour in logins)
    assert at_nine > 0.6 * len(logins) > 60


def test_every_second_office_has_a_proxy_that_replaces_handshakes(cases):
    world, found = cases("office", 900)
    replaced = {name for handshake in world.stacks.replaced_tls for name, _ in handshake.ja4}
    shares = {}
    for seen in found:
        shares.setdefault(seen.address, []).append(seen.ja4 in replaced)
    assert len(shares) == 2
    means = sorted(sum(marks) / len(marks) for marks in shares.values())
    assert means[0] < 0.2 < 0.7 < means[1] < 1.0


def test_a_carrier_shares_few_addresses_which_change_on_the_way(cases, by_session):
    _, found = cases("carrier", 400)
    assert len({seen.address for seen in found}) <= 4
    assert {seen.call.client.network for seen in found} == {"mobile"}
    moved = [rows for rows in by_session(found).values() if len({seen.address for seen in rows}) > 1]
    assert moved
    assert len({seen.call.client.stack.family for seen in found}) > 3


def test_a_household_shares_a_line_the_evening_and_sometimes_an_account(cases, by_session):
    world, found = cases("household", 200)
    homes = {}
    for rows in by_session(found).values():
        address = rows[0].address
        home = address if "." in address else ":".join(address.split(":")[:4])
        homes.setdefault(home, []).append(rows)
    sizes = [len(rows) for rows in homes.values()]
    assert sum(sizes) / len(sizes) > 2.5
    accounts = [
        {seen.call.account for rows in home for seen in rows if seen.call.account and seen.call.is_right}
        for home in homes.values()
    ]
    signed_in = [sum(any(s.call.account for s in rows) for rows in home) for home in homes.values()]
    assert any(len(names) < count for names, count in zip(accounts, signed_in, strict=True))
    hours = [(rows[0].call.at - world.start) / 3600 for rows in by_session(found).values()]
    assert sum(15 < hour < 22 for hour in hours) > 0.8 * len(hours)


def test_a_shared_device_sees_many_accounts_and_forgets_its_cookie(cases, by_session):
    _, found = cases("shared_device", 200)
    devices, cookies = {}, set()
    for rows in by_session(found).values():
        names = {seen.call.account for seen in rows if seen.call.account}
        devices.setdefault(rows[0].address, set()).update(names)
        cookies.add(dict(rows[-1].call.headers).get("cookie"))
    assert max(map(len, devices.values())) >= 15
    assert len(cookies) > 0.95 * 200


def test_a_class_signs_up_within_minutes(cases):
    _, found = cases("shared_device", 200)
    rooms = {}
    for seen in found:
        if seen.call.endpoint == "signup":
            rooms.setdefault(seen.address, []).append(seen.call.at)
    fullest = sorted(max(rooms.values(), key=len))
    assert len(fullest) >= 15
    assert fullest[int(len(fullest) * 0.9)] - fullest[0] < 600.0
