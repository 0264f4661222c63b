"""Rebuild ``src/vedette/data/robots/robots.json`` from a folder of public lists.

    python -m bench.robots_data DATA_DIR

What operators publish about themselves stands in ``bench/robots/curated.py``; the lists add names and purposes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bench.robots.curated import ROBOTS
from bench.robots.listed import listed

OUT = Path(__file__).parents[1] / "src" / "vedette" / "data" / "robots" / "robots.json"


def build(data: Path) -> list[dict[str, Any]]:
    """Join what is curated with what is listed; who is curated is not taken from a list again."""
    robots = list(ROBOTS)
    words = {word for robot in ROBOTS for word in robot["words"]} | {robot["name"] for robot in ROBOTS}
    more: dict[str, dict[str, Any]] = {}
    for robot in listed(data):
        if robot["name"] not in words:
            more.setdefault(robot["name"], robot)
    for robot in sorted(more.values(), key=lambda robot: str(robot["name"])):
        if robot["words"] == [robot["name"]]:
            robots.append({name: value for name, value in robot.items() if value and name != "words"})
    return robots


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA_DIR", help="folder of real data")
    robots = build(parser.parse_args().data)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(robot, ensure_ascii=False) for robot in robots)
    OUT.write_text(f"[\n{lines}\n]\n", "utf-8")
    print(f"{len(robots)} robots, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
