"""A bounded turn of every fuzz target; the long one is ``make fuzz``."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this Python")
def test_no_target_finds_anything_in_3000_executions(tmp_path):
    apart = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # counting lines is slow
    command = [sys.executable, str(HERE / "run.py"), "--seconds", "2", "--runs", "3000", "--findings", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=apart)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert list(tmp_path.iterdir()) == []
    counts = dict(re.findall(r"^(\w+) +([\d,]+) +[\d,]+ +\d+$", done.stdout, re.MULTILINE))
    targets = re.findall(r"^def (\w+)\(data: bytes\)", (HERE / "fuzz.py").read_text("utf-8"), re.MULTILINE)
    assert list(counts) == targets, "every target has run"
    assert all(int(count.replace(",", "")) > 100 for count in counts.values()), counts


def test_seeds_belong_to_targets():
    text = (HERE / "fuzz.py").read_text("utf-8")
    assert [folder.name for folder in (HERE / "corpus").iterdir() if f"def {folder.name}(" not in text] == []
