from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vedette.cli import simulate
from vedette.simulate.writing import Writer


@pytest.fixture
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_world_is_made_and_summed_up(inside, capsys):
    assert simulate.command(scenario="tiny", scale=0.05, seed=900) == 0
    said = capsys.readouterr().out
    assert "seed 900 (test)" in said
    assert "malicious:" in said
    assert sorted(path.name for path in inside.iterdir() if not path.name.endswith((".key", ".json"))) == [
        "tiny.campaigns.jsonl",
        "tiny.jsonl.zst",
        "tiny.labels.parquet",
        "tiny.outcomes.jsonl.zst",
        "tiny.vedette.yaml",
    ]


def test_a_directory_takes_the_name_of_the_world(inside):
    (inside / "worlds").mkdir()
    assert simulate.command(scenario="tiny", scale=0.02, out=Path("new")) == 0
    assert (inside / "new" / "tiny.jsonl.zst").exists()
    assert simulate.command(scenario="tiny", scale=0.02, out=Path("worlds")) == 0
    assert (inside / "worlds" / "tiny.jsonl.zst").exists()


def test_all_makes_every_world(inside, capsys):
    from vedette.simulate.scenario import names

    assert simulate.command(scenario="all", scale=0.0005, out=Path("w")) == 0
    assert all((inside / "w" / f"{name}.jsonl.zst").exists() for name in names())
    assert capsys.readouterr().out.count("seed 0 (tuning)") == len(names())


def test_a_scenario_of_ones_own(inside):
    Path("mine.yaml").write_text("lasts: 1h\npeople: [{kind: web, sessions: 5}]\n", encoding="utf-8")
    assert simulate.command(scenario="mine.yaml", out=Path("o.jsonl")) == 0
    assert Path("o.jsonl").read_bytes().count(b"\n") > 5


def test_the_worlds_are_listed(capsys):
    assert simulate.command(list=True) == 0
    listed = capsys.readouterr().out.splitlines()
    assert any(line.startswith("shop-day ") for line in listed)
    assert all(len(line) > 30 for line in listed)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"scenario": "shopday"}, "name one of"),
        ({"scale": 0.0}, "--scale 0"),
        ({"scale": float("nan")}, "--scale nan"),
        ({"out": Path("x.csv")}, ".jsonl.zst"),
        ({"out": Path("/dev/stdin")}, "--out -: a world is several files"),
        ({"scenario": "all", "out": Path("all.jsonl")}, "name a directory"),
        ({"scenario": ""}, "name one of"),
        ({"speed": 2.0}, "--speed: of a drill, which needs --target"),
        ({"key": "env:K", "rate": 5.0, "forwarded_for": True}, "--key, --rate, --forwarded-for: of a drill"),
    ],
)
def test_wrong_usage_says_what_is_right(inside, capsys, given, word):
    assert simulate.command(**given) == 2
    assert word in capsys.readouterr().err
    assert list(inside.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(inside, capsys):
    Path("file").write_text("", encoding="utf-8")
    assert simulate.command(scale=0.02, out=Path("file/w.jsonl")) == 1
    assert "file" in capsys.readouterr().err


def test_what_stands_in_the_way_is_found_before_anything_is_made(inside, capsys):
    Path("w.labels.parquet").mkdir()
    assert simulate.command(scale=0.02, out=Path("w.jsonl")) == 1
    assert "w.labels.parquet: Is a directory; nothing" in capsys.readouterr().err
    assert [path.name for path in inside.iterdir()] == ["w.labels.parquet"]


def test_a_full_disk_is_named_with_its_place(inside, capsys, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "Error writing bytes. Detail: [errno 28] No space left on device")

    monkeypatch.setattr(Writer, "commit", full)
    assert simulate.command(scale=0.02, out=Path("there/w.jsonl")) == 1
    assert "there: No space left on device; nothing of this world was kept" in capsys.readouterr().err
    assert list((inside / "there").iterdir()) == []


def test_what_a_tuning_seed_leaves_out_is_said(inside, capsys):
    Path("mine.yaml").write_text("campaigns: [{family: scalping, requests: 20}]\n", encoding="utf-8")
    assert simulate.command(scenario="mine.yaml", seed=3) == 0
    assert "left out, because they are for testing: scalping" in capsys.readouterr().out
    assert simulate.command(scenario="mine.yaml", seed=903) == 0
    assert "left out" not in capsys.readouterr().out


def test_every_process_makes_the_same_world(inside):
    made = []
    for salt in ("1", "2"):
        command = [
            sys.executable,
            "-m",
            "vedette.cli",
            "simulate",
            "--scale",
            "0.05",
            "--out",
            f"{salt}/tiny.jsonl.zst",
        ]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": salt})
        made.append({path.name: path.read_bytes() for path in (inside / salt).iterdir()})
    assert made[0] == made[1]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_end_on_the_way_leaves_nothing_behind(inside, how):
    running = subprocess.Popen(
        [sys.executable, "-m", "vedette.cli", "simulate", "--scenario", "week", "--out", "w.jsonl.zst"],
        stderr=subprocess.PIPE,
        text=True,
    )
    while running.poll() is None and not any(inside.glob("*.part")):
        pass
    running.send_signal(how)
    _, said = running.communicate()
    assert running.returncode == 130
    assert "interrupted" in said
    assert list(inside.iterdir()) == []
