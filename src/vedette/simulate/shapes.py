"""How people and programs behave, as distributions taken from real logs: gaps, lengths, sizes, shares, names.

Each *shape* is a table of evenly spaced quantiles. Where a figure comes from stands beside it in ``data/simulation``.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct, convert

from vedette.simulate.reading import read_data

__all__ = ["Shape", "Shapes", "load_shapes"]


class Shape(Struct, frozen=True):
    """One distribution.

    Attributes:
        quantiles: At evenly spaced probabilities from 0 to 1.
        is_whole: Draws are rounded to whole numbers.
        source: Which real data it was taken from, and what was left out.
    """

    quantiles: tuple[float, ...]
    is_whole: bool
    source: str

    def draw(self, rng: random.Random) -> float:
        """Draw a value; between quantiles the logarithm is interpolated, or the value where one is not positive."""
        return self.at(rng.random())

    def at(self, probability: float) -> float:
        """Give the value below which this share of draws lies.

        >>> Shape((1.0, 10.0, 100.0), False, "").at(0.5)
        10.0
        """
        place = probability * (len(self.quantiles) - 1)
        lower = min(int(place), len(self.quantiles) - 2)
        low, high = self.quantiles[lower], self.quantiles[lower + 1]
        rest = place - lower
        value = low * (high / low) ** rest if low > 0.0 else low + (high - low) * rest
        return float(round(value)) if self.is_whole else value


class Shapes(Struct, frozen=True):
    """All distributions, single figures, curves and word lists.

    Attributes:
        shapes: By name, as listed in ``data/simulation/README.md``.
        figures: Single shares and medians.
        curves: Weights by hour of day, mean 1.
        words: Given names, surnames, mail domains (most frequent first), passwords (likewise).
        shares: Weights of the words of a list, where they are known.
    """

    shapes: Mapping[str, Shape]
    figures: Mapping[str, float]
    curves: Mapping[str, tuple[float, ...]]
    words: Mapping[str, tuple[str, ...]]
    shares: Mapping[str, tuple[float, ...]]

    def __getitem__(self, name: str) -> Shape:
        return self.shapes[name]

    def day_curve(self, hour: float, curve: str = "day") -> float:
        """Give how busy this hour of the local day is, against the day's mean; whole hours are interpolated."""
        weights = self.curves[curve]
        lower = int(hour // 1) % 24
        rest = hour % 1.0
        return weights[lower] * (1.0 - rest) + weights[(lower + 1) % 24] * rest


@lru_cache(maxsize=1)
def load_shapes() -> Shapes:
    """Read the distributions that ship."""
    return convert(read_data("shapes.json.gz"), Shapes)
