"""How kernels are compiled, and where compiled code is kept.

numba keeps compiled code per source file and does not notice when a *record* or constant from another file changes: a
kernel would go on writing to the old place. So the cache directory carries a digest of every file that kernels are
made of; another version of any of them compiles anew. The directory lies under ``NUMBA_CACHE_DIR`` where that is set
(``vedette serve`` sets it to its data directory), else under ``XDG_CACHE_HOME`` or ``~/.cache``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

__all__ = ["cache_directory", "kernel", "small_kernel"]

Function = TypeVar("Function", bound=Callable[..., Any])
_ROOMS = ("detect", "mitigate")


def cache_directory() -> Path:
    """Give the directory for compiled code of exactly these sources."""
    package = Path(__file__).parent.parent
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for room in _ROOMS:
        for source in sorted((package / room).glob("*.py")):
            digest.update(source.read_bytes())
    base = os.environ.get("NUMBA_CACHE_DIR") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "vedette"
    )
    return Path(base, digest.hexdigest())


numba.config.CACHE_DIR = str(cache_directory())  # type: ignore[attr-defined]


def kernel(function: Function) -> Function:
    """Compile a function on its first call, and keep the result."""
    compiled: Any = numba.njit(cache=True)(function)
    return cast("Function", compiled)


def small_kernel(function: Function) -> Function:
    """Compile a function into each of its callers."""
    compiled: Any = numba.njit(cache=True, inline="always")(function)
    return cast("Function", compiled)
