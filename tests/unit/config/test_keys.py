"""Keys made once: the same for all, whole, private, and with a clear word where they cannot be made."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vedette.config.keys import ensure_key
from vedette.errors import ConfigError


def test_a_key_is_made_once_and_is_private(tmp_path: Path):
    key = ensure_key(tmp_path / "data", "console")
    path = tmp_path / "data" / "keys" / "console"
    assert ensure_key(tmp_path / "data", "console") == key
    assert key.origin == f"generated:{path}"
    assert len(key.value) == 43
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert key.value not in repr(key) + str(key)


def test_keys_differ_by_name_and_place(tmp_path: Path):
    keys = {ensure_key(tmp_path / place, name).value for place in ("a", "b") for name in ("console", "privacy")}
    assert len(keys) == 4


def test_many_at_once_get_the_same_key_and_leave_nothing_behind(tmp_path: Path):
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: ensure_key(tmp_path, "privacy").value, range(64)))
    assert len(keys) == 1
    assert os.listdir(tmp_path / "keys") == ["privacy"]


def test_an_empty_key_is_refused(tmp_path: Path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "privacy").write_text("\n")
    with pytest.raises(ConfigError, match="is empty, remove it"):
        ensure_key(tmp_path, "privacy")


def test_an_unreadable_key_is_said(tmp_path: Path):
    (tmp_path / "keys" / "privacy").mkdir(parents=True)
    with pytest.raises(ConfigError, match="cannot be read"):
        ensure_key(tmp_path, "privacy")
    (tmp_path / "keys" / "other").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not text"):
        ensure_key(tmp_path, "other")


def test_a_place_that_is_no_directory_is_said(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "keys").write_text("")
    with pytest.raises(ConfigError, match="cannot be"):
        ensure_key(tmp_path / "data", "privacy")
