"""``vedette feeds``: tables, JSON, exit codes."""

from __future__ import annotations

import json
import re

import pytest

from vedette.cli import main

CONFIG = """\
upstream: http://127.0.0.1:8000
feeds:
  - {name: mine, url: file:list.txt}
  - {name: gone, url: file:gone.txt, kind: tor}
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run ``vedette feeds`` in a directory with a configuration; give exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vedette.yaml").write_text(CONFIG)
    (tmp_path / "list.txt").write_text("8.8.8.8\n10.0.0.1\n")

    def feeds(*words: str):
        with pytest.raises(SystemExit) as ended:
            main(["feeds", *words])
        out, errors = capsys.readouterr()
        return ended.value.code, out, errors

    return feeds


def test_feeds_are_listed_with_what_ships(run):
    code, out, _ = run()
    assert code == 0
    assert re.search(r"^mine +blocklist +0 +- +due +new +file:/.*list\.txt$", out, re.MULTILINE)
    assert re.search(r"^\(shipped\) +hosting +[\d,]+ +\d+ d +- +shipped +10 lists$", out, re.MULTILINE)


def test_an_update_tells_what_became_of_each_and_fails_with_one(run, tmp_path):
    code, out, _ = run("update")
    assert code == 1
    assert "mine: 1 entries, 1 cut as private or own\n" in out
    assert "gone: failed: cannot be read, No such file or directory\n" in out
    assert (tmp_path / "vedette-data" / "gathered" / "networks.bin").exists()
    _, out, _ = run("list")
    assert re.search(r"^mine +blocklist +1 +\d+ s +\d+ m +ok ", out, re.MULTILINE)
    assert re.search(r"^gone +tor +0 +- +\d+ [ms] +failed ", out, re.MULTILINE)
    assert out.endswith("gone: cannot be read, No such file or directory\n")
    (tmp_path / "gone.txt").write_text("8.8.4.4\n")
    assert run("update", "gone")[0] == 0


def test_a_data_directory_that_cannot_be_used_is_said(run, tmp_path):
    (tmp_path / "taken").write_text("a file")
    code, out, _ = run("update", "mine", "--data", str(tmp_path / "taken"))
    assert code == 1
    assert out.startswith(f"mine: failed: cannot be kept, {tmp_path / 'taken'}")


def test_a_change_that_is_held_back(run, tmp_path):
    run("update", "mine")
    (tmp_path / "list.txt").write_text("".join(f"8.8.8.{place}\n" for place in range(0, 200, 2)))
    code, out, errors = run("update", "mine")
    assert code == 1 and "mine: held: 1 entries become 100" in out
    assert "vedette feeds update 'mine' --accept" in errors
    assert run("update", "mine", "--accept")[:2] == (0, "mine: 100 entries\n")


def test_json(run, tmp_path):
    code, out, _ = run("update", "mine", "--json", "--data", str(tmp_path / "elsewhere"))
    assert code == 0
    (mine,) = json.loads(out)
    assert (mine["name"], mine["state"], mine["entries"], mine["cut"], mine["error"]) == ("mine", "ok", 1, 1, None)
    assert mine["next"] == mine["checked"] + 3600
    first, second = json.loads(run("--json", "--data", str(tmp_path / "elsewhere"))[1])
    assert first == mine
    assert (second["state"], second["checked"]) == ("new", None)


def test_wrong_usage(run, tmp_path):
    code, _, errors = run("update", "mines")
    assert code == 2 and 'no such feed, "mines", configured: mine, gone' in errors
    assert run("list", "mine")[0] == run("list", "--accept")[0] == run("show")[0] == 2
    (tmp_path / "vedette.yaml").write_text("upstream: http://127.0.0.1:8000\n")
    code, _, errors = run("update")
    assert code == 0 and "no feeds are configured" in errors
    assert "no feeds are configured" in run()[1]
