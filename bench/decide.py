"""``engine.decide`` for one request, everything included: p50 and p99 with a million live clients, one core.

A *yardstick* (SHA-256 of 16 KiB) is timed between the decisions, so that runs on busy or different machines can be
compared: look at the ratio. Answers are observed after each decision, outside the timing.
"""

from __future__ import annotations

import gc
import hashlib
import os
import time
from itertools import islice
from pathlib import Path

import numpy as np

from bench.report import Table, machine, write
from bench.traffic import mixed
from vedette.config import load
from vedette.engine import Engine
from vedette.types import Answer

__all__ = ["run"]

CONFIG = Path(__file__).parent.parent / "demo" / "vedette.yaml"
BUDGET = {"p50": 50.0, "p99": 150.0}
BATCH = 2_000


def run(*, quick: bool = False) -> None:
    clients, warm, timed = (100_000, 150_000, 20_000) if quick else (1_000_000, 1_600_000, 200_000)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(f"decide: warming with {warm:,} requests of {clients:,} clients …", flush=True)
    engine = Engine.open(load(CONFIG), key=b"benchmark-key-32-bytes-long-....")
    began = time.perf_counter()
    for request in mixed(warm, clients=clients):
        engine.decide(request, request.timestamp)
    warmed = warm / (time.perf_counter() - began)
    took = np.zeros(timed, np.int64)
    yard: list[int] = []
    block = bytes(16_384)
    source = mixed(timed, clients=clients, first=warm)
    gc.collect()
    gc.freeze()
    done = 0
    while batch := list(islice(source, BATCH)):
        for request in batch:
            start = time.perf_counter_ns()
            engine.decide(request, request.timestamp)
            took[done] = time.perf_counter_ns() - start
            done += 1
            status = 401 if request.method == "POST" and done % 5 == 0 else 200
            answered = request.timestamp + 0.02
            engine.observe(Answer(timestamp=answered, id=request.id, status=status, duration=0.02), answered)
            if done % 50 == 0:
                start = time.perf_counter_ns()
                hashlib.sha256(block).digest()
                yard.append(time.perf_counter_ns() - start)
    if engine.degraded:
        raise RuntimeError(f"{engine.degraded} decisions failed: {engine.last_error!r}")
    p50, p90, p99 = (float(value) / 1e3 for value in np.percentile(took, [50, 90, 99]))
    unit = float(np.percentile(yard, 50)) / 1e3
    table = Table("what", "budget", "measured", "met")
    table.add("`decide` p50", "≤ 50 µs", f"{p50:.1f} µs", _met(p50, "p50"))
    table.add("`decide` p90", "–", f"{p90:.1f} µs", "–")
    table.add("`decide` p99", "≤ 150 µs", f"{p99:.1f} µs", _met(p99, "p99"))
    table.add("p50 in yardsticks (SHA-256 of 16 KiB)", "–", f"{p50 / unit:.2f} × {unit:.1f} µs", "–")
    table.add("warm-up: generate and decide, one core", "–", f"{warmed:,.0f} requests/s", "–")
    text = (
        f"{timed:,} timed decisions after {warm:,} warming ones from {clients:,} clients; mixed traffic of "
        f"`bench/traffic.py`, configuration of the demo shop, one core.{' **Quick run.**' if quick else ''}\n\n"
        f"{table}\n\n{machine()}"
    )
    print(text)
    write("decide", text)


def _met(value: float, name: str) -> str:
    return "yes" if value <= BUDGET[name] else f"no, {value / BUDGET[name]:.1f} times"
