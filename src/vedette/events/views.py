"""Reading the event log while it is being written: DuckDB over sealed files and unsealed segments.

``connect`` gives a connection with the views ``decisions``, ``answers`` and ``outcomes``, as they were at that moment;
``find`` gives one decision with what followed it. Neither locks anything out, both work with no file at all, and the
connection reads below the data directory only and loads no extension.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import structlog

from vedette.events.record import ID_LIMIT, KINDS, OutcomeRecord, Record
from vedette.events.segment import Damage, listed, records, segments_of, started

if TYPE_CHECKING:
    import duckdb

__all__ = ["connect", "find"]

UNSEALED_BYTES = 256 << 20
"""Of unsealed segments at most so much, the newest, is read into memory; more exists only if nothing seals."""
ATTEMPTS = 3
FOLLOWED_BY = 100
"""Answers and outcomes of one decision that :func:`find` gives at most."""

_OUTCOMES = frozenset({KINDS[OutcomeRecord]})

log = structlog.get_logger("vedette.events")


def connect(directory: Path, *, since: float | None = None) -> duckdb.DuckDBPyConnection:
    """Open the event log below a data directory for queries.

    The columns ``day`` and ``hour`` (UTC, when the event was logged) choose files: name them in ``WHERE``. What is
    logged later is seen by a later connection only.

    Args:
        directory: The data directory.
        since: Leave out hours that ended before this moment (Unix seconds).
    """
    return _connect(directory, since, b"")


def _connect(directory: Path, since: float | None, holding: bytes) -> duckdb.DuckDBPyConnection:
    import duckdb

    from vedette.events.columns import TABLES

    rows, stems = _unsealed(directory, holding)
    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET allowed_directories = [{_quoted(str(directory.resolve()))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    for table in TABLES:
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        connection.register(f"unsealed_{table.name}", _with_hour(table, rows[table.record]))
        sources = [f'SELECT {names}, day, hour FROM "unsealed_{table.name}"']  # noqa: S608 - names are ours
        files = _sealed(directory.resolve(), table.name, stems, since)
        if files:
            listing = ", ".join(map(_quoted, files))
            sources.append(
                f"SELECT {names}, day, hour FROM read_parquet([{listing}], hive_partitioning = true,"  # noqa: S608
                f" hive_types = {{'day': DATE, 'hour': TINYINT}})"
            )
        connection.execute(f'CREATE VIEW "{table.name}" AS {" UNION ALL BY NAME ".join(sources)}')
    return connection


def find(directory: Path, id: str) -> dict[str, Any] | None:
    """Find one decision by its request id or support id (``urn:uuid:…``, ``urn:vedette:…``), or give ``None``.

    The keys are the columns of ``decisions``, times as RFC 3339, ``features`` by name with null for unknown,
    ``signals`` by name with ``known``, ``unknown`` or ``contradicted by …``, and ``answer``
    (or null) and ``outcomes``: those of the request itself, and those of its session, account or address logged after
    it, each with ``of`` saying which. Everything is ready for JSON; hashes are 16 hexadecimal digits.
    """
    import duckdb

    wanted = _request_id(id)
    if not wanted:
        return None
    for attempt in range(ATTEMPTS):
        try:
            return _find(directory, wanted)
        except duckdb.IOException:  # a file was joined or expired between listing and reading
            if attempt == ATTEMPTS - 1:
                raise
    return None


def _request_id(text: str) -> str:
    """Read an id as people paste it, or the ``instance`` of an answer that Vedette gave.

    >>> _request_id(" URN:UUID:1C2D6B0E-5F7A-4F0A-9D8B-2F6F0E1F7C11"), _request_id("urn:vedette:a%20b")
    ('1c2d6b0e-5f7a-4f0a-9d8b-2f6f0e1f7c11', 'a b')
    """
    text = text.strip().encode("utf-8", "replace").decode()
    scheme, rest = text[:12].lower(), text[12:]
    if scheme == "urn:vedette:":
        text = unquote(rest)
    elif scheme.startswith("urn:uuid:"):
        text = text[9:].lower()
    return text[:ID_LIMIT]


def _find(directory: Path, id: str) -> dict[str, Any] | None:
    connection = _connect(directory, None, id.encode())
    with contextlib.closing(connection):
        found = _rows(
            connection, 'SELECT * FROM decisions WHERE "http.request.id" = ? ORDER BY timestamp LIMIT 1', [id]
        )
        if not found:
            return None
        decision = found[0]
        answers = _rows(
            connection,
            "SELECT * EXCLUDE (day, hour) FROM answers"
            ' WHERE "http.request.id" = ? AND day >= ? ORDER BY timestamp LIMIT 1',
            [id, decision["day"]],
        )
        outcomes = _rows(
            connection,
            "SELECT * EXCLUDE (day, hour), CASE WHEN \"http.request.id\" = $id THEN 'request'"
            " WHEN \"session.hash\" = $session THEN 'session' WHEN \"account.hash\" = $account THEN 'account'"
            " ELSE 'address' END AS \"of\" FROM outcomes"
            ' WHERE "http.request.id" = $id OR (observed_timestamp >= $since AND ("session.hash" = $session'
            ' OR "account.hash" = $account OR "address.hash" = $address)) ORDER BY timestamp LIMIT $most',
            {
                "id": id,
                "session": decision["session.hash"],
                "account": decision["account.hash"],
                "address": decision["address.hash"],
                "since": decision["observed_timestamp"],
                "most": FOLLOWED_BY,
            },
        )
    del decision["day"], decision["hour"]
    decision["features"] = _named(decision["features"])
    return _ready(decision) | {
        "signals": _states(decision["features"]),
        "answer": _ready(answers[0]) if answers else None,
        "outcomes": [_ready(outcome) for outcome in outcomes],
    }


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _unsealed(directory: Path, holding: bytes) -> tuple[dict[type[Record], list[tuple[str, Record]]], set[str]]:
    """Read the segments first and list sealed files later: what is sealed in between is seen once, in the segment.

    Decisions and answers that do not hold the bytes ``holding`` are passed over without being decoded.
    """
    rows: dict[type[Record], list[tuple[str, Record]]] = {kind: [] for kind in KINDS}
    stems: set[str] = set()
    left = UNSEALED_BYTES
    for path in reversed(listed(segments_of(directory))):
        try:
            left -= path.stat().st_size
            if left < 0:
                log.warning("events.unread", segment=path.name, problem="too much is unsealed", fix="start the archive")
                break
            read = [(path.stem[:11], record) for record in records(path, Damage(), containing=holding)]
            if holding:
                read = [row for row in read if not isinstance(row[1], OutcomeRecord)]
                read += [(path.stem[:11], record) for record in records(path, Damage(), kinds=_OUTCOMES)]
        except (FileNotFoundError, ValueError):  # sealed meanwhile, or no segment of this version
            continue
        stems.add(path.stem)
        for row in read:
            rows[type(row[1])].append(row)
    return rows, stems


def _with_hour(table: Any, rows: list[tuple[str, Record]]) -> Any:
    import pyarrow as pa

    from vedette.events.columns import table_of

    columns = table_of(table, [record for _, record in rows])
    days = [started(hour).date() for hour, _ in rows]
    hours = [int(hour[9:11]) for hour, _ in rows]
    return columns.append_column("day", pa.array(days, pa.date32())).append_column("hour", pa.array(hours, pa.int8()))


def _sealed(directory: Path, table: str, stems: set[str], since: float | None) -> list[str]:
    from vedette.events.seal import superseded

    first = "" if since is None else datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H")
    found: list[str] = []
    for partition in sorted((directory / "events" / table).glob("day=*/hour=*")):
        if f"{partition.parent.name[4:]}T{partition.name[5:]}" < first:
            continue
        names = sorted(path.name for path in partition.glob("*.parquet") if not path.name.startswith("."))
        replaced = superseded(partition, names)
        found.extend(
            str(partition / name)
            for name in names
            if name not in replaced and name.removesuffix(".parquet") not in stems
        )
    return found


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: Any) -> list[dict[str, Any]]:
    result = connection.execute(query, values)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _named(values: Iterable[float | None]) -> dict[str, float | None]:
    from vedette.detect.features import FEATURES

    vector = [None if value is None or value != value else value for value in values or ()]  # noqa: PLR0124 - NaN
    names = [feature.name for feature in FEATURES] + [f"feature_{place}" for place in range(len(FEATURES), len(vector))]
    return dict(zip(names, vector, strict=False))


def _states(features: dict[str, float | None]) -> dict[str, str]:
    from vedette.detect.states import states

    return {
        name: f"{found.state} by {', '.join(found.by)}" if found.by else found.state
        for name, found in states(features).items()
    }


def _ready(row: dict[str, Any]) -> dict[str, Any]:
    """Make a row JSON: times as RFC 3339, hashes as hexadecimal."""
    ready: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, datetime):
            ready[name] = value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        elif name.endswith(".hash") and value is not None:
            ready[name] = f"{value:016x}"
        else:
            ready[name] = value
    return ready
