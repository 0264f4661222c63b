"""The two exceptions of our own; everything else is a builtin.

Exception
├── ConfigError    a configuration that cannot be used; holds every problem found
└── BundleError    a model bundle that is damaged or does not fit this version
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["BundleError", "ConfigError"]


class ConfigError(Exception):
    """An unusable configuration.

    ``problems`` holds one line a mistake, each ``file:line: key.path: what, value, fix``.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class BundleError(Exception):
    """A model bundle that is damaged, incompatible, or fails its golden requests."""
