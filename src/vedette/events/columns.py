"""The three tables of the event log, column by column: name, Arrow type, and where in a record the value stands.

Columns bear the names of the contract (``http.request.id``, ``score.low``); a hash of an identifier ends in ``.hash``
and is null where there was none. ``observed_timestamp`` is when the event was logged. This is the only place that turns
records into columns; sealed files and unsealed segments go through it alike. It imports ``pyarrow``: the engine's
process never imports this module.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from vedette.events.record import AnswerRecord, DecisionRecord, OutcomeRecord, Record

__all__ = ["TABLES", "Column", "Table", "schema_of", "table_of"]

_LAST_MICROSECOND = 253_402_300_799_999_999
_TIME = pa.timestamp("us", tz="UTC")


class Column(NamedTuple):
    """One column: its name, its type in Parquet, and how it is made from records."""

    name: str
    type: pa.DataType
    build: Callable[[Sequence[Any]], pa.Array]


class Table(NamedTuple):
    """One table: its name, the records it holds, and its columns."""

    name: str
    record: type[Record]
    columns: tuple[Column, ...]


def _time(name: str, attribute: str) -> Column:
    def build(rows: Sequence[Any]) -> pa.Array:
        return pa.array([_microseconds(getattr(row, attribute)) for row in rows], pa.int64()).cast(_TIME)

    return Column(name, _TIME, build)


def _microseconds(seconds: float) -> int | None:
    if not math.isfinite(seconds) or not 0.0 <= seconds * 1e6 <= _LAST_MICROSECOND:
        return None
    return round(seconds * 1e6)


def _plain(name: str, kind: pa.DataType, attribute: str) -> Column:
    return Column(name, kind, lambda rows: pa.array([getattr(row, attribute) for row in rows], kind))


def _word(name: str, attribute: str) -> Column:
    """Text of which few different values occur; null where it is empty or absent."""
    return Column(
        name,
        pa.string(),
        lambda rows: pa.array([getattr(row, attribute) or None for row in rows], pa.string()),
    )


def _hash(name: str, attribute: str) -> Column:
    return Column(
        name, pa.uint64(), lambda rows: pa.array([getattr(row, attribute) or None for row in rows], pa.uint64())
    )


def _known(name: str, kind: pa.DataType, attribute: str) -> Column:
    """A number that is unknown, and then null, where it is negative."""

    def build(rows: Sequence[Any]) -> pa.Array:
        values = (getattr(row, attribute) for row in rows)
        return pa.array([value if value >= 0 else None for value in values], kind)

    return Column(name, kind, build)


_REASONS = pa.list_(
    pa.field("element", pa.struct([("signal", pa.string()), ("weight", pa.float64()), ("detail", pa.string())]))
)
_FEATURES = pa.list_(pa.field("element", pa.float32()))


def _reasons(rows: Sequence[DecisionRecord]) -> pa.Array:
    flat = [reason for row in rows for reason in row.reasons]
    offsets = pa.array([0, *accumulate(len(row.reasons) for row in rows)], pa.int32())
    values = pa.StructArray.from_arrays(
        [
            pa.array([reason.signal for reason in flat], pa.string()),
            pa.array([reason.weight for reason in flat], pa.float64()),
            pa.array([reason.detail for reason in flat], pa.string()),
        ],
        fields=list(_REASONS.value_type),
    )
    return pa.ListArray.from_arrays(offsets, values, type=_REASONS)


def _features(rows: Sequence[DecisionRecord]) -> pa.Array:
    whole = [row.features if len(row.features) % 4 == 0 else b"" for row in rows]
    offsets = pa.array([0, *accumulate(len(vector) // 4 for vector in whole)], pa.int32())
    values = np.frombuffer(b"".join(whole), "<f4")
    return pa.ListArray.from_arrays(offsets, pa.array(values, pa.float32()), type=_FEATURES)


TABLES: tuple[Table, ...] = (
    Table(
        "decisions",
        DecisionRecord,
        (
            _plain("http.request.id", pa.string(), "id"),
            _time("timestamp", "timestamp"),
            _word("verdict", "verdict"),
            _plain("score", pa.float64(), "score"),
            _plain("score.low", pa.float64(), "low"),
            _plain("score.high", pa.float64(), "high"),
            _word("threat", "threat"),
            _word("action", "action"),
            _plain("enforced", pa.bool_(), "enforced"),
            _word("policy", "policy"),
            Column("reasons", _REASONS, _reasons),
            _word("campaign", "campaign"),
            _word("model", "model"),
            _word("advice", "advice"),
            _plain("degraded", pa.bool_(), "degraded"),
            _word("endpoint.name", "endpoint"),
            _word("endpoint.purpose", "purpose"),
            _word("http.request.method", "method"),
            _word("user_agent.name", "agent"),
            _hash("client.hash", "client"),
            _hash("address.hash", "address"),
            _hash("session.hash", "session"),
            _hash("account.hash", "account"),
            _hash("fingerprint.hash", "fingerprint"),
            _word("client.address", "client_address"),
            Column("features", _FEATURES, _features),
            _time("observed_timestamp", "observed"),
        ),
    ),
    Table(
        "answers",
        AnswerRecord,
        (
            _plain("http.request.id", pa.string(), "id"),
            _time("timestamp", "timestamp"),
            _known("http.response.status_code", pa.int32(), "status"),
            _known("http.server.request.duration", pa.float64(), "duration"),
            _known("http.response.body.size", pa.int64(), "body_size"),
            _time("observed_timestamp", "observed"),
        ),
    ),
    Table(
        "outcomes",
        OutcomeRecord,
        (
            _time("timestamp", "timestamp"),
            _word("outcome", "outcome"),
            _word("http.request.id", "id"),
            _hash("session.hash", "session"),
            _hash("account.hash", "account"),
            _hash("address.hash", "address"),
            _hash("event.hash", "event"),
            _time("observed_timestamp", "observed"),
        ),
    ),
)
"""What is kept. A later version may append columns; it never renames one."""


def schema_of(table: Table) -> pa.Schema:
    """Give the Arrow schema of a table."""
    return pa.schema([(column.name, column.type) for column in table.columns])


def table_of(table: Table, rows: Sequence[Record]) -> pa.Table:
    """Turn records, all of the table's kind, into columns. Never raises on what a record can hold."""
    return pa.Table.from_arrays([column.build(rows) for column in table.columns], schema=schema_of(table))
