"""``vedette simulate --target``: exit codes, and what is said where it is not wanted."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vedette.cli import simulate
from vedette.errors import ConfigError
from vedette.simulate import target
from vedette.simulate.target.figures import Figures


@pytest.fixture
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text("lasts: 1h\npeople: [{kind: web, sessions: 3}]\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def url():
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = do_PATCH = do_OPTIONS = do_DELETE = answer

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_world_is_fired_and_kept(inside, url, capsys):
    assert simulate.command(scenario="small.yaml", target=url, speed=3600.0, out=Path("fired.jsonl")) == 0
    said = capsys.readouterr().out
    assert said.startswith("the world has ended. ")
    assert "web " in said
    assert "traffic: fired.jsonl" in said
    assert Path("fired.jsonl").read_bytes().count(b"\n") > 3


def test_nobody_there_is_a_failure(inside, capsys):
    assert simulate.command(scenario="small.yaml", target="http://127.0.0.1:1") == 1
    assert "the target does not answer: http://127.0.0.1:1: Connection refused" in capsys.readouterr().out


def test_an_interruption_has_its_own_code(inside, monkeypatch):
    monkeypatch.setattr("vedette.simulate.target.keeping.fire", lambda *_, **__: Figures(ended="interrupted"))
    assert simulate.command(scenario="small.yaml", target="http://127.0.0.1:1") == 130


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"target": "http://192.0.2.1:8080"}, "--target: not a loopback address, 192.0.2.1, set drill.key"),
        ({"target": "http://127.0.0.1:1", "rate": 9999.0}, "--rate: not usable, 9999"),
        ({"target": "http://127.0.0.1:1", "key": "hunter2"}, "--key: drill.key: a secret in the clear, (not shown)"),
        ({"target": "http://192.0.2.1:8080", "key": "env:DRILL"}, "--key: too short, 5 characters, at least 24"),
    ],
)
def test_what_cannot_be_is_said(inside, monkeypatch, how, said):
    monkeypatch.setenv("DRILL", "short")
    with pytest.raises(ConfigError) as caught:
        simulate.command(scenario="small.yaml", **how)
    assert str(caught.value).startswith(said)
    assert "hunter2" not in str(caught.value)


def test_one_scenario_at_a_time_and_one_that_exists(inside, capsys):
    assert simulate.command(scenario="all", target="http://127.0.0.1:1") == 2
    assert simulate.command(scenario="nothing", target="http://127.0.0.1:1") == 2
    assert simulate.command(scenario="small.yaml", target="http://127.0.0.1:1", out=Path("x.parquet")) == 2
    said = capsys.readouterr().err
    assert "one scenario at a time" in said
    assert "no scenario 'nothing'" in said


def test_the_help_says_what_the_usual_bounds_are():
    text = simulate.command.__doc__ or ""
    usual, most = target.pace.USUAL, target.pace.MOST
    assert f"{usual.rate:g} where not given, {target.pace.USUAL_HERE.rate:g} on loopback" in text
    assert f"at most {most.rate:g}, on loopback {target.pace.MOST_HERE.rate:g}" in text
    assert f"{usual.count:,} where not given, at most {most.count:,}" in text
    assert f"{usual.seconds:g} where not given, at most {most.seconds:g}" in text
    assert f"{usual.concurrent:g} where not given, at most {most.concurrent:g}" in text
