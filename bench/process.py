"""CPU time and memory of a process with all it has started, as the kernel counts them."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cpu_by_program_s", "cpu_s", "tree"]

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """The ids of ``root`` and of every process below it that lives now."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        waiting += children.get(process, [])
    return found


def cpu_s(root: int) -> float:
    """User and system seconds spent so far by the tree under ``root``, its ended children included."""
    return sum(cpu_by_program_s(root).values())


def cpu_by_program_s(root: int) -> dict[str, float]:
    """The same, split by program: the last word of its title, or the name of its file (``engine``, ``envoy``)."""
    spent: dict[str, float] = {}
    for process in tree(root):
        if stat := _stat(process):
            name = _name(process)
            spent[name] = spent.get(name, 0.0) + sum(int(value) for value in stat[11:15]) * TICK_S
    return spent


def _name(process: int) -> str:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0].decode("utf-8", "replace").split()
    except OSError:
        return "ended"
    return Path(words[-1]).name if words else "ended"


def _stat(process: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` after the name: state, parent, …; empty where the process is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
