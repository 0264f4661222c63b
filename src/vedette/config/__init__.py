"""What the operator wants: ``vedette.yaml``, read once, checked whole, immutable afterwards.

A *file* comes in; a :class:`~vedette.config.schema.Config` with every default in place goes out, or a
:class:`~vedette.errors.ConfigError` that names every mistake at once. ``schema`` is the shape, ``document`` the YAML
tree with its lines, ``reading`` how one value is read, ``sections`` which keys there are, ``load`` puts them together,
``units`` are the small notations, ``expressions`` the rule language, ``policies`` what ships, ``keys`` the keys that
nobody configured, ``show`` and ``json_schema`` write it back.
"""

from __future__ import annotations

from vedette.config.load import load, load_with_notes
from vedette.config.policies import preset
from vedette.config.schema import Config

__all__ = ["defaults", "load", "load_with_notes"]


def defaults(upstream: str) -> Config:
    """Return the configuration that is in force without a file."""
    return Config(upstreams={"default": upstream}, policy=preset("balanced"))
