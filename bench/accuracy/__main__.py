"""``python -m bench.accuracy [WORLD …]``: build, replay and judge worlds, write ``docs/accuracy.md``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.accuracy import page, worlds
from bench.accuracy.baselines import Limit

OUT = Path(__file__).parents[1] / "out" / "worlds"
FALLBACK = Limit(60.0, 100)


def main() -> int:
    shipped = worlds.names()
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__)
    parser.add_argument("worlds", nargs="*", metavar="WORLD", help=f"which: {', '.join(shipped)} (default: all)")
    parser.add_argument("--seed", type=int, default=900, help="held out: reported in full (default 900)")
    parser.add_argument("--tuning-seed", type=int, default=1, help="below 900: one line beside it (default 1)")
    parser.add_argument("--scale", type=float, default=1.0, help="of every population (default 1)")
    parser.add_argument("--directory", type=Path, default=OUT, help="for worlds and figures (default bench/out/worlds)")
    parser.add_argument("--keep", action="store_true", help="use worlds and figures that are there already")
    parser.add_argument("--no-write", action="store_true", help="print the page instead of writing docs/accuracy.md")
    given = parser.parse_args()
    if unknown := [name for name in given.worlds if name not in shipped]:
        parser.error(f"no such world: {', '.join(unknown)} (there are {', '.join(shipped)})")
    given.directory.mkdir(parents=True, exist_ok=True)
    found: list[worlds.Result] = []
    limit = FALLBACK
    for name in given.worlds or shipped:
        bench = worlds.World(name, given.directory, scale=given.scale, keep=given.keep)
        result = bench.result(given.seed, given.tuning_seed, limit)
        found.append(result)
        limit = found[0].limits[0]  # what a world without attacks, which has nothing to tune on, is tried with
    text = page.page(found, given.seed, given.tuning_seed, given.scale)
    if given.no_write:
        print(text)
    else:
        page.PAGE.write_text(text, "utf-8")
        print(f"written: {page.PAGE.relative_to(Path.cwd()) if page.PAGE.is_relative_to(Path.cwd()) else page.PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
