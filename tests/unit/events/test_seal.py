import errno
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from structlog.testing import capture_logs

from tests.unit.events.samples import NOW, make_decision, make_request
from vedette.events import seal
from vedette.events.log import EventLog
from vedette.events.record import AnswerRecord
from vedette.events.seal import expire, join_hours, seal_all
from vedette.events.seen import read_seen
from vedette.events.segment import MAGIC, Segment, frame, listed, segments_of
from vedette.events.views import connect
from vedette.types import Answer, Outcome


def fill(directory, hasher, start=0, count=5, now=NOW):
    with EventLog(directory, hasher=hasher, clock=lambda: now) as log:
        for number in range(start, start + count):
            log.append_decision(make_decision(number), make_request())
            log.append_answer(Answer(timestamp=NOW, id=make_decision(number).id, status=200))
        log.append_outcome(Outcome(timestamp=NOW, outcome="conversion", request_id="r", event_id=f"e{start}"))


def counts(directory):
    query = "SELECT (SELECT count(*) FROM decisions), (SELECT count(*) FROM answers), (SELECT count(*) FROM outcomes)"
    return connect(directory).execute(query).fetchone()


def test_a_closed_segment_becomes_files_of_its_hour(tmp_path, hasher):
    fill(tmp_path, hasher)
    (segment,) = listed(segments_of(tmp_path))
    assert seal_all(tmp_path) == 1
    for table, rows in (("decisions", 5), ("answers", 5), ("outcomes", 1)):
        file = tmp_path / "events" / table / "day=2026-11-25" / "hour=14" / f"{segment.stem}.parquet"
        assert pq.read_metadata(file).num_rows == rows
    assert listed(segments_of(tmp_path)) == []
    assert read_seen(tmp_path) == [hasher("event", "e0")]


def test_a_segment_in_use_is_left_alone(tmp_path):
    segment = Segment(segments_of(tmp_path), NOW)
    assert seal_all(tmp_path) == 0
    assert segment.path.exists()
    segment.close()
    assert seal_all(tmp_path) == 1


def test_what_is_no_segment_is_named_and_kept(tmp_path):
    path = segments_of(tmp_path) / ("20261125T14-" + "0" * 16 + "-7.mpk")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"VEDETTE\x02 of the future")
    with capture_logs() as lines:
        assert seal_all(tmp_path) == 0
    assert path.exists()
    assert [line["event"] for line in lines] == ["segment.refused"]


def test_damage_is_told_and_the_rest_is_sealed(tmp_path, hasher):
    fill(tmp_path, hasher)
    (segment,) = listed(segments_of(tmp_path))
    data = bytearray(segment.read_bytes())
    data[len(MAGIC) + 30] ^= 1
    segment.write_bytes(data)
    with capture_logs() as lines:
        assert seal_all(tmp_path) == 1
    assert counts(tmp_path) == (4, 5, 1)
    assert lines[0]["event"] == "segment.damaged"


STEPS = ("finish", "keep_seen", "unlink")


@pytest.mark.parametrize("step", [*STEPS, "rename 1", "rename 2", "rename 3"])
def test_a_crash_at_any_step_neither_loses_nor_doubles(tmp_path, hasher, monkeypatch, step):
    fill(tmp_path, hasher)

    class Crash(BaseException):
        pass

    def crash(*_):
        raise Crash

    if step == "finish":
        monkeypatch.setattr(seal, "_force", crash)
    elif step == "keep_seen":
        monkeypatch.setattr(seal, "keep_seen", crash)
    elif step == "unlink":
        monkeypatch.setattr("pathlib.Path.unlink", crash)
    else:
        real, left = seal.Path.replace, [int(step[-1])]

        def replace(path, target):
            left[0] -= 1
            if left[0] == 0:
                raise Crash
            return real(path, target)

        monkeypatch.setattr("pathlib.Path.replace", replace)
    with pytest.raises(Crash):
        seal_all(tmp_path)
    monkeypatch.undo()
    assert counts(tmp_path) == (5, 5, 1)
    assert seal_all(tmp_path) == 1
    assert counts(tmp_path) == (5, 5, 1)
    assert list((tmp_path / "events").rglob(".*.tmp")) == []


