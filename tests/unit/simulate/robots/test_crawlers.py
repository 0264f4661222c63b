from __future__ import annotations

from collections import Counter
from ipaddress import ip_address, ip_network

import pytest

from vedette.simulate.robots.claims import CLAIMS
from vedette.simulate.robots.keys import partner_key


@pytest.mark.parametrize("name", ["googlebot", "bingbot", "applebot", "duckduckbot", "yandex"])
def test_a_search_engine_comes_from_its_ranges_alone(robots, name):
    world, made = robots("search_engine", 300, options={"name": name})
    claim = CLAIMS[name]
    assert len(made) == 300
    for call, _, address, headers in made:
        assert call.client.network == f"bot:{claim.ranges[0].removeprefix('bot:')}" or any(
            ip_address(address) in ip_network(text) for text in claim.ranges
        )
        assert name[:6] in headers["user-agent"].lower()
        assert not call.truth.campaign
        assert call.truth.segment == "search_engine"


def test_search_engines_come_by_their_shares_where_none_is_named(robots):
    _, made = robots("search_engine", 6000)
    found = Counter(call.client.stack.family for call, *_ in made)
    assert set(found) == {"googlebot", "bingbot", "applebot", "duckduckbot", "yandex"}
    assert found["googlebot"] == max(found.values())


def test_a_session_is_one_run_from_one_address(robots):
    _, made = robots("search_engine", 600)
    where = {(call.truth.session, address) for call, _, address, _ in made}
    assert len(where) == len({session for session, _ in where}) > 2


def test_ai_crawlers_crawl_and_fetch_what_users_ask_for(robots):
    _, made = robots("ai_crawler", 1500)
    families = {call.client.stack.family for call, *_ in made}
    assert {"gptbot", "claudebot"} <= families
    assert {"chatgpt-user"} <= families
    fetchers = {call.truth.session for call, *_ in made if call.client.stack.family == "chatgpt-user"}
    assert not any(call.endpoint == "robots" for call, *_ in made if call.truth.session in fetchers)
    assert len(made) == 1500


def test_half_of_the_price_comparisons_have_a_key(robots):
    world, made = robots("price_comparison", 2500)
    keys = {partner_key(world, f"price_comparison-{number}") for number in (0, 2)}
    by_agent = {}
    for call, _, _, headers in made:
        by_agent.setdefault(headers["user-agent"], set()).add(headers.get("x-api-key", ""))
        assert call.client.network == "datacentre"
        assert call.endpoint in ("price", "product", "robots")
    assert sorted(map(sorted, by_agent.values())) == sorted([[""], [""], *([key] for key in keys)])
