"""Small numba kernels: decayed counts, two-generation linear counters, entropies, bounds.

A *linear counter* is a bitmap in which each distinct item sets one bit; with u of m bits set, n = -m ln(1 - u/m)
(Whang et al., 1990). Two generations make it a sliding window: a bit lives for one to two half-windows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vedette.detect.compiled import kernel, small_kernel

__all__ = ["bits", "decay", "distinct", "entropy", "lower_bound", "mark", "pack", "seen", "tainted", "turn", "unpack"]

Array = np.ndarray[Any, Any]
_ONE = np.uint64(1)


@small_kernel
def decay(value: float, elapsed_s: float, tau_s: float) -> float:
    """Let a count fade: ``value * exp(-elapsed / tau)``."""
    return value * math.exp(-elapsed_s / tau_s)


@small_kernel
def pack(value: float, most: float) -> np.uint16:
    """Keep a number between 0 and ``most`` in two bytes, to the nearest step of ``most / 65535``."""
    return np.uint16(min(max(value / most, 0.0), 1.0) * 65535.0 + 0.5)


@small_kernel
def unpack(kept: np.uint16, most: float) -> float:
    """Give back what :func:`pack` kept."""
    return float(kept) * (most / 65535.0)


@small_kernel
def tainted(taint: float, weight: float, is_vouched_for: bool) -> float:
    """Add a touched honeypot to a taint.

    Certain touches (weight 1) add up. Doubtful ones only lift a taint to their weight, so that a page that leads a
    person to decoys a hundred times does no more than one that does so once; likewise all touches of a client that
    the application vouches for lift it to a half.
    """
    if is_vouched_for:
        return max(taint, min(weight, 0.5))
    return taint + 1.0 if weight >= 1.0 else max(taint, weight)


@kernel
def bits(word: np.uint64) -> int:
    """Count the set bits of a word."""
    count = 0
    while word != np.uint64(0):
        word &= word - _ONE
        count += 1
    return count


@small_kernel
def mark(words: Array, start: int, size: int, item: np.uint64) -> None:
    """Set the bit of ``item`` in ``size`` words (a power of two) from ``start``."""
    position = int((item >> np.uint64(20)) & np.uint64(size * 64 - 1))
    words[start + position // 64] |= _ONE << np.uint64(position % 64)


@small_kernel
def seen(words: Array, start: int, size: int, item: np.uint64) -> bool:
    """Say whether the bit of ``item`` is set."""
    position = int((item >> np.uint64(20)) & np.uint64(size * 64 - 1))
    return bool((words[start + position // 64] >> np.uint64(position % 64)) & _ONE == _ONE)


@kernel
def distinct(words: Array, size: int, generations: int) -> float:
    """Estimate the number of distinct items over the generations, ``size`` words each."""
    m = size * 64
    used = 0
    for word in range(size):
        merged = words[word]
        for generation in range(1, generations):
            merged |= words[generation * size + word]
        used += bits(merged)
    if used >= m:
        used = m - 1
    return -m * math.log(1.0 - used / m)


@kernel
def turn(words: Array, size: int, elapsed_s: float, half_window_s: float) -> None:
    """Age two generations of ``size`` words: the current becomes the previous, or both are forgotten."""
    if elapsed_s < half_window_s:
        return
    for word in range(size):
        words[size + word] = words[word] if elapsed_s < 2 * half_window_s else np.uint64(0)
        words[word] = np.uint64(0)


@kernel
def entropy(histogram: Array) -> float:
    """Entropy in bits of a histogram of counts; 0 for an empty one."""
    total = 0.0
    for position in range(histogram.shape[0]):
        total += histogram[position]
    if total <= 0.0:
        return 0.0
    result = 0.0
    for position in range(histogram.shape[0]):
        if histogram[position] > 0:
            share = histogram[position] / total
            result -= share * math.log2(share)
    return result


@small_kernel
def bump(histogram: Array, position: int, limit: int) -> None:
    """Count one in a small histogram and halve it once the total passes ``limit`` (at most 255)."""
    histogram[position] += np.uint8(1)
    total = 0
    for place in range(histogram.shape[0]):
        total += histogram[place]
    if total > limit:
        for place in range(histogram.shape[0]):
            histogram[place] = histogram[place] // np.uint8(2)


@kernel
def lower_bound(successes: float, trials: float) -> float:
    """Lower 5 % bound of a proportion (Wilson score, z = 1.645); 0 where nothing was tried."""
    if trials <= 0.0:
        return 0.0
    z = 1.645
    share = min(max(successes / trials, 0.0), 1.0)
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, (centre - spread) / (1 + z * z / trials))
