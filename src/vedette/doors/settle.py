"""Which keys of a new configuration may take effect while running, and which need a restart (contract, section 5)."""

from __future__ import annotations

from msgspec.structs import replace

from vedette.config.schema import Config

__all__ = ["COLD", "settle"]

COLD = ("listen", "workers", "state", "events.directory", "privacy.key", "console.listen")
"""Keys that are read at start only."""


def settle(running: Config, wanted: Config) -> tuple[Config, tuple[str, ...]]:
    """Return the configuration to put into force, and the keys of ``wanted`` that a restart would be needed for.

    Those keep their running value; everything else is as wanted.
    """
    restart_needed = []
    for key in COLD:
        section, _, name = key.partition(".")
        old, new = getattr(running, section), getattr(wanted, section)
        if name:
            if getattr(old, name) != getattr(new, name):
                restart_needed.append(key)
                wanted = replace(wanted, **{section: replace(new, **{name: getattr(old, name)})})
        elif old != new:
            restart_needed.append(key)
            wanted = replace(wanted, **{section: old})
    return wanted, tuple(restart_needed)
