"""Decisions as a file: JSON Lines or Parquet, in input order, complete or not there at all.

Rows go to a temporary file beside the target, which takes the target's name only at the end. Decisions come in order
of time; those that are ahead of the input's order wait, at most as many as the ordering window holds. With several
logs the decisions of each further log are kept in a file of their own and appended, so that all of the first log
comes first.
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct, field

from vedette.replay.order import log_of
from vedette.types import Decision, Reason, Request

SUFFIXES = (".parquet", ".jsonl")
_ROWS = 50_000


class DecisionRecord(Struct, frozen=True):
    """A decision as it is written (contract, section 3), key by key."""

    id: str = field(name="http.request.id")
    timestamp: float
    verdict: str
    score: float
    low: float = field(name="score.low")
    high: float = field(name="score.high")
    threat: str | None
    action: str
    enforced: bool
    policy: str
    reasons: tuple[Reason, ...]
    campaign: str | None
    model: str


def record_of(request: Request, decision: Decision) -> DecisionRecord:
    """Make the record of a decision; id and time are the request's."""
    return DecisionRecord(
        request.id,
        request.timestamp,
        decision.verdict,
        decision.score,
        decision.low,
        decision.high,
        decision.threat,
        decision.action,
        decision.enforced,
        decision.policy,
        decision.reasons,
        decision.campaign,
        decision.model,
    )


class _Writer(Protocol):
    def write(self, record: DecisionRecord) -> None: ...
    def append(self, path: Path) -> None: ...
    def close(self) -> None: ...


class _JsonLines:
    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=1 << 20)
        self._encoder = msgspec.json.Encoder()
        self._buffer = bytearray()

    def write(self, record: DecisionRecord) -> None:
        self._encoder.encode_into(record, self._buffer)
        self._buffer += b"\n"
        self._file.write(self._buffer)

    def append(self, path: Path) -> None:
        with path.open("rb") as part:
            shutil.copyfileobj(part, self._file, 1 << 20)

    def close(self) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


class _Parquet:
    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._pa, self._pq = pa, pq
        text = pa.string()
        reason = pa.struct([("signal", text), ("weight", pa.float64()), ("detail", text)])
        required = {
            "http.request.id": text,
            "timestamp": pa.float64(),
            "verdict": text,
            "score": pa.float64(),
            "score.low": pa.float64(),
            "score.high": pa.float64(),
            "threat": None,
            "action": text,
            "enforced": pa.bool_(),
            "policy": text,
            "reasons": pa.list_(reason),
            "campaign": None,
            "model": text,
        }
        self._schema = pa.schema(
            [pa.field(name, kind or text, nullable=kind is None) for name, kind in required.items()]
        )
        self._reason = reason
        self._rows: list[DecisionRecord] = []
        self._file = path.open("xb")
        self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")

    def write(self, record: DecisionRecord) -> None:
        self._rows.append(record)
        if len(self._rows) >= _ROWS:
            self._flush()

    def _flush(self) -> None:
        pa, rows = self._pa, self._rows
        if not rows:
            return
        offsets: list[int] = [0]
        flat: list[Any] = []
        for row in rows:
            flat.extend(row.reasons)
            offsets.append(len(flat))
        reasons = pa.ListArray.from_arrays(
            pa.array(offsets, pa.int32()),
            pa.StructArray.from_arrays(
                [
                    pa.array([reason.signal for reason in flat], pa.string()),
                    pa.array([reason.weight for reason in flat], pa.float64()),
                    pa.array([reason.detail for reason in flat], pa.string()),
                ],
                fields=list(self._reason),
            ),
        )
        columns: list[Any] = []
        attributes = DecisionRecord.__struct_fields__
        for attribute, field_ in zip(attributes, self._schema, strict=True):
            if attribute == "reasons":
                columns.append(reasons)
            else:
                columns.append(pa.array([getattr(row, attribute) for row in rows], field_.type))
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._rows = []

    def append(self, path: Path) -> None:
        self._flush()
        with self._pq.ParquetFile(path) as part:
            for group in range(part.num_row_groups):
                self._writer.write_table(part.read_row_group(group))

    def close(self) -> None:
        try:
            self._flush()
            self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


class _Lane:
    """Decisions of one log on their way back into its order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.expected: deque[int] = deque()
        self.ahead: dict[int, DecisionRecord] = {}
        self.writer: _Writer | None = None

    def open(self) -> _Writer:
        if self.writer is None:
            self.writer = _JsonLines(self.path) if self.path.suffix == ".jsonl" else _Parquet(self.path)
        return self.writer

    def take(self, place: int, record: DecisionRecord) -> None:
        expected, ahead = self.expected, self.ahead
        writer = self.writer or self.open()
        if expected[0] != place:
            ahead[place] = record
            return
        expected.popleft()
        writer.write(record)
        while expected and expected[0] in ahead:
            writer.write(ahead.pop(expected.popleft()))

    def skip_missing(self) -> None:
        """Write what is decided, in order, past requests that were not: the replay was interrupted."""
        writer = self.open()
        for place in self.expected:
            record = self.ahead.pop(place, None)
            if record is not None:
                writer.write(record)
        self.expected.clear()


class Output:
    """The file of decisions of one replay: a consumer of it.

    Use it as a context manager: left without :meth:`commit`, it leaves no file behind.
    """

    def __init__(self, target: Path, logs: int = 1) -> None:
        """Check the target and open its first temporary file; raises ``OSError`` where that is impossible."""
        if target.suffix not in SUFFIXES:
            raise ValueError(f"{target}: the name must end in .parquet or .jsonl")
        self.target = target
        stem = target.with_suffix("").name
        self._lanes = [
            _Lane(target.with_name(f".{stem}.{os.getpid()}.{number}{target.suffix}")) for number in range(logs)
        ]
        try:
            self._lanes[0].open()
        except OSError as error:  # name what the reader asked for, not the temporary file beside it
            raise OSError(error.errno, error.strerror, str(target)) from error

    def expect(self, place: int) -> None:
        """Note the next request of a log."""
        self._lanes[log_of(place)].expected.append(place)

    def add(self, place: int, request: Request, decision: Decision) -> None:
        """Write a decision once those before it are written."""
        self._lanes[log_of(place)].take(place, record_of(request, decision))

    def commit(self, *, partial: bool = False) -> Path:
        """Finish the file and give it its name; partial results get ``.partial`` before the suffix.

        An older file of that name is replaced, all at once.
        """
        first = self._lanes[0]
        for lane in self._lanes:
            if partial:
                lane.skip_missing()
        writer = first.open()
        for lane in self._lanes[1:]:
            if lane.writer is not None:
                lane.writer.close()
                writer.append(lane.path)
        writer.close()
        target = self.target.with_suffix(f".partial{self.target.suffix}") if partial else self.target
        first.path.replace(target)
        return target

    def __enter__(self) -> Output:
        return self

    def __exit__(self, *_: object) -> None:
        for lane in self._lanes:
            if lane.writer is not None:
                try:
                    lane.writer.close()
                except (OSError, ValueError):
                    pass  # already closed by commit, or the reason why there is no commit
                lane.path.unlink(missing_ok=True)
