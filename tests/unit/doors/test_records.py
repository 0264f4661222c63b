from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.doors.records import BadRecord, decision_record, outcomes_of, requests_of, seconds
from vedette.types import Decision, Directive, Reason

RECORD = {"timestamp": 5, "http.request.method": "GET", "url.path": "/a", "client.address": "192.0.2.1"}


def read(value):
    return requests_of(json.dumps(value).encode(), lambda: "made")


def test_every_key_of_a_record_is_taken():
    (request,), many = read(
        RECORD
        | {
            "http.request.id": "r1",
            "url.query": "q",
            "url.scheme": "https",
            "server.address": "h",
            "network.protocol.version": "HTTP/2",
            "http.request.headers": [["Accept", "*/*"], ["X", "y"]],
            "user_agent.original": "ua",
            "http.request.body.size": 9,
            "tls.client.ja3": "j3",
            "tls.client.ja4": "j4",
            "tls.protocol.version": "1.3",
            "network.tcp.rtt": 0.1,
            "network.tls.rtt": 0.2,
            "session.id": "s",
            "device.id": "d",
            "user.name": "u",
            "http.response.status_code": 200,
            "another.key": {"ignored": True},
        }
    )
    assert not many
    assert (request.id, request.query, request.scheme, request.host) == ("r1", "q", "https", "h")
    assert request.headers == (("Accept", "*/*"), ("X", "y"))
    assert (request.user_agent, request.request_body_size, request.ja3, request.ja4) == ("ua", 9, "j3", "j4")
    assert (request.tls_version, request.tcp_rtt, request.tls_rtt) == ("1.3", 0.1, 0.2)
    assert (request.session_id, request.device_id, request.user_name) == ("s", "d", "u")
    assert request.peer_is_client


def test_what_is_absent_is_unknown():
    (request,), many = read([RECORD])
    assert many
    assert (request.id, request.timestamp, request.headers) == ("made", 5.0, None)
    assert (request.request_body_size, request.tcp_rtt, request.user_agent) == (-1, -1.0, "")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1970-01-01T00:00:05Z", 5.0), ("1970-01-01T01:00:05.5+01:00", 5.5), (5.25, 5.25), (0, 0.0)],
)
def test_times(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "5", "1970-01-01T00:00:05", "soon", -1.0, float("nan"), 1e12])
def test_times_that_are_none(text):
    with pytest.raises(BadRecord) as caught:
        seconds(text)
    assert caught.value.field == "timestamp"


def test_a_list_with_one_bad_record_is_refused_whole():
    with pytest.raises(BadRecord) as caught:
        read([RECORD, RECORD | {"http.request.headers": [["a"]]}])
    assert caught.value.field.startswith("http.request.headers")


def test_an_unknown_outcome_is_told_the_known_ones():
    with pytest.raises(BadRecord, match="'bought', use one of login_succeeded, login_failed") as caught:
        outcomes_of(b'{"outcome": "bought", "session.id": "s"}', 0.0)
    assert (caught.value.field, caught.value.status) == ("outcome", 422)


def test_outcomes():
    found = outcomes_of(
        b'{"outcome": "conversion", "user.name": "u"}\n\n{"outcome": "login_failed", "session.id": "s", "timestamp": 3, "event.id": "e"}',
        9.0,
    )
    assert [(o.outcome, o.timestamp, o.user_name, o.session_id, o.event_id) for o in found] == [
        ("conversion", 9.0, "u", "", ""),
        ("login_failed", 3.0, "", "s", "e"),
    ]


@pytest.mark.parametrize(
    "value",
    [{"event.name": "request"}, {"session.id": "s" * 2000}, {"event.id": 7}, {"timestamp": "x"}, {"user.name": "u"}],
)
def test_outcomes_that_are_none(value):
    base = {"outcome": "conversion", "session.id": "s"}
    with pytest.raises(BadRecord) as caught:
        outcomes_of(json.dumps(base | value).encode(), 0.0)
    assert caught.value.status == 422
    assert caught.value.field in value


@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(body):
    for read_body in (lambda: requests_of(body, lambda: "made"), lambda: outcomes_of(body, 0.0)):
        try:
            read_body()
        except BadRecord as bad:
            assert bad.status in (400, 422)


def test_a_decision_has_the_keys_of_the_contract():
    decision = Decision(
        id="r1",
        timestamp=1.0,
        verdict="bad_bot",
        score=0.9,
        low=0.8,
        high=0.95,
        threat="OAT-008",
        action="block",
        enforced=True,
        policy="certain",
        reasons=(Reason("honeypot", 6.0, "touched"),),
        campaign=None,
        model="prior-1",
        directive=Directive(),
    )
    record = decision_record(decision)
    assert record["score.low"] == 0.8
    assert record["reasons"] == [{"signal": "honeypot", "weight": 6.0, "detail": "touched"}]
    assert list(record)[:6] == ["http.request.id", "timestamp", "verdict", "score", "score.low", "score.high"]


@pytest.mark.parametrize("body", [b"\xff", b'{"a": "\xff"}', b"{}\n\xff", b"[" * 100_000, b"{}\n" + b"[" * 100_000])
def test_bytes_that_are_no_json_are_named(body):
    for read in (lambda: requests_of(body, lambda: "made"), lambda: outcomes_of(body, 1.0)):
        with pytest.raises(BadRecord) as caught:
            read()
        assert caught.value.status in (400, 422)
