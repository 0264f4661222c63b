"""All that is gathered off the request path, as one immutable value that the engine takes over whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from vedette.config.schema import Config
from vedette.snapshot.files import Stamp, read, stamp
from vedette.snapshot.findings import Findings
from vedette.snapshot.keys import KeySets, read_key_files
from vedette.snapshot.networks import NetworkMap

__all__ = ["FILES", "FOLDER", "Gathered"]

FOLDER = "gathered"
"""Of the data directory."""


class _File(NamedTuple):
    """One file of the folder: its name, the most bytes it may have, and how it is read (with the key of the hashes)."""

    name: str
    most: int
    decode: Callable[[bytes, bytes], Any]


FILES: dict[str, _File] = {
    "findings": _File("findings.msgpack", 4 << 20, Findings.decode),
    "networks": _File("networks.bin", 64 << 20, lambda data, _key: NetworkMap.read(data)),
    "keys": _File("keys.msgpack", 16 << 20, lambda data, _key: KeySets.decode(data)),
}


class Gathered(Struct, frozen=True):
    """Networks, answers of DNS, and keys.

    Attributes:
        stamps: Of the files that were read, so that only what has changed is read again.
    """

    networks: NetworkMap
    findings: Findings
    keys: KeySets
    stamps: dict[str, Stamp | None] = {}

    @classmethod
    def shipped(cls) -> Gathered:
        """Give what ships with the package: enough without any network."""
        return cls(NetworkMap.shipped(), Findings(), KeySets())

    @classmethod
    def recorded(cls, config: Config, now: float) -> Gathered:
        """Give what recorded traffic is judged with: what ships, and the key files of its configuration."""
        shipped = cls.shipped()
        return replace(shipped, keys=shipped.keys.joined(read_key_files(config, now)))

    @classmethod
    def load(cls, directory: Path, previous: Gathered, key: bytes = b"") -> tuple[Gathered, tuple[str, ...]]:
        """Read what has changed since ``previous`` in a directory; give ``previous`` itself where nothing has.

        A file that is damaged costs a warning, and its part stays as it was. One that is not there changes nothing.

        Args:
            key: Of the hashes that stand for addresses.
        """
        changed: dict[str, Any] = {}
        warnings = []
        for part, file in FILES.items():
            path = directory / file.name
            seen = stamp(path)
            if seen is None or seen == previous.stamps.get(part):
                continue
            try:
                changed[part] = file.decode(read(path, file.most), key)
            except ValueError as error:
                warnings.append(f"{path} is not used: {error}")
            except OSError as error:
                warnings.append(f"{path} is not used: {error.strerror}")
            changed.setdefault("stamps", dict(previous.stamps))[part] = seen
        return (replace(previous, **changed) if changed else previous), tuple(warnings)
