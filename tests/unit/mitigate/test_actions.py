"""What the API is told, and what a stopped client is told."""

from __future__ import annotations

import json

import msgspec
import pytest

from vedette.mitigate.actions import DELAY_HEADER, decision_header, expired_cookies, instance, reply, upstream_headers
from vedette.mitigate.cors import CorsMemory
from vedette.types import Answer, Decision, Directive, Reason, Request

NOW = 1.7e9
UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
DECISION = Decision(
    id=UUID,
    timestamp=NOW,
    verdict="bad_bot",
    score=0.9714,
    low=0.93,
    high=0.99,
    threat="OAT-008",
    action="block",
    enforced=True,
    policy="certain",
    reasons=(Reason("login_failures", 3.1, "12 of 14"),),
    campaign=None,
    model="prior-1",
    directive=Directive(end_session=True),
)
REQUEST = Request(
    timestamp=NOW,
    id=UUID,
    method="POST",
    path="/api/login",
    client_address="192.0.2.1",
    scheme="https",
    host="api.example",
    headers=(("Cookie", "a=1; sid=42; theme=dark"), ("Origin", "https://app.example"), ("Accept", "text/html")),
)


def decision(action="block", *, enforced=True, **directive):
    return msgspec.structs.replace(DECISION, action=action, enforced=enforced, directive=Directive(**directive))


def request(*headers, **changes):
    return msgspec.structs.replace(REQUEST, headers=headers, **changes)


def learned():
    memory = CorsMemory()
    memory.learn(
        Answer(
            timestamp=NOW,
            id="0",
            status=200,
            headers=(
                (":authority", "api.example"),
                ("origin", "https://app.example"),
                ("access-control-allow-origin", "https://app.example"),
                ("access-control-allow-credentials", "true"),
            ),
        )
    )
    return memory


# -- to the API -----------------------------------------------------------------------------------------------------


def test_the_decision_header_is_the_contracts():
    monitored = decision("monitor", advice="step-up")
    assert decision_header(monitored) == (
        f'id="{UUID}", verdict=bad_bot, score=0.971, low=0.930, high=0.990, threat="OAT-008", action=monitor, '
        'advice="step-up"'
    )


def test_threat_and_advice_are_left_out_where_there_are_none():
    plain = msgspec.structs.replace(DECISION, threat=None, action="allow", directive=Directive())
    assert decision_header(plain) == f'id="{UUID}", verdict=bad_bot, score=0.971, low=0.930, high=0.990, action=allow'


def test_a_degraded_decision_says_nothing_but_that():
    degraded = msgspec.structs.replace(DECISION, verdict="unknown", action="allow", directive=Directive(degraded=True))
    assert decision_header(degraded) == f'id="{UUID}", verdict=unknown, action=allow, degraded'


def test_a_hostile_id_stays_inside_its_quotes():
    hostile = msgspec.structs.replace(DECISION, id='x", verdict=human, y="\\\r\né' + "z" * 500)
    value = decision_header(hostile)
    assert value.startswith('id="x\\", verdict=human, y=\\"\\\\???zzz')
    assert len(value) < 400
    assert value.isascii()
    assert value.isprintable()


def test_advice_of_ones_own_is_quoted():
    assert decision_header(decision("allow", advice='x-"a"')).endswith(', advice="x-\\"a\\""')


def test_a_delay_tells_the_edge_how_long():
    assert upstream_headers(decision("delay", delay_s=0.5))[1:] == ((DELAY_HEADER, "500"),)
    assert upstream_headers(decision("delay", delay_s=99.0))[1:] == ((DELAY_HEADER, "10000"),)
    assert upstream_headers(decision("delay", delay_s=0.5, enforced=False))[1:] == ()
    assert upstream_headers(decision("allow"))[1:] == ()
    assert upstream_headers(decision("allow", device_cookie="vdt=1"))[1:] == (("x-vedette-cookie", "vdt=1"),)
    both = upstream_headers(decision("delay", delay_s=0.5, device_cookie="vdt=1"))[1:]
    assert both == ((DELAY_HEADER, "500"), ("x-vedette-cookie", "vdt=1"))
    assert upstream_headers(decision("allow"))[0] == ("vedette-decision", decision_header(decision("allow")))


# -- to the client --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["allow", "monitor", "delay"])
def test_what_passes_has_no_reply(action):
    assert reply(decision(action), REQUEST) is None


@pytest.mark.parametrize("action", ["block", "rate_limit", "redirect", "challenge", "decoy"])
def test_monitor_mode_acts_on_nothing(action):
    assert reply(decision(action, enforced=False, end_session=True), REQUEST) is None


def test_a_block_is_a_problem_document_and_ends_the_session():
    answer = reply(DECISION, REQUEST, cookies=("sid", "PHPSESSID"))
    assert answer.status == 403
    assert dict(answer.headers) == {
        "cache-control": "no-store",
        "set-cookie": "sid=; Max-Age=0; Path=/; Secure; SameSite=None",
        "content-type": "application/problem+json",
    }
    body = json.loads(answer.body)
    assert set(body) == {"type", "title", "status", "detail", "instance"}
    assert body["status"] == 403
    assert body["instance"] == f"urn:uuid:{UUID}"


