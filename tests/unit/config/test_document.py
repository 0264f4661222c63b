"""The YAML tree: places, and that everything odd or hostile is a problem with its line."""

from __future__ import annotations

import pytest

from vedette.config.document import NODES_MAX, SourceError, parse_document


def problems(raw: bytes) -> list[tuple[int, str]]:
    with pytest.raises(SourceError) as caught:
        parse_document(raw)
    return caught.value.problems


LAUGHS = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter + 1, letter + 1, b", ".join([b"*%c" % letter] * 10)) for letter in range(97, 117)
)


@pytest.mark.parametrize(
    ("raw", "line", "said"),
    [
        (b"a:\n\t- b", 2, "a tab"),
        (b"a: * /x", 1, "quote a text that begins with one"),
        (b"a: 1\nb: *x", 2, "an alias of nothing"),
        (b"a: &a [*a]", 1, "contains it"),
        (b"a: &a b\n*a : 1", 2, "alias as a key"),
        (LAUGHS, 4, "too much"),
        (b"".join(b"k%d: 1\n" % n for n in range(NODES_MAX + 10)), NODES_MAX, "too much"),
        (b"a: b: c", 1, "quote the text"),
        (b"a: 1\na: 2", 2, 'given twice, "a", first in line 1'),
        (b"a: \xff", 1, "not UTF-8"),
        (b"a: 1\nb: \x00", 2, "U+0000"),
        (b"a: 1\nb\x0b: 1", 2, "U+000B"),
        ("a: 1".encode("utf-16"), 1, "UTF-16"),
        (b"a: !!python/object:os.system x", 1, "a tag"),
        (b"a: !x [1]", 1, "a tag"),
        (b"a: 1\n---\nb: 2", 2, "a second document"),
        (b"a: " + b"[" * 1_000_000, 1, "nested too deeply"),
        (b"- " * 200 + b"a", 1, "nested too deeply"),
        (b"#" * 1_100_000, 1, "too large"),
        (b"<<: {a: 1}", 1, "merge key"),
        (b"? [a]\n: b", 1, "as a key"),
        (b"a: @x", 1, "quote it"),
        (b'a: "\\q"', 1, "unknown escape"),
        (b"%YAML 3.0\n---\na: 1", 1, "not YAML"),
        (b"a: [\n", 2, "brackets"),
        (b"- a", 1, "not a mapping"),
        (b"just text", 1, "not a mapping"),
    ],
    ids=range(27),
)
def test_odd_and_hostile_texts_have_a_line_and_a_word(raw, line, said):
    assert any(found == line and said in text for found, text in problems(raw))


def test_all_duplicates_and_tags_are_found_at_once():
    assert [line for line, _ in problems(b"a: 1\na: !x 2\nb: {c: 1, c: 2}\n")] == [2, 2, 3]


@pytest.mark.parametrize("raw", [b"", b"# nothing\n", b"---\n", b"\xef\xbb\xbf"])
def test_nothing_is_an_empty_mapping(raw):
    assert parse_document(raw).entries == {}


def test_texts_stay_as_written():
    root = parse_document(b"a: yes\nb: 1:30\nc: 0x10\nd: '~'\ne: ~\nf: 2026-01-01\n")
    assert [node.text for _, node in root.entries.values()] == ["yes", "1:30", "0x10", "~", "~", "2026-01-01"]
    assert [node.is_null for _, node in root.entries.values()] == [False, False, False, False, True, False]


def test_aliases_and_windows_line_ends_work():
    root = parse_document(b"a: &x {b: 1}\r\nc: *x\r\n")
    assert root.entries["c"][1].entries["b"][1].text == "1"
    assert root.entries["c"][0] == 2


@pytest.mark.parametrize(
    ("raw", "position", "place"),
    [
        (b"k: score > 1", (1, 9), (1, 12)),
        (b"k: 'score > 1'", (1, 9), (1, 13)),
        (b"k: 'a == ''b'' && c'", (1, 13), (1, 19)),
        (b'k: "a == \\"b\\" && c"', (1, 13), (1, 19)),
        (b"k: |\n  score > 1\n  && low", (2, 4), (3, 6)),
        (b"k: >-\n    score > 1\n    && low", (1, 14), (3, 8)),
        (b"k: score > 1\n   && low", (1, 11), (2, 4)),
        (b'k: "score > 1\n   && low"', (1, 14), (2, 7)),
        ("k: '\u00e9 > x'".encode(), (1, 5), (1, 9)),
        (b"k: ab", (1, 3), (1, 6)),
        (b"k: ab", (9, 1), (1, 6)),
    ],
)
def test_a_position_in_a_text_is_found_in_the_file(raw, position, place):
    node = parse_document(raw).entries["k"][1]
    assert node.locate(*position) == place
