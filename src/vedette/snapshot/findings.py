"""What forward-confirmed DNS said about addresses that claimed to be crawlers; asked off the request path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

__all__ = ["Finding", "Findings", "Inquiry"]


class Inquiry(Struct, frozen=True, gc=False, array_like=True):
    """A question that the engine cannot answer by itself.

    Attributes:
        kind: ``dns``: is ``subject`` (an address) a host of ``about`` (a crawler's name)? ``directory``: fetch the key
            directory at ``subject`` (a URL) for the agent ``about``. ``jwks``: fetch the key set at ``subject``.
    """

    kind: Literal["dns", "directory", "jwks"]
    subject: str
    about: str = ""


class Finding(Struct, frozen=True, gc=False, array_like=True):
    """One answer. ``until`` is Unix seconds; after it the answer counts for nothing."""

    standing: Literal["verified", "forged", "unverifiable"]
    until: float


class Findings:
    """Answers by (address, crawler)."""

    def __init__(self, found: Mapping[tuple[str, str], Finding] | None = None) -> None:
        self._found = dict(found or {})

    def get(self, address: str, crawler: str, now: float) -> Finding | None:
        """Give what is known, or ``None`` where nobody has asked or the answer is too old."""
        finding = self._found.get((address, crawler))
        return finding if finding is not None and finding.until > now else None
