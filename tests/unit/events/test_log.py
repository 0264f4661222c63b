import errno
import json
import time

import pytest
from structlog.testing import capture_logs

from tests.unit.events.samples import NOW, make_decision, make_request
from vedette.events import log as module
from vedette.events.log import EventLog, retention
from vedette.events.segment import Damage, Segment, listed, records, segments_of
from vedette.types import Answer, Outcome


def logged(directory):
    return [record for path in listed(segments_of(directory)) for record in records(path, Damage())]


def eventually(is_true, what):
    deadline = time.monotonic() + 10
    while not is_true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def outcome(number, **changes):
    return Outcome(**({"timestamp": NOW, "outcome": "login_failed", "request_id": f"r{number}"} | changes))


def test_events_are_readable_while_logging_goes_on(event_log, tmp_path):
    assert event_log.append_decision(make_decision(), make_request()) == 1
    assert event_log.append_answer(Answer(timestamp=NOW, id="a", status=200)) == 2
    assert event_log.append_outcome(outcome(1)) == 3
    assert event_log.flush()
    assert [type(record).__name__ for record in logged(tmp_path)] == ["DecisionRecord", "AnswerRecord", "OutcomeRecord"]
    assert event_log.flush(sync=True)
    assert event_log.durable == event_log.accepted == 3


def test_without_being_asked_events_reach_the_disk(event_log):
    event_log.append_outcome(outcome(1))
    eventually(lambda: event_log.durable == 1, "it was confirmed")


def test_an_outcome_is_logged_once_for_its_event_id(event_log, tmp_path, hasher):
    assert event_log.append_outcome(outcome(1, event_id="e")) == 1
    assert event_log.append_outcome(outcome(1, event_id="e")) == 0
    assert event_log.append_outcome(outcome(1)) == 2
    event_log.close()
    with EventLog(tmp_path, hasher=hasher) as again:
        assert again.append_outcome(outcome(1, event_id="e")) == 0
        assert again.append_outcome(outcome(1, event_id="f")) == 1


def test_a_dropped_outcome_may_be_reported_again(tmp_path, hasher):
    (tmp_path / "events").write_text("a file where a directory belongs")
    log = EventLog(tmp_path, hasher=hasher, capacity_bytes=100)
    results = [log.append_outcome(outcome(n, event_id=f"e{n}")) for n in range(5)]
    assert -1 in results
    first = results.index(-1)
    (tmp_path / "events").unlink()
    assert log.flush(sync=True)
    assert log.append_outcome(outcome(first, event_id=f"e{first}")) > 0
    log.close()


def test_without_a_hasher_what_names_a_person_is_refused(tmp_path):
    with EventLog(tmp_path) as log:
        assert log.append_outcome(outcome(1, request_id="", user_name="anna")) == -1
        assert log.append_outcome(outcome(1, event_id="e")) == 1
        assert log.dropped["unhashed"] == 1


def test_an_unwritable_directory_drops_loudly_and_recovers(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RETRY_EVERY_S", 0.01)
    monkeypatch.setattr(module, "WARN_EVERY_S", 1e9)
    (tmp_path / "events").write_text("a file where a directory belongs")
    with capture_logs() as lines:
        log = EventLog(tmp_path, capacity_bytes=2000)
        for number in range(100):
            log.append_decision(make_decision(number), make_request())
        eventually(lambda: log.trouble is not None, "trouble was noticed")
        for number in range(100):
            log.append_decision(make_decision(number), make_request())
        assert log.trouble.startswith("unwritable: ")
        assert log.dropped["unwritable"] >= 100
        assert log.buffered_bytes <= 2000
        assert not log.wait(1, 0.01)
        kept = log.accepted
        (tmp_path / "events").unlink()
        assert log.flush(sync=True)
        eventually(lambda: log.trouble is None, "it recovered")
        log.close()
    assert len(logged(tmp_path)) == kept
    names = [line["event"] for line in lines]
    assert names.count("events.waiting") + names.count("events.dropped") <= 2, "loud, not noisy"
    assert "events.recovered" in names


def test_a_full_disk_has_its_own_reason(tmp_path, monkeypatch):
    with EventLog(tmp_path, capacity_bytes=1500) as log:

        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Segment, "write", full)
        log.append_decision(make_decision(), make_request())
        eventually(lambda: log.trouble is not None, "trouble was noticed")
        while log.append_decision(make_decision(), make_request()) != -1:
            pass
        assert log.dropped["disk_full"] == 1
        assert log.append_outcome(outcome(1)) > 0, "outcomes have room of their own"
        monkeypatch.undo()


