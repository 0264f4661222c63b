"""``vedette replay`` as a user types it."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
import zstandard

COMMON = '192.0.2.%d - - [24/Nov/2025:17:00:%02d +0000] "GET /products/%d HTTP/1.1" 200 512'


def vedette(*words: str, cwd: Path, data: bytes | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vedette.cli", "replay", *words],
        capture_output=True, check=False, cwd=cwd, timeout=120, input=data,
    )  # type: ignore[return-value]  # fmt: skip


def text(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stdout + done.stderr).decode()  # type: ignore[attr-defined]


@pytest.fixture
def log() -> bytes:
    return "".join(COMMON % (n % 5, n % 60, n) + "\n" for n in range(120)).encode()


@pytest.mark.parametrize("kind", ["plain", "gz", "zst", "stdin"])
def test_every_way_in_gives_the_same(tmp_path: Path, log: bytes, kind: str) -> None:
    packed = {"plain": log, "gz": gzip.compress(log), "zst": zstandard.compress(log), "stdin": log}[kind]
    name = "-" if kind == "stdin" else "access.log"
    (tmp_path / "access.log").write_bytes(packed)
    done = vedette(
        name, "--out", "out.jsonl", "--report", "r.html", cwd=tmp_path, data=packed if kind == "stdin" else b""
    )
    assert done.returncode == 0, text(done)
    assert "120 requests" in text(done)
    rows = [json.loads(row) for row in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["http.request.id"] for row in rows] == [f"l{n}" for n in range(1, 121)]
    assert (tmp_path / "r.html").stat().st_size > 5000


def test_malformed_lines_are_counted_and_shown(tmp_path: Path, log: bytes) -> None:
    (tmp_path / "access.log").write_bytes(b"garbage\n" + log + b'192.0.2.1 - - [24/Nov/2025:17:00:00 +0000] "GET /x\n')
    done = vedette("access.log", cwd=tmp_path)
    assert done.returncode == 0
    assert "malformed lines: 2" in text(done)
    assert "access.log:1:" in text(done)


def test_labels_print_intervals(tmp_path: Path, log: bytes) -> None:
    (tmp_path / "access.log").write_bytes(log)
    rows = "".join(f"l{n},{'human' if n % 3 else 'bad_bot'}\n" for n in range(1, 121))
    (tmp_path / "labels.csv").write_text("http.request.id,actor\n" + rows)
    done = vedette("access.log", "--labels", "labels.csv", "--accuracy", "figures.json", cwd=tmp_path)
    assert done.returncode == 0, text(done)
    assert "recall: malicious requests stopped" in text(done)
    assert "95 % interval" in text(done)
    assert "accuracy: figures.json" in text(done)
    assert json.loads((tmp_path / "figures.json").read_text())["requests"]["bad_bot"] == 40


def test_a_reader_that_goes_away_costs_no_file_and_no_message(tmp_path: Path, log: bytes) -> None:
    (tmp_path / "access.log").write_bytes(log)
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "vedette.cli", "replay", "access.log", "--out", "out.jsonl"]
    try:
        done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False, cwd=tmp_path, timeout=120)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 120


UNSENT = (
    '{"log": {"version": "1.2", "entries": [{"startedDateTime": "2026-01-01T00:00:00Z", "request": {"method": "GET",'
    ' "url": "https://shop.example/", "headers": [{"name": "User-Agent", "value": "x"}]}, "response": {"status": 200}}]}}'
)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "name at least one log"),
        (("none.log",), 1, "none.log: No such file"),
        (("empty.log",), 1, "no valid request in the input: empty.log is empty"),
        (("noise.log",), 1, "its format cannot be told"),
        (("unsent.har",), 1, "none of its 1 entries is a request as har; entries from a cache, or with neither"),
        (("access.log", "--format", "har"), 1, "there is no log.entries in it"),
        (("access.log", "--format", "alb"), 1, "not an access-log line"),
        (("access.log", "--format", "xml"), 2, "xml"),
        (("access.log", "--out", "out.txt"), 2, "must end in"),
        (("access.log", "--out", "none/out.jsonl"), 1, "none/out.jsonl: No such file"),
        (("access.log", "--report", "r.pdf"), 2, "must end in .html"),
        (("access.log", "--config", "none.yaml"), 2, "cannot be read"),
        (("access.log", "--labels", "none.csv"), 1, "none.csv"),
        (("access.log", "--labels", "none.parquet"), 1, "replay: none.parquet: No such file or directory"),
        (("access.log", "--labels", "foreign.csv"), 1, "foreign.csv: no request here has a label in it"),
        (("access.log", "--accuracy", "a.json"), 2, "name them with --labels"),
        (("access.log", "--labels", "none.csv", "--accuracy", "a.txt"), 2, "must end in .json"),
        (("access.log", "--labels", "none.csv", "--accuracy", "none/a.json"), 1, "no such directory"),
        (("-", "-"), 2, "named twice"),
    ],
)
def test_mistakes_are_said_without_a_trace(
    tmp_path: Path, log: bytes, words: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "access.log").write_bytes(log)
    (tmp_path / "foreign.csv").write_text("http.request.id,actor\nanother,human\n")
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "noise.log").write_bytes(b"one\ntwo\n")
    (tmp_path / "unsent.har").write_text(UNSENT)
    files = sorted(tmp_path.iterdir())
    done = vedette(*words, cwd=tmp_path, data=b"")
    assert done.returncode == code, text(done)
    assert said in text(done)
    assert "Traceback" not in text(done)
    assert sorted(tmp_path.iterdir()) == files


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, log: bytes, name: str) -> None:
    (tmp_path / "access.log").write_bytes(log * 200)
    limit = 200_000 if name == "out.jsonl" else 4_000  # Parquet packs these decisions tightly
    program = (
        "import resource, signal, sys\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        f"sys.argv = ['vedette', 'replay', 'access.log', '--out', '{name}']\n"
        "import vedette.cli; vedette.cli.main()"
    )
    # the limit would also hit what measures coverage in child processes
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert f"{name} not written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["access.log"]


def test_an_interrupt_leaves_partial_results_marked_as_such(tmp_path: Path, log: bytes) -> None:
    """The log comes through a pipe that stays open, so that the replay is at work or waiting when the signal comes."""
    words = [sys.executable, "-m", "vedette.cli", "replay", "-", "--out", "out.jsonl", "--report", "r.html"]
    child = subprocess.Popen(words, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdin is not None
    child.stdin.write(log * 20)  # released by what is two hours younger
    child.stdin.write(log.replace(b":17:00:", b":19:00:") * 80)
    child.stdin.flush()
    deadline = time.monotonic() + 90
    while _unread(child.stdin.fileno()) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, (out, err)
    assert b"interrupted" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.partial.jsonl", "r.partial.html"]
    rows = [json.loads(row) for row in (tmp_path / "out.partial.jsonl").read_text().splitlines()]
    assert len(rows) >= 20 * 120
    assert [row["http.request.id"] for row in rows] == [f"l{n}" for n in range(1, len(rows) + 1)]
    assert "The replay was interrupted" in (tmp_path / "r.partial.html").read_text()


def _unread(pipe: int) -> int:
    """Bytes in a pipe that its reader has not taken yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
