"""The engine process by itself: as a real process on a real socket, over a data directory that outlives it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vedette.doors.client import ask
from vedette.doors.http import bind


def start(data, *flags):
    command = [sys.executable, "-m", "vedette.doors.http", "--data", str(data), *flags]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def say(data, method, target, body=b"", headers=()):
    return asyncio.run(ask(data / "run" / "engine.sock", method, target, body=body, headers=headers))


def wait(data, process):
    deadline = time.monotonic() + 180
    while True:
        assert process.poll() is None, process.stderr.read().decode()
        try:
            if say(data, "GET", "/readyz").status == 200:
                return
        except OSError:
            assert time.monotonic() < deadline, "not ready in time"
            time.sleep(0.05)


def test_it_answers_survives_a_kill_and_ends_cleanly(tmp_path):
    data = tmp_path / "data"
    config = tmp_path / "vedette.yaml"
    config.write_text(
        "upstream: http://127.0.0.1:9\nmode: enforce\npolicy: observe\n"
        "rate_limits: [{name: few, key: address, match: GET /few, limit: 2/hour, burst: 2}]\n"
    )
    outcome = json.dumps({"outcome": "conversion", "session.id": "s", "event.id": "e"}).encode()
    few = [(b"x-forwarded-uri", b"/few"), (b"x-forwarded-for", b"192.0.2.1")]
    first = start(data, "--config", str(config))
    try:
        wait(data, first)
        title = Path(f"/proc/{first.pid}/cmdline").read_bytes().rstrip(b"\0 ")
        assert title == b"vedette: engine"
        assert (data / "run" / "engine.sock").stat().st_mode & 0o777 == 0o600
        assert [say(data, "GET", "/v1/decide", headers=few).status for _ in range(3)] == [200, 200, 429]
        assert say(data, "POST", "/v1/outcomes", outcome).status == 202
        config.write_text("upstream: http://127.0.0.1:9\nmode: sometimes\n")
        assert say(data, "POST", "/-/reload").status == 422
    finally:
        first.kill()
        first.communicate()
    config.write_text("upstream: http://127.0.0.1:9\nmode: enforce\npolicy: observe\n")
    second = start(data, "--config", str(config))
    try:
        wait(data, second)
        assert say(data, "GET", "/v1/decide", headers=few).status == 200, "another configuration, without the limit"
        repeated = say(data, "POST", "/v1/outcomes", outcome)
        assert json.loads(repeated.body) == {"stored": 0, "repeated": 1}, "what was acknowledged survived the kill"
    finally:
        second.send_signal(signal.SIGTERM)
        _, said = second.communicate(timeout=30)
    assert second.returncode == 0
    assert b"engine.stopped" in said


@pytest.mark.parametrize("text", ["mode: sometimes", "upstream: [", "unknown: 1"])
def test_an_invalid_configuration_is_exit_two(tmp_path, text):
    config = tmp_path / "vedette.yaml"
    config.write_text(text)
    process = start(tmp_path / "data", "--config", str(config))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert str(config).encode() in said
    assert b"Traceback" not in said


def test_a_stale_socket_is_replaced(tmp_path):
    path = tmp_path / "run" / "s"
    bind(path).close()
    assert path.exists()
    with bind(path) as listening:
        assert listening.getsockname().endswith(f".{os.getpid()}")
        assert path.stat().st_mode & 0o777 == 0o600
