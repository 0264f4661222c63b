"""Labels: who really sent each request of a recorded log, read from Parquet, CSV or JSON Lines.

Two columns are required, ``http.request.id`` and ``actor`` (``human``, ``good_bot`` or ``bad_bot``). ``session``,
``campaign``, ``threat``, ``level``, ``segment`` and ``prize`` are used where they exist. Nothing in here is ever shown
to the engine.

A label takes some twenty bytes: a 64-bit hash of its id, and the numbers of its *kind* (what all requests of one
population have in common), of its session and of its prize. Ids are looked up many at a time.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from vedette.detect.threats import NAMES
from vedette.types import Actor

__all__ = ["ACTORS", "Kind", "Labels", "hash_of", "read_labels"]

ACTORS: tuple[Actor, ...] = ("human", "good_bot", "bad_bot")

_ID = "http.request.id"
_OPTIONAL = ("session", "campaign", "threat", "level", "segment", "prize")
_KIND = ("actor", "campaign", "threat", "level", "segment")
_CHUNK = 16_384
_PRIZE = re.compile(r"[^:\s]+:.+", re.DOTALL)


class Kind(Struct, frozen=True):
    """What the requests of one population have in common; empty, or level 0, where the file does not say."""

    actor: Actor
    campaign: str = ""
    threat: str = ""
    level: int = 0
    segment: str = ""


class Labels:
    """The truth about requests, in the order of the hashes of their ids.

    Attributes:
        hashes: Hashes of the ids, sorted.
        kinds: Number of each label's kind in ``kind_list``.
        sessions: Number of each label's session, -1 where it has none.
        prizes: Number of what each request wins if it gets through, an index into ``prize_kinds``; -1 for nothing.
        catalogue: How many products there are, or 0 where the file does not say.
    """

    def __init__(
        self,
        hashes: NDArray[np.int64],
        kinds: NDArray[np.int32],
        sessions: NDArray[np.int32],
        prizes: NDArray[np.int32],
        kind_list: Sequence[Kind],
        prize_kinds: Sequence[str],
        catalogue: int = 0,
    ) -> None:
        self.hashes, self.kinds, self.sessions, self.prizes = hashes, kinds, sessions, prizes
        self.kind_list, self.prize_kinds = kind_list, prize_kinds
        self.catalogue = catalogue

    def __len__(self) -> int:
        return len(self.hashes)

    def find(self, hashes: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give the place of each id's label, by the hashes of the ids; -1 where there is none."""
        places = np.searchsorted(self.hashes, hashes)
        places[places == len(self.hashes)] = 0
        return np.where(self.hashes[places] == hashes, places, -1).astype(np.int32)


def hash_of(id: str) -> int:
    """Give the hash under which an id is kept while this process runs.

    Python's own, which no file can be made to collide with, since its key is drawn anew for each process.
    """
    return hash(id)


def read_labels(path: Path) -> Labels:
    """Read a whole label file. Raises ``ValueError`` naming file, row and what is wrong, or ``OSError``."""
    reader = _Reader(path)
    for chunk in _chunks(path):
        reader.add(chunk)
    return reader.labels()


# -- files -----------------------------------------------------------------------------------------------------------

_Coded = tuple[Sequence[Any], NDArray[np.int64]]


class _Chunk(Struct):
    """Some rows of a file: distinct values of each column, and which of them each row holds."""

    rows: int
    columns: dict[str, _Coded]
    catalogue: int = 0


def _chunks(path: Path) -> Iterator[_Chunk]:
    if path.suffix == ".parquet":
        return _parquet(path)
    if path.suffix == ".csv":
        return _csv(path)
    if path.suffix in (".jsonl", ".ndjson"):
        return _json_lines(path)
    raise ValueError(f"{path}: labels must be .parquet, .csv or .jsonl")


def _require(path: Path, columns: Iterable[str]) -> None:
    for name in (_ID, "actor"):
        if name not in columns:
            raise ValueError(f"{path}: no column {name}; it has {', '.join(sorted(columns))}")


