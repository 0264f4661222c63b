"""CloudFront's log in its three shapes, what it encodes, and what is wrong with wrong lines."""

from __future__ import annotations

import json

import pytest

from vedette.doors.logs import Malformed, Recorded, detect
from vedette.doors.logs.cloudfront import FIELDS, Parser

HEAD = [b"#Version: 1.0", b"#Fields: " + " ".join(FIELDS).encode()]
VALUES = {
    "date": "2025-11-24", "time": "16:00:01", "x-edge-location": "FRA56-P1", "sc-bytes": "2390", "c-ip": "192.0.2.1",
    "cs-method": "GET", "cs(Host)": "d111111abcdef8.cloudfront.net", "cs-uri-stem": "/view/my%2520file.html",
    "sc-status": "200", "cs(Referer)": "-", "cs(User-Agent)": "Mozilla/5.0%20(X11;%20Linux%20x86_64)",
    "cs-uri-query": "a=1&b=%2520", "cs(Cookie)": "-", "x-edge-result-type": "Hit", "x-edge-request-id": "SOX4xwn4XV6Q==",
    "x-host-header": "shop.example", "cs-protocol": "https", "cs-bytes": "23", "time-taken": "0.250",
    "x-forwarded-for": "203.0.113.9", "ssl-protocol": "TLSv1.3", "ssl-cipher": "TLS_AES_128_GCM_SHA256",
    "x-edge-response-result-type": "Hit", "cs-protocol-version": "HTTP/2.0", "fle-status": "-",
    "fle-encrypted-fields": "-", "c-port": "11040", "time-to-first-byte": "0.249",
    "x-edge-detailed-result-type": "Hit", "sc-content-type": "text/html", "sc-content-len": "78",
    "sc-range-start": "-", "sc-range-end": "-",
}  # fmt: skip


def line(mark: str = "\t", **change: str) -> bytes:
    return mark.join((VALUES | change).values()).encode()


def recorded(text: bytes, head: list[bytes] = HEAD) -> Recorded:
    parse = Parser()
    assert [parse(one, "l0") for one in head] == [None] * len(head)
    found = parse(text, "l3")
    assert isinstance(found, Recorded), found
    return found


EXPECTED = (1764000000.75, "SOX4xwn4XV6Q==", "192.0.2.1", "shop.example", "https", "HTTP/2", "TLSv1.3")


def facts(found: Recorded) -> tuple[object, ...]:
    request = found.request
    return (
        request.timestamp, request.id, request.client_address, request.host, request.scheme, request.protocol,
        request.tls_version,
    )  # fmt: skip


def test_a_whole_line() -> None:
    found = recorded(line())
    assert facts(found) == EXPECTED
    request, answer = found.request, found.answer
    assert (request.path, request.query) == ("/view/my%20file.html", "a=1&b=%20")
    assert request.user_agent == "Mozilla/5.0 (X11; Linux x86_64)"
    assert answer is not None
    assert (answer.status, answer.duration, answer.timestamp, answer.body_size) == (200, 0.25, 1764000001.0, 78)


def test_without_a_line_of_fields_the_order_is_the_guides() -> None:
    assert facts(recorded(line(), [])) == EXPECTED


def test_the_order_is_that_of_the_log() -> None:
    names = ["sc-status", "c-ip", "cs-method", "cs-uri-stem", "timestamp(ms)"]
    head = [b"#Fields: " + " ".join(names).encode()]
    found = recorded(b"404\t2001:db8::1\tHEAD\t/x\t1764000000500", head)
    assert (found.request.timestamp, found.request.client_address, found.request.id) == (
        1764000000.5,
        "2001:db8::1",
        "l3",
    )
    assert found.answer is not None
    assert (found.answer.status, found.answer.duration) == (404, -1.0)


@pytest.mark.parametrize("mark", [" ", ",", "|", ";"])
def test_another_mark_between_the_fields(mark: str) -> None:
    if mark == ";":
        assert facts(recorded(line(mark, **{"cs(User-Agent)": "curl/8.5"}))) == EXPECTED
    else:
        assert facts(recorded(line(mark))) == EXPECTED


def test_objects_of_version_2() -> None:
    for change in ({}, {"sc-status": 200, "time-taken": 0.25, "sc-content-len": 78}):
        found = recorded(json.dumps(VALUES | change).encode(), [])
        assert facts(found) == EXPECTED
        assert found.answer is not None
        assert (found.answer.duration, found.answer.body_size) == (0.25, 78)


def test_names_of_real_time_logs() -> None:
    keys = {
        "timestamp": "1764000001.000", "c-ip": "192.0.2.1", "cs-method": "GET", "cs-host": "shop.example",
        "cs-uri-stem": "/", "sc-status": "200", "time-taken": "0.250", "cs-user-agent": "Mozilla/5.0%2520(X11)",
    }  # fmt: skip
    found = recorded(json.dumps(keys).encode(), [])
    assert (found.request.timestamp, found.request.host, found.request.user_agent) == (
        1764000000.75,
        "shop.example",
        "Mozilla/5.0 (X11)",
    )


@pytest.mark.parametrize(("status", "is_answered"), [("000", False), ("-", False), ("0", False), ("502", True)])
def test_an_answer_that_never_came(status: str, is_answered: bool) -> None:
    assert (recorded(line(**{"sc-status": status})).answer is not None) == is_answered


@pytest.mark.parametrize("scheme", ["wss", "grpcs", "https"])
def test_what_lies_under_a_websocket(scheme: str) -> None:
    assert recorded(line(**{"cs-protocol": scheme})).request.scheme == "https"


@pytest.mark.parametrize(
    ("head", "text", "kind"),
    [
        (HEAD, b"garbage", "not an access-log line"),
        (HEAD, line()[:60], "truncated"),
        (HEAD, line(**{"c-ip": "-"}), "missing key"),
        (HEAD, line(date="2025-14-24"), "bad timestamp"),
        (HEAD, line(date="-"), "missing key"),
        (HEAD, line(**{"sc-status": "two"}), "bad value"),
        (HEAD, line(**{"cs-method": "\x16\x03\x01"}), "no HTTP request"),
        ([], b'{"c-ip": ', "not JSON"),
        ([], b"\xff\xfe", "not an access-log line"),
        ([b"#Fields: date time s-ip cs-method cs-uri-stem sc-win32-status"], b"a b c d e f", "not an access-log line"),
    ],
)
def test_wrong_lines(head: list[bytes], text: bytes, kind: str) -> None:
    parse = Parser()
    for one in head:
        parse(one, "l0")
    found = parse(text, "l3")
    assert isinstance(found, Malformed), found
    assert found.kind == kind


@pytest.mark.parametrize("lines", [[*HEAD, line()], [line()], [json.dumps(VALUES).encode()], HEAD])
def test_it_is_told_apart(lines: list[bytes]) -> None:
    assert detect(lines) == "cloudfront"
