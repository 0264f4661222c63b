from __future__ import annotations

from vedette.simulate.robots.signing import AGENTS


def test_an_errand_begins_with_a_search_and_stays_with_one_agent(robots):
    _, made = robots("signed_agent", 500)
    assert len(made) == 500
    sessions = {}
    for call, *_ in made:
        sessions.setdefault(call.truth.session, []).append(call)
    for calls in sessions.values():
        assert calls[0].endpoint == "search"
        assert len({call.client.stack.family for call in calls}) == 1
    assert {call.client.stack.family for call, *_ in made} == {agent.name for agent in AGENTS}


def test_only_the_agent_that_signs_paths_fills_baskets(robots):
    _, made = robots("signed_agent", 1500)
    filling = {call.client.stack.family for call, *_ in made if call.endpoint == "cart_add"}
    assert filling == {"basket"}


def test_the_date_of_a_signature_is_that_of_its_call(robots):
    _, made = robots("signed_agent", 60)
    for call, _, _, headers in made:
        created = int(headers["signature-input"].split(";created=")[1].split(";")[0])
        assert 0.0 <= call.at - created < 1.5
