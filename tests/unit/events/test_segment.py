import errno
import os

import pytest

from tests.unit.events.samples import NOW, make_decision, make_request
from vedette.events import segment as module
from vedette.events.record import AnswerRecord, DecisionRecord, decision_record
from vedette.events.segment import MAGIC, RECORD_LIMIT, Damage, Segment, frame, held, hour_of, listed, records, started


def answer(number):
    return AnswerRecord(f"id-{number}", NOW, 200, 0.1, 10, NOW)


def test_what_is_written_is_read_in_order(tmp_path):
    segment = Segment(tmp_path, NOW)
    written = [answer(n) for n in range(50)]
    segment.write(b"".join(map(frame, written)))
    assert list(records(segment.path, Damage())) == written
    segment.close()


def test_reading_can_be_narrowed(tmp_path):
    segment = Segment(tmp_path, NOW)
    decision = decision_record(make_decision(), make_request(), None, NOW)
    segment.write(frame(answer(1)) + frame(decision) + frame(answer(22)))
    assert [r.id for r in records(segment.path, Damage(), containing=b"id-22")] == ["id-22"]
    (only,) = records(segment.path, Damage(), kinds=frozenset({ord("D")}))
    assert isinstance(only, DecisionRecord)
    segment.close()


def test_a_segment_is_held_while_its_writer_lives(tmp_path):
    segment = Segment(tmp_path, NOW)
    assert held(segment.path) is None
    segment.close()
    file = held(segment.path)
    assert file is not None
    os.close(file)
    assert held(tmp_path / "gone") is None


def test_a_failed_write_leaves_the_segment_as_it_was(tmp_path, monkeypatch):
    segment = Segment(tmp_path, NOW)
    segment.write(frame(answer(1)))
    real = os.write
    calls = []

    def full(file, data):
        if calls:
            raise OSError(errno.ENOSPC, "No space left on device")
        calls.append(1)
        return real(file, bytes(data)[:7])

    monkeypatch.setattr(module.os, "write", full)
    with pytest.raises(OSError, match="No space"):
        segment.write(frame(answer(2)))
    monkeypatch.undo()
    segment.write(frame(answer(3)))
    damage = Damage()
    assert [r.id for r in records(segment.path, damage)] == ["id-1", "id-3"]
    assert not damage
    segment.close()


def test_a_record_that_is_too_large_is_refused():
    with pytest.raises(ValueError, match="larger than"):
        frame(AnswerRecord("x" * (RECORD_LIMIT + 1), NOW, 200, 0.1, 10, NOW))


def test_a_file_that_is_no_segment_is_named(tmp_path):
    path = tmp_path / "x.mpk"
    path.write_bytes(b"PAR1....")
    with pytest.raises(ValueError, match="not a segment of this version"):
        list(records(path, Damage()))
    path.write_bytes(b"")
    assert list(records(path, Damage())) == []


def test_only_segments_are_listed_oldest_first(tmp_path):
    for name in ("20261125T15-" + "0" * 16 + "-7.mpk", "20261125T14-" + "f" * 16 + "-7.mpk"):
        (tmp_path / name).write_bytes(MAGIC)
    for name in ("20269925T14-" + "0" * 16 + "-7.mpk", "x.mpk", "20261125T14-" + "0" * 16 + "-7.tmp"):
        (tmp_path / name).write_bytes(MAGIC)
    assert [path.name[:11] for path in listed(tmp_path)] == ["20261125T14", "20261125T15"]
    assert listed(tmp_path / "none") == []
    assert hour_of(started("20261125T14-x").timestamp()) == "20261125T14"


@pytest.mark.parametrize("filler", [b"\xc1", b"\xc1D", b"\xc1A\x10\x00\x00\x00\x00\x00\x00\x00", b"\x00"])
def test_looking_for_the_next_frame_has_an_end(tmp_path, filler):
    path = tmp_path / "hostile.mpk"
    path.write_bytes(MAGIC + filler * (3_000_000 // len(filler)))
    damage = Damage()
    assert list(records(path, damage)) == []
    assert damage.lost_bytes == path.stat().st_size - len(MAGIC)
    assert damage.stretches == 1


def test_a_damaged_frame_costs_itself_only(tmp_path):
    frames = [frame(answer(n)) for n in range(5)]
    broken = bytearray(frames[2])
    broken[20] ^= 1
    path = tmp_path / "x.mpk"
    path.write_bytes(MAGIC + frames[0] + frames[1] + bytes(broken) + frames[3] + frames[4])
    damage = Damage()
    assert [r.id for r in records(path, damage)] == ["id-0", "id-1", "id-3", "id-4"]
    assert (damage.lost_bytes, damage.stretches) == (len(broken), 1)
