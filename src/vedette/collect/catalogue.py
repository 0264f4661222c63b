"""How many distinct objects an endpoint has: HyperLogLog counters (Flajolet et al., 2007) of 1,024 registers each.

The relative error is about 1.04 / sqrt(1024) = 3 %. The sum over the registers is kept exactly, as an integer, so that
reading an estimate costs the same for any catalogue and does not depend on the order in which objects were seen.
"""

from __future__ import annotations

import math

__all__ = ["REGISTERS", "DistinctCounter"]

_BITS = 10
REGISTERS = 1 << _BITS
_RANKS = 64 - _BITS + 1
"""The largest value of a register: 54 bits remain beyond the 10 that choose it, and one for none set."""
_SCALE = 1 << _RANKS
_ALPHA = 0.7213 / (1.0 + 1.079 / REGISTERS)


class DistinctCounter:
    """Estimates the number of distinct 64-bit hashes that it has seen; 1 KiB."""

    __slots__ = ("_empty", "_known", "_registers", "_sum")

    def __init__(self, registers: bytes = bytes(REGISTERS)) -> None:
        """Begin empty, or with the registers that :meth:`state` gave; raises ``ValueError`` where they are none."""
        if len(registers) != REGISTERS or max(registers) > _RANKS:
            raise ValueError("not the registers of a counter")
        self._registers = bytearray(registers)
        self._empty = registers.count(0)
        self._sum = sum(_SCALE >> rank for rank in registers)
        self._known = -1.0

    def add(self, item: int) -> None:
        """Count one hash."""
        place = item & (REGISTERS - 1)
        rank = _RANKS - (item >> _BITS & (1 << (64 - _BITS)) - 1).bit_length()
        before = self._registers[place]
        if rank > before:
            self._registers[place] = rank
            self._sum += (_SCALE >> rank) - (_SCALE >> before)
            self._empty -= before == 0
            self._known = -1.0

    def estimate(self) -> float:
        """Give the number of distinct items: by linear counting while registers are empty and the number is small."""
        if self._known < 0.0:
            self._known = _ALPHA * REGISTERS * REGISTERS * _SCALE / self._sum
            if self._known <= 2.5 * REGISTERS and self._empty:
                self._known = REGISTERS * math.log(REGISTERS / self._empty)
        return self._known

    def joined(self, other: DistinctCounter) -> DistinctCounter:
        """Give the counter of all that either has seen."""
        return DistinctCounter(bytes(map(max, self._registers, other._registers)))

    def state(self) -> bytes:
        """Give the registers."""
        return bytes(self._registers)
