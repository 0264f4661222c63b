"""Measure how honest the worlds are and write ``docs/simulation.md``: ``python -m bench.honesty``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.honesty.fields import Table as Requests
from bench.honesty.people import distances
from bench.honesty.separation import separation
from bench.report import Table, write
from vedette.simulate.build import build
from vedette.simulate.populations import POPULATIONS
from vedette.simulate.scenario import find, names, read_scenario
from vedette.simulate.world import World

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"
TRAIN, TEST = (903, 904, 905, 906), 902
TRAIN_SCALE = 0.3
LEVELS = {1: "plain script", 2: "copied headers", 3: "full impersonation"}


def rates(folder: Path, seed: int, scale: float) -> str:
    """Build every world that ships and say what it is made of."""
    table = Table("world", "requests", "hours", "malicious", "of logins", "of product pages", "good bots")
    for name in names():
        world = World(read_scenario(find(name), POPULATIONS), seed, scale)
        writer = build(world, folder / f"{name}-{seed}.jsonl.zst")
        bad = [f"{100 * writer.share('bad_bot', *purpose):.1f} %" for purpose in ((), ("login",), ("product",))]
        hours = f"{world.scenario.lasts_s / 3600:.3g}"
        table.add(f"`{name}`", f"{writer.requests:,}", hours, *bad, f"{100 * writer.share('good_bot'):.1f} %")
        print(name, writer.requests, *bad, file=sys.stderr, flush=True)
    return str(table)


def separate(train: list[Requests], test: Requests) -> str:
    """Say how well one request tells each level from people."""
    table = Table(
        "level", "requests", "AUC of all fields", "found at 0.1 % false alarms", "best field alone, AUC", "next best"
    )
    for level, said in LEVELS.items():
        found = separation(train, test, level)
        ranked = sorted(found.fields.items(), key=lambda pair: -pair[1])
        others = ", ".join(f"{name} {auc:.2f}" for name, auc in ranked[1:5])
        best = f"{found.best_field[0]} {found.best_field[1]:.2f}"
        table.add(
            f"{level}, {said}", f"{found.attacks:,}", f"{found.auc:.3f}", f"{100 * found.recall:.0f} %", best, others
        )
        print(table, file=sys.stderr, flush=True)
    return str(table)


def compare(test: Requests) -> str:
    """Say how far the people of the web shop are from those of the real logs."""
    table = Table("figure", "real median", "world's median", "distance (KS)", "real data")
    for found in distances(test):
        distance = "" if found.distance is None else f"{found.distance:.3f}"
        table.add(found.what, f"{found.real:.3g}", f"{found.world:.3g}", distance, found.source)
    return str(table)


def main() -> None:
    """Build, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=Path, help="where worlds are kept; without it they are thrown away")
    parser.add_argument("--scale", type=float, default=1.0, help="of every world (default 1)")
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.worlds or Path(scratch)
        parts = {"rates": rates(folder, TEST, options.scale)}
        day = read_scenario(find("shop-day"), POPULATIONS)
        for seed in TRAIN:
            build(World(day, seed, options.scale * TRAIN_SCALE), folder / f"train-{seed}.jsonl.zst")
        test, *train = (
            Requests(*(folder / f"{stem}.{end}" for end in ("jsonl.zst", "labels.parquet", "vedette.yaml")))
            for stem in (f"shop-day-{TEST}", *(f"train-{seed}" for seed in TRAIN))
        )
        parts["separation"] = separate(train, test)
        parts["people"] = compare(test)
    for name, text in parts.items():
        print(f"\n{name}\n{text}")
        if not options.no_write:
            write(name, text, PAGE)


if __name__ == "__main__":
    main()
