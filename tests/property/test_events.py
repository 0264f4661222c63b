"""Whatever a crash or damage does to a segment, every record that is whole is read, and nothing else is."""

import io
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.events.columns import TABLES, table_of
from vedette.events.record import AnswerRecord, DecisionRecord, OutcomeRecord, decode, encode
from vedette.events.segment import MAGIC, Damage, frame, frames, records
from vedette.types import Reason

HASHES = st.integers(0, 2**64 - 1)
FLOATS = st.floats(allow_nan=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
DECISIONS = st.builds(
    DecisionRecord, TEXT, FLOATS, TEXT, FLOATS, FLOATS, FLOATS, st.none() | TEXT, TEXT, st.booleans(), TEXT,
    st.lists(st.builds(Reason, TEXT, FLOATS, TEXT), max_size=5).map(tuple), st.none() | TEXT, TEXT,
    st.lists(st.floats(width=32), max_size=70).map(lambda v: struct.pack(f"<{len(v)}f", *v)) | st.binary(max_size=9),
    TEXT, TEXT, TEXT, TEXT, HASHES, HASHES, HASHES, HASHES, HASHES, st.none() | TEXT, TEXT, st.booleans(), FLOATS,
)  # fmt: skip
ANSWERS = st.builds(AnswerRecord, TEXT, FLOATS, st.integers(-1, 999), FLOATS, st.integers(-1, 2**63 - 1), FLOATS)
OUTCOMES = st.builds(OutcomeRecord, FLOATS, TEXT, st.none() | TEXT, HASHES, HASHES, HASHES, HASHES, FLOATS)
RECORDS = DECISIONS | ANSWERS | OUTCOMES


@given(RECORDS)
def test_encoding_loses_nothing(record):
    assert decode(encode(record)) == record


@given(st.lists(RECORDS, max_size=8))
def test_any_record_fits_its_columns(rows):
    for table in TABLES:
        mine = [row for row in rows if type(row) is table.record]
        assert table_of(table, mine).num_rows == len(mine)


@settings(max_examples=15)
@given(st.lists(RECORDS, min_size=1, max_size=4))
def test_cut_at_any_byte_only_the_torn_tail_is_lost(tmp_path_factory, rows):
    framed = [frame(row) for row in rows]
    whole = b"".join(framed)
    ends = [sum(map(len, framed[: n + 1])) for n in range(len(framed))]
    path = tmp_path_factory.mktemp("cut") / "x.mpk"
    for cut in range(len(whole) + 1):
        path.write_bytes(MAGIC + whole[:cut])
        damage = Damage()
        complete = sum(end <= cut for end in ends)
        assert list(records(path, damage)) == rows[:complete]
        assert damage.lost_bytes == cut - (ends[complete - 1] if complete else 0)


@given(st.lists(ANSWERS | OUTCOMES, min_size=1, max_size=6), st.data())
def test_a_flipped_bit_costs_at_most_its_own_record(rows, data):
    framed = [frame(row) for row in rows]
    whole = bytearray(b"".join(framed))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    hurt = next(n for n in range(len(framed)) if bit // 8 < sum(map(len, framed[: n + 1])))
    damage = Damage()
    found = [payload for _, payload in frames(io.BytesIO(whole), damage)]
    spared = [encode(row) for n, row in enumerate(rows) if n != hurt]
    assert [payload for payload in found if payload != encode(rows[hurt])] == [
        payload for payload in spared if payload != encode(rows[hurt])
    ]
    assert damage.lost_bytes <= len(framed[hurt])


@given(st.binary(max_size=3000))
def test_noise_never_raises_and_is_accounted_for(noise):
    damage = Damage()
    found = sum(10 + len(payload) for _, payload in frames(io.BytesIO(noise), damage))
    assert found + damage.lost_bytes == len(noise)


@given(st.binary(max_size=300), RECORDS, st.binary(max_size=300))
def test_a_whole_record_is_found_among_noise(before, record, after):
    found = [payload for _, payload in frames(io.BytesIO(before + frame(record) + after), Damage())]
    assert encode(record) in found


@given(st.binary(max_size=200))
def test_bytes_that_are_no_record_read_as_none_or_as_one(payload):
    record = decode(payload)
    assert record is None or decode(encode(record)) is not None
