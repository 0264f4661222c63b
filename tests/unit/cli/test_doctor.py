"""Where ``vedette doctor`` looks when it is not told."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.cli.doctor import command
from vedette.errors import ConfigError


def test_it_looks_where_the_configuration_here_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command() == 1
    assert f"{tmp_path}/vedette-data does not exist" in capsys.readouterr().out
    Path("vedette.yaml").write_text("upstream: http://127.0.0.1:1\nevents: {directory: elsewhere}\n")
    assert command() == 1
    assert f"{tmp_path}/elsewhere does not exist" in capsys.readouterr().out


def test_a_configuration_that_is_wrong_stops_it_only_where_it_was_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("vedette.yaml").write_text("mode: sometimes\n")
    assert command() == 1
    said = capsys.readouterr()
    assert f"{tmp_path}/vedette-data does not exist" in said.out
    assert "sometimes" in said.err
    assert "looking in vedette-data" in said.err
    with pytest.raises(ConfigError, match="sometimes"):
        command(config=Path("vedette.yaml"))
