"""Public keys by the URL or file that they came from: JSON Web Key Sets (RFC 7517) and agents' key directories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

__all__ = ["KeySet", "KeySets"]


class KeySet(Struct, frozen=True):
    """The keys of one source.

    Attributes:
        source: ``file:PATH`` or URL.
        keys: As JSON Web Keys, public parts only.
        fetched: Unix seconds of the last success; 0 for never.
        failed: Unix seconds of the last failure since then, 0 for none.
        error: What went wrong, for the operator.
    """

    source: str
    keys: tuple[dict[str, Any], ...] = ()
    fetched: float = 0.0
    failed: float = 0.0
    error: str = ""


class KeySets:
    """Key sets by source."""

    def __init__(self, sets: Mapping[str, KeySet] | None = None) -> None:
        self._sets = dict(sets or {})

    def get(self, source: str) -> KeySet | None:
        """Give the keys of a source, or ``None`` where it was never asked for."""
        return self._sets.get(source)
