"""``vedette`` as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from vedette.cli import COMMANDS, LATER


def vedette(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vedette.cli", *words], capture_output=True, text=True, check=False, cwd=cwd, timeout=60
    )


def test_check_prints_yaml_with_every_default(tmp_path: Path) -> None:
    (tmp_path / "vedette.yaml").write_text("upstream: http://127.0.0.1:8000\nworkers: 3\n")
    done = vedette("check", cwd=tmp_path)
    assert done.returncode == 0
    shown = yaml.safe_load(done.stdout)
    assert (shown["workers"], shown["mode"], shown["events"]["retain"]) == (3, "monitor", "30d")
    assert "# not yet active: workers" in done.stdout


def test_check_names_all_mistakes_and_exits_2(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("mode: x\nworkers: none\n")
    done = vedette("check", "bad.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        'bad.yaml:1: mode: not known, "x", use one of monitor, enforce',
        'bad.yaml:2: workers: not a usable number, "none", use 1 to 256',
    ]


def test_schema_is_json() -> None:
    done = vedette("check", "--schema")
    assert json.loads(done.stdout)["title"] == "vedette.yaml"


def test_overview_names_every_command_and_none_that_comes_later() -> None:
    done = vedette("--help")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert not any(f"  {name} " in done.stdout for name in LATER)


@pytest.mark.parametrize("name", LATER)
def test_later_commands_say_so(name: str) -> None:
    done = vedette(name)
    assert (done.returncode, done.stderr.strip()) == (2, f"vedette {name}: not in this version")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Usage"),
        (("chek",), 2, "did you mean check?"),
        (("check", "--bogus"), 2, "Unknown option"),
        (("check", "/nowhere.yaml"), 2, "cannot be read"),
        (("--version",), 0, "vedette "),
        (("--completion",), 2, "name one shell"),
    ],
)
def test_usage(words: tuple[str, ...], code: int, said: str) -> None:
    done = vedette(*words)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_check_loads_nothing_heavy() -> None:
    program = (
        "import sys\nsys.argv = ['vedette', 'check', '--quiet']\n"
        "try:\n    import vedette.cli; vedette.cli.main()\nexcept SystemExit: pass\n"
        "print([name for name in ('numba', 'numpy', 'duckdb', 'pyarrow', 'starlette', 'structlog') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip().splitlines()[-1] == "[]"
