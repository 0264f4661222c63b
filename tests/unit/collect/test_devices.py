"""Device cookies: made, returned, aged, forged."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect import devices
from vedette.collect.devices import NO_DEVICE, DeviceFacts, Devices
from vedette.config.schema import Config, DeviceCookie, Identity, Secret

NOW = 1_700_000_000.0
DAY = 86_400.0


def make(key: bytes = b"k" * 32, **cookie: object) -> Devices:
    return Devices(Config(identity=Identity(device_cookie=DeviceCookie(**cookie))), key)


def pair(set_cookie: str) -> str:
    return set_cookie.partition(";")[0]


DEVICES = make()
COOKIE = pair(DEVICES.issue("r-1", NOW))


def test_a_cookie_comes_back() -> None:
    facts = DEVICES.check(f"a=1; {COOKIE}; b=2", NOW + 90.5)
    assert facts.state == "valid"
    assert facts.age_s == 90.5
    assert len(facts.id) == 22
    assert DEVICES.check(COOKIE, NOW - 5).age_s == 0.0, "another clock is a little behind"


def test_the_id_follows_from_the_request_and_the_key() -> None:
    assert make().issue("r-1", NOW) == DEVICES.issue("r-1", NOW)
    ids = {DEVICES.check(pair(DEVICES.issue(f"r-{number}", NOW)), NOW).id for number in range(100)}
    assert len(ids) == 100
    assert make(b"x" * 32).issue("r-1", NOW) != DEVICES.issue("r-1", NOW)
    assert "\ud800" not in DEVICES.issue("\ud800", NOW)


def test_its_attributes() -> None:
    plain = make(name="d", max_age_s=3600.0).issue("r", NOW)
    assert plain.partition("; ")[2] == "Max-Age=3600; Path=/; HttpOnly; SameSite=Lax"
    assert plain.startswith("d=1.")
    secure = DEVICES.issue("r", NOW, is_secure=True)
    assert secure.endswith("; Secure")
    assert "omain" not in secure, "this host alone"


def test_it_expires() -> None:
    assert DEVICES.check(COOKIE, NOW + 365 * DAY).state == "valid"
    expired = DEVICES.check(COOKIE, NOW + 365 * DAY + 1)
    assert (expired.state, expired.id) == ("expired", "")


@pytest.mark.parametrize("cookies", ["", "a=1", "xvdt=1.2", "vdt", "vdt=", "vdt=other program", "vdt=2.x.y"])
def test_absent(cookies: str) -> None:
    assert DEVICES.check(cookies, NOW) == DeviceFacts("absent")


def test_the_cookie_of_another_key_is_absent() -> None:
    assert make(b"x" * 32).check(COOKIE, NOW).state == "absent"


def test_every_changed_character_is_noticed() -> None:
    value = COOKIE.removeprefix("vdt=")
    for place in range(len(value)):
        for letter in "0A-":
            changed = value[:place] + letter + value[place + 1 :]
            if changed != value:
                assert DEVICES.check(f"vdt={changed}", NOW).state in ("forged", "absent")
                if place > 10:
                    assert DEVICES.check(f"vdt={changed}", NOW).state == "forged"
    for longer in (value + "A", value + ".", "1.1" + value, value[:-1]):
        assert DEVICES.check(f"vdt={longer}", NOW).id == ""


def test_the_first_of_two_counts() -> None:
    assert DEVICES.check(f"vdt=x; {COOKIE}", NOW).state == "absent"
    assert DEVICES.check(f"{COOKIE}; vdt=x", NOW).state == "valid"


def test_the_comparison_takes_the_same_time_wherever_they_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr(devices.hmac, "compare_digest", lambda one, other: compared.append((one, other)) or False)
    assert make().check(COOKIE, NOW).state == "forged"
    assert len(compared) == 1


def test_off() -> None:
    off = Devices(Config())
    assert off.check(COOKIE, NOW) is NO_DEVICE
    assert off.issue("r", NOW) == ""
    assert not off.wants(NO_DEVICE, "GET", "other")


def test_a_key_of_its_own() -> None:
    cookie = DeviceCookie(key=Secret("env:X", "0123456789abcdef"))
    own = Devices(Config(identity=Identity(device_cookie=cookie)))
    assert own.check(pair(own.issue("r", NOW)), NOW).state == "valid"
    with pytest.raises(ValueError, match="needs a key"):
        make(b"")


@pytest.mark.parametrize(
    ("state", "method", "purpose", "wanted"),
    [
        ("absent", "GET", "product", True),
        ("expired", "GET", "product", True),
        ("forged", "POST", "login", True),
        ("valid", "GET", "product", False),
        ("off", "GET", "product", False),
        ("absent", "OPTIONS", "product", False),
        ("absent", "GET", "static", False),
    ],
)
def test_whose_answer_brings_one(state: str, method: str, purpose: str, wanted: bool) -> None:
    assert DEVICES.wants(DeviceFacts(state), method, purpose) is wanted


def test_requests_at_once_get_one_cookie() -> None:
    few = make()
    assert few.issue("r-1", NOW, client=7)
    assert few.issue("r-2", NOW + 9.9, client=7) == ""
    assert few.issue("r-3", NOW + 9.9, client=8)
    assert few.issue("r-4", NOW + 10, client=7)
    assert few.issue("r-5", NOW, client=7), "a clock that was set back does not shut anybody out"
    assert few.issue("r-6", NOW)
    assert few.issue("r-7", NOW), "who is unknown cannot be remembered"


def test_memory_of_clients_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vedette.collect.devices.REMEMBERED", 8)
    few = make()
    for client in range(1, 100):
        few.issue("r", NOW, client=client)
    assert len(few._given) == 8
    assert few.issue("r", NOW, client=99) == ""


@given(st.text())
def test_garbage(text: str) -> None:
    for cookies in (text, f"vdt={text}", f"vdt=1.{DEVICES._key_id}.{text}", COOKIE + text):
        facts = DEVICES.check(cookies, NOW)
        assert facts.state in ("absent", "forged", "valid")
        assert (facts.id != "") == (facts.state == "valid") == (not math.isnan(facts.age_s))


@given(st.text(), st.floats(0, 1e11))
def test_whatever_is_issued_is_valid(request_id: str, now: float) -> None:
    assert DEVICES.check(pair(DEVICES.issue(request_id, now)), now).state == "valid"
