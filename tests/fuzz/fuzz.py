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
    from vedette.config.schema import Config, Feed, Selector
    from vedette.doors.logs import FORMATS
    from vedette.doors.logs.files import Damaged
    from vedette.doors.logs.har import entries_of
    from vedette.edge.answers import parse as parse_answers
    from vedette.gather.feed_documents import DocumentError
    from vedette.gather.feed_documents import parse as parse_feed
    from vedette.gather.feed_limits import admit
    from vedette.snapshot.files import seal
    from vedette.snapshot.gathered import Gathered
    from vedette.snapshot.networks import NetworkMap
    from vedette.types import Request

SIGNATURES = Signatures(Config(), Gathered.shipped())
COLLECTOR = Collector(Config(), b"k" * 32)
FEEDS = tuple(
    Feed(name="f", url="https://a.example/", format=form, kind=kind, column=column)
    for form, kind, column in (
        ("lines", "blocklist", ""),
        ("json", "hosting", ""),
        ("json", "hosting", "a"),
        ("csv", "vpn", ""),
        ("csv", "vpn", "a"),
        ("csv", "asn", ""),
        ("csv", "country", "3"),
    )
)
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


def feeds(data: bytes) -> None:
    """A document of a feed, in each format that is read here, and what may be said of it."""
    for made in FEEDS:
        try:
            admit(made, parse_feed(made, data), ("192.0.2.0/24", "2001:db8::/32"))
        except DocumentError:
            pass


def networks(data: bytes) -> None:
    """A network map that is what its seal says, and an address."""
    try:
        NetworkMap.read(seal("networks", 1, data)).lookup(data[:60].decode("latin-1"), 1.8e9)
    except ValueError:
        pass
    NetworkMap.shipped().lookup(data.decode("latin-1"), 1.8e9)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (logs, har, observe, answers, config, json_body, signatures, feeds, networks)
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name a target: {', '.join(TARGETS)}")
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
