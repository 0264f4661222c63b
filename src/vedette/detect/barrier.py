"""A compiler barrier for kernels: stores before it are not moved behind it, nor merged with later ones.

Table sets are marked odd while they are written (``detect.tables``); without a barrier the optimiser may merge the two
marks into one. On x86-64 an acquire-release fence costs no instruction.
"""

from __future__ import annotations

from typing import Any

from numba import config, types
from numba.extending import intrinsic

from vedette.detect.compiled import small_kernel

__all__ = ["barrier"]


def _typed(_context: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        builder.fence("acq_rel")
        return context.get_dummy_value()

    return types.void(), generate


_fence: Any = intrinsic(_typed)

if getattr(config, "DISABLE_JIT", False):

    def barrier() -> None:
        """Do nothing: the interpreter keeps the order of stores."""

else:

    @small_kernel
    def barrier() -> None:
        """Keep the order of stores across this point."""
        _fence()
