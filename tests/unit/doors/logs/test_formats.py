"""Lines of every format as real servers write them, and what is wrong with wrong ones."""

from __future__ import annotations

import json

import pytest

from vedette.doors.logs import Log, Malformed, MalformedTally, Recorded, detect
from vedette.doors.logs.access import parse as parse_access
from vedette.doors.logs.envoy import parse as parse_envoy
from vedette.doors.logs.lines import MAX_LINE_BYTES
from vedette.doors.logs.records import parse as parse_record
from vedette.types import Outcome


def recorded(line: str) -> Recorded:
    found = parse_access(line.encode(), "l1")
    assert isinstance(found, Recorded), found
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            '192.0.2.1 - - [24/Nov/2025:17:00:00 +0100] "GET /a?b=1 HTTP/1.1" 200 512',
            ("192.0.2.1", "GET", "/a", "b=1", 200, 512, "", 1764000000.0),
        ),
        (
            '2001:db8::1 - anna [24/Nov/2025:16:00:00 +0000] "POST /x HTTP/2.0" 401 - "-" "Mozilla/5.0 (X; \\"q\\")"',
            ("2001:db8::1", "POST", "/x", "", 401, -1, 'Mozilla/5.0 (X; "q")', 1764000000.0),
        ),
        (
            '192.0.2.1 - LOGIN WITH BLANKS [24/Nov/2025:16:00:00 +0000] "GET http://shop.example:80/a HTTP/1.1" 200 1',
            ("192.0.2.1", "GET", "/a", "", 200, 1, "", 1764000000.0),
        ),
        (
            'host.example - - [24/Nov/2025:16:00:00 +0000] "GET /" 200 7',
            ("host.example", "GET", "/", "", 200, 7, "", 1764000000.0),
        ),
        (
            'shop.example:443 192.0.2.1 - - [24/Nov/2025:16:00:00 +0000] "GET / HTTP/1.1" 200 7 "-" "curl/8"',
            ("192.0.2.1", "GET", "/", "", 200, 7, "curl/8", 1764000000.0),
        ),
    ],
)
def test_access_lines(line: str, expected: tuple[object, ...]) -> None:
    found = recorded(line)
    assert found.answer is not None
    request = found.request
    assert (
        request.client_address, request.method, request.path, request.query,
        found.answer.status, found.answer.body_size, request.user_agent, request.timestamp,
    ) == expected  # fmt: skip


def test_latin_1_and_utf_8_are_both_read() -> None:
    line = '192.0.2.1 - - [24/Nov/2025:16:00:00 +0000] "GET /caf\u00e9 HTTP/1.1" 200 1'
    for encoding in ("utf-8", "latin-1"):
        found = parse_access(line.encode(encoding), "l1")
        assert isinstance(found, Recorded)
        assert found.request.path == "/caf\u00e9"


def test_an_unanswered_request() -> None:
    assert recorded('192.0.2.1 - - [24/Nov/2025:16:00:00 +0000] "GET / HTTP/1.1" - -').answer is None


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("", "not an access-log line"),
        ("garbage", "not an access-log line"),
        ('192.0.2.1 - - [24/Nov/2025:16:00:00 +0000] "GET /a', "truncated"),
        ('192.0.2.1 - - [24/Nov/2025:16:00:00 +0000] "GET /a HTTP/1.1" 20', "truncated"),
        ('192.0.2.1 - - [99/Nov/2025:16:00:00 +0000] "GET /a HTTP/1.1" 200 1', "bad timestamp"),
        ('192.0.2.1 - - [24/Nov/2025:16:00:00 +0000] "\\x16\\x03\\x01" 400 0', "no HTTP request"),
    ],
)
def test_wrong_access_lines(line: str, kind: str) -> None:
    found = parse_access(line.encode(), "l1")
    assert isinstance(found, Malformed)
    assert found.kind == kind


RECORD = {
    "timestamp": "2025-11-24T16:00:00.250Z",
    "http.request.method": "POST",
    "url.path": "/login",
    "client.address": "192.0.2.1",
    "http.response.status_code": 401,
    "http.request.id": "r1",
    "http.request.headers": [["Host", "shop.example"], ["User-Agent", "x"]],
    "http.server.request.duration": 0.25,
    "tls.client.ja4": "t13d1516h2_8daaf6152771_e5627efa2ab1",
    "user.name": "anna",
}