def _parquet(path: Path) -> Iterator[_Chunk]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.open("rb").close()  # says why it cannot be read in the system's words
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: not a Parquet file: {error}") from None
    with file:
        names = set(file.schema_arrow.names)
        _require(path, names)
        told = (file.schema_arrow.metadata or {}).get(b"vedette.catalogue", b"0")
        if not told.isdigit():
            raise ValueError(f"{path}: vedette.catalogue is {told!r}; it must be a number of products")
        wanted = [name for name in (_ID, "actor", *_OPTIONAL) if name in names]
        for batch in file.iter_batches(batch_size=_CHUNK, columns=wanted):
            columns: dict[str, _Coded] = {}
            for name in wanted:
                column = batch.column(name)
                if name == _ID:
                    values = column.to_pylist()
                    columns[name] = values, np.arange(len(values))
                    continue
                if not pa.types.is_dictionary(column.type):
                    column = column.dictionary_encode(null_encoding="encode")
                values = [*column.dictionary.to_pylist(), None]
                numbers = column.indices.cast(pa.int64()).fill_null(len(values) - 1)
                columns[name] = values, numbers.to_numpy(zero_copy_only=False)
            yield _Chunk(batch.num_rows, columns, int(told))
    pa.default_memory_pool().release_unused()


def _csv(path: Path) -> Iterator[_Chunk]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        try:
            names = list(reader.fieldnames or ())
            if not names:
                raise ValueError(f"{path}: no header line in it")
            _require(path, names)
            while rows := list(islice(reader, _CHUNK)):
                yield _coded(rows, names)
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}: not UTF-8: {error}") from None


def _json_lines(path: Path) -> Iterator[_Chunk]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    rows: list[dict[str, Any]] = []
    number = 0
    with path.open("rb") as file:
        for line in file:
            if not line.strip():
                continue
            number += 1
            try:
                row = decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ValueError(f"{path}: row {number}: {error}") from None
            if number == 1:
                _require(path, row)
            rows.append(row)
            if len(rows) == _CHUNK:
                yield _coded(rows, {name for row in rows for name in row})
                rows = []
    if rows:
        yield _coded(rows, {name for row in rows for name in row})


def _coded(rows: Sequence[dict[str, Any]], names: Iterable[str]) -> _Chunk:
    columns: dict[str, _Coded] = {}
    for name in (_ID, "actor", *_OPTIONAL):
        if name not in names:
            continue
        values = [row.get(name) for row in rows]
        if name == _ID:
            columns[name] = values, np.arange(len(values))
            continue
        places: dict[Any, int] = {}
        numbers = [
            places.setdefault(value if isinstance(value, Hashable) else str(value), len(places)) for value in values
        ]
        columns[name] = list(places), np.array(numbers, np.int64)
    return _Chunk(len(rows), columns)


# -- what stands in them ---------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _actor(value: Any) -> str:
    if value not in ACTORS:
        raise ValueError(f"actor is {value!r}; it must be {', '.join(ACTORS)}")
    return str(value)


def _level(value: Any) -> int:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return 0
    if str(value).removesuffix(".0") in ("0", "1", "2", "3"):
        return int(float(value))
    raise ValueError(f"level is {value!r}; it must be 0 (nobody attacks), 1, 2 or 3")


def _threat(value: Any) -> str:
    if value and value not in NAMES:
        raise ValueError(f"threat is {value!r}; it must be OAT-001 to OAT-021, or empty")
    return _text(value)


def _prize(value: Any) -> str:
    if value and not _PRIZE.fullmatch(str(value)):
        raise ValueError(f"prize is {value!r}; it must be KIND:ID, such as account:anna, or empty")
    return _text(value)


_READ: dict[str, Callable[[Any], Any]] = {
    "actor": _actor, "session": _text, "campaign": _text, "threat": _threat, "level": _level, "segment": _text,
    "prize": _prize,
}  # fmt: skip


