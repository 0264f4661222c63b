from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from vedette.edge import place as module
from vedette.edge.place import Place, Taken, check_free, read_state


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(module, "RETRY_S", 0.1)


def test_one_at_a_time_and_given_back(tmp_path):
    first = Place(tmp_path / "data", is_given=True)
    with pytest.raises(Taken, match=rf"process {os.getpid()}\) uses the data directory .*--data DIR"):
        Place(tmp_path / "data", is_given=True)
    first.remember({"pid": 1})
    assert read_state(tmp_path / "data") == {"pid": 1}
    first.forget()
    assert read_state(tmp_path / "data") == {}
    Place(tmp_path / "data", is_given=True).forget()


def test_a_killed_holder_holds_nothing(tmp_path):
    script = "import os, sys; from pathlib import Path; from vedette.edge.place import Place; Place(Path(sys.argv[1]), is_given=True); os._exit(9)"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    Place(tmp_path, is_given=True).forget()


def test_a_long_path_gets_short_sockets(tmp_path):
    place = Place(tmp_path / ("d" * 100), is_given=False)
    assert len(str(place.engine_socket)) < 100
    assert place.engine_socket.parent == place.serve_socket.parent == place.answers_pipe.parent
    assert place.run.stat().st_mode & 0o777 == 0o700
    place.remember({"a": 1})
    assert read_state(place.data) == {"a": 1}, "doctor finds the state below the data directory"
    place.forget()
    assert not place.run.exists()


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Taken, match="cannot be used: Not a directory"):
        Place(tmp_path / "file" / "data", is_given=True)


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_a_damaged_state_is_none(tmp_path, text):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "serve.json").write_text(text)
    assert read_state(tmp_path) == {}


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_taken_port_says_so(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as other:
        other.bind((host.strip("[]"), 0))
        port = other.getsockname()[1]
        other.listen()
        with pytest.raises(Taken, match=f"listen: .*:{port} is taken by another process"):
            check_free("listen", f"{host}:{port}")
    check_free("listen", f"{host}:{port}")
    with pytest.raises(Taken, match="is not an address of this machine"):
        check_free("listen", "203.0.113.1:8080")
