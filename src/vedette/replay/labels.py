"""Labels: who really sent each request of a recorded log, read from Parquet, CSV or JSON Lines.

Two columns are required, ``http.request.id`` and ``actor`` (``human``, ``good_bot`` or ``bad_bot``). ``session``,
``campaign`` and ``segment`` are used where they exist. Nothing in here is ever shown to the engine.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from vedette.types import Actor

ACTORS: tuple[Actor, ...] = ("human", "good_bot", "bad_bot")

_ID, _ACTOR = "http.request.id", "actor"
_OPTIONAL = ("session", "campaign", "segment")


class Label(Struct, frozen=True):
    """The truth about one request; empty where the file does not say."""

    actor: Actor
    session: str = ""
    campaign: str = ""
    segment: str = ""


class Labels:
    """Labels by request id, and which of the optional columns the file had."""

    def __init__(self, labels: dict[str, Label], columns: frozenset[str]) -> None:
        self._labels = labels
        self.columns = columns

    def __len__(self) -> int:
        return len(self._labels)

    def get(self, id: str) -> Label | None:
        """The label of a request, or ``None``."""
        return self._labels.get(id)


def read_labels(path: Path) -> Labels:
    """Read a whole label file. Raises ``ValueError`` naming file, row and what is wrong, or ``OSError``."""
    if path.suffix == ".parquet":
        columns, rows = _parquet(path)
    elif path.suffix == ".csv":
        columns, rows = _csv(path)
    elif path.suffix in (".jsonl", ".ndjson"):
        columns, rows = _json_lines(path)
    else:
        raise ValueError(f"{path}: labels must be .parquet, .csv or .jsonl")
    for name in (_ID, _ACTOR):
        if columns and name not in columns:
            raise ValueError(f"{path}: no column {name}; it has {', '.join(sorted(columns))}")
    shared: dict[Label, Label] = {}
    labels: dict[str, Label] = {}
    for number, row in rows:
        id, actor = row.get(_ID), row.get(_ACTOR)
        if not id:
            raise ValueError(f"{path}: row {number}: {_ID} is missing")
        if actor not in ACTORS:
            raise ValueError(f"{path}: row {number}: actor is {actor!r}; it must be {', '.join(ACTORS)}")
        label = Label(actor, *(_text(row.get(name)) for name in _OPTIONAL))
        if str(id) in labels:
            raise ValueError(f"{path}: row {number}: {_ID} {str(id)[:80]!r} has a label already")
        labels[str(id)] = shared.setdefault(label, label)
    if not labels:
        raise ValueError(f"{path}: no label in it")
    return Labels(labels, frozenset(columns) & frozenset(_OPTIONAL))


_Rows = Iterable[tuple[int, dict[str, Any]]]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _parquet(path: Path) -> tuple[set[str], _Rows]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: not a Parquet file: {error}") from None
    columns = set(file.schema_arrow.names)
    wanted = [name for name in (_ID, _ACTOR, *_OPTIONAL) if name in columns]

    def rows() -> Iterator[tuple[int, dict[str, Any]]]:
        number = 0
        for batch in file.iter_batches(columns=wanted):
            for row in batch.to_pylist():
                number += 1
                yield number, row
        file.close()

    return columns, rows()


def _csv(path: Path) -> tuple[set[str], _Rows]:
    text = io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")
    reader = csv.DictReader(text)
    columns = set(reader.fieldnames or ())
    if not columns:
        raise ValueError(f"{path}: no header line in it")
    return columns, enumerate(reader, start=1)


def _json_lines(path: Path) -> tuple[set[str], _Rows]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    rows: list[tuple[int, dict[str, Any]]] = []
    columns: set[str] = set()
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ValueError(f"{path}: row {number}: {error}") from None
            columns.update(row)
            rows.append((number, row))
    return columns, rows
