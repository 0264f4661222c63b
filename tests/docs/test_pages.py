"""Pages hold together: links lead somewhere, decision records have their parts, the README's promises are kept."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "bench").rglob("*.md"),
        *(ROOT / "changelog.d").glob("*.md"),
    ]
)
README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"```.*?```", re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors that a forge makes of the headings of ``page``."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_can_be_read_offline(page):
    """No picture or badge that is fetched from elsewhere."""
    assert not re.search(r"!\[[^\]]*\]\(https?:|<(?:img|script|link|iframe)\b[^>]*https?:", page.read_text("utf-8"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_decision_record_has_its_parts(record):
    text = record.read_text("utf-8")
    number = record.stem[:4]
    assert text.startswith("# "), "a title"
    assert re.match(rf"# (?:{number}[:.]? )?\S", text)
    for part in ("Context", "Decision", "Consequences"):
        assert re.search(rf"^(?:#+ |\*\*){part}", text, re.MULTILINE), f"no part {part}"
    assert len(text.split()) <= 1_500, "one page"


def test_decision_numbers_are_unique():
    numbers = [record.stem[:4] for record in RECORDS]
    assert len(set(numbers)) == len(numbers)


# -- README ------------------------------------------------------------------------------------------------------


def test_readme_is_short_and_begins_with_a_command():
    lines = README.splitlines()
    assert len(lines) <= 120
    first = next(number for number, line in enumerate(lines, 1) if line.startswith(("make ", "$ ", ".venv/")))
    assert first <= 15


def test_every_make_command_of_the_documentation_exists():
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE))
        assert named <= targets, page


def test_make_lists_its_commands():
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    assert {line.split()[1] for line in done.stdout.splitlines()} == targets


def test_make_serve_without_an_upstream_says_what_is_missing(tmp_path):
    """Run in a copy whose environment is already there, so that nothing is installed."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"))
    (tmp_path / "requirements" / "run.txt").write_text("")
    (tmp_path / ".venv" / "bin" / "python").write_text("")
    (tmp_path / ".venv" / ".run").write_text("")
    done = subprocess.run(["make", "serve"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "make serve UPSTREAM=http://" in done.stderr


def shell_lines() -> list[str]:
    """The commands of the README's shell blocks, continuation lines joined, comments removed."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip() and not line.startswith("#")]


def test_cheap_readme_commands_run(tmp_path):
    """Replay, check and simulate of the README are run as they stand, on a log of their own and a small world."""
    log = tmp_path / "access.log"
    log.write_text(
        "".join(
            f'192.0.2.{n % 7 + 1} - - [24/Nov/2025:10:00:{n % 60:02} +0000] "GET /api/products/{n} HTTP/1.1" 200 512 "-" '
            f'"python-requests/2.34"\n'
            for n in range(50)
        )
    )
    (tmp_path / "vedette.yaml").write_text((ROOT / "demo" / "vedette.yaml").read_text("utf-8"))
    ran = []
    for line in shell_lines():
        program, _, rest = line.partition(" ")
        if program == ".venv/bin/vedette" and rest.split()[0] in {"replay", "check", "simulate"}:
            if "--target" in rest:
                continue
            small = ["--scale", "0.01"] if rest.startswith("simulate") else []
            command = [sys.executable, "-m", "vedette.cli", *rest.split(), *small]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            ran.append(rest.split()[0])
    assert {"replay", "check", "simulate"} <= set(ran)
    assert (tmp_path / "report.html").stat().st_size > 1_000
