"""All that is gathered off the request path, as one immutable value that the engine takes over whole."""

from __future__ import annotations

from msgspec import Struct

from vedette.snapshot.findings import Findings
from vedette.snapshot.keys import KeySets
from vedette.snapshot.networks import NetworkMap

__all__ = ["Gathered"]


class Gathered(Struct, frozen=True):
    """Networks, answers of DNS, and keys."""

    networks: NetworkMap
    findings: Findings
    keys: KeySets

    @classmethod
    def shipped(cls) -> Gathered:
        """Give what ships with the package: enough without any network."""
        return cls(NetworkMap(), Findings(), KeySets())
