"""Orders in which a campaign goes through numbered things: upward, each once in no order, or at random.

Of 104 busy addresses in the EDGAR log of 2017 only one walked ids upward; the others visited lists in no order.
"""

from __future__ import annotations

import random
from collections.abc import Callable

__all__ = ["WALKS", "Walk", "draw_walk", "make_walk"]

Walk = Callable[[int], int]
"""Gives the number that is visited at a step, from 0."""

WALKS = ("shuffled", "sampled", "ordered")
_SHARES = (0.6, 0.3, 0.1)


def draw_walk(rng: random.Random) -> str:
    """Draw the name of a walk, most often ``shuffled``."""
    return rng.choices(WALKS, _SHARES)[0]


def make_walk(name: str, rng: random.Random, size: int) -> Walk:
    """Make a walk over the numbers from 0 to ``size``, in constant memory.

    ``ordered`` begins somewhere in the first tenth and goes upward, round and round; ``shuffled`` visits each number
    once in every ``size`` steps, in the same order each time, as one who reads from a list; ``sampled`` draws each
    number anew, with a fresh draw at each step whatever its number.

    Raises:
        ValueError: There is no such walk, or nothing to walk over.
    """
    if size < 1:
        raise ValueError(f"nothing to walk over, {size}")
    if name == "ordered":
        first = rng.randrange(max(1, size // 10))
        return lambda step: (first + step) % size
    if name == "sampled":
        return lambda _: int(rng.random() * size)
    if name == "shuffled":
        return _shuffled(rng, size)
    raise ValueError(f"no walk {name[:40]!r}; name one of {', '.join(WALKS)}")


def _shuffled(rng: random.Random, size: int) -> Walk:
    """Permute by rounds that are each reversible on whole powers of two, going on while the result is too large."""
    bits = max(4, (size - 1).bit_length())
    mask, half = (1 << bits) - 1, bits // 2
    (odd, add), (odd2, add2), (odd3, add3) = (
        (rng.getrandbits(bits) << 1 & mask | 5, rng.getrandbits(bits)) for _ in range(3)
    )

    def at(step: int) -> int:
        number = step % size
        while True:
            number = (number * odd + add) & mask
            number ^= number >> half
            number = (number * odd2 + add2) & mask
            number ^= number >> half
            number = (number * odd3 + add3) & mask
            number ^= number >> half
            if number < size:
                return number

    return at
