"""``vedette doctor``: what is running, what is missing, and whether decisions are being made."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["command"]


def command(*, data: Path | None = None, config: Path | None = None) -> int:
    """Say what is running, what is missing, and whether decisions are being made.

    Each finding is a line: ok, note, warn or WRONG, and where something can be done, what. The exit code is 1 where
    something is wrong, else 0.

    Example: vedette doctor --data vedette-data

    Parameters
    ----------
    data
        The data directory of the vedette serve in question (vedette-data, or what the configuration says).
    config
        The configuration that says so (vedette.yaml where there is one).
    """
    import asyncio

    from vedette.edge.checkup import examine

    directory = data
    if directory is None:
        directory = _of_configuration(config)
    findings = asyncio.run(examine(directory.absolute()))
    for finding in findings:
        print(f"{finding.level:<5}  {finding.text}")
        if finding.step:
            print(f"       -> {finding.step}")
    return int(any(finding.level == "WRONG" for finding in findings))


def _of_configuration(config: Path | None) -> Path:
    """Read where the data lies; a vedette.yaml that happens to be here and is wrong keeps nobody from looking."""
    from vedette.config import load
    from vedette.config.schema import Events
    from vedette.errors import ConfigError

    usual = Path("vedette.yaml")
    if config is None and not usual.exists():
        return Path(Events().directory)
    try:
        return Path(load(config or usual).events.directory)
    except ConfigError as error:
        if config is not None:
            raise
        print(f"{error.problems[0]}; looking in {Events().directory}, name another with --data", file=sys.stderr)
        return Path(Events().directory)