def test_what_the_disk_would_not_confirm_is_never_called_durable(tmp_path, monkeypatch):
    with EventLog(tmp_path) as log:

        def broken(_):
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(Segment, "sync", broken)
        sequence = log.append_outcome(outcome(1))
        assert not log.wait(sequence, 5.0)
        eventually(lambda: log.dropped["unconfirmed"] == 1, "it was counted")
        monkeypatch.undo()
        later = log.append_outcome(outcome(2))
        assert log.wait(later, 10.0)
        assert not log.wait(sequence, 0.0)


def test_a_deleted_segment_is_noticed(event_log, tmp_path):
    event_log.append_outcome(outcome(1))
    assert event_log.flush(sync=True)
    listed(segments_of(tmp_path))[0].unlink()
    event_log.append_outcome(outcome(2))
    event_log.flush(sync=True)
    event_log.append_outcome(outcome(3))
    assert event_log.flush(sync=True)
    assert logged(tmp_path)[-1].id == "r3"


def test_segments_end_by_size_and_by_hour(tmp_path):
    now = [NOW]
    with EventLog(tmp_path, segment_bytes=4000, clock=lambda: now[0]) as log:
        for number in range(60):
            log.append_decision(make_decision(number), make_request())
            assert log.flush()
        by_size = len(listed(segments_of(tmp_path)))
        assert by_size > 3
        now[0] += 3600
        log.append_decision(make_decision(99), make_request())
        assert log.flush()
        assert {path.name[:11] for path in listed(segments_of(tmp_path))} == {"20261125T14", "20261125T15"}
    assert len(logged(tmp_path)) == 61


def test_too_large_and_unprintable_events_do_no_harm(event_log, tmp_path):
    assert event_log.append_decision(make_decision(features=b"x" * 70_000), make_request()) == -1
    assert event_log.dropped["too_large"] == 1
    assert event_log.append_decision(make_decision(id="a\ud800b"), make_request()) == 1
    assert event_log.flush()
    assert logged(tmp_path)[0].id == "a?b"


def test_after_closing_events_are_dropped(tmp_path):
    log = EventLog(tmp_path)
    log.append_outcome(outcome(1))
    log.close()
    assert log.append_outcome(outcome(2)) == -1
    assert len(logged(tmp_path)) == 1


def test_retention_is_written_down_for_the_archive(tmp_path):
    assert retention(tmp_path) == 30 * 86400
    with EventLog(tmp_path, retain_s=7200.0) as log:
        log.append_outcome(outcome(1))
        eventually(lambda: retention(tmp_path) == 7200, "it was written")
        log.retain_s = 10800.0
        eventually(lambda: retention(tmp_path) == 10800, "it was replaced")
    (tmp_path / "events" / "retain.json").write_text(json.dumps({"retain_s": 1}))
    assert retention(tmp_path) == 3600, "never less than an hour"
    for nonsense in ("[", "{}", "[1]", '{"retain_s": null}', '{"retain_s": NaN}', '{"retain_s": "x"}'):
        (tmp_path / "events" / "retain.json").write_text(nonsense)
        assert retention(tmp_path) == 30 * 86400


@pytest.mark.parametrize("privacy", ["hash", "truncate", "raw"])
def test_addresses_are_kept_as_privacy_says(tmp_path, privacy):
    with EventLog(tmp_path, address=privacy) as log:
        log.append_decision(make_decision(), make_request())
        log.append_decision(make_decision(), make_request(), "203.0.113.9")
    expected = {"hash": [None, None], "truncate": ["192.0.2.0", "203.0.113.0"], "raw": ["192.0.2.77", "203.0.113.9"]}
    assert [record.client_address for record in logged(tmp_path)] == expected[privacy]


def test_a_shown_address_is_the_clients_not_the_proxys(event_log, tmp_path):
    event_log.append_decision(make_decision(1), make_request())
    event_log.show_addresses("raw", lambda request: f"client behind {request.client_address}")
    event_log.append_decision(make_decision(2), make_request())
    event_log.flush()
    assert [record.client_address for record in logged(tmp_path)] == [None, "client behind 192.0.2.77"]
