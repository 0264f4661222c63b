"""Where compiled code is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.detect.compiled import cache_directory, kernel, small_kernel


def test_directory_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert cache_directory().parent == tmp_path
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory().parent == tmp_path / "vedette"


def test_directory_changes_with_any_source(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache_directory()
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"#" * (path.name == "tables.py"))
    assert cache_directory() != before


def test_decorators_keep_the_meaning() -> None:
    def double(value: float) -> float:
        return 2 * value

    assert kernel(double)(3.0) == 6.0
    assert small_kernel(double)(3.0) == 6.0
