from vedette.events import seen as module
from vedette.events.seen import Seen, digest, keep_seen, read_seen


def test_hashes_survive_in_order_and_once(tmp_path):
    (tmp_path / "events").mkdir()
    assert read_seen(tmp_path) == []
    keep_seen(tmp_path, [3, 1])
    keep_seen(tmp_path, [1, 2**64 - 1])
    assert read_seen(tmp_path) == [3, 1, 2**64 - 1]
    assert 3 in Seen(tmp_path)
    assert 4 not in Seen(tmp_path)


def test_memory_is_bounded_and_forgets_the_oldest_first(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GENERATION", 100)
    (tmp_path / "events").mkdir()
    seen = Seen(tmp_path)
    for event in range(1000):
        seen.add(event)
        assert event in seen
    assert sum(event in seen for event in range(1000)) <= 200
    assert all(event in seen for event in range(900, 1000))
    keep_seen(tmp_path, range(1000))
    assert read_seen(tmp_path) == list(range(800, 1000))


def test_a_torn_file_is_read_as_far_as_it_goes(tmp_path):
    (tmp_path / "events").mkdir()
    keep_seen(tmp_path, [1, 2])
    file = tmp_path / "events" / "outcomes.seen"
    file.write_bytes(file.read_bytes()[:-3])
    assert len(read_seen(tmp_path)) == 1


def test_digests_differ_by_kind_and_take_any_text():
    assert digest("event", "a") != digest("session", "a")
    assert 0 <= digest("event", "\ud800") < 2**64
