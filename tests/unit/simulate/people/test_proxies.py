from __future__ import annotations

import random

import pytest

from vedette.simulate.clients import Client, load_stacks
from vedette.simulate.networks import Address
from vedette.simulate.people.proxies import behind_proxy

STACKS = load_stacks()
CHROME = STACKS.draw(random.Random(1), families={"chrome"})
OLDER = next(h for h in STACKS.replaced_tls if h.ja4[0][0][8:10] != "h2")
NEWER = next(h for h in STACKS.replaced_tls if h.ja4[0][0][8:10] == "h2")


def names(proxy, handshake, stack=CHROME):
    client = Client.make(
        behind_proxy(stack, proxy, handshake), Address("192.0.2.1", 1, "DE", "office"), random.Random(1)
    )
    headers = client.headers(
        "fetch", "shop.example", referer="https://shop.example/", type="application/json", length=2
    )
    return [name for name, _ in headers]


@pytest.mark.parametrize("proxy", range(5))
def test_the_protocol_is_that_of_the_handshake(proxy):
    older, newer = behind_proxy(CHROME, proxy, OLDER), behind_proxy(CHROME, proxy, NEWER)
    assert (older.protocol, newer.protocol) == ("1.1", "2")
    assert names(proxy, OLDER)[0] == "Host"
    assert all(name == name.lower() for name in names(proxy, NEWER))
    assert not any(name == name.lower() and not name.startswith("sec-ch") for name in names(proxy, OLDER))
    assert len({name.lower() for name in names(proxy, OLDER)}) == len(names(proxy, OLDER))


def test_sorts_of_proxies_differ_in_what_they_add_and_take_away():
    sets = [frozenset(name.lower() for name in names(proxy, OLDER)) for proxy in range(5)]
    assert len(set(sets)) >= 4
    assert "via" in sets[0]
    assert "referer" not in sets[1]
    assert "via" not in sets[4]


def test_the_browser_stays_the_same():
    proxied = behind_proxy(CHROME, 0, OLDER)
    assert proxied.user_agent == CHROME.user_agent
    assert proxied.family == CHROME.family
