"""Coverage-guided fuzzing of what reads client bytes: ``python tests/fuzz/fuzz.py TARGET [-runs=N] [-max_total_time=S]``.

Without a target it lists them. Needs ``pip install atheris`` (by hand: it is no part of ``make test``, whose property
tests cover the same ground in seconds). An exception is a finding.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["vedette", "http_sf"]):
    from vedette.collect.identity import selector
    from vedette.collect.observation import Collector
    from vedette.collect.signatures import Signatures
    from vedette.config.document import SourceError, parse_document
    from vedette.config.schema import Config, Selector
    from vedette.doors.logs import FORMATS
    from vedette.doors.logs.files import Damaged
    from vedette.doors.logs.har import entries_of
    from vedette.edge.answers import parse as parse_answers
    from vedette.snapshot.gathered import Gathered
    from vedette.types import Request

SIGNATURES = Signatures(Config(), Gathered.shipped())
COLLECTOR = Collector(Config(), b"k" * 32)
FIND = selector(Selector("body", "user.email"))


def logs(data: bytes) -> None:
    """Every log format."""
    for make in FORMATS.values():
        make()(data, "l1")


def har(data: bytes) -> None:
    """An HTTP Archive in pieces."""
    try:
        for entries in entries_of([data[: len(data) // 2], data[len(data) // 2 :]]):
            for entry in entries:
                FORMATS["har"]()(entry, "l1")
    except Damaged:
        pass


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


def signatures(data: bytes) -> None:
    """The three fields of a signed request, of which parts may be as they should."""
    given, signature, sent, *_ = [*data[1:].decode("latin-1").split("\n"), "", ""]
    which = data[0] if data else 0
    if which & 1:
        given = (
            f'sig1=("@authority" "signature-agent";key="sig1"{given});created=1;expires=9;keyid="a";tag="web-bot-auth"'
        )
    if which & 2:
        given = f'sig1=("@authority" "signature-agent");created=1;expires=9;keyid="a";tag="web-bot-auth"{given}'
    headers = (
        ("signature-input", given),
        ("signature", signature if which & 4 else "sig1=:AAAA:"),
        ("signature-agent", sent if which & 8 else 'sig1="https://bot.example"'),
    )
    call = Request(
        timestamp=0.0, id="r", method="GET", path="/", client_address="", host="api.example", headers=headers
    )
    SIGNATURES.verify(call, dict(headers), 2.0)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (logs, har, observe, answers, config, json_body, signatures)
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name a target: {', '.join(TARGETS)}")
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
