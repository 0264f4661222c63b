"""The tutorial's files and commands are real."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)
SHELL = "".join(text for kind, text in BLOCKS if kind == "sh")


def check(file):
    return subprocess.run(
        [sys.executable, "-m", "vedette.cli", "check", "--quiet", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("more", ["", "mode: enforce\n", "mode: enforce\nenforce: {share: 10%}\n"])
def test_the_configuration_is_valid(tmp_path, more):
    whole = next(text for kind, text in BLOCKS if kind == "yaml" and "endpoints:" in text)
    file = tmp_path / "vedette.yaml"
    file.write_text(more + whole)
    result = check(file)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_demo_configuration_is_valid():
    assert check(ROOT / "demo" / "vedette.yaml").returncode == 0


def test_the_json_is_json():
    for kind, text in BLOCKS:
        if kind == "json":
            assert json.loads(text)["instance"].startswith("urn:uuid:")


def test_its_commands_are_shell():
    assert subprocess.run(["bash", "-n"], input=SHELL, text=True, check=False).returncode == 0
    assert len(shlex.split(SHELL, comments=True)) > 50


def test_the_commands_of_vedette_exist():
    listed = subprocess.run(
        [sys.executable, "-m", "vedette.cli", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for command in set(re.findall(r"bin/vedette (\w+)", SHELL)):
        assert re.search(rf"\b{command}\b", listed), command


def test_the_targets_of_make_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"^make (\w+)", SHELL, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
