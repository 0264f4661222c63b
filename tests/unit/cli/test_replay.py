"""``vedette replay`` as a user types it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
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
    done = vedette("access.log", "--labels", "labels.csv", cwd=tmp_path)
    assert done.returncode == 0, text(done)
    assert "recall: malicious requests stopped" in text(done)
    assert "95 % interval" in text(done)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "name at least one log"),
        (("none.log",), 1, "none.log: No such file"),
        (("empty.log",), 1, "no valid request"),
        (("noise.log",), 2, "its format cannot be told"),
        (("access.log", "--format", "har"), 2, "not in this version"),
        (("access.log", "--format", "xml"), 2, "xml"),
        (("access.log", "--out", "out.txt"), 2, "must end in"),
        (("access.log", "--out", "none/out.jsonl"), 1, "No such file"),
        (("access.log", "--report", "r.pdf"), 2, "must end in .html"),
        (("access.log", "--config", "none.yaml"), 2, "cannot be read"),
        (("access.log", "--labels", "none.csv"), 1, "none.csv"),
        (("-", "-"), 2, "named twice"),
    ],
)
def test_mistakes_are_said_without_a_trace(
    tmp_path: Path, log: bytes, words: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "access.log").write_bytes(log)
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "noise.log").write_bytes(b"one\ntwo\n")
    done = vedette(*words, cwd=tmp_path, data=b"")
    assert done.returncode == code, text(done)
    assert said in text(done)
    assert "Traceback" not in text(done)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["access.log", "empty.log", "noise.log"]


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, log: bytes) -> None:
    (tmp_path / "access.log").write_bytes(log * 200)
    program = (
        "import resource, signal, sys\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "sys.argv = ['vedette', 'replay', 'access.log', '--out', 'out.jsonl']\n"
        "import vedette.cli; vedette.cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["access.log"]