def test_a_record_of_the_contract() -> None:
    found = parse_record(json.dumps(RECORD).encode(), "l1")
    assert isinstance(found, Recorded)
    request = found.request
    assert (request.timestamp, request.id, request.user_name) == (1764000000.25, "r1", "anna")
    assert request.headers == (("Host", "shop.example"), ("User-Agent", "x"))
    assert found.answer is not None
    assert (found.answer.status, found.answer.timestamp) == (401, 1764000000.5)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"timestamp": None}, "missing key"),
        ({"timestamp": "yesterday"}, "bad timestamp"),
        ({"timestamp": 1764000000000}, "bad timestamp"),
        ({"client.address": ""}, "missing key"),
        ({"http.response.status_code": "401"}, "wrong type"),
        ({"http.response.status_code": 7}, "bad value"),
        ({"http.request.headers": [["a"]]}, "wrong type"),
        ({"event.name": "click"}, "bad value"),
        ({"event.name": "outcome", "outcome": "won"}, "wrong type"),
        ({"event.name": "outcome", "outcome": "conversion", "session.id": "s"}, "bad outcome"),
    ],
)
def test_wrong_records(change: dict[str, object], kind: str) -> None:
    found = parse_record(json.dumps(RECORD | change).encode(), "l1")
    assert isinstance(found, Malformed), found
    assert found.kind == kind


def test_an_outcome() -> None:
    line = {"timestamp": 1764000000, "event.name": "outcome", "outcome": "chargeback", "http.request.id": "r1"}
    found = parse_record(json.dumps(line).encode(), "l1")
    assert found == Outcome(timestamp=1764000000.0, outcome="chargeback", request_id="r1")


def test_envoy_json() -> None:
    line = {
        "start_time": "2025-11-24T16:00:00.250Z", "method": "GET", "path": "/a?b=1", "response_code": 200,
        "downstream_remote_address": "192.0.2.1:4711", "duration": 20, "user_agent": "curl/8", "authority": "shop.example",
    }  # fmt: skip
    found = parse_envoy(json.dumps(line).encode(), "l1")
    assert isinstance(found, Recorded)
    assert (found.request.client_address, found.request.query, found.request.host) == (
        "192.0.2.1",
        "b=1",
        "shop.example",
    )
    assert found.answer is not None
    assert found.answer.duration == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ([json.dumps(RECORD)], "jsonl"),
        (['192.0.2.1 - - [24/Nov/2025:16:00:00 +0000] "GET / HTTP/1.1" 200 1'], "common"),
        (['192.0.2.1 - - [24/Nov/2025:16:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "x"', "garbage"], "combined"),
    ],
)
def test_formats_are_told_apart(lines: list[str], name: str) -> None:
    assert detect([line.encode() for line in lines]) == name


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (b"\xff\xfea\0b", "UTF-16"),
        (b"a\0b\0c\0d\0", "UTF-16"),
        (b"BZh91AY", "bzip2"),
        (b"PK\x03\x04", "unzip"),
        (b"PAR1", "Parquet"),
        (b"\x7fELF\x02\x01", "no text"),
        (b"x" * (MAX_LINE_BYTES + 1), "longer than 262,144 bytes"),
        (b"{ ", "over several lines"),
        (b"[{}]", "array"),
        (b"{}", "as jsonl: .*; as envoy: .*; as cloudfront: "),
        (b"h2 garbage", "as alb: "),
    ],
)
def test_unknown_formats_come_with_a_hint(line: bytes, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        detect([line])


def test_enormous_lines_are_bounded(tmp_path) -> None:
    path = tmp_path / "access.log"
    good = b'192.0.2.1 - - [24/Nov/2025:16:00:00 +0000] "GET / HTTP/1.1" 200 1\n'
    path.write_bytes(good + b"x" * (5 * MAX_LINE_BYTES) + b"\n" + good)
    tally = MalformedTally()
    assert len(list(Log(str(path), "auto", tally).events())) == 2
    assert tally.kinds == {"too long": 1}


def test_a_damaged_archive_gives_what_stands_before_the_damage(tmp_path) -> None:
    import gzip

    good = b'192.0.2.1 - - [24/Nov/2025:16:00:00 +0000] "GET / HTTP/1.1" 200 1\n'
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(good * 5000)[:-40])
    tally = MalformedTally()
    assert len(list(Log(str(path), "common", tally).events())) > 0
    assert tally.kinds["damaged file"] == 1


@pytest.mark.parametrize(("length", "is_read"), [(200, True), (300, False)])
def test_a_login_with_spaces_is_read_up_to_a_bound(length: int, is_read: bool) -> None:
    """Without the bound a line full of times costs seconds."""
    login = ("a " * length)[: length - 1] + "b"
    line = f'192.0.2.1 - {login} [24/Nov/2025:17:00:00 +0000] "GET / HTTP/1.1" 200 5'
    found = parse_access(line.encode(), "l1")
    assert isinstance(found, Recorded) == is_read
    if isinstance(found, Recorded):
        assert found.request.user_name == login
