"""Coverage-guided fuzzing of what reads client bytes: ``python tests/fuzz/fuzz.py TARGET [-runs=N] [-max_total_time=S]``.

Targets: ``logs``, ``observe``, ``answers``, ``config``, ``json_body``. Needs ``pip install atheris`` (by hand: it is no
part of ``make test``, whose property tests cover the same ground in seconds). An exception is a finding.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["vedette"]):
    from vedette.collect.identity import selector
    from vedette.collect.observation import Collector
    from vedette.config.document import SourceError, parse_document
    from vedette.config.schema import Config, Selector
    from vedette.doors.logs import FORMATS
    from vedette.edge.answers import parse as parse_answers
    from vedette.types import Request

COLLECTOR = Collector(Config(), b"k" * 32)
FIND = selector(Selector("body", "user.email"))


def logs(data: bytes) -> None:
    """Every log format."""
    for parse in FORMATS.values():
        parse(data, "l1")


def observe(data: bytes) -> None:
    """A request made of arbitrary texts."""
    source = atheris.FuzzedDataProvider(data)

    def text() -> str:
        return source.ConsumeUnicode(40)

    headers = tuple((text(), text()) for _ in range(source.ConsumeIntInRange(0, 6)))
    COLLECTOR.observe(
        Request(
            timestamp=0.0,
            id=text(),
            method=text(),
            path=text(),
            client_address=text(),
            query=text(),
            host=text(),
            headers=headers,
            body=source.ConsumeBytes(60),
            ja4=text(),
        ),
        0.0,
    )


def answers(data: bytes) -> None:
    """What comes out of the edge's pipe."""
    parse_answers(data)


def config(data: bytes) -> None:
    """A configuration file."""
    try:
        parse_document(data)
    except SourceError:
        pass


def json_body(data: bytes) -> None:
    """A body from which the account is read."""
    call = Request(timestamp=0.0, id="r", method="POST", path="/", client_address="", body=data)
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        FIND(call, {"content-type": kind}, {}, {})


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (logs, observe, answers, config, json_body)
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name a target: {', '.join(TARGETS)}")
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