def test_hours_end_with_retention(tmp_path, hasher):
    for hour in range(4):
        fill(tmp_path, hasher, hour * 10, now=NOW + 3600 * hour)
    seal_all(tmp_path)
    fill(tmp_path, hasher, 90, now=NOW - 86400)
    now = datetime(2026, 11, 25, 18, 30, tzinfo=UTC).timestamp()
    assert expire(tmp_path, now, 2.75 * 3600) == 3 * 1 + 1
    assert counts(tmp_path) == (15, 15, 3)
    assert expire(tmp_path, now + 10 * 86400, 3600) > 0
    assert counts(tmp_path) == (0, 0, 0)
    assert list((tmp_path / "events" / "decisions").iterdir()) == []


def dated(directory, pattern, moment):
    for path in (directory / "events").rglob(pattern):
        os.utime(path, (moment, moment))


def test_small_files_of_past_hours_are_joined_without_a_moment_of_doubles(tmp_path, hasher):
    for number in range(5):
        fill(tmp_path, hasher, number * 10)
        seal_all(tmp_path)
    later = NOW + 7200
    dated(tmp_path, "*.parquet", later - 10)
    assert join_hours(tmp_path, later) == 0, "files are too new"
    dated(tmp_path, "*.parquet", later - 1000)
    assert join_hours(tmp_path, NOW) == 0, "the hour is not over"
    assert join_hours(tmp_path, later) == 3
    assert len(list((tmp_path / "events" / "decisions").rglob("*.parquet"))) == 6
    assert counts(tmp_path) == (25, 25, 5)
    dated(tmp_path, "join-*.parquet", later - 10)
    join_hours(tmp_path, later)
    assert len(list((tmp_path / "events" / "decisions").rglob("*.parquet"))) == 6, "queries that run may end"
    dated(tmp_path, "join-*.parquet", later - 500)
    join_hours(tmp_path, later)
    assert len(list((tmp_path / "events" / "decisions").rglob("*.parquet"))) == 1
    assert not list((tmp_path / "events").rglob("*.of"))
    assert counts(tmp_path) == (25, 25, 5)


def test_a_file_that_cannot_be_joined_stays(tmp_path, hasher):
    for number in range(4):
        fill(tmp_path, hasher, number * 10)
        seal_all(tmp_path)
    files = sorted((tmp_path / "events" / "answers").rglob("*.parquet"))
    files[0].write_bytes(b"PAR1 and nothing more PAR1")
    for path in (tmp_path / "events").rglob("*.parquet"):
        os.utime(path, (NOW,) * 2)
    with capture_logs() as lines:
        join_hours(tmp_path, NOW + 7200)
    assert [line["event"] for line in lines] == ["hour.unjoined"]
    assert sorted((tmp_path / "events" / "answers").rglob("*.parquet")) == files


def archive(*arguments):
    return subprocess.Popen([sys.executable, "-m", "vedette.events.seal", *map(str, arguments)])


def test_once_seals_and_ends_and_two_never_work_at_once(tmp_path, hasher):
    fill(tmp_path, hasher)
    assert archive(tmp_path, "--once", "--retain", "1e12").wait(60) == 0
    assert listed(segments_of(tmp_path)) == []
    guard = seal._only_one(tmp_path)
    assert archive(tmp_path, "--once").wait(60) == 1
    os.close(guard)


def test_the_process_goes_on_until_it_is_told_to_stop(tmp_path, hasher):
    process = archive(tmp_path)
    try:
        fill(tmp_path, hasher, now=time.time())
        deadline = time.monotonic() + 60
        while listed(segments_of(tmp_path)):
            assert time.monotonic() < deadline, "it was sealed"
            time.sleep(0.05)
        title = Path(f"/proc/{process.pid}/cmdline")
        assert not title.exists() or title.read_bytes().startswith(b"vedette: archive")
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    assert counts(tmp_path) == (5, 5, 1)


def test_an_unwritable_place_is_said(tmp_path):
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "segments").mkdir()
    path = segments_of(tmp_path) / ("20261125T14-" + "0" * 16 + "-7.mpk")
    path.write_bytes(MAGIC + frame(AnswerRecord("a", NOW, 200, 0.1, 1, NOW)))
    (tmp_path / "events" / "answers").write_text("a file where a directory belongs")
    assert archive(tmp_path, "--once").wait(60) == 1
    assert path.exists()


