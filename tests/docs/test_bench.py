"""The benchmarks themselves are not run here; what they rest on is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bench import edge, replay, report
from bench.__main__ import PARTS
from bench.process import cpu_s, tree
from bench.traffic import invented_clients, mixed
from vedette.doors.logs.access import parse

ROOT = Path(__file__).parents[2]


def bench(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_each_part_has_its_place_on_the_page():
    page = (ROOT / "bench" / "README.md").read_text("utf-8")
    assert re.findall(r"<!-- (\w+): begin -->", page) == list(PARTS)
    assert re.findall(r"<!-- (\w+): end -->", page) == list(PARTS)


def test_a_part_is_replaced_and_nothing_else(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n<!-- y: begin -->\nold\n<!-- y: end -->\n")
    report.write("x", "new", page)
    assert (
        page.read_text() == "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n<!-- y: begin -->\nold\n<!-- y: end -->\n"
    )
    with pytest.raises(ValueError, match="no markers for 'z'"):
        report.write("z", "new", page)


def test_a_missing_package_is_named_with_the_line_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(edge, "MODULE", tmp_path / "absent.so")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {"libnginx-mod-http-modsecurity", "wrk"} <= set(edge.missing())
    done = bench("edge", PATH=str(tmp_path))
    assert done.returncode == 1
    assert re.search(r"sudo apt install [a-z -]*\bwrk\b", done.stderr)


def test_an_unknown_part_is_refused():
    done = bench("edgy")
    assert done.returncode == 2
    assert "no such part: edgy" in done.stderr


def test_traffic_is_the_same_each_time_and_continues():
    assert list(mixed(50, clients=10)) == list(mixed(50, clients=10))
    assert list(mixed(50, clients=10)) != list(mixed(50, clients=10, seed=2))
    times = [request.timestamp for request in [*mixed(50, clients=10), *mixed(50, clients=10, first=50)]]
    assert times == sorted(times)


def test_traffic_is_mixed():
    requests = list(mixed(4_000, clients=500))
    shares = Counter("browser" if len(request.headers) > 6 else "other" for request in requests)
    assert 0.7 < shares["browser"] / 4_000 < 0.8
    assert 0.08 < sum(request.method == "POST" for request in requests) / 4_000 < 0.12
    assert len({request.client_address for request in requests}) > 450


def test_invented_clients_never_repeat():
    requests = list(invented_clients(5_000))
    assert len({request.client_address for request in requests}) == 5_000
    assert len({request.body for request in requests}) == 5_000
    assert next(iter(invented_clients(1, first=5_000))).id not in {request.id for request in requests}


def test_the_invented_log_is_read_without_loss(tmp_path):
    log = tmp_path / "access.log"
    replay.write_log(log, 300, clients=20)
    lines = [parse(line, f"l{place}") for place, line in enumerate(log.read_bytes().splitlines())]
    paths = [(line.request.path, line.request.query) for line in lines]
    assert paths == [(request.path, request.query) for request in mixed(300, clients=20)]


def test_cpu_time_of_a_tree_includes_its_children():
    burn = "sum(i * i for i in range(3_000_000))"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{burn}']); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as parent:
        deadline = time.monotonic() + 30
        while cpu_s(parent.pid) < 0.1 and time.monotonic() < deadline:
            time.sleep(0.02)
        spent = cpu_s(parent.pid)
        assert parent.pid in tree(parent.pid)
        assert parent.pid in tree(os.getpid())
        parent.communicate(b"\n")
    assert spent >= 0.1
    assert tree(parent.pid) == [parent.pid], "what is gone has no children"
