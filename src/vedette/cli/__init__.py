"""The ``vedette`` command: finds the subcommand, imports it alone, runs it, and ends with an exit code.

A subcommand is a module ``vedette.cli.NAME`` with one function ``command`` whose typed parameters are its arguments and
flags (cyclopts) and whose docstring is its help, with an example. It returns an exit code or ``None`` (0), and raises
:class:`~vedette.errors.ConfigError` for a wrong configuration. Exit codes: 0 done, 1 the work failed, 2 wrong usage or
an invalid configuration, 130 interrupted.
"""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from vedette.errors import ConfigError

if TYPE_CHECKING:
    from cyclopts import App

__all__ = ["COMMANDS", "LATER", "main"]

COMMANDS: dict[str, str] = {
    "serve": "Protect an API: start edge, engine and console, and run until told to stop.",
    "replay": "Run the engine over recorded traffic as if it were live; write decisions and a report.",
    "simulate": "Make labelled traffic (people, good bots, campaigns), as a log or fired at an address of yours.",
    "explain": "Say why a decision was made.",
    "feeds": "Show reputation feeds and their age, or refresh them now.",
    "check": "Check a configuration and print it with every default.",
    "doctor": "Say what is running, what is missing, and whether decisions are being made.",
}
LATER: tuple[str, ...] = ("decide", "train", "models", "label")
"""Commands of the contract whose part is not built yet."""
STDIN = "/dev/stdin"
SHELLS = ("bash", "zsh", "fish")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(words)
        if sys.stdout is not None:  # None where the caller closed it
            sys.stdout.flush()
    except BrokenPipeError:  # the reader (head, less) has gone: not a mistake of anybody
        _discard_output()
        code = 0
    except KeyboardInterrupt:
        code = 130
    except ConfigError as error:
        print(error, file=sys.stderr)
        code = 2
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _discard_output()
        print(f"vedette: cannot write: {error.strerror}", file=sys.stderr)
        code = 1
    sys.exit(code)


def _discard_output() -> None:
    """Let the interpreter's own last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if words else 2
    name, *rest = words
    if name in ("-V", "--version"):
        from importlib.metadata import version  # 50 ms that no other command needs

        print(f"vedette {version('vedette')}")
        return 0
    if name == "--completion":
        return _completion(rest)
    if name in LATER:
        print(f"vedette {name}: not in this version", file=sys.stderr)
        return 2
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"commands: {', '.join(COMMANDS)}"
        print(f'vedette: unknown command, "{name[:60]}", {hint}', file=sys.stderr)
        return 2
    # cyclopts takes a lone hyphen for an option; everybody else takes it for standard input
    return _command(_application(name), [STDIN if word == "-" else word for word in rest])


def _command(app: App, words: list[str]) -> int:
    from cyclopts import CycloptsError

    try:
        result = app(words, exit_on_error=False, print_error=True, result_action="return_value")
    except CycloptsError:
        return 2
    return result if isinstance(result, int) else 0


def _application(name: str) -> App:
    from cyclopts import App

    app = App(name=f"vedette {name}", version_flags=[], result_action="return_value", help_format="markdown")
    app.default(import_module(f"vedette.cli.{name}").command)
    return app


def _completion(words: list[str]) -> int:
    """Print the completion script of a shell."""
    from cyclopts import App

    if len(words) != 1 or words[0] not in SHELLS:
        print(f"vedette --completion: name one shell of {', '.join(SHELLS)}", file=sys.stderr)
        return 2
    app = App(name="vedette", help_format="plaintext")
    for name in COMMANDS:
        app.command(import_module(f"vedette.cli.{name}").command, name=name)
    print(app.generate_completion(shell=words[0]))  # type: ignore[arg-type]  # membership is checked above
    return 0


def _overview() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items())
    return f"""Vedette protects HTTP APIs against malicious bots.

Usage: vedette COMMAND [ARGUMENTS]     (vedette COMMAND --help explains one)

Commands:
{commands}

Options:
  --help                          this text
  --version                       print the version
  --completion bash|zsh|fish      print a completion script for the shell

Examples:
  vedette replay access.log --report report.html     what your log holds
  vedette serve --upstream http://127.0.0.1:8000     watch over an API, act on nothing
  vedette serve --config vedette.yaml                with a configuration
  source <(vedette --completion bash)                complete with the tab key"""
