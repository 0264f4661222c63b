"""Builds a world, replays it, judges the baselines; each step leaves a file, so that it can be kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bench.accuracy import ablation, baselines
from bench.accuracy.baselines import Limit
from vedette.replay import read_labels
from vedette.replay.judge import write

__all__ = ["Result", "World", "names"]

Figures = dict[str, Any]
"""A judgement as ``vedette replay --accuracy`` writes it."""
Limits = tuple[Limit, float, Limit]
"""The rate limit of best F1, that F1, and the gentle one."""
ABLATED = ("shop-day",)
"""Worlds in which signals are left out one by one."""
FIRST = ("shop-day", "quiet", "week", "cat-and-mouse", "benign-only", "tiny")


class Result(NamedTuple):
    """What one world came to: the held-out seed in full, Vedette's figures alone for the tuning seed."""

    name: str
    description: str
    configured: Figures
    defaults: Figures
    rate: Figures
    gentle: Figures
    agents: Figures
    tuning: Figures
    limits: Limits
    costs: dict[str, float]
    """Dollars that each campaign spent, as the simulation counts them."""
    ablation: Figures | None = None
    """What each signal adds (``bench.accuracy.ablation``), for the worlds of :data:`ABLATED`."""


def names() -> list[str]:
    """The worlds that ship, the mission's first."""
    from vedette.simulate.scenario import names as shipped

    return sorted(shipped(), key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


def _description(name: str) -> str:
    from vedette.simulate.populations import POPULATIONS
    from vedette.simulate.scenario import find, read_scenario

    return str(read_scenario(find(name), POPULATIONS).description)


class World:
    """One scenario in a directory, under as many seeds as are asked for."""

    def __init__(self, name: str, directory: Path, *, scale: float = 1.0, keep: bool = False) -> None:
        self.name, self._directory, self._scale, self._keep = name, directory, scale, keep
        self._built: set[int] = set()

    def result(self, seed: int, tuning_seed: int, fallback: Limit) -> Result:
        """Build and judge."""
        rate, gentle, agents, limits = self._baselines(seed, fallback)
        return Result(
            self.name,
            _description(self.name),
            self._replay(seed, "configured"),
            self._replay(seed, "defaults"),
            rate,
            gentle,
            agents,
            self._replay(tuning_seed, "configured"),
            limits,
            self._costs(seed),
            self._ablation(seed) if self.name in ABLATED else None,
        )

    def _ablation(self, seed: int) -> Figures:
        target = self._path(seed, ".ablation.json")
        if not (self._keep and target.exists()):
            traffic = self._build(seed)
            print(f"{self.name}: leaving signals out", flush=True)
            paths = [self._path(seed, suffix) for suffix in (".outcomes.jsonl.zst", ".labels.parquet", ".vedette.yaml")]
            target.write_text(json.dumps(ablation.ablate(ablation.collect(traffic, *paths))), "utf-8")
        return json.loads(target.read_text("utf-8"))

    def _costs(self, seed: int) -> dict[str, float]:
        books = self._path(seed, ".campaigns.jsonl")
        lines = books.read_text("utf-8").splitlines() if books.exists() else []
        told = [json.loads(line) for line in lines]
        return {one["campaign"]: one["cost"] for one in told}

    def _path(self, seed: int, suffix: str) -> Path:
        return self._directory / f"{self.name}-{seed}{suffix}"

    def _build(self, seed: int) -> Path:
        traffic = self._path(seed, ".jsonl.zst")
        if seed not in self._built and not (self._keep and traffic.exists()):
            self._run("simulate", "--scenario", self.name, "--seed", str(seed), "--scale", str(self._scale),
                      "--out", str(traffic))  # fmt: skip
        self._built.add(seed)
        return traffic

    def _replay(self, seed: int, what: str) -> Figures:
        target = self._path(seed, f".{what}.json")
        if not (self._keep and target.exists()):
            traffic = self._build(seed)
            words = [str(traffic), str(self._path(seed, ".outcomes.jsonl.zst"))]
            words += ["--labels", str(self._path(seed, ".labels.parquet")), "--accuracy", str(target)]
            words += ["--report", str(target.with_suffix(".html"))]
            if what == "configured":
                words += ["--config", str(self._path(seed, ".vedette.yaml"))]
            self._run("replay", *words)
        return json.loads(target.read_text("utf-8"))

    def _baselines(self, seed: int, fallback: Limit) -> tuple[Figures, Figures, Figures, Limits]:
        told = self._path(seed, ".limits.json")
        files = [self._path(seed, f".{what}.json") for what in ("rate", "gentle", "agents")]
        if not (self._keep and told.exists() and all(file.exists() for file in files)):
            traffic = self._build(seed)
            print(f"{self.name}: baselines", flush=True)
            labels = read_labels(self._path(seed, ".labels.parquet"))
            seen = baselines.read(traffic, labels)
            limit, f1, gentle = baselines.tuned(seen, labels, fallback)
            write(baselines.by_rate(seen, labels, limit), files[0])
            write(baselines.by_rate(seen, labels, gentle), files[1])
            write(baselines.by_agent(seen, labels), files[2])
            told.write_bytes(msgspec.json.encode((limit, f1, gentle)))
        rate, mild, agents = (json.loads(file.read_text("utf-8")) for file in files)
        return rate, mild, agents, msgspec.json.decode(told.read_bytes(), type=Limits)

    def _run(self, *words: str) -> None:
        print(f"{self.name}: vedette {' '.join(words)}", flush=True)
        log = self._directory / f"{self.name}.log"
        with log.open("a", encoding="utf-8") as out:
            done = subprocess.run([sys.executable, "-m", "vedette.cli", *words], stdout=out, stderr=subprocess.STDOUT,
                                  check=False)  # fmt: skip
        if done.returncode:
            tail = "\n".join(log.read_text("utf-8").splitlines()[-15:])
            raise RuntimeError(f"vedette {' '.join(words)} ended with {done.returncode}:\n{tail}")
