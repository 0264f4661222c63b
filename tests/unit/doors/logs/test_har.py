"""Archives as browsers and proxies write them: cut out in pieces of any size, and read one entry at a time."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from vedette.doors.logs import Log, Malformed, MalformedTally, Recorded
from vedette.doors.logs.files import Damaged
from vedette.doors.logs.har import entries_of, looks_like, parse
from vedette.doors.logs.lines import MAX_LINE_BYTES


def entry(**change: Any) -> dict[str, Any]:
    """Write one entry with what HAR 1.2 requires."""
    found: dict[str, Any] = {
        "pageref": "page_1",
        "startedDateTime": "2025-11-24T17:00:00.250+01:00",
        "time": 305,
        "request": {
            "method": "POST",
            "url": "https://shop.example:443/api/login?a=1#top",
            "httpVersion": "h2",
            "cookies": [],
            "headers": [
                {"name": ":authority", "value": "shop.example"},
                {"name": ":method", "value": "POST"},
                {"name": "User-Agent", "value": "Mozilla/5.0"},
                {"name": "Accept", "value": "*/*"},
            ],
            "queryString": [],
            "headersSize": -1,
            "bodySize": 12,
        },
        "response": {
            "status": 401,
            "statusText": "",
            "httpVersion": "h2",
            "cookies": [],
            "headers": [],
            "content": {"size": 20, "mimeType": "application/json", "text": '{"error": "}]["}'},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"blocked": 200, "dns": -1, "connect": 50, "ssl": 40, "send": 5, "wait": 45, "receive": 5},
        "serverIPAddress": "10.0.0.5",
    }
    return found | change


def document(*entries: Any, **others: Any) -> bytes:
    log = {"version": "1.2", "creator": {"name": "x", "version": "1"}, "pages": [{"id": "entries"}]}
    return json.dumps({"log": log | others | {"entries": list(entries)}}).encode()


def recorded(value: dict[str, Any], name: str = "l1") -> Recorded:
    found = parse(json.dumps(value).encode(), name)
    assert isinstance(found, Recorded), found
    return found


def cut(data: bytes, size: int) -> list[bytes]:
    return [one for part in entries_of(data[i : i + size] for i in range(0, len(data), size)) for one in part]


def test_a_whole_entry() -> None:
    found = recorded(entry())
    request, answer = found.request, found.answer
    assert request.timestamp == 1764000000.5  # after 200 ms of waiting and 50 ms of connecting
    assert (request.method, request.path, request.query) == ("POST", "/api/login", "a=1")
    assert (request.scheme, request.host, request.protocol) == ("https", "shop.example", "HTTP/2")
    assert (request.client_address, request.request_body_size) == ("har", 12)
    assert request.headers == (("User-Agent", "Mozilla/5.0"), ("Accept", "*/*"))
    assert answer is not None
    assert (answer.status, answer.duration, answer.body_size) == (401, pytest.approx(0.055), 20)


def test_several_files_are_several_clients_unless_they_name_theirs() -> None:
    assert recorded(entry(), "f2-l7").request.client_address == "har-f2"
    assert recorded(entry(_clientAddress="192.0.2.1")).request.client_address == "192.0.2.1"


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("http/2.0", "HTTP/2"),
        ("H3", "HTTP/3"),
        ("h3-29", "HTTP/3"),
        ("HTTP/1.1", "HTTP/1.1"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_the_protocol_has_many_names(version: str, name: str) -> None:
    asked = entry()["request"] | {"httpVersion": version}
    assert recorded(entry(request=asked)).request.protocol == name


def test_what_never_left_the_browser_is_no_request() -> None:
    meant = entry()["request"] | {"headers": [{"name": "Referer", "value": "x"}, {"name": "User-Agent", "value": "y"}]}
    for value in (
        entry(_fromCache="memory"),
        entry(request=entry()["request"] | {"url": "data:image/png;base64,AAAA"}),
        entry(request=meant, serverIPAddress=""),
    ):
        assert parse(json.dumps(value).encode(), "l1") is None
    assert recorded(entry(request=meant)).request.headers is not None


def test_an_answer_that_never_came() -> None:
    assert recorded(entry(response={"status": 0})).answer is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"", "not JSON"),
        (b"[1]", "wrong type"),
        (b"{}", "missing key"),
        (json.dumps(entry(startedDateTime="today")).encode(), "bad timestamp"),
        (json.dumps(entry(response={"status": 7})).encode(), "bad value"),
        (json.dumps(entry(response={"status": "200"})).encode(), "wrong type"),
        (json.dumps(entry(request={"method": "", "url": "https://a/"})).encode(), "missing key"),
    ],
)
def test_wrong_entries(text: bytes, kind: str) -> None:
    found = parse(text, "l1")
    assert isinstance(found, Malformed), found
    assert found.kind == kind


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_the_pieces_may_end_anywhere(size: int) -> None:
    entries = [entry(comment='a "quoted" \\ text é \u2028 [{'), entry(), entry(pageref="\\")]
    data = document(*entries, comment='"entries": [ {', other={"entries": [1, {}]})
    assert [json.loads(one) for one in cut(data, size)] == entries
    indented = json.dumps(json.loads(data), indent=2, ensure_ascii=False).encode()
    assert [json.loads(one) for one in cut(indented, size)] == entries


@pytest.mark.parametrize("size", [1_000, 100_000, 10_000_000])
def test_bodies_are_left_out(size: int) -> None:
    body = {"size": 4_000_000, "text": '<a href="\u00e9">\\' * 200_000}
    value = entry(response={"status": 200, "bodySize": -1, "content": body})
    found = cut(document(value, entry()), size)
    assert len(found) == 2
    assert len(found[0]) < MAX_LINE_BYTES
    first = parse(found[0], "l1")
    assert isinstance(first, Recorded)
    assert first.answer is not None
    assert first.answer.body_size == 4_000_000


def test_an_entry_that_is_too_long_without_its_bodies_is_cut() -> None:
    value = entry(comment=[["short"] * 10 for _ in range(10_000)])
    found = cut(document(value, entry()), 65_536)
    assert [len(one) > MAX_LINE_BYTES for one in found] == [True, False]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no HTTP Archive"),
        (b"}}}]]{{{", "no HTTP Archive"),
        (b'{"log": {"entries": {}}}', "no HTTP Archive"),
        (b'{"entries": [{}]}', "no HTTP Archive"),
        (document(entry(), entry())[:-30], "breaks off after 1 entries"),
    ],
)
def test_what_is_no_archive_or_breaks_off(data: bytes, why: str) -> None:
    with pytest.raises(Damaged, match=why):
        cut(data, 50)


def test_a_log_of_it(tmp_path) -> None:
    path = tmp_path / "shop.har.gz"
    path.write_bytes(gzip.compress(document(entry(), 5, {"request": 1}, entry(_fromCache="disk"), entry())))
    tally = MalformedTally()
    log = Log(str(path), "auto", tally)
    assert [number for number, _ in log.events()] == [1, 4]
    assert (log.format, tally.kinds) == ("har", {"wrong type": 1})
    assert tally.examples[0].line == 2
    path.write_bytes(gzip.compress(document(*[entry()] * 2000))[:-400])
    tally = MalformedTally()
    assert 0 < len(list(Log(str(path), "auto", tally).events())) < 2000
    assert tally.kinds == {"damaged file": 1}


@pytest.mark.parametrize("key", [None, str.lower])
def test_an_order_that_the_recorder_made_says_nothing(key: Any) -> None:
    """Chromium saves archives with fields in the order of the alphabet, capital letters first."""
    sent = ["Host", "Connection", "sec-ch-ua", "User-Agent", "Accept", "Sec-Fetch-Mode"]
    asked = entry()["request"]
    for names, expected in ((sent, sent), (sorted(sent, key=key), sorted(sent, key=str.lower))):
        fields = [{"name": name, "value": ""} for name in names]
        headers = recorded(entry(request=asked | {"headers": fields})).request.headers
        assert headers is not None
        assert [name for name, _ in headers] == expected


def test_it_is_recognised() -> None:
    assert looks_like(b' {\n "log" : {')
    assert not looks_like(b'{"timestamp": 1}')
