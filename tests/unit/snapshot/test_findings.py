from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.snapshot.files import seal
from vedette.snapshot.findings import NAME, VERSION, Finding, Findings, Inquiry, place_of

KEY = b"k" * 32
FOUND = st.dictionaries(
    st.tuples(st.text(max_size=45), st.text(max_size=20)),
    st.builds(Finding, st.sampled_from(["verified", "forged", "unverifiable"]), st.floats(1, 2e9)),
    max_size=20,
)


def test_an_answer_is_for_one_address_and_one_crawler_until_it_is_too_old():
    findings = Findings({("192.0.2.1", "googlebot"): Finding("forged", 100.0)})
    assert findings.get("192.0.2.1", "googlebot", 99.9) == Finding("forged", 100.0)
    assert findings.get("192.0.2.1", "googlebot", 100.0) is None
    assert findings.get("192.0.2.2", "googlebot", 99.0) is None
    assert findings.get("192.0.2.1", "bingbot", 99.0) is None
    assert Findings().get("192.0.2.1", "googlebot", 99.0) is None


@given(FOUND)
def test_what_is_written_is_read_again(found):
    findings = Findings(found, key=KEY)
    read = Findings.decode(findings.encode(), KEY)
    assert read.items() == findings.items()
    for (address, crawler), finding in found.items():
        assert read.get(address, crawler, 0.0) == finding
        assert Findings.of(dict(read.items()), KEY).get(address, crawler, 0.0) == finding


def test_a_file_says_nothing_about_anybody():
    data = Findings({("198.51.100.77", "googlebot"): Finding("forged", 100.0)}, key=KEY).encode()
    assert b"198.51" not in data and b"googlebot" not in data
    assert Findings.decode(data, b"another key").get("198.51.100.77", "googlebot", 0.0) is None
    assert place_of("a", "bc", KEY) != place_of("ab", "c", KEY)


@given(st.binary(max_size=200))
def test_garbage_is_no_finding(data):
    with pytest.raises(ValueError):
        Findings.decode(data, KEY)
    with pytest.raises(ValueError):
        Findings.decode(seal(NAME, VERSION, data), KEY)


@pytest.mark.parametrize(
    "parts",
    [
        [b"\0" * 16, b"\0" * 16, b"\0\0"],  # the same place twice
        [b"\1" + b"\0" * 15, b"\0" * 16, b"\0\0"],  # not in order
        [b"\0" * 8, b"\0" * 16, b"\0"],
        [b"\0" * 8, b"\0" * 8, b"\3"],  # no standing
        [b"\0" * 8, b"\0\0\0\0\0\0\xf8\x7f", b"\0"],  # NaN
        [b"\0" * 7, b"\0" * 8, b"\0"],
    ],
)
def test_arrays_that_do_not_fit_are_refused(parts):
    with pytest.raises(ValueError):
        Findings.decode(seal(NAME, VERSION, msgspec.msgpack.encode(parts)), KEY)


def test_an_inquiry_travels():
    inquiry = Inquiry("dns", "192.0.2.1", "googlebot")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(inquiry), type=Inquiry) == inquiry
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(["shell", "x", ""]), type=Inquiry)
