"""Which client program stands for a stack: curl_cffi for browsers and impersonation, aiohttp and requests for scripts.

They come with the extra ``drill`` and are imported only when a drill begins.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Literal, NamedTuple

from vedette.errors import ConfigError
from vedette.simulate.clients import Stack

__all__ = ["Library", "Program", "choose", "require"]

Library = Literal["curl_cffi", "aiohttp", "requests"]

_NATIVE: dict[str, Library] = {"aiohttp": "aiohttp", "requests": "requests", "python-requests": "requests"}
_BLOCKING = frozenset({"urllib", "ruby"})
_ON_LIBCURL = frozenset({"curl", "php"})
_BROWSERS = {
    "chrome": "chrome",
    "edge": "edge",
    "okhttp": "chrome_android",
    "safari": "safari",
    "cfnetwork": "safari_ios",
    "firefox": "firefox",
}
"""Family → what curl_cffi shows in its place."""


class Program(NamedTuple):
    """A library, whom curl_cffi impersonates (empty: nobody), and whether it only stands for the real program."""

    library: Library
    impersonate: str = ""
    is_replaced: bool = False


def choose(stack: Stack) -> Program:
    """Choose the program for a stack: its own, else the nearest of the three."""
    family = stack.family.lower()
    native = _NATIVE.get(family)
    if native is not None:
        return Program(native)
    if stack.impersonate:
        return Program("curl_cffi", stack.impersonate, is_replaced=stack.kind in ("app", "library"))
    nearest = _BROWSERS.get(family)
    if nearest is not None:
        return Program("curl_cffi", nearest, is_replaced=True)
    if family in _ON_LIBCURL:
        return Program("curl_cffi", is_replaced=True)
    return Program("requests" if family in _BLOCKING else "aiohttp", is_replaced=True)


def require() -> None:
    """Import the three libraries; raises :class:`ConfigError` with the command that installs what is missing."""
    libraries = ("curl_cffi", "aiohttp", "requests")
    missing = [name for name in libraries if find_spec(name) is None]
    if missing:
        raise ConfigError(
            [f"--target: needs {', '.join(missing)}, not installed, run: python -m pip install {' '.join(missing)}"]
        )
    for name in libraries:
        import_module(name)
