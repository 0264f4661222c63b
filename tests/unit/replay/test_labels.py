"""Label files: what is read, in whatever order and format, and what a wrong one is told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vedette.replay.labels import Kind, Labels, hash_of, read_labels

ROWS = [
    {"http.request.id": "b", "actor": "bad_bot", "session": "s1", "campaign": "c", "threat": "OAT-008", "level": 2,
     "segment": "credential_stuffing", "prize": "account:anna"},
    {"http.request.id": "h", "actor": "human", "session": "s2", "campaign": "", "threat": "", "level": 0,
     "segment": "web", "prize": ""},
    {"http.request.id": "g", "actor": "good_bot", "session": "", "campaign": "", "threat": "", "level": 0,
     "segment": "search_engine", "prize": ""},
    {"http.request.id": "b2", "actor": "bad_bot", "session": "s1", "campaign": "c", "threat": "OAT-008", "level": 2,
     "segment": "credential_stuffing", "prize": "card:anna"},
]  # fmt: skip


def write(path: Path, rows: list[dict[str, object]], *, dictionary: bool = False, catalogue: str = "") -> Path:
    if path.suffix == ".parquet":
        table = pa.Table.from_pylist(rows)
        if dictionary:
            table = pa.table({name: table[name].dictionary_encode() for name in table.column_names})
        if catalogue:
            table = table.replace_schema_metadata({"vedette.catalogue": catalogue})
        pq.write_table(table, path, row_group_size=3)
    elif path.suffix == ".csv":
        names = list(rows[0])
        lines = [names, *([str(row[name]) for name in names] for row in rows)]
        path.write_text("\n".join(",".join(line) for line in lines) + "\n")
    else:
        path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def found(labels: Labels, id: str) -> tuple[Kind, int, str] | None:
    (place,) = labels.find(np.array([hash_of(id)]))
    if place < 0:
        return None
    prize = labels.prizes[place]
    return (
        labels.kind_list[labels.kinds[place]],
        int(labels.sessions[place]),
        labels.prize_kinds[prize] if prize >= 0 else "",
    )


@pytest.mark.parametrize("name", ["a.parquet", "coded.parquet", "a.csv", "a.jsonl"])
def test_every_format_says_the_same(tmp_path: Path, name: str) -> None:
    labels = read_labels(write(tmp_path / name, ROWS, dictionary=name.startswith("coded")))
    stuffing = Kind("bad_bot", "c", "OAT-008", 2, "credential_stuffing")
    assert len(labels) == 4
    first, second = found(labels, "b"), found(labels, "b2")
    assert first is not None
    assert second is not None
    assert first[0] == second[0] == stuffing
    assert (first[2], second[2]) == ("account", "card")
    assert first[1] == second[1] != -1, "one session"
    human = found(labels, "h")
    assert human is not None
    assert human[0] == Kind("human", segment="web")
    assert human[1] not in (-1, first[1])
    assert found(labels, "g") == (Kind("good_bot", segment="search_engine"), -1, "")
    assert found(labels, "nobody") is None


def test_only_two_columns_are_needed_and_null_is_empty(tmp_path: Path) -> None:
    assert found(read_labels(write(tmp_path / "a.csv", [{"http.request.id": 7, "actor": "human"}])), "7") == (
        Kind("human"), -1, ""
    )  # fmt: skip
    rows = [{"http.request.id": "1", "actor": "human", "level": None, "segment": None, "prize": None}]
    assert found(read_labels(write(tmp_path / "a.jsonl", rows)), "1") == (Kind("human"), -1, "")
    table = pa.table({"http.request.id": ["1", "2"], "actor": ["human", "bad_bot"], "level": [None, 3.0]})
    pq.write_table(table, tmp_path / "a.parquet")
    labels = read_labels(tmp_path / "a.parquet")
    assert found(labels, "1") == (Kind("human"), -1, "")
    assert found(labels, "2") == (Kind("bad_bot", level=3), -1, "")


def test_many_chunks_are_put_together(tmp_path: Path) -> None:
    count = 150_000
    actors = [("human", "good_bot", "bad_bot")[n % 3] for n in range(count)]
    table = pa.table({
        "http.request.id": [f"r{n}" for n in range(count)],
        "actor": actors,
        "session": [f"s{n // 10}" for n in range(count)],
        "campaign": [f"c{n // 1000}" if n % 3 == 2 else "" for n in range(count)],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    labels = read_labels(tmp_path / "a.parquet")
    hashes = np.array([hash_of(f"r{n}") for n in range(0, count, 7)])
    places = labels.find(hashes)
    assert [labels.kind_list[labels.kinds[place]].actor for place in places] == actors[::7]
    assert labels.sessions[labels.find(np.array([hash_of("r100000")]))[0]] == 10_000
    assert labels.kind_list[labels.kinds[labels.find(np.array([hash_of("r149999")]))[0]]].campaign == "c149"


def test_the_catalogue_stands_in_the_file(tmp_path: Path) -> None:
    assert read_labels(write(tmp_path / "a.parquet", ROWS, catalogue="4711")).catalogue == 4711
    assert read_labels(write(tmp_path / "b.parquet", ROWS)).catalogue == 0
    with pytest.raises(ValueError, match=r"vedette.catalogue is b'many'"):
        read_labels(write(tmp_path / "c.parquet", ROWS, catalogue="many"))


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.csv", "id,actor\n1,human\n", "no column http.request.id"),
        ("a.csv", "http.request.id,actor\n1,robot\n", "row 1: actor is 'robot'"),
        ("a.csv", "http.request.id,actor\n1,human\n2,human\n3,human\n2,human\n", "row 4: .* '2' has a label already"),
        ("a.csv", "http.request.id,actor\n", "no label in it"),
        ("a.csv", "http.request.id,actor\n1,human\n,human\n", "row 2: http.request.id is missing"),
        ("a.csv", "http.request.id,actor,level\n1,human,0\n2,bad_bot,4\n", "row 2: level is '4'; it must be 0"),
        ("a.csv", "http.request.id,actor,threat\n1,bad_bot,OAT-8\n", "row 1: threat is 'OAT-8'"),
        ("a.csv", "http.request.id,actor,prize\n1,bad_bot,\n2,bad_bot,gold\n", "row 2: prize is 'gold'"),
        ("a.csv", "", "no header line"),
        ("a.csv", b"http.request.id,actor\n1,\xff\n", "not UTF-8"),
        ("a.jsonl", "{", "row 1"),
        ("a.jsonl", '{"http.request.id": "1"}', "no column actor"),
        ("a.jsonl", '{"http.request.id": "1", "actor": "human"}\n{"http.request.id": "2"}', "row 2: actor is None"),
        ("a.txt", "", "labels must be"),
        ("a.parquet", "PAR1", "not a Parquet file"),
    ],
)
def test_wrong_labels_are_explained(tmp_path: Path, name: str, text: str | bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=problem):
        read_labels(path)


def test_a_wrong_value_in_a_late_row_of_parquet_is_found(tmp_path: Path) -> None:
    rows = [{"http.request.id": f"r{n}", "actor": "human", "level": 0} for n in range(70_000)]
    rows[69_000]["level"] = 9
    with pytest.raises(ValueError, match="row 69001: level is 9"):
        read_labels(write(tmp_path / "a.parquet", rows))
