"""What the API says to pages of other origins is learned, bounded, and said again."""

from __future__ import annotations

import pytest

from vedette.mitigate.cors import CorsMemory
from vedette.types import Answer

NOW = 1.7e9
APP = "https://app.example"


def answer(allowed, *, host="api.example", origin=APP, at=NOW, **more):
    headers = [(":authority", host), ("origin", origin), ("access-control-allow-origin", allowed)]
    headers += [(name.replace("_", "-"), value) for name, value in more.items()]
    return Answer(timestamp=at, id="1", status=200, headers=tuple((n, v) for n, v in headers if v))


def test_says_nothing_before_it_has_heard_anything():
    assert CorsMemory().mirror("api.example", APP, NOW) == ()


def test_repeats_what_the_api_said_to_this_origin():
    memory = CorsMemory()
    memory.learn(answer(APP, access_control_allow_credentials="true", access_control_expose_headers="x-total, x-page"))
    assert memory.mirror("api.example", APP, NOW) == (
        ("access-control-allow-origin", APP),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "x-total, x-page"),
        ("vary", "Origin"),
    )


def test_an_origin_that_the_api_did_not_answer_gets_nothing():
    memory = CorsMemory()
    memory.learn(answer(APP))
    assert memory.mirror("api.example", "https://evil.example", NOW) == ()
    assert memory.mirror("other.example", APP, NOW) == ()
    assert memory.mirror("api.example", "", NOW) == ()


def test_a_star_goes_to_everybody():
    memory = CorsMemory()
    memory.learn(answer("*"))
    assert memory.mirror("api.example", "https://anyone.example", NOW) == (("access-control-allow-origin", "*"),)


def test_a_fixed_origin_is_said_to_everybody_as_the_api_does():
    memory = CorsMemory()
    memory.learn(answer(APP, origin="https://evil.example"))
    assert ("access-control-allow-origin", APP) in memory.mirror("api.example", "https://evil.example", NOW)


def test_the_fields_of_a_429_are_exposed():
    memory = CorsMemory()
    memory.learn(answer(APP, access_control_expose_headers="x-total"))
    fields = dict(memory.mirror("api.example", APP, NOW, limited=True))
    assert fields["access-control-expose-headers"] == "x-total, Retry-After, RateLimit, RateLimit-Policy"


@pytest.mark.parametrize("seen", ["api.example", "API.example:8080", "api.example:443"])
def test_case_and_port_of_the_host_do_not_matter(seen):
    memory = CorsMemory()
    memory.learn(answer(APP, host=seen))
    assert memory.mirror("Api.Example:9000", APP, NOW)


def test_an_ipv6_host_keeps_its_colons():
    memory = CorsMemory()
    memory.learn(answer(APP, host="[2001:db8::1]:80"))
    assert memory.mirror("[2001:db8::1]", APP, NOW)
    assert memory.mirror("[2001:db8::2]", APP, NOW) == ()


def test_the_last_word_counts_and_is_forgotten_after_a_day():
    memory = CorsMemory()
    memory.learn(answer(APP, access_control_allow_credentials="true"))
    memory.learn(answer(APP, at=NOW + 5.0))
    assert ("access-control-allow-credentials", "true") not in memory.mirror("api.example", APP, NOW + 5.0)
    assert memory.mirror("api.example", APP, NOW + 86_406.0) == ()


@pytest.mark.parametrize(
    "value", ["https://a\r\nset-cookie: x=1", "https://a\x00", "h\u00e9", "", " https://a", "x" * 301]
)
def test_a_value_that_could_break_a_header_is_not_learned(value):
    memory = CorsMemory()
    memory.learn(answer(value, origin=value or APP))
    assert len(memory) == 0


def test_an_expose_list_that_could_break_a_header_is_left_out():
    memory = CorsMemory()
    memory.learn(answer(APP, access_control_expose_headers="x\r\ny"))
    assert dict(memory.mirror("api.example", APP, NOW)) == {"access-control-allow-origin": APP, "vary": "Origin"}


def test_invented_origins_and_hosts_stay_within_bounds():
    memory = CorsMemory(entries=8)
    memory.learn(answer("https://first.example", origin="https://first.example"))
    for number in range(100):
        memory.learn(answer(f"https://{number}.example", origin=f"https://{number}.example", host=f"h{number}"))
    memory.learn(answer(APP, host="h" * 256))
    assert len(memory) == 8
    assert memory.mirror("api.example", "https://first.example", NOW) == ()


def test_an_answer_without_cors_teaches_nothing():
    memory = CorsMemory()
    memory.learn(answer(""))
    memory.learn(Answer(timestamp=NOW, id="1", status=200))
    memory.learn(Answer(timestamp=NOW, id="1", status=200, headers=(("access-control-allow-origin", APP),)))
    assert len(memory) == 0


def test_a_fresh_preflight_counts_until_its_answer_is_known():
    memory = CorsMemory()
    memory.ask("API.example:443", APP, NOW)
    assert ("access-control-allow-origin", APP) in memory.mirror("api.example", APP, NOW + 1)
    assert memory.mirror("api.example", APP, NOW + 3) == ()
    assert memory.mirror("api.example", "https://evil.example", NOW + 1) == ()


def test_preflights_are_bounded():
    memory = CorsMemory(entries=10)
    for n in range(100):
        memory.ask("api.example", f"https://{n}.example", NOW)
    memory.ask("api.example", "https://" + "x" * 5000, NOW)
    assert len(memory._asked) == 10
