"""Makes a world as files: plays it against the modelled shop and writes what happens."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

from vedette.simulate.play import play
from vedette.simulate.world import World
from vedette.simulate.writing import Writer

__all__ = ["build"]

_TICK = 4096


def build(world: World, out: Path, tick: Callable[[float, int], None] | None = None) -> Writer:
    """Play a world to its end and write its files; ``tick(time, requests)`` is called every few thousand requests.

    Returns the closed writer, for what it counted. Nothing is left behind where it raises.
    """
    collects = gc.isenabled()
    gc.disable()  # a world makes no cycles, and looking for them among all who are under way takes a tenth of the time
    try:
        with Writer(world, out) as writer:
            add, note = writer.add, world.ledger.add
            for call, reply in play(world.arrivals(), world.shop.answer, world.end):
                add(call, reply)
                note(call, reply)
                if tick is not None and writer.requests % _TICK == 0:
                    tick(call.at, writer.requests)
            writer.commit(world.ledger)
    finally:
        if collects:
            gc.enable()
    return writer
