from __future__ import annotations

import os

import pytest

from vedette.edge.engines import warm_environment


def test_compiled_code_goes_where_it_can_be_written(tmp_path, monkeypatch):
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "NUMBA_CACHE_DIR" not in warm_environment(tmp_path / "data"), "the user's own cache is used"
    monkeypatch.setenv("HOME", "/proc/nobody")
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith("/proc"))
    assert warm_environment(tmp_path / "data")["NUMBA_CACHE_DIR"] == str(tmp_path / "data" / "cache")


@pytest.mark.parametrize("name", ["NUMBA_CACHE_DIR", "OPENBLAS_NUM_THREADS"])
def test_what_the_operator_has_set_stays(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "mine")
    assert warm_environment(tmp_path)[name] == "mine"
