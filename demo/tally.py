"""Counting: what each population sent, what of it reached the shop, who was harmed.

Both logs are JSON Lines files that grow while they are read; a :class:`Tail` takes what is new and whole.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

__all__ = ["Population", "Tail", "Tally"]


class Tail:
    """Reads the new lines of a growing JSON Lines file; a line without its end waits for the next call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._decode = msgspec.json.Decoder(dict[str, Any]).decode

    def new(self) -> Iterator[dict[str, Any]]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._at)
            text = file.read()
        whole = text.rfind(b"\n") + 1
        self._at += whole
        for line in text[:whole].splitlines():
            yield self._decode(line)


class Population(Struct):
    """One kind of client.

    Attributes:
        is_honest: Whether stopping it does harm.
        sent: Times at which its requests were sent; ``reached`` those at which its requests got to the shop.
        stopped: Requests that Vedette answered itself; ``failed`` those that nobody answered.
        harmed: Addresses of honest clients that were stopped at least once.
    """

    name: str
    is_honest: bool = False
    sent: list[float] = field(default_factory=list)
    reached: list[float] = field(default_factory=list)
    stopped: int = 0
    failed: int = 0
    clients: set[str] = field(default_factory=set)
    harmed: set[str] = field(default_factory=set)

    def stopped_share(self) -> float:
        """Share of what was sent that never reached the shop."""
        return max(0.0, 1 - len(self.reached) / len(self.sent)) if self.sent else 0.0

    def reached_since(self, moment: float) -> int:
        return len(self.reached) - bisect.bisect_left(sorted(self.reached), moment)


class Tally:
    """Adds both logs up by population. ``honest`` names those that should get through.

    Args:
        owners: Second byte of a loopback address to the name of its population: 127.``owner``.x.y.
    """

    def __init__(self, sent: Path, reached: Path, owners: Mapping[int, str], honest: frozenset[str]) -> None:
        self.populations = {name: Population(name, name in honest) for name in owners.values()}
        self._owners = owners
        self._sent, self._reached = Tail(sent), Tail(reached)
        self.statuses: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))

    def read(self) -> None:
        """Take what was logged since the last call."""
        for line in self._sent.new():
            population = self.populations.get(line["population"])
            if population is None:
                continue
            population.sent.append(line["t"])
            population.clients.add(line["client"])
            self.statuses[population.name][line["status"]] += 1
            population.failed += line["status"] == 0
            if line["stopped"]:
                population.stopped += 1
                if population.is_honest:
                    population.harmed.add(line["client"])
        for line in self._reached.new():
            owner = self._owner(line["client"])
            if owner is not None:
                owner.reached.append(line["t"])

    def _owner(self, client: str) -> Population | None:
        parts = client.split(".")
        if len(parts) != 4 or parts[0] != "127" or not parts[1].isdecimal():
            return None
        name = self._owners.get(int(parts[1]))
        return self.populations[name] if name else None