class _Reader:
    """Puts chunks together: each distinct value is checked once and becomes a number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = 0
        self._catalogue = 0
        self._hashes: list[NDArray[np.int64]] = []
        self._kinds: list[NDArray[np.int32]] = []
        self._sessions: list[NDArray[np.int32]] = []
        self._prizes: list[NDArray[np.int32]] = []
        self._known: dict[str, dict[Any, int]] = {"kind": {}, "session": {"": -1}, "prize": {"": -1}}

    def add(self, chunk: _Chunk) -> None:
        """Take in the next rows."""
        self._catalogue = max(self._catalogue, chunk.catalogue)
        ids = chunk.columns[_ID][0] if _ID in chunk.columns else [None] * chunk.rows
        values: dict[str, _Coded] = {}
        for name, read in _READ.items():
            given, numbers = chunk.columns.get(name, ((None,), np.zeros(chunk.rows, np.int64)))
            values[name] = self._read(name, read, given, numbers), numbers
        if not all(ids):
            row = next(place for place, id in enumerate(ids) if not id)
            raise ValueError(f"{self._path}: row {self._rows + row + 1}: {_ID} is missing")
        self._hashes.append(np.fromiter((hash(id if type(id) is str else str(id)) for id in ids), np.int64, len(ids)))
        self._kinds.append(self._numbered("kind", *_combined([values[name] for name in _KIND])))
        self._sessions.append(self._numbered("session", *values["session"]))
        self._prizes.append(self._numbered("prize", *values["prize"]))
        self._rows += chunk.rows

    def _read(
        self, name: str, read: Callable[[Any], Any], given: Sequence[Any], numbers: NDArray[np.int64]
    ) -> list[Any]:
        values = []
        for place, value in enumerate(given):
            try:
                values.append(read(value))
            except ValueError as error:
                rows = np.flatnonzero(numbers == place)
                if not len(rows):  # in the file's dictionary of values, but in none of these rows
                    values.append("")
                    continue
                raise ValueError(f"{self._path}: row {self._rows + int(rows[0]) + 1}: {error}") from None
        return values

    def _numbered(self, what: str, values: Sequence[Any], numbers: NDArray[np.int64]) -> NDArray[np.int32]:
        known = self._known[what]
        offset = -1 if "" in known else 0
        wide = np.fromiter((known.setdefault(value, len(known) + offset) for value in values), np.int32, len(values))
        return wide[numbers]

    def labels(self) -> Labels:
        """Sort what was read by hash; raises ``ValueError`` where an id occurs twice or nothing was read."""
        if not self._rows:
            raise ValueError(f"{self._path}: no label in it")
        hashes = np.concatenate(self._hashes)
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        again = np.flatnonzero(hashes[1:] == hashes[:-1])
        if len(again):
            row = int(order[again + 1].min())
            raise ValueError(f"{self._path}: row {row + 1}: {_ID} {_id_at(self._path, row)!r} has a label already")
        return Labels(
            hashes,
            np.concatenate(self._kinds)[order],
            np.concatenate(self._sessions)[order],
            np.concatenate(self._prizes)[order],
            [Kind(*values) for values in self._known["kind"]],
            [prize.partition(":")[0] for prize in self._known["prize"] if prize],
            self._catalogue,
        )


def _combined(columns: Sequence[_Coded]) -> tuple[list[tuple[Any, ...]], NDArray[np.int64]]:
    """Make one column of several: the tuples that occur, and which of them each row holds."""
    joint = np.zeros(len(columns[0][1]), np.int64)
    for values, numbers in columns:
        joint = joint * len(values) + numbers
        _, joint = np.unique(joint, return_inverse=True)  # stays below the number of rows, so that nothing overflows
    _, first, which = np.unique(joint, return_index=True, return_inverse=True)
    return [tuple(values[numbers[row]] for values, numbers in columns) for row in first], which


def _id_at(path: Path, row: int) -> str:
    for chunk in _chunks(path):
        if row < chunk.rows:
            return str(chunk.columns[_ID][0][row])[:80]
        row -= chunk.rows
    return ""