@pytest.mark.parametrize("action", ["block", "rate_limit", "challenge", "decoy"])
def test_neither_score_nor_reason_is_told(action):
    limited = decision(action, retry_after_s=3.0, limit=("requests", 10, 60.0, 0), advice="hide-price")
    text = repr(reply(limited, REQUEST, cors=learned(), cookies=("sid",)))
    for secret in ("0.97", "0.93", "OAT", "bad_bot", "certain", "login_failures", "prior-1", "hide-price", "score"):
        assert secret not in text


@pytest.mark.parametrize("action", ["challenge", "decoy"])
def test_challenge_and_decoy_refuse_this_one_request(action):
    answer = reply(decision(action), REQUEST, cookies=("sid",))
    assert answer.status == 403
    assert "set-cookie" not in dict(answer.headers)


@pytest.mark.parametrize(("wait", "told"), [(5.2, "6"), (6.0, "6"), (0.001, "1"), (0.0, "1"), (1e300, "1000000000")])
def test_a_limit_says_when_to_come_back(wait, told):
    answer = reply(decision("rate_limit", retry_after_s=wait, limit=("search", 60, 60.0, 0)), REQUEST)
    fields = dict(answer.headers)
    assert answer.status == 429
    assert fields["retry-after"] == told
    assert fields["ratelimit"] == f'"search";r=0;t={told}'
    assert fields["ratelimit-policy"] == '"search";q=60;w=60'
    assert fields["cache-control"] == "no-store"
    assert json.loads(answer.body)["title"] == "Too Many Requests"


def test_a_limits_name_stays_inside_its_quotes():
    answer = reply(decision("rate_limit", limit=('a"b\\c\r\nd', 1, 1.0, 0)), REQUEST)
    assert dict(answer.headers)["ratelimit-policy"] == '"a\\"b\\\\c??d";q=1;w=1'


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect(status):
    answer = reply(decision("redirect", redirect=("https://shop.example/wait?a=1#b", status)), REQUEST)
    assert answer.status == status
    assert dict(answer.headers) == {"cache-control": "no-store", "location": "https://shop.example/wait?a=1#b"}
    assert answer.body == b""


def test_a_location_cannot_end_its_field():
    answer = reply(decision("redirect", redirect=("https://shop.example/\r\nx: é", 302)), REQUEST)
    assert dict(answer.headers)["location"] == "https://shop.example/%0D%0Ax:%20%C3%A9"


def test_a_redirect_without_target_refuses():
    assert reply(decision("redirect"), REQUEST).status == 403


def test_the_reply_is_as_readable_across_origins_as_the_api():
    fields = dict(reply(DECISION, REQUEST, cors=learned()).headers)
    assert fields["access-control-allow-origin"] == "https://app.example"
    assert fields["access-control-allow-credentials"] == "true"
    assert fields["vary"] == "Origin"
    limited = dict(reply(decision("rate_limit", retry_after_s=1.0), REQUEST, cors=learned()).headers)
    assert "Retry-After" in limited["access-control-expose-headers"]
    other = reply(DECISION, request(("origin", "https://evil.example")), cors=learned())
    assert not [name for name, _ in other.headers if name.startswith("access-control")]


def test_head_has_no_body():
    answer = reply(DECISION, request(method="HEAD"))
    assert answer.status == 403
    assert answer.body == b""
    assert ("content-type", "application/problem+json") in answer.headers


@pytest.mark.parametrize(("action", "status", "code"), [("block", 403, "7"), ("rate_limit", 429, "8")])
def test_a_grpc_client_gets_a_grpc_status_and_no_body(action, status, code):
    answer = reply(decision(action), request(("content-type", "application/grpc+proto")))
    assert answer.status == status
    assert dict(answer.headers)["grpc-status"] == code
    assert dict(answer.headers)["grpc-message"].endswith(f", urn:uuid:{UUID}")
    assert answer.body == b""


def test_a_request_of_unknown_headers_is_answered_too():
    answer = reply(DECISION, msgspec.structs.replace(REQUEST, headers=None), cors=learned(), cookies=("sid",))
    assert answer.status == 403


@pytest.mark.parametrize("name", ["id", "a/b", "x y", "é", 'q"', "l42", ""])
def test_an_instance_is_a_uri(name):
    assert instance(name).startswith("urn:vedette:")
    assert all(letter.isalnum() or letter in ":%-._~" for letter in instance(name))


# -- cookies --------------------------------------------------------------------------------------------------------


def test_only_carried_session_cookies_are_expired():
    assert expired_cookies("a=1; sid=2", ("sid", "session"), secure=False) == (
        ("set-cookie", "sid=; Max-Age=0; Path=/"),
    )
    assert expired_cookies("xsid=1; sidx=2", ("sid",), secure=False) == ()
    assert expired_cookies("", ("sid",), secure=False) == ()


def test_a_secure_prefix_is_obeyed_over_tls():
    assert expired_cookies("__Host-sid=2", ("__Host-sid",), secure=True) == (
        ("set-cookie", "__Host-sid=; Max-Age=0; Path=/; Secure; SameSite=None"),
    )


def test_cookies_may_come_in_several_fields_and_any_size():
    crumbs = request(("cookie", "a=1"), ("cookie", "sid=2"), ("Cookie", "b=" + "x" * 100_000))
    assert ("set-cookie", "sid=; Max-Age=0; Path=/; Secure; SameSite=None") in reply(
        DECISION, crumbs, cookies=("sid", "sid")
    ).headers


def test_a_cookie_name_that_could_break_a_header_is_left_out():
    assert expired_cookies("a\r\nb=1", ("a\r\nb",), secure=True) == ()
