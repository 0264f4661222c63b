"""Memory of the engine with a million live clients, and what ten million invented ones add: nothing is the aim.

Runs in this process, so that the figure is one of the engine alone: resident pages as the kernel counts them.
"""

from __future__ import annotations

import gc
import time
from pathlib import Path

from bench.report import Table, machine, write
from bench.traffic import invented_clients, mixed
from vedette.config import load
from vedette.engine import Engine

__all__ = ["run"]

CONFIG = Path(__file__).parent.parent / "demo" / "vedette.yaml"
MIB = 2**20


def run(*, quick: bool = False, keys: int = 0) -> None:
    live, first, last = (100_000, 100_000, 1_000_000) if quick else (1_000_000, 1_000_000, 10_000_000)
    last = max(keys, first + 1) if keys else last
    start = _resident()
    engine = Engine.open(load(CONFIG), key=b"benchmark-key-32-bytes-long-....")
    began = time.perf_counter()
    for request in mixed(int(live * 1.6), clients=live):
        engine.decide(request, request.timestamp)
    warm = _resident()
    print(
        f"memory: {warm / MIB:,.0f} MiB with {live:,} live clients after {time.perf_counter() - began:.0f} s",
        flush=True,
    )
    for request in invented_clients(first):
        engine.decide(request, request.timestamp)
    at_first = _resident()
    print(f"memory: {at_first / MIB:,.0f} MiB after {first:,} invented clients", flush=True)
    for request in invented_clients(last - first, first=first):
        engine.decide(request, request.timestamp)
    at_last = _resident()
    if engine.degraded:
        raise RuntimeError(f"{engine.degraded} decisions failed: {engine.last_error!r}")
    growth = (at_last - at_first) / at_first
    table = Table("what", "budget", "measured", "met")
    table.add("process before the engine (Python, numba, numpy)", "–", f"{start / MIB:,.0f} MiB", "–")
    table.add(f"{live:,} live clients", "≤ 600 MB", f"{warm / 1e6:,.0f} MB", "yes" if warm <= 600e6 else "no")
    table.add(f"after {first:,} invented clients more", "–", f"{at_first / 1e6:,.0f} MB", "–")
    table.add(
        f"after {last:,} invented clients",
        "growth ≤ 2 %",
        f"{at_last / 1e6:,.0f} MB ({growth:+.1%})",
        "yes" if growth <= 0.02 else "no",
    )
    table.add("tables (one mapped array)", "–", f"{engine.tables.arena.nbytes / 1e6:,.0f} MB", "–")
    text = f"Resident memory of one engine process.{' **Quick run.**' if quick else ''}\n\n{table}\n\n{machine()}"
    print(text)
    write("memory", text)


def _resident() -> int:
    gc.collect()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status: no VmRSS")
