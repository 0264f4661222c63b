"""What the gatherer is told when it starts, and what it says about itself: for whoever starts it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from vedette.config.schema import Config

__all__ = ["COUNTS", "Setup", "read_counts"]

COUNTS = "gather.json"
"""Below ``run`` of the data directory: what the gatherer counts, for whoever exports metrics."""


class Setup(Struct, frozen=True, kw_only=True):
    """What the gatherer is told on its standard input, at start and whenever it changes.

    Attributes:
        data: The data directory.
        socket: Where questions come to.
        key: Of the hashes that stand for addresses.
    """

    config: Config
    data: str
    socket: str
    key: bytes


def read_counts(data: Path) -> dict[str, int]:
    """Give what the gatherer of a data directory has counted since it started, or nothing."""
    try:
        return msgspec.json.decode((data / "run" / COUNTS).read_bytes(), type=dict[str, int])
    except (OSError, msgspec.DecodeError):
        return {}
