"""``vedette doctor``: what is running, what is missing, and whether decisions are being made."""

from __future__ import annotations

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
        The configuration, where its data directory is not the usual one.
    """
    import asyncio

    from vedette.edge.checkup import examine

    directory = data
    if directory is None and config is not None:
        from vedette.config import load

        directory = Path(load(config).events.directory)
    findings = asyncio.run(examine((directory or Path("vedette-data")).absolute()))
    for finding in findings:
        print(f"{finding.level:<5}  {finding.text}")
        if finding.step:
            print(f"       -> {finding.step}")
    return int(any(finding.level == "WRONG" for finding in findings))
