"""``vedette replay`` over an invented combined log: lines a second, parse and decide, to the end of the process.

The named peer is fail2ban (Debian package), which looks for one thing, failed logins, in the head of the same log;
where it is not installed the peer's row says so. CPU seconds of both come from the kernel.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.report import Table, machine, write
from bench.traffic import mixed

__all__ = ["run", "write_log"]

BUDGET = 15_000
PEER_LINES = 100_000
FAILED_LOGIN = r'^<HOST> \S+ \S+ \[\] "POST /api/login [^"]*" 401 '


def write_log(path: Path, lines: int, *, clients: int) -> None:
    """Write ``lines`` lines in combined format."""
    with path.open("w", encoding="utf-8", buffering=2**20) as log:
        for place, request in enumerate(mixed(lines, clients=clients)):
            at = datetime.fromtimestamp(request.timestamp, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
            target = f"{request.path}?{request.query}" if request.query else request.path
            status = 401 if request.method == "POST" and place % 5 == 0 else 200
            log.write(
                f'{request.client_address} - - [{at}] "{request.method} {target} HTTP/1.1" {status} '
                f'{512 + place % 9000} "-" "{request.user_agent}"\n'
            )


def run(*, quick: bool = False, lines: int = 0) -> None:
    lines = lines or (200_000 if quick else 5_000_000)
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as directory:
        log = Path(directory) / "access.log"
        print(f"replay: writing {lines:,} lines …", flush=True)
        write_log(log, lines, clients=max(1_000, lines // 10))
        size = log.stat().st_size
        command = [sys.executable, "-m", "vedette.cli", "replay", str(log), "--format", "combined"]
        small = Path(directory) / "small.log"
        _head(log, small, 1_000)
        base = _time([*command[:4], str(small), "--format", "combined"])  # also compiles the kernels, where not cached
        base = _time([*command[:4], str(small), "--format", "combined"])
        plain = _time(command)
        parquet = _time([*command, "--out", str(Path(directory) / "decisions.parquet")])
        peer = _peer(log, Path(directory))
    table = Table("what", "budget", "lines/s (wall)", "lines per CPU-second", "met")
    for name, (wall, cpu) in {"parse and decide": plain, "the same, with `--out decisions.parquet`": parquet}.items():
        rate, per_cpu = lines / (wall - base[0]), lines / (cpu - base[1])
        met = "yes" if per_cpu >= BUDGET else f"no, {per_cpu / BUDGET:.0%} of it"
        table.add(f"`vedette replay`: {name}", f"≥ {BUDGET:,}/s a core", f"{rate:,.0f}", f"{per_cpu:,.0f}", met)
    if peer:
        table.add("fail2ban-regex, one rule: failed logins", "peer", f"{peer[0]:,.0f}", f"{peer[1]:,.0f}", "–")
    else:
        table.add("fail2ban-regex", "peer", "not installed: `sudo apt install fail2ban`", "–", "–")
    text = (
        f"{lines:,} invented lines in combined format ({size / 1e6:,.0f} MB), start-up of {base[0]:.1f} s taken off. "
        "“A core” is a CPU-second."
        f"{' **Quick run.**' if quick else ''}\n\n{table}\n\n{machine()}"
    )
    print(text)
    write("replay", text)


def _peer(log: Path, directory: Path) -> tuple[float, float] | None:
    """Lines a second, and per CPU-second, of fail2ban-regex without its start-up; ``None`` where it is missing."""
    if not shutil.which("fail2ban-regex"):
        return None
    one, many = directory / "one.log", directory / "many.log"
    _head(log, one, 1)
    count = _head(log, many, PEER_LINES)
    base, full = (_time(["fail2ban-regex", str(path), FAILED_LOGIN]) for path in (one, many))
    return count / (full[0] - base[0]), count / (full[1] - base[1])


def _head(source: Path, target: Path, lines: int) -> int:
    with source.open("rb") as whole, target.open("wb") as part:
        return sum(1 for line, _ in zip(whole, range(lines), strict=False) if part.write(line))


def _time(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of a command that must succeed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