class Crash(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


@pytest.mark.parametrize("kind", ["replace", "unlink", "write_text"])
@pytest.mark.parametrize("step", range(1, 7))
def test_a_crash_at_any_step_of_joining_neither_loses_nor_doubles(tmp_path, hasher, monkeypatch, kind, step):
    for number in range(4):
        fill(tmp_path, hasher, number * 10)
        seal_all(tmp_path)
    dated(tmp_path, "*.parquet", NOW)
    later = time.time() + 7200  # what is joined now will have had its grace by then
    real, left, crashes = getattr(Path, kind), [step], 0

    def crash(path, *arguments, **options):
        left[0] -= 1
        if left[0] == 0:
            raise Crash
        return real(path, *arguments, **options)

    monkeypatch.setattr(f"pathlib.Path.{kind}", crash)
    for moment in (NOW + 7200, later, later):
        try:
            join_hours(tmp_path, moment)
        except Crash:
            crashes += 1
        assert counts(tmp_path) == (20, 20, 4)
    assert crashes == (step <= {"replace": 3, "write_text": 3}.get(kind, 6))
    monkeypatch.undo()
    for _ in range(2):
        join_hours(tmp_path, later)
        assert counts(tmp_path) == (20, 20, 4)


def test_drafts_that_a_crash_left_are_swept(tmp_path, hasher):
    fill(tmp_path, hasher)
    seal_all(tmp_path)
    (partition,) = (tmp_path / "events" / "decisions").glob("day=*/hour=*")
    (partition / ".join-0123456789abcdef.tmp").write_bytes(b"PAR1")
    assert archive(tmp_path, "--once").wait(60) == 0
    assert list((tmp_path / "events").rglob(".*.tmp")) == []
    assert counts(tmp_path) == (5, 5, 1)


def test_what_is_refused_is_named_once(tmp_path):
    segments_of(tmp_path).mkdir(parents=True)
    (segments_of(tmp_path) / ("20261125T14-" + "0" * 16 + "-7.mpk")).write_bytes(b"something else")
    refused = set()
    with capture_logs() as lines:
        for _ in range(3):
            assert seal_all(tmp_path, refused=refused) == 0
    assert [line["event"] for line in lines] == ["segment.refused"]


def test_it_stops_between_segments_when_told(tmp_path, hasher):
    for number in range(3):
        fill(tmp_path, hasher, number * 10)
    left = [2]

    def is_stopped():
        left[0] -= 1
        return left[0] < 0

    assert seal_all(tmp_path, is_stopped) == 2
    assert len(listed(segments_of(tmp_path))) == 1
    assert counts(tmp_path) == (15, 15, 3)


@pytest.mark.parametrize("retain_s", [1e300, float("inf"), 1e12])
def test_kept_for_ever_is_possible(tmp_path, hasher, retain_s):
    fill(tmp_path, hasher)
    seal_all(tmp_path)
    assert expire(tmp_path, NOW, retain_s) == 0
    assert counts(tmp_path) == (5, 5, 1)


def test_a_segment_that_cannot_be_sealed_now_holds_up_no_other(tmp_path, hasher, monkeypatch):
    for number in range(3):
        fill(tmp_path, hasher, number * 10)
    first = listed(segments_of(tmp_path))[0]
    real = seal._force

    def full(path):
        if first.stem in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path)

    monkeypatch.setattr(seal, "_force", full)
    with pytest.raises(OSError, match="No space left"):
        seal_all(tmp_path)
    assert listed(segments_of(tmp_path)) == [first]
    assert list((tmp_path / "events").rglob(".*.tmp")) == [], "drafts do not fill the disk further"
    assert counts(tmp_path) == (15, 15, 3)
    monkeypatch.undo()
    assert seal_all(tmp_path) == 1
    assert counts(tmp_path) == (15, 15, 3)


def test_retention_goes_on_where_nothing_can_be_sealed(tmp_path, hasher):
    fill(tmp_path, hasher, now=NOW - 90 * 86400)
    seal_all(tmp_path)
    fill(tmp_path, hasher, 10, now=time.time())
    for stem in {path.stem[:8] for path in listed(segments_of(tmp_path))}:
        for table in ("decisions", "answers", "outcomes"):
            (tmp_path / "events" / table / f"day={stem[:4]}-{stem[4:6]}-{stem[6:]}").write_text("in the way")
    assert archive(tmp_path, "--once", "--retain", str(80 * 86400)).wait(60) == 1
    assert len(listed(segments_of(tmp_path))) == 1
    assert list((tmp_path / "events" / "decisions").glob("day=*/hour=*/*.parquet")) == []
