"""How long a person waits: ``--help``, ``check``, and ``serve`` until it decides, with and without compiled kernels.

Each is a fresh process, measured several times in turn; the table shows medians. The peer is the interpreter itself:
``python -c pass``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.report import Table, machine, write
from demo.processes import Programs, free_port

__all__ = ["run"]

CONFIG = Path(__file__).parent.parent / "demo" / "vedette.yaml"
VEDETTE = (sys.executable, "-m", "vedette.cli")


def run(*, quick: bool = False) -> None:
    times = 3 if quick else 11
    commands = {
        "`python -c pass`": (sys.executable, "-c", "pass"),
        "`vedette --help`": (*VEDETTE, "--help"),
        "`vedette check`": (*VEDETTE, "check", str(CONFIG)),
    }
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            took[name].append(time.perf_counter() - began)
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as temporary:
        cold = [_serve(Path(temporary), "fresh")]
        warm = [_serve(Path(temporary), "fresh") for _ in range(1 if quick else 5)]
    table = Table("what", "budget", "measured", "met")
    for name, values in took.items():
        bound = "–" if "pass" in name else "≤ 400 ms"
        met = "–" if "pass" in name else "yes" if median(values) <= 0.4 else "no"
        table.add(name, bound, f"{median(values) * 1e3:.0f} ms", met)
    table.add(
        "`vedette serve` until `/readyz`, kernels compiled before", "≤ 5 s", f"{median(warm):.1f} s", _met(median(warm))
    )
    table.add("the same, nothing compiled (the very first start)", "–", f"{median(cold):.1f} s", "–")
    head = f"Medians of {times} runs of each command in turn.{' **Quick run.**' if quick else ''}"
    text = f"{head}\n\n{table}\n\n{machine()}"
    print(text)
    write("start", text)


def _met(value: float) -> str:
    return "yes" if value <= 5 else f"no, {value / 5:.1f} times"


def _serve(directory: Path, name: str) -> float:
    """Seconds until ``vedette serve`` can decide. The first call with ``directory`` compiles, later ones do not."""
    listen, console = free_port(), free_port()
    command = [*VEDETTE, "serve", "--upstream", "http://127.0.0.1:9", "--data", str(directory / "data")]
    command += ["--listen", f"127.0.0.1:{listen}", "--console", f"127.0.0.1:{console}"]
    cache = {"XDG_CACHE_HOME": str(directory / "cache"), "NUMBA_CACHE_DIR": str(directory / "cache")}
    with Programs(directory / "logs") as programs:
        programs.start(name, command, env={**os.environ, **cache})
        return programs.wait_ready(name, f"http://127.0.0.1:{console}/readyz", 180.0)
