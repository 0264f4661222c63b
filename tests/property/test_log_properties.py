"""Whatever a line holds, a parser gives an event or says what is wrong; what was written is read back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.doors.logs import FORMATS, Malformed, Recorded
from vedette.doors.logs.files import Damaged
from vedette.doors.logs.har import entries_of
from vedette.types import Outcome

ACCESS = st.builds(
    '{} - {} [{:02d}/Nov/2025:16:00:{:02d} +0000] "{}" {} {}{}'.format,
    st.text(max_size=20),
    st.text(max_size=20),
    st.integers(0, 40),
    st.integers(0, 70),
    st.text(max_size=60),
    st.sampled_from(["200", "-", "99999", "abc"]),
    st.sampled_from(["-", "1", "9" * 30]),
    st.sampled_from(["", ' "-" "x"', ' "\\"" "', ' "a" "b" extra']),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=8,
)
WORD = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["-", "h2", "192.0.2.1:1", "0.001", "200", "000", "9" * 400, "1e400", "nan", '"-"', '"GET https://a/ HTTP/2.0"']
        + ["2025-11-24T16:00:00Z", "2025-11-24", "16:00:00", "/a%25", "https", "#Fields:", "1764000000.5"]
    ),
)
HAR = st.fixed_dictionaries(
    {
        "startedDateTime": st.sampled_from(["2025-11-24T16:00:00Z", "2099-12-31T23:59:59Z", "x"]),
        "request": st.fixed_dictionaries(
            {"method": st.text(max_size=5), "url": st.text(max_size=30).map("https://a/".__add__)},
            optional={"httpVersion": st.text(max_size=5), "bodySize": st.floats(), "headers": JSON},
        ),
    },
    optional={
        "response": st.fixed_dictionaries({"status": st.floats() | st.integers(-1, 1000)}, optional={"content": JSON}),
        "timings": st.dictionaries(st.sampled_from(["blocked", "send", "wait"]), st.floats()),
        "time": st.floats(),
        "_clientAddress": st.text(max_size=9),
    },
)
KEYS = (
    "timestamp",
    "http.request.method",
    "url.path",
    "client.address",
    "event.name",
    "outcome",
    "start_time",
    "path",
) + ("c-ip", "cs-method", "cs-uri-stem", "timestamp(ms)", "time-taken", "sc-status")
LINES = st.one_of(
    st.binary(max_size=200),
    ACCESS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(WORD, max_size=34).map(lambda words: " ".join(words).encode("utf-8", "surrogatepass")),
    st.lists(WORD, max_size=34).map(lambda words: "\t".join(words).encode("utf-8", "surrogatepass")),
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8).map(lambda value: json.dumps(value).encode()),
    HAR.map(lambda value: json.dumps(value).encode()),
)


@pytest.mark.parametrize("name", sorted(FORMATS))
@settings(max_examples=400, deadline=None)
@given(line=LINES)
def test_a_parser_never_raises(name: str, line: bytes) -> None:
    found = FORMATS[name]()(line, "l1")
    assert found is None or isinstance(found, Recorded | Outcome | Malformed)
    if isinstance(found, Recorded):
        assert found.request.id
        assert 0.0 <= found.request.timestamp < 4_102_444_800.0
        if found.answer is not None:
            assert found.answer.timestamp >= found.request.timestamp


PLAIN = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"\\ ?#'), min_size=1, max_size=30
)


@settings(max_examples=200, deadline=None)
@given(path=PLAIN, agent=PLAIN, status=st.integers(100, 599), second=st.integers(0, 59))
def test_what_a_server_writes_is_read_back(path: str, agent: str, status: int, second: int) -> None:
    line = f'192.0.2.1 - - [24/Nov/2025:16:00:{second:02d} +0000] "GET /{path} HTTP/1.1" {status} 5 "-" "{agent}"'
    found = FORMATS["combined"]()(line.encode(), "l1")
    assert isinstance(found, Recorded)
    assert found.answer is not None
    assert (found.request.path, found.answer.status) == (f"/{path}", status)
    assert found.request.user_agent == ("" if agent == "-" else agent)
    assert found.request.timestamp == 1_764_000_000 + second


@settings(max_examples=200, deadline=None)
@given(
    entries=st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=4), max_size=4),
    before=JSON,
    after=JSON,
    indent=st.sampled_from([None, 2]),
    size=st.integers(1, 200),
)
def test_the_entries_of_an_archive_are_found(
    entries: list[object], before: object, after: object, indent: int | None, size: int
) -> None:
    document = {"log": {"version": before, "entries": entries, "comment": after}}
    data = json.dumps(document, indent=indent).encode()
    pieces = (data[place : place + size] for place in range(0, len(data), size))
    found = [json.loads(one) for part in entries_of(pieces) for one in part]
    assert json.dumps(found) == json.dumps(entries)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200) | st.lists(st.sampled_from('\\"{}[],ab')).map(
    lambda letters: ('{"log":{"entries":[' + "".join(letters)).encode()
), size=st.integers(1, 50))  # fmt: skip
def test_pieces_of_no_archive_do_no_harm(data: bytes, size: int) -> None:
    try:
        for part in entries_of(data[place : place + size] for place in range(0, len(data), size)):
            for one in part:
                FORMATS["har"]()(one, "l1")
    except Damaged as error:
        assert str(error)
