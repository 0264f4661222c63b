"""Each hard benign case breaks a rule that somebody would write."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict

import pytest

from vedette.simulate.cases import KINDS
from vedette.simulate.play import play
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

BOT_WORDS = ("headless", "lynx", "w3m", "presto", "mashup", "ms-office", "libreoffice")


def most_within(moments, seconds):
    """The largest number of moments in any window of that length."""
    moments = sorted(moments)
    first = most = 0
    for last, at in enumerate(moments):
        while moments[first] < at - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def grouped(rows, key, value):
    found = defaultdict(list)
    for row in rows:
        if (name := key(row)) is not None:
            found[name].append(value(row))
    return found.values()


def session(row):
    return row[0].truth.session


def moment(row):
    return row[0].at


def busy_address(rows):
    """More than 60 requests in a minute from one address."""
    return max(most_within(group, 60.0) for group in grouped(rows, lambda row: row[2], moment)) > 60


def busy_session(rows):
    """More than 60 requests in a minute of one session."""
    return max(most_within(group, 60.0) for group in grouped(rows, session, moment)) > 60


def hasty(rows):
    """Twenty requests in ten seconds of one session, a login among them."""
    signed_in = {session(row) for row in rows if row[0].account}
    groups = grouped(rows, lambda row: session(row) if session(row) in signed_in else None, moment)
    return max(most_within(group, 10.0) for group in groups) >= 20


def several_devices(rows):
    """One account from devices of two kinds within an hour."""
    signed_in = [row for row in rows if row[0].account and row[0].is_right]
    for group in grouped(signed_in, lambda row: row[0].account, lambda row: (row[0].at, row[0].client.stack.name)):
        for (sooner, one), (later, other) in zip(group, group[1:], strict=False):
            if one != other and later - sooner < 3600.0:
                return True
    return False


def many_accounts(rows):
    """More than ten accounts tried from one address."""
    tried = grouped(rows, lambda row: row[2] if row[0].account else None, lambda row: row[0].account)
    return max((len(set(group)) for group in tried), default=0) > 10


def many_failures(rows):
    """More than two failed logins for one account."""
    failed = Counter(row[0].account for row in rows if row[0].endpoint == "login" and not row[0].is_right)
    return max(failed.values(), default=0) > 2


def regular(rows):
    """Ten pauses of the same length in one session."""
    for group in grouped(rows, session, moment):
        gaps = [round(later - sooner) for sooner, later in zip(group, group[1:], strict=False) if later - sooner > 4.0]
        if len(gaps) >= 10 and gaps.count(statistics.mode(gaps)) > 0.8 * len(gaps):
            return True
    return False


def one_product(rows):
    """A third of all product pages in ten minutes are of one product, out of many."""
    products = [row[0].path for row in rows if row[0].endpoint == "product"]
    return max(Counter(products).values()) > len(products) / 3


def unknown_client(rows):
    """A pair of agent and fingerprint that no client of yesterday had."""
    world = World(Scenario(name="mine"), 901)
    known = {stack.user_agent for stack in world.stacks.all}
    return any(row[0].client.stack.user_agent not in known for row in rows)


def abroad(rows):
    """One session from more than one country."""
    return any(len(set(group)) > 1 for group in grouped(rows, session, lambda row: row[3]))


def program(rows):
    """An agent that is no browser's."""
    return any(
        row[0].client.stack.kind in ("library", "headless")
        or any(word in row[0].client.stack.user_agent.lower() for word in BOT_WORDS)
        for row in rows
    )


def hosted(rows):
    """An address of a datacentre, a relay or a VPN."""
    return sum(row[0].client.network in ("datacentre", "relay", "vpn") for row in rows) > 0.2 * len(rows)


def repeated(rows):
    """The same request again within half a second of an error, three times."""
    streaks = Counter()
    last = {}
    for call, reply, *_ in rows:
        before = last.get((call.truth.session, call.path))
        if before is not None and not 0 < before.status < 500 and call.at - before.ended < 0.5:
            streaks[call.truth.session] += 1
        last[call.truth.session, call.path] = reply
    return max(streaks.values(), default=0) >= 3


def many_signups(rows):
    """Ten new accounts from one address in ten minutes."""
    groups = grouped(rows, lambda row: row[2] if row[0].endpoint == "signup" else None, moment)
    return max((most_within(group, 600.0) for group in groups), default=0) >= 10


HARD = {
    "app_release": (unknown_client,),
    "assistive": (regular, program),
    "carrier": (many_accounts,),
    "flaky_backend": (repeated,),
    "flash_crowd": (one_product,),
    "forgotten_passwords": (many_failures,),
    "household": (several_devices,),
    "many_tabs": (busy_session,),
    "nightly_sync": (busy_address, program),
    "office": (busy_address, many_accounts),
    "power_seller": (busy_session, program),
    "saver_proxy": (hosted, abroad, program),
    "shared_device": (many_accounts, many_signups),
    "test_automation": (hasty, program),
    "traveller": (abroad,),
    "webview_inside_app": (unknown_client,),
}


def test_every_case_is_here():
    assert set(HARD) == set(KINDS)


@pytest.mark.parametrize("kind", HARD)
def test_a_case_breaks_the_rules_that_it_is_there_for(kind):
    part = Part(section="cases", kind=kind, name=kind, count=2 if kind == "nightly_sync" else 300)
    world = World(Scenario(name="mine", parts=(part,), products=4000, outages=((36_000.0, 900.0, 0.8),)), 901)
    rows = [
        (call, reply, call.client.address, call.client.country)
        for call, reply in play(world.arrivals(), world.shop.answer, world.end)
    ]
    assert {call.truth.actor for call, *_ in rows} == (
        {"good_bot"} if kind in ("nightly_sync", "test_automation") else {"human"}
    )
    assert [rule.__name__ for rule in HARD[kind] if not rule(rows)] == []
