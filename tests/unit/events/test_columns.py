import math
import re
from pathlib import Path

import pyarrow as pa

from vedette.events.columns import TABLES, schema_of, table_of
from vedette.events.record import AnswerRecord, DecisionRecord, OutcomeRecord

ODD = DecisionRecord(
    "id", math.inf, "", math.nan, -math.inf, 1.0, None, "", False, "", (), None, "", b"abc", "", "", "", "",
    2**64 - 1, 0, 0, 0, 0, None, "", True, -1.0,
)  # fmt: skip
DECISIONS, ANSWERS, OUTCOMES = TABLES


def test_columns_bear_the_names_of_the_contract():
    names = [column.name for column in DECISIONS.columns]
    for name in (
        "http.request.id", "timestamp", "verdict", "score", "score.low", "score.high", "threat", "action", "enforced",
        "policy", "reasons", "campaign", "model",
    ):  # fmt: skip
        assert name in names
    for table in TABLES:
        assert len(set(schema_of(table).names)) == len(table.columns)


def test_no_rows_make_an_empty_table():
    for table in TABLES:
        assert table_of(table, []).num_rows == 0
        assert table_of(table, []).schema.equals(schema_of(table))


def test_odd_values_become_null_and_never_raise():
    (row,) = table_of(DECISIONS, [ODD]).to_pylist()
    assert row["timestamp"] is row["observed_timestamp"] is row["threat"] is row["address.hash"] is None
    assert row["client.hash"] == 2**64 - 1
    assert row["features"] == []
    (row,) = table_of(ANSWERS, [AnswerRecord("a", 1e300, -1, -1.0, -1, 0.0)]).to_pylist()
    assert [value for name, value in row.items() if name not in ("http.request.id", "observed_timestamp")] == [None] * 4
    (row,) = table_of(OUTCOMES, [OutcomeRecord(math.nan, "conversion", None, 0, 0, 0, 0, 0.0)]).to_pylist()
    assert row["outcome"] == "conversion"
    assert schema_of(DECISIONS).field("features").type.value_type == pa.float32()


def test_the_reference_names_every_column_and_no_other():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "events.md").read_text("utf-8")
    table = page.partition("## Columns")[2].partition("## What is never kept")[0]
    documented = set(re.findall(r"`([a-z][a-z_.]+)`", table)) - {each.name for each in TABLES} - {"event.id"}
    columns = {column.name for table in TABLES for column in table.columns}
    assert columns <= documented
    assert documented - columns <= {
        "day",
        "hour",
        "app",
        "unknown",
        "absent",
        "privacy.key",
        "privacy.address",
        ".hash",
    }
