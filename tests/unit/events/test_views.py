import json

import duckdb
import pytest

from tests.unit.events.samples import NOW, make_decision, make_request
from vedette.events import views
from vedette.events.seal import seal_all
from vedette.events.segment import listed, segments_of
from vedette.events.views import connect, find
from vedette.types import Answer, Outcome

ONE = make_decision(1).id


def count(directory, table="decisions", **options):
    return connect(directory, **options).execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_nothing_logged_is_an_empty_table_with_typed_columns(tmp_path):
    assert [count(tmp_path, table) for table in ("decisions", "answers", "outcomes")] == [0, 0, 0]
    types = dict(row[:2] for row in connect(tmp_path / "nowhere").execute("DESCRIBE decisions").fetchall())
    assert types["score.low"] == "DOUBLE"
    assert types["timestamp"] == "TIMESTAMP WITH TIME ZONE"
    assert types["client.hash"] == "UBIGINT"
    assert types["features"] == "FLOAT[]"
    assert types["day"] == "DATE"
    assert find(tmp_path, ONE) is None


def test_sealed_and_unsealed_are_one_table(event_log, tmp_path, hasher):
    event_log.append_decision(make_decision(0), make_request())
    event_log.close()
    seal_all(tmp_path)
    from vedette.events.log import EventLog

    with EventLog(tmp_path, hasher=hasher, clock=lambda: NOW + 3600) as log:
        log.append_decision(make_decision(1), make_request())
        log.flush()
        rows = (
            connect(tmp_path)
            .execute(
                'SELECT "http.request.id", "score.low", reasons[1].signal, features[1], day::VARCHAR, hour, '
                "epoch(timestamp) FROM decisions ORDER BY ALL"
            )
            .fetchall()
        )
        assert rows == [
            (make_decision(0).id, 0.93, "client_rate_10s", 1.5, "2026-11-25", 14, NOW),
            (make_decision(1).id, 0.93, "client_rate_10s", 1.5, "2026-11-25", 15, NOW + 1),
        ]
        assert count(tmp_path, since=NOW + 3600) == 1


def test_a_connection_reads_the_event_log_and_nothing_else(tmp_path):
    connection = connect(tmp_path)
    for query in (
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/vedette-test.csv'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(query)


def test_a_directory_may_be_named_anything(tmp_path, hasher):
    from vedette.events.log import EventLog

    odd = tmp_path / "it's env=prod"
    with EventLog(odd, hasher=hasher) as log:
        log.append_decision(make_decision(1), make_request())
    seal_all(odd)
    assert count(odd) == 1
    assert find(odd, ONE)["verdict"] == "bad_bot"


def test_a_decision_is_found_with_what_followed(event_log, tmp_path, hasher):
    event_log.append_outcome(Outcome(timestamp=NOW - 5, outcome="label_good", user_name="someone else"))
    event_log.append_decision(
        make_decision(1, session=hasher("session", "s"), account=hasher("account", "anna")), make_request()
    )
    event_log.append_decision(make_decision(2), make_request())
    event_log.append_answer(Answer(timestamp=NOW + 2, id=ONE, status=401, duration=0.25, body_size=80))
    event_log.append_outcome(Outcome(timestamp=NOW + 3, outcome="login_failed", request_id=ONE))
    event_log.append_outcome(Outcome(timestamp=NOW + 4, outcome="chargeback", session_id="s"))
    event_log.append_outcome(Outcome(timestamp=NOW + 5, outcome="label_bad", user_name="Anna"))
    event_log.append_outcome(Outcome(timestamp=NOW + 6, outcome="abuse_report", session_id="another"))
    assert event_log.flush()
    unsealed = find(tmp_path, ONE)
    event_log.close()
    seal_all(tmp_path)
    for identifier in (ONE, f"urn:uuid:{ONE}", f" URN:UUID:{ONE.upper()} "):
        assert find(tmp_path, identifier) == unsealed
    assert json.loads(json.dumps(unsealed, allow_nan=False)) == unsealed
    assert unsealed["timestamp"] == "2026-11-25T14:30:01.000000Z"
    assert unsealed["reasons"][0] == {"signal": "client_rate_10s", "weight": 2.6, "detail": "requests: 41"}
    assert unsealed["client.hash"] == "f" * 16
    assert list(unsealed["features"].values()) == [1.5, None, 0.25]
    assert unsealed["answer"]["http.response.status_code"] == 401
    assert [(each["outcome"], each["of"]) for each in unsealed["outcomes"]] == [
        ("login_failed", "request"),
        ("chargeback", "session"),
        ("label_bad", "account"),
    ]
    assert find(tmp_path, "' OR 1=1 --") is None
    assert find(tmp_path, "urn:uuid:") is None


def test_a_file_that_vanishes_while_reading_is_looked_for_again(event_log, tmp_path, monkeypatch):
    event_log.append_decision(make_decision(1), make_request())
    event_log.close()
    seal_all(tmp_path)
    real, calls = views._find, []

    def find_once_late(directory, identifier):
        calls.append(identifier)
        if len(calls) == 1:
            raise duckdb.IOException("No such file")
        return real(directory, identifier)

    monkeypatch.setattr(views, "_find", find_once_late)
    assert find(tmp_path, ONE)["http.request.id"] == ONE
    assert len(calls) == 2


def test_a_pile_of_unsealed_segments_is_read_as_far_as_memory_allows(event_log, tmp_path, monkeypatch):
    event_log.append_decision(make_decision(1), make_request())
    event_log.close()
    assert count(tmp_path) == 1
    monkeypatch.setattr(views, "UNSEALED_BYTES", 10)
    assert count(tmp_path) == 0


def test_a_segment_sealed_between_listing_and_reading_counts_once(event_log, tmp_path, monkeypatch):
    event_log.append_decision(make_decision(1), make_request())
    event_log.close()
    real = views.listed

    def list_then_seal(directory):
        found = real(directory)
        seal_all(tmp_path)
        return found

    monkeypatch.setattr(views, "listed", list_then_seal)
    assert count(tmp_path) == 1
    assert listed(segments_of(tmp_path)) == []


def test_an_id_that_was_cut_when_it_was_logged_is_found_whole(event_log, tmp_path):
    name = "long " * 100
    event_log.append_decision(make_decision(id=name), make_request())
    event_log.flush()
    assert find(tmp_path, name)["http.request.id"] == name[:128]
    assert find(tmp_path, "urn:vedette:" + name.replace(" ", "%20"))["http.request.id"] == name[:128]
