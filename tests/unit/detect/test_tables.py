"""Bounded tables: insertion, eviction, survival of a killed process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vedette.detect.tables import SPECS, WAYS, Tables, begin, commit, find, find_or_insert, touch

KEY = b"k" * 32


def same_set(tables: Tables, count: int) -> list[np.uint64]:
    sets = tables.client.keys.shape[0]
    return [np.uint64(5 + sets * (n + 1)) for n in range(count)]


def insert(tables: Tables, key: np.uint64, now: float, touches: float = 0.0) -> tuple[int, bool]:
    slot, new = find_or_insert(tables.client.keys, tables.client.keep, key, now)
    touch(tables.client.keep, slot, now, touches)
    return slot, new


def test_a_key_keeps_its_slot() -> None:
    tables = Tables.open(shrink=12)
    slot, new = insert(tables, np.uint64(77), 1e9)
    assert new
    assert insert(tables, np.uint64(77), 1e9 + 5) == (slot, False)
    assert find(tables.client.keys, np.uint64(77)) == slot
    assert find(tables.client.keys, np.uint64(78)) == -1


def test_the_longest_silent_entry_gives_way() -> None:
    tables = Tables.open(shrink=12)
    keys = same_set(tables, WAYS + 1)
    for age, key in enumerate(keys[:WAYS]):
        insert(tables, key, 1e9 + age)
    insert(tables, keys[WAYS], 1e9 + 100)
    assert find(tables.client.keys, keys[0]) == -1
    assert all(find(tables.client.keys, key) >= 0 for key in keys[1:])


def test_a_flood_of_new_keys_displaces_itself() -> None:
    tables = Tables.open(shrink=12)
    first, *flood = same_set(tables, 200)
    insert(tables, first, 1e9, touches=20)
    for key in flood:
        insert(tables, key, 1e9 + 60)
    assert find(tables.client.keys, first) >= 0


def test_files_outlive_the_process(tmp_path: Path) -> None:
    tables = Tables.open(tmp_path, key=KEY, shrink=12)
    slot, _ = insert(tables, np.uint64(77), 1e9)
    tables.client.rows[slot]["n"] = 42
    tables.flush()
    again = Tables.open(tmp_path, key=KEY, shrink=12)
    assert again.warning == ""
    assert again.client.rows[find(again.client.keys, np.uint64(77))]["n"] == 42
    assert (tmp_path / "tables.arena").stat().st_mode & 0o777 == 0o600


def test_half_written_sets_are_cleared_alone(tmp_path: Path) -> None:
    tables = Tables.open(tmp_path, key=KEY, shrink=12)
    torn, _ = insert(tables, np.uint64(1), 1e9)
    whole, _ = insert(tables, np.uint64(2), 1e9)
    begin(tables.client.sequence, torn)
    begin(tables.client.sequence, whole)
    commit(tables.client.sequence, whole)
    again = Tables.open(tmp_path, key=KEY, shrink=12)
    assert again.cleared == 1
    assert find(again.client.keys, np.uint64(1)) == -1
    assert find(again.client.keys, np.uint64(2)) >= 0
    assert not (again.client.sequence & 1).any()


@pytest.mark.parametrize("other", [{"key": b"another"}, {"shrink": 11}])
def test_another_key_or_shape_means_empty_tables(tmp_path: Path, other: dict[str, object]) -> None:
    insert(Tables.open(tmp_path, key=KEY, shrink=12), np.uint64(77), 1e9)
    arguments: dict[str, object] = {"key": KEY, "shrink": 12, **other}
    again = Tables.open(tmp_path, **arguments)  # type: ignore[arg-type]
    assert "starting with empty tables" in again.warning
    assert not again.client.keys.any()


def test_truncated_file_is_replaced(tmp_path: Path) -> None:
    Tables.open(tmp_path, key=KEY, shrink=12)
    path = tmp_path / "tables.arena"
    path.write_bytes(path.read_bytes()[:5000])
    assert "empty tables" in Tables.open(tmp_path, key=KEY, shrink=12).warning


def test_broken_shared_numbers_are_cleared(tmp_path: Path) -> None:
    tables = Tables.open(tmp_path, key=KEY, shrink=12)
    tables.shared.transition[3, 4] = np.nan
    assert Tables.open(tmp_path, key=KEY, shrink=12).shared.transition[3, 4] == 0


def test_full_size_fits_the_memory_budget() -> None:
    total = sum((1 << spec.bits) * (spec.record.itemsize + 12) for spec in SPECS)
    assert total < 480e6
