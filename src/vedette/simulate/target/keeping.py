"""Keeps what a drill sent in the same files as a log: records as the target saw them, labels beside, outcomes, books.

Times are real. The edge makes its own request ids and shows them to its API alone, so its decisions are joined with
these records by time and address; a refusal's ``instance`` has the edge's id.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vedette.simulate.calls import Call, Reply
from vedette.simulate.target import fire
from vedette.simulate.target.figures import Figures
from vedette.simulate.world import World
from vedette.simulate.writing import Writer

__all__ = ["fire_and_keep"]


def fire_and_keep(world: World, url: str, out: Path | None, **how: Any) -> tuple[Figures, dict[str, Path]]:
    """Fire a world as :func:`~vedette.simulate.target.fire` does; return the figures and the files that were written.

    Nothing is written where ``out`` is ``None`` or nothing was sent; what was sent before an interruption is kept.
    """
    if out is None:
        return fire(world, url, **how), {}
    with ExitStack() as stack:
        writers: list[Writer] = []

        def record(call: Call, reply: Reply) -> None:
            if not writers:
                writers.append(stack.enter_context(Writer(world, out)))
            writers[0].add(call, reply)

        figures = fire(world, url, record=record, **how)
        return figures, {what: path for writer in writers for what, path in writer.commit(world.ledger).items()}
