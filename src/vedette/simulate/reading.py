"""Reading of what ships with the simulator: compressed JSON in ``data/simulation``."""

from __future__ import annotations

import gzip
from importlib.resources import files
from typing import Any

import msgspec

__all__ = ["read_data"]


def read_data(name: str) -> Any:
    """Read one ``.json`` or ``.json.gz`` file of ``data/simulation``."""
    data = (files("vedette") / "data" / "simulation" / name).read_bytes()
    return msgspec.json.decode(gzip.decompress(data) if name.endswith(".gz") else data)
