"""``vedette check``: is this configuration right, and what does it mean."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from vedette.cli import STDIN
from vedette.config import load_with_notes
from vedette.config.feeds import describe
from vedette.config.schema import Config
from vedette.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["command"]

DEFAULT = Path("vedette.yaml")
OPERATIONS_SHOWN = 50


Format = Literal["auto", "jsonl", "combined", "common", "envoy", "alb", "cloudfront", "har"]


def command(
    file: Path | None = None,
    /,
    *,
    schema: Annotated[bool, Parameter(negative="")] = False,
    decoys: Annotated[bool, Parameter(negative="")] = False,
    quiet: bool = False,
    endpoints: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    format: Format = "auto",
    data: Path | None = None,
) -> int:
    """Check a configuration and print it with every default.

    Prints what is in force as YAML, secrets as where they come from, then which keys are not yet active. Without FILE
    it reads vedette.yaml, or shows the built-in defaults where there is none. Mistakes go to standard error, one a
    line with file, line, key, what was found and what is allowed; the exit code is then 2.

    With --endpoints LOG... it prints the endpoints that recorded traffic shows instead, as YAML to look at and paste
    into vedette.yaml; with --data DIR those that a running system has learned. What belongs to endpoints of FILE is
    left out.

    Example: vedette check vedette.yaml

    Example: vedette check --endpoints access.log.gz

    Parameters
    ----------
    file
        The configuration.
    schema
        Print the JSON Schema of vedette.yaml for editors instead.
    decoys
        Print where else the decoy paths could be written down for bots to find, ready to paste, instead.
    quiet
        Print mistakes only.
    endpoints
        Logs, or - for standard input; FILE, where there is one, stands before it.
    format
        Of all logs; auto looks at the first lines of each.
    data
        The data directory of a system that runs, or ran; its event log is read.
    """
    if schema:
        from vedette.config.json_schema import json_schema

        print(json_schema())
        return 0
    chosen = file or (DEFAULT if DEFAULT.exists() else None)
    if chosen is None:
        config, notes = load_with_notes(None, {"upstream": "http://127.0.0.1:8000"})
        if endpoints is None and data is None:
            print("# no file given and no vedette.yaml here: the built-in defaults", file=sys.stderr)
    else:
        config, notes = load_with_notes(chosen)
    if endpoints is not None or data is not None:
        from vedette.cli.endpoints import propose

        return propose(config, tuple("-" if name == STDIN else name for name in endpoints or ()), format, data)
    return _show(config, notes, quiet=quiet, decoys=decoys)


def _show(config: Config, notes: list[tuple[str, str]], *, quiet: bool, decoys: bool) -> int:
    from vedette.config.show import effective

    _check_files(config)
    if quiet:
        return 0
    if decoys:
        from vedette.edge.advertise import to_paste

        print(to_paste(config.honeypots), end="")
        return 0
    print(effective(config), end="")
    for feed in config.feeds:
        said, warning = describe(feed)
        print(f"# feed {said}")
        if warning:
            print(f"# warning: {warning}")
        file = feed.url.removeprefix("file:")
        if file != feed.url and not Path(file).is_file():
            print(f"# warning: feeds.{feed.name}: no such file, {file}")
    for line in _operations(config):
        print(f"# {line}")
    for path, why in notes:
        print(f"# not yet active: {path}: {why}")
    if not config.upstreams:
        print("# no upstream: vedette serve needs one here or as --upstream")
    return 0


def _operations(config: Config) -> Iterator[str]:
    """Say what was made of each operation of the OpenAPI document, so that a wrong guess is seen before it matters."""
    from vedette.collect.openapi import described

    found = described(config)
    for one in found[:OPERATIONS_SHOWN]:
        endpoint = one.endpoint
        words = [f"purpose {endpoint.purpose}"]
        for what, where in (("account", endpoint.account), ("object", endpoint.object)):
            if where is not None:
                words.append(f"{what} {where.source}.{where.name}")
        path = "/" + "/".join(endpoint.match.segments)
        yield f"operation {endpoint.name}: {endpoint.match.method} {path}, {', '.join(words)}"
    if len(found) > OPERATIONS_SHOWN:
        yield f"and {len(found) - OPERATIONS_SHOWN:,} operations more"


def _check_files(config: Config) -> None:
    """Open the files that serve will need; replay does not, so reading the configuration alone does not look."""
    problems = []
    for name in ("certificate", "key"):
        path = getattr(config.listen, name)
        try:
            if path:
                Path(path).open("rb").close()
        except OSError as error:
            problems.append(f"{config.file}: listen.{name}: cannot be read, {path}, {error.strerror}")
    if (robots := config.honeypots.robots.removeprefix("file:")) and not Path(robots).is_file():
        problems.append(f"{config.file}: honeypots.robots: no such file, {robots}, name the API's own robots.txt")
    if problems:
        raise ConfigError(problems)
