from __future__ import annotations

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.edge.answers import LINE_LIMIT_BYTES, AnswerReader, access_log, make_pipe, open_pipe, parse
from vedette.types import Answer

VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60)


def line(
    id="a1",
    start="1700000000.250000",
    duration="1500",
    status="200",
    size="17",
    details="via_upstream",
    headers=("shop.example", "", "", "", "", "", "", "application/json", ""),
):
    return (
        "\x1f".join([f'id="{id}", verdict=human', start, duration, status, size, details, *headers]).encode("latin-1")
        + b"\n"
    )


def test_one_line():
    (answer,), rest = parse(line())
    assert rest == b""
    assert answer == Answer(
        timestamp=1700000000.2515,
        id="a1",
        status=200,
        duration=0.0015,
        body_size=17,
        headers=((":authority", "shop.example"), ("content-type", "application/json")),
    )


def test_cookies_are_reported_by_name_only():
    (answer,), _ = parse(line(headers=("", "", "", "", "", "", "", "", "sid=secret; Path=/")))
    assert answer.headers == (("set-cookie", "sid"),)
    assert "secret" not in repr(answer)


@pytest.mark.parametrize(
    ("details", "status", "reported"),
    [
        ("via_upstream", "503", True),
        ("downstream_remote_disconnect", "200", True),
        ("downstream_remote_disconnect", "0", False),
        ("upstream_reset_after_response_started{connection_termination}", "200", True),
        ("upstream_reset_before_response_started{connection_termination}", "503", False),
        ("ext_authz_denied", "403", False),
        ("no_healthy_upstream", "503", False),
        ("fault_filter_abort", "503", False),
        ("", "200", False),
    ],
)
def test_only_what_the_api_answered_is_an_answer(details, status, reported):
    reader = AnswerReader()
    assert len(reader.feed(line(details=details, status=status))) == reported
    assert (reader.unanswered, reader.malformed) == (not reported, 0)


@pytest.mark.parametrize(
    "bad",
    [
        b"\n",
        b"half a line of an engine that was replaced\n",
        line()[20:],
        line(status="abc"),
        line(status="99"),
        line(status="10000"),
        line(start="nan"),
        line(start="inf"),
        line(start="-1"),
        line(start=""),
        line(id=""),
        b"x" + line(),
        line(headers=("x" * LINE_LIMIT_BYTES, *[""] * 8)),
        line(headers=("a",) * 10),
    ],
)
def test_a_malformed_line_is_counted_and_the_next_one_read(bad):
    reader = AnswerReader()
    assert [answer.id for answer in reader.feed(line("1") + bad + line("2"))] == ["1", "2"]
    assert reader.malformed == 1


def test_an_endless_line_is_dropped():
    reader = AnswerReader()
    for _ in range(100):
        assert reader.feed(b"x" * 1000) == []
        assert len(reader.rest) <= LINE_LIMIT_BYTES
    assert [answer.id for answer in reader.feed(b"\n" + line("2"))] == ["2"]


@given(st.binary(max_size=4000))
def test_anything_may_come_in(data):
    answers, rest = parse(data)
    assert len(rest) <= LINE_LIMIT_BYTES
    assert len(answers) <= data.count(b"\n")
    assert all(100 <= answer.status <= 999 and answer.id for answer in answers)


@given(
    st.lists(
        st.tuples(
            st.uuids().map(str), st.integers(100, 999), st.integers(0, 10**9), st.lists(VALUE, min_size=9, max_size=9)
        ),
        max_size=8,
    ),
    st.lists(st.integers(0, 3000), max_size=6),
)
def test_what_is_written_is_read_however_it_is_cut(rows, cuts):
    data = b"".join(line(id, status=str(status), duration=str(us), headers=values) for id, status, us, values in rows)
    reader, got, position = AnswerReader(), [], 0
    for cut in [*sorted(cuts), len(data)]:
        got += reader.feed(data[position:cut])
        position = max(position, min(cut, len(data)))
    assert got == parse(data)[0]
    assert reader.rest == b""
    assert reader.malformed == 0
    assert [(answer.id, answer.status, round(answer.duration * 1e6)) for answer in got] == [row[:3] for row in rows]
    for answer, (_, _, _, values) in zip(got, rows, strict=True):
        sent = [value for value in values[:-1] if value]
        assert [value for name, value in answer.headers if name != "set-cookie"] == sent


def test_the_format_has_as_many_fields_as_are_read():
    text = access_log("pipe")["typed_config"]["log_format"]["text_format_source"]["inline_string"]
    assert text.count("\x1f") == line().count(b"\x1f")
    assert text.endswith("\n")


def test_the_pipe(tmp_path):
    path = tmp_path / "answers.pipe"
    path.write_text("a file of that name")
    make_pipe(path)
    make_pipe(path)
    mode = path.stat().st_mode
    assert stat.S_ISFIFO(mode)
    assert mode & 0o777 == 0o600
    descriptor = open_pipe(path)
    try:
        reader = AnswerReader()
        assert reader.read(descriptor) == []
        os.write(descriptor, line("1")[:30])
        assert reader.read(descriptor) == []
        os.write(descriptor, line("1")[30:])
        assert [answer.id for answer in reader.read(descriptor)] == ["1"]
    finally:
        os.close(descriptor)
