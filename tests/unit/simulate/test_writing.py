from __future__ import annotations

import io

import msgspec
import pyarrow.parquet as pq
import pytest
import zstandard

from vedette.config import load
from vedette.doors.logs import Log, MalformedTally, Recorded
from vedette.simulate.build import build
from vedette.simulate.populations import POPULATIONS
from vedette.simulate.scenario import find, read_scenario
from vedette.simulate.world import World
from vedette.simulate.writing import SUFFIXES, Writer, stem_of


def world(seed=900):
    return World(read_scenario(find("tiny"), POPULATIONS), seed, 0.3)


def lines(path):
    raw = path.read_bytes()
    if path.suffix == ".zst":
        raw = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw)).read()
    return [msgspec.json.decode(line) for line in raw.splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("worlds") / "tiny.jsonl.zst"
    return build(world(), out)


def test_labels_stand_in_the_order_of_requests(made):
    records = lines(made.paths["traffic"])
    labels = pq.read_table(made.paths["labels"])
    assert [record["http.request.id"] for record in records] == labels["http.request.id"].to_pylist()
    assert len(records) == made.requests > 500
    assert set(labels["actor"].cast("string").to_pylist()) == {"human", "good_bot", "bad_bot"}
    assert int(labels.schema.metadata[b"vedette.catalogue"]) == 2000


def test_the_labels_of_one_world_fit_no_other(made, tmp_path):
    again = build(world(), tmp_path / "again.jsonl.zst")
    other = build(world(seed=901), tmp_path / "other.jsonl.zst")
    ids = [pq.read_table(one.paths["labels"])["http.request.id"].to_pylist() for one in (made, again, other)]
    assert ids[0] == ids[1]
    assert not set(ids[0]) & set(ids[2])


def test_no_label_is_in_the_traffic(made):
    allowed = {
        "timestamp", "http.request.id", "http.request.method", "url.path", "url.query", "url.scheme", "server.address",
        "network.protocol.version", "client.address", "http.request.headers", "http.request.body.size",
        "http.response.status_code", "http.response.body.size", "http.server.request.duration", "tls.client.ja3",
        "tls.client.ja4", "tls.protocol.version", "user.name",
    }  # fmt: skip
    labels = pq.read_table(made.paths["labels"])
    words = set(labels["session"].to_pylist()) | set(labels["campaign"].cast("string").to_pylist()) - {""}
    for record in lines(made.paths["traffic"]):
        assert set(record) <= allowed
        text = str(record)
        assert not any(word in text for word in (record.get("user.name") and () or words) if len(word) > 12)


def test_every_record_is_read_by_replay(made):
    tally = MalformedTally()
    log = Log(str(made.paths["traffic"]), "auto", tally)
    read = [event for _, event in log.events()]
    assert tally.total == 0
    assert len(read) == made.requests
    assert all(isinstance(event, Recorded) for event in read)


def test_outcomes_are_in_order_refer_to_requests_and_come_after_them(made):
    at = {record["http.request.id"]: record["timestamp"] for record in lines(made.paths["traffic"])}
    outcomes = lines(made.paths["outcomes"])
    assert outcomes
    assert [o["timestamp"] for o in outcomes] == sorted(o["timestamp"] for o in outcomes)
    assert all(outcome["timestamp"] > at[outcome["http.request.id"]] for outcome in outcomes)


def test_the_configuration_is_valid(made):
    assert load(made.paths["configuration"]).endpoints


def test_the_books_name_every_campaign(made):
    labels = pq.read_table(made.paths["labels"])
    assert {line["campaign"] for line in lines(made.paths["campaigns"])} == set(
        labels["campaign"].cast("string").to_pylist()
    ) - {""}


def test_the_same_seed_gives_the_same_bytes(made, tmp_path):
    again = build(world(), tmp_path / "tiny.jsonl.zst")
    for what, path in made.paths.items():
        assert path.read_bytes() == again.paths[what].read_bytes(), what


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_traffic_is_written_as_asked(suffix, tmp_path):
    writer = build(World(read_scenario(find("tiny"), POPULATIONS), 1, 0.02), tmp_path / f"w{suffix}")
    assert writer.paths["outcomes"].name == f"w.outcomes{suffix}"
    tally = MalformedTally()
    assert len(list(Log(str(writer.paths["traffic"]), "auto", tally).events())) == writer.requests


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match="traffic is written as"):
        stem_of(tmp_path / "traffic.csv")
    with pytest.raises(ValueError, match="traffic is written as"):
        stem_of(tmp_path / ".jsonl.zst")


def test_nothing_is_left_of_a_world_that_failed(tmp_path):
    made = world()
    with pytest.raises(RuntimeError), Writer(made, tmp_path / "w.jsonl.zst") as writer:
        raise RuntimeError(writer.requests)
    assert list(tmp_path.iterdir()) == []


def test_base_rates_are_counted(made):
    labels = pq.read_table(made.paths["labels"])["actor"].cast("string").to_pylist()
    assert made.share("bad_bot") == pytest.approx(labels.count("bad_bot") / len(labels))
    assert made.share("bad_bot", "login") > made.share("bad_bot")
    assert made.share("human", "static") > 0.5
