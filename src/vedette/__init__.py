"""Vedette stands in front of an HTTP API and stops malicious bots before the API sees them.

A *request* comes in through a *door* (the edge, the HTTP interface, a recorded log). The *engine* decides about it in
three steps, each a package: ``collect`` says what is true about the request, ``detect`` how suspicious that is and why,
``mitigate`` what to do. The *decision* goes back to the door and into the event log (``events``). What the API answered
and what the application learned later come back as *answers* and *outcomes*.

The names below are the public ones for programs that embed the engine; they are imported when first used, so that
``vedette --help`` stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vedette.engine import Engine
    from vedette.errors import BundleError, ConfigError
    from vedette.types import Answer, Decision, Outcome, Reason, Request

__all__ = ["Answer", "BundleError", "ConfigError", "Decision", "Engine", "Outcome", "Reason", "Request"]

_HOMES = {"Engine": "engine", "BundleError": "errors", "ConfigError": "errors"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'vedette' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"vedette.{_HOMES.get(name, 'types')}"), name)
