"""What the operator wants: ``vedette.yaml``, read once, checked whole, immutable afterwards.

A *file* comes in; a :class:`~vedette.config.schema.Config` with every default in place goes out, or a
:class:`~vedette.errors.ConfigError` that names every mistake at once. ``schema`` is the shape, ``units`` the small
notations, ``expressions`` the rule language, ``policies`` what ships, ``keys`` the keys that nobody configured.
"""

from __future__ import annotations

from vedette.config.policies import preset
from vedette.config.schema import Config

__all__ = ["defaults"]


def defaults(upstream: str) -> Config:
    """Return the configuration that is in force without a file."""
    return Config(upstreams={"default": upstream}, policy=preset("balanced"))
