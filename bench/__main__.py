"""``python -m bench [--quick] [PART …]``: run the benchmarks one after the other and write ``bench/README.md``."""

from __future__ import annotations

import argparse
import subprocess
import sys

from bench.edge import missing

PARTS = ("start", "decide", "memory", "replay", "edge")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure Vedette; figures go to bench/README.md."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="minutes instead of most of an hour; figures are rougher")
    parser.add_argument("--lines", type=int, default=0, help="length of the log that replay reads (default 5,000,000)")
    parser.add_argument("--keys", type=int, default=0, help="invented clients of memory (default 10,000,000)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # one part, in this process
    given = parser.parse_args()
    if unknown := [part for part in given.parts if part not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)} (there are {', '.join(PARTS)})")
    parts = given.parts or list(PARTS)
    if "edge" in parts and (packages := missing()):
        print(f"the edge benchmark needs Debian packages: sudo apt install {' '.join(packages)}", file=sys.stderr)
        return 1
    if given.here:
        _run(parts[0], quick=given.quick, lines=given.lines, keys=given.keys)
        return 0
    failed = 0
    for part in parts:  # each in a process of its own, so that none inherits another's memory
        command = [
            sys.executable,
            "-m",
            "bench",
            "--here",
            part,
            "--lines",
            str(given.lines),
            "--keys",
            str(given.keys),
        ]
        failed |= subprocess.run(command + ["--quick"] * given.quick, check=False).returncode
    return 1 if failed else 0


def _run(part: str, *, quick: bool, lines: int, keys: int) -> None:
    if part == "start":
        from bench import start

        start.run(quick=quick)
    elif part == "decide":
        from bench import decide

        decide.run(quick=quick)
    elif part == "memory":
        from bench import memory

        memory.run(quick=quick, keys=keys)
    elif part == "replay":
        from bench import replay

        replay.run(quick=quick, lines=lines)
    else:
        from bench import edge

        edge.run(quick=quick)


if __name__ == "__main__":
    sys.exit(main())
