"""Both halves of the proof that a drill is wanted, and everything that is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.doors import drill
from vedette.doors.drill import Ask, Bounds, Consent, Refused, ask, bounds_of, normal_authority

KEY = "k" * 32
NOW = 1_764_000_000.0
NONCE = "n" * 22


def sent(asked: Ask) -> bytes:
    return json.dumps({name: getattr(asked, name) for name in asked.__struct_fields__}).encode()


def granted(asked: Ask, *, key: str = KEY, host: str = "shop.example", now: float = NOW) -> bytes:
    return Consent(key).grant(sent(asked), host, now)


def test_the_two_halves_fit():
    asked = ask(KEY, "Shop.Example:443", NOW, NONCE)
    bounds = Bounds(rate=20, count=3000, seconds=60)
    answer = Consent(KEY, bounds).grant(sent(asked), "shop.example", NOW + 2)
    assert bounds_of(KEY, asked, answer) == bounds


def test_the_format_is_what_the_reference_says():
    """Made from the page alone, without a line of ours."""
    import hashlib
    import hmac

    def mac(*fields):
        text = json.dumps(fields, separators=(",", ":")).encode()
        return hmac.new(KEY.encode(), text, hashlib.sha256).hexdigest()

    asked = {"time": int(NOW), "nonce": NONCE, "authority": "shop.example"}
    asked["mac"] = mac("vedette drill v1 ask", *asked.values())
    answer = json.loads(Consent(KEY).grant(json.dumps(asked).encode(), "shop.example", NOW))
    said = answer.pop("mac")
    assert list(answer) == ["time", "nonce", "authority", "rate", "count", "seconds"]
    assert said == mac("vedette drill v1 grant", *answer.values())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"key": "x" * 32}, "another key"),
        ({"now": NOW + 61}, "clock is -61 s"),
        ({"now": NOW - 62}, "clock is +62 s"),
        ({"host": "other.example"}, "asked under other.example"),
        ({"host": "shop.example:8443"}, "asked under shop.example:8443"),
    ],
)
def test_what_does_not_fit_is_refused(change, why):
    with pytest.raises(Refused, match=why.replace("+", r"\+")):
        granted(ask(KEY, "shop.example", NOW, NONCE), **change)


def test_a_number_is_good_for_one_proof():
    consent, body = Consent(KEY), sent(ask(KEY, "shop.example", NOW, NONCE))
    consent.grant(body, "shop.example", NOW)
    for later in (0.0, 59.0):
        with pytest.raises(Refused, match="used before"):
            consent.grant(body, "shop.example", NOW + later)


def test_what_is_remembered_is_bounded_and_forgotten_with_time(monkeypatch):
    monkeypatch.setattr(drill, "REMEMBERED", 3)
    consent = Consent(KEY)

    def once(number: int, now: float) -> None:
        consent.grant(sent(ask(KEY, "a", now, f"{number:022d}")), "a", now)

    for number in range(3):
        once(number, NOW)
    with pytest.raises(Refused, match="too many"):
        once(3, NOW + 60)
    once(3, NOW + 61)
    with pytest.raises(Refused, match="clock"):  # forgotten, and too old to be used again
        consent.grant(sent(ask(KEY, "a", NOW, f"{0:022d}")), "a", NOW + 61)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff",
        b"[1]",
        b'{"time":1,"nonce":"short","authority":"a","mac":""}',
        b'{"time":1e99,"nonce":"nnnnnnnnnnnnnnnnnnnnnn","authority":"a","mac":"0"}',
        b'{"time":1,"nonce":"nnnnnnnnnnnnnnnnnnnnnn","authority":"a","mac":"0","more":1}',
        b" " * 1025,
    ],
)
def test_malformed_proofs_are_refused(body):
    with pytest.raises(Refused, match="malformed"):
        Consent(KEY).grant(body, "a", NOW)


@given(st.binary(max_size=300), st.text(max_size=40))
def test_whatever_comes_is_refused_and_nothing_else(body, host):
    with pytest.raises(Refused):
        Consent(KEY).grant(body, host, NOW)


def test_a_mac_that_is_no_mac_is_refused():
    asked = ask(KEY, "a", NOW, NONCE)
    for mac in ("", "é" * 64, asked.mac.upper(), asked.mac[:-1]):
        with pytest.raises(Refused, match="another key"):
            granted(Ask(asked.time, asked.nonce, asked.authority, mac), host="a")


def test_the_drill_believes_only_the_answer_to_its_own_question():
    asked, other = ask(KEY, "a", NOW, NONCE), ask(KEY, "a", NOW, "m" * 22)
    answer = granted(asked, host="a")
    with pytest.raises(Refused, match="another proof"):
        bounds_of(KEY, other, answer)
    with pytest.raises(Refused, match="another key"):
        bounds_of("x" * 32, asked, answer)
    raised = json.loads(answer) | {"rate": 1_000_000}
    with pytest.raises(Refused, match="another key"):
        bounds_of(KEY, asked, json.dumps(raised).encode())
    for nothing in (b"", b"not found", b"{}", sent(asked)):
        with pytest.raises(Refused, match="not an answer"):
            bounds_of(KEY, asked, nothing)


@pytest.mark.parametrize(
    ("host", "normal"),
    [
        ("Shop.Example", "shop.example"),
        ("shop.example.:80", "shop.example"),
        ("shop.example:443", "shop.example"),
        ("shop.example.:8443", "shop.example:8443"),
        ("[::1]", "[::1]"),
        ("[::1]:443", "[::1]"),
        ("[::1]:8443", "[::1]:8443"),
        ("", ""),
    ],
)
def test_one_authority_has_one_form(host, normal):
    assert normal_authority(host) == normal
