"""Plays every fuzz target for a while: ``python tests/fuzz/run.py [--seconds S] [--runs N] [--findings DIR] [TARGET…]``.

Prints executions and executions a second. With --runs the same inputs are tried each time, without it others. Each
target runs in a process of its own, forked from one that has imported and instrumented everything; it begins with the
seeds under ``corpus/TARGET``. A finding is kept as a file, shown with its traceback, and makes the exit status 1;
``python tests/fuzz/fuzz.py TARGET FILE`` repeats it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
SLOW_S = 10
"""An input that takes longer is a finding."""
MEMORY_MB = 3072


def play(target: str, seconds: int, runs: int, findings: Path, place: Path) -> tuple[int, str]:
    """Fuzz one target in a process of its own; return its exit status and what it said."""
    import atheris

    import fuzz

    said = place / f"{target}.log"
    grown = place / target
    grown.mkdir()
    child = os.fork()
    if not child:
        out = os.open(said, os.O_WRONLY | os.O_CREAT)
        os.dup2(out, 1)
        os.dup2(out, 2)
        arguments = [
            *("fuzz", str(grown), *([str(CORPUS / target)] if (CORPUS / target).is_dir() else [])),
            *(
                f"-max_total_time={seconds}",
                f"-runs={runs}",
                f"-timeout={SLOW_S}",
                f"-rss_limit_mb={MEMORY_MB}",
                "-max_len=4096",
            ),
            *(f"-artifact_prefix={findings}/{target}-", f"-seed={int(runs >= 0)}", "-print_final_stats=1"),
        ]
        try:
            atheris.Setup(arguments, fuzz.TARGETS[target])
            atheris.Fuzz()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)  # libFuzzer ends the process itself, unless something is wrong
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said.read_text("utf-8", "replace")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/fuzz/run.py", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "--runs", type=int, default=-1, metavar="N", help="executions of each target at most (no limit)"
    )
    parser.add_argument("--seconds", type=int, default=60, metavar="S", help="for each target (60)")
    parser.add_argument(
        "--findings", type=Path, default=Path("bench/out/fuzz"), metavar="DIR", help="where they are kept"
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all of them, without")
    given = parser.parse_args()
    sys.path.insert(0, str(HERE))
    with contextlib.redirect_stderr(io.StringIO()):  # atheris names every module that it instruments
        import fuzz

    unknown = set(given.targets) - set(fuzz.TARGETS)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(fuzz.TARGETS)}")
    given.findings.mkdir(parents=True, exist_ok=True)
    failed, whole = [], 0
    print(f"{'target':<16}{'executions':>12}{'a second':>10}{'covered':>9}", flush=True)
    with tempfile.TemporaryDirectory() as place:
        for target in given.targets or fuzz.TARGETS:
            began = time.monotonic()
            status, said = play(target, given.seconds, given.runs, given.findings.absolute(), Path(place))
            done = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
            count = int(done[1] if done else (re.findall(r"^#(\d+)", said, re.MULTILINE) or ["0"])[-1])
            whole += count
            covered = re.findall(r"cov: (\d+)", said)
            print(
                f"{target:<16}{count:>12,}{count / (time.monotonic() - began):>10,.0f}{(covered or ['-'])[-1]:>9}",
                flush=True,
            )
            if status:
                failed.append(target)
                print(said[-4000:], flush=True)
    print(f"{'in all':<16}{whole:>12,}")
    if failed:
        print(f"findings in {', '.join(failed)}, kept in {given.findings}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
