"""Keeps what a drill sent in the same files as a log: records as the target saw them, labels beside, outcomes, books.

Times are real. The edge makes its own request ids and shows them to its API alone, so its decisions are joined with
these records by time and address; a refusal's ``instance`` has the edge's id.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vedette.errors import ConfigError
from vedette.simulate.calls import Call, Reply
from vedette.simulate.target import fire
from vedette.simulate.target.figures import Figures
from vedette.simulate.world import World
from vedette.simulate.writing import Writer, reason_of

__all__ = ["fire_and_keep"]


def fire_and_keep(world: World, url: str, out: Path | None, **how: Any) -> tuple[Figures, dict[str, Path]]:
    """Fire a world as :func:`~vedette.simulate.target.fire` does; return the figures and the files that were written.

    Nothing is written where ``out`` is ``None`` or nothing was sent; what was sent before an interruption is kept. A
    place that cannot be written ends it before anything is sent; a disk that is full later costs the files, not the
    figures.
    """
    if out is None:
        return fire(world, url, **how), {}
    with ExitStack() as stack:
        try:
            writer = stack.enter_context(Writer(world, out))
        except OSError as error:
            raise ConfigError([f"--out: cannot be written, {error.filename or out}, {reason_of(error)}"]) from None
        failed: list[OSError] = []

        def record(call: Call, reply: Reply) -> None:
            if not failed:
                try:
                    writer.add(call, reply)
                except OSError as error:
                    failed.append(error)

        figures = fire(world, url, record=record, **how)
        if figures.requests and not failed:
            try:
                return figures, writer.commit(world.ledger)
            except OSError as error:
                failed.append(error)
        if failed:
            figures.notes.append(f"nothing was kept, {out.parent}: {reason_of(failed[0])}")
        writer.drop()
        return figures, {}
