"""Coverage-guided fuzzing of what reads bytes of others: ``python tests/fuzz/fuzz.py TARGET [-runs=N] [-max_total_time=S]``.

Each public function here that takes ``data`` is a target; without one they are listed. An exception is a finding.
``run.py`` plays all of them for a while each. Needs atheris.
"""

from __future__ import annotations

import inspect
import json
import socket
import sys
from collections.abc import Callable
from typing import Any

import atheris
from msgspec import structs

with atheris.instrument_imports(include=["vedette", "http_sf"]):
    from vedette.collect.devices import Devices
    from vedette.collect.endpoints import Router
    from vedette.collect.graphql import read_calls
    from vedette.collect.headers import Shape, examine, language_form
    from vedette.collect.honeypots import Circumstances, Traps, is_probe
    from vedette.collect.identity import cookie_value, selector
    from vedette.collect.ja4 import ja3, ja4, ja4_stable
    from vedette.collect.ja4 import parse as parse_hello
    from vedette.collect.normalize import TrustedProxies, normal_path, read_address, read_headers
    from vedette.collect.observation import Collector
    from vedette.collect.openapi import describe
    from vedette.collect.parameters import parameters_of
    from vedette.collect.signatures import Signatures
    from vedette.collect.tokens import Tokens
    from vedette.config.document import SourceError, parse_document
    from vedette.config.openapi import OpenApiError, parse_openapi
    from vedette.config.schema import (
        AppToken,
        Config,
        DeviceCookie,
        Dpop,
        Feed,
        Honeypots,
        Identity,
        Jwt,
        Secret,
        Selector,
    )
    from vedette.doors.connection import Call, Crowd, answer
    from vedette.doors.forwarded import read_question
    from vedette.doors.logs import FORMATS
    from vedette.doors.logs.files import Damaged
    from vedette.doors.logs.har import entries_of
    from vedette.doors.records import BadRecord, outcomes_of, requests_of
    from vedette.edge.advertise import robots_text
    from vedette.edge.answers import parse as parse_answers
    from vedette.gather.feed_documents import DocumentError
    from vedette.gather.feed_documents import parse as parse_feed
    from vedette.gather.feed_limits import admit
    from vedette.gather.inquiries import Desk, read_datagrams
    from vedette.mitigate.decoys import decoy_body
    from vedette.snapshot.files import seal
    from vedette.snapshot.findings import Findings
    from vedette.snapshot.gathered import Gathered
    from vedette.snapshot.keys import KeySet, KeySets, parse_keys
    from vedette.snapshot.networks import NetworkMap
    from vedette.types import Request

CLAIMS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
    "t13d1516h2_8daaf6152771_e5627efa2ab1",
    *"user-agent accept accept-language sec-ch-ua sec-fetch-mode sec-fetch-dest te Sec-Ch-Ua navigate cors empty".split(),
)
POINT = {"x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0", "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}
KEYS = KeySets({"file:keys": KeySet("file:keys", ({"kty": "EC", "crv": "P-256", "kid": "k", "alg": "ES256"} | POINT,))})
IDENTITY = Identity(
    app_tokens=(
        AppToken(name="h", header="x-hmac", key=Secret("env:K", "k" * 32)),
        AppToken(name="j", header="x-jwt", scheme="jwt", jwks="file:keys", claims="claims.sub != ''"),
    ),
    jwt=Jwt(jwks="file:keys"),
    device_cookie=DeviceCookie(),
    dpop=Dpop(),
)
GATHERED = structs.replace(Gathered.shipped(), keys=KEYS)
SIGNATURES = Signatures(Config(), Gathered.shipped())
TOKENS = Tokens(Config(identity=IDENTITY), GATHERED)
DEVICES = Devices(Config(identity=IDENTITY), b"k" * 32)
COLLECTOR = Collector(Config(identity=IDENTITY, honeypots=Honeypots(paths=("/trap/**",))), b"k" * 32)
DESK = Desk({})
DATAGRAMS = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
DATAGRAMS[0].setblocking(False)
FIND = selector(Selector("body", "user.email"))
BELIEVED = [
    TrustedProxies(("10.0.0.0/8",), name) for name in ("x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip")
]
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
ROUTER = Router(())
TRAPS = Traps(Honeypots(paths=("/api/export", "/api/backup/{name}", "/api/admin/**")))
DEVICE = ("vdt", DEVICES.issue("r", 1.0).partition("=")[2].partition(";")[0])


def ask(headers: tuple[tuple[str, str], ...], **fields: Any) -> Request:
    return Request(
        **{"timestamp": 1.0, "id": "r", "method": "GET", "path": "/", "client_address": "", "peer_is_client": False}
        | {"host": "api.example", "scheme": "https", "headers": headers}
        | fields
    )


def lines(data: bytes, count: int) -> list[str]:
    """Give ``count`` texts, parted by line feeds."""
    return [*data.decode("latin-1").split("\n", count - 1), *[""] * count][:count]


# -- the trust boundary


def observe(data: bytes) -> None:
    """A request made of arbitrary texts."""
    source = atheris.FuzzedDataProvider(data)

    def text() -> str:
        return source.ConsumeUnicode(40)

    names = ("cookie", "authorization", "x-hmac", "x-jwt", "dpop", "user-agent", "accept-language", "")
    headers = tuple(
        (names[source.ConsumeIntInRange(0, 7)] or text(), text()) for _ in range(source.ConsumeIntInRange(0, 6))
    )
    call = ask(headers, method=text(), path=text(), client_address=text(), query=text(), host=text(), ja4=text())
    COLLECTOR.observe(call, 0.0)


def claimed_client(data: bytes) -> None:
    """What a request says of its client, made of words that are judged and of arbitrary ones."""
    source = atheris.FuzzedDataProvider(data)

    def word() -> str:
        place = source.ConsumeIntInRange(0, 2 * len(CLAIMS))
        return CLAIMS[place] if place < len(CLAIMS) else source.ConsumeUnicode(30)

    names = tuple(word() for _ in range(source.ConsumeIntInRange(0, 12)))
    texts = [word() for _ in range(12)]
    facts = examine(
        Shape(
            names, texts[0], texts[1], texts[2], texts[3], source.ConsumeBool(), source.ConsumeBool(), texts[4], texts[5],
            texts[6], texts[7], language_form(texts[8]), texts[9], texts[10], "?1", texts[11], texts[1], names,
        )
    )  # fmt: skip
    for name in facts.__struct_fields__:
        value = getattr(facts, name)
        assert not isinstance(value, float) or not value < 0.0 or name == "released", name


def forwarded(data: bytes) -> None:
    """What proxies and others say about a client's address: nobody may be anybody who was not named."""
    said = tuple(
        (name, line)
        for line in lines(data, 4)
        for name in ("x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip")
    )
    values = read_headers(said)[1]
    for proxies in BELIEVED:
        assert proxies.client_of(ask(said, client_address="192.0.2.1"), values) == "192.0.2.1"
        read_address(proxies.client_of(ask(said, client_address="10.0.0.1"), values))


def path(data: bytes) -> None:
    """A path and a query."""
    text, query = lines(data, 2)
    normal = normal_path(text)
    assert normal.startswith("/")
    assert "/../" not in normal + "/"
    assert len(normal) <= 4096
    TRAPS.finds(normal, "", "other", "", "")
    is_probe(text, query)


def touch(data: bytes) -> None:
    """What a client says about why it asks for a decoy."""
    method, host, agent, *rest = lines(data, 12)
    names = (
        "sec-fetch-site",
        "sec-fetch-mode",
        "sec-fetch-dest",
        "referer",
        "origin",
        "accept",
        "sec-purpose",
        "purpose",
    )
    found = TRAPS.weigh(
        "path", Circumstances(method, host, agent, dict(zip(names, rest, strict=False)), True, True, True)
    )
    assert found.weight <= 1.0
    assert not (found.is_certain and rest[0] == "cross-site")


def decoy(data: bytes) -> None:
    """A decoy's answer to any path."""
    assert len(decoy_body(data.decode("latin-1"), "GET", len(data))) < 4096


def question(data: bytes) -> None:
    """A question as the edge or another proxy asks it."""
    target, *fields = data.split(b"\n")
    headers = [(name.lower(), value) for name, _, value in (field.partition(b":") for field in fields)]
    for more in ([], [(b"x-vedette-id", b"i"), (b"x-vedette-peer", b"192.0.2.1")]):
        read_question(Call(b"GET", b"/v1/decide" + target, headers + more, b"", 0), 1.0, lambda: "made")


class _Wire:
    """A transport that goes nowhere."""

    def write(self, data: bytes) -> None:
        assert data

    def close(self) -> None:
        pass

    abort = pause_reading = resume_reading = close

    def is_closing(self) -> bool:
        return False


class _Loop:
    def time(self) -> float:
        return 1.0


def connection(data: bytes) -> None:
    """Bytes on the engine's socket, in pieces."""
    import asyncio

    asyncio._set_running_loop(_Loop())  # type: ignore[arg-type]  # only its clock is asked
    try:
        crowd = Crowd(lambda call: answer(200, body=call.target), lambda reason: None)
        peer = crowd()
        peer.connection_made(_Wire())
        for start in range(0, len(data), 37):
            peer.data_received(data[start : start + 37])
        peer.connection_lost(None)
        assert not crowd.members
    finally:
        asyncio._set_running_loop(None)


# -- who it is


def cookies(data: bytes) -> None:
    """A Cookie header."""
    (text,) = lines(data, 1)
    cookie_value(text, "sid")
    cookie_value(text, "a")


def json_body(data: bytes) -> None:
    """A body from which the account is read."""
    call = Request(timestamp=0.0, id="r", method="POST", path="/", client_address="", body=data)
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        FIND(call, {"content-type": kind}, {}, {})


def device_cookie(data: bytes) -> None:
    """A device cookie, whole or tampered with at the end."""
    text = data.decode("latin-1")
    DEVICES.check(f"vdt={text}", 2.0)
    found = DEVICES.check(f"vdt={DEVICE[1]}{text}", 2.0)
    assert found.state != "valid" or not text.strip(' "').strip() or text.lstrip().startswith((";", '"'))


def tokens(data: bytes) -> None:
    """App tokens, access tokens and proofs."""
    mac, jwt, proof, bearer = lines(data, 4)
    headers = (("x-hmac", mac), ("x-jwt", jwt), ("dpop", proof), ("authorization", bearer))
    for kept in (headers, headers[1:], headers[2:]):
        found = TOKENS.check(ask(kept), dict(kept), 1.7e9)
        assert found.state not in ("valid", "attested")


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
    SIGNATURES.verify(ask(headers), dict(headers), 2.0)


def client_hello(data: bytes) -> None:
    """A TLS ClientHello."""
    try:
        hello = parse_hello(data)
    except ValueError:
        return
    ja3(hello)
    ja4(hello)
    ja4_stable(hello)


# -- what it asks for


def graphql(data: bytes) -> None:
    """A GraphQL call, by body or query."""
    read_calls(data, "")
    read_calls(b"", data.decode("latin-1"))


def parameters(data: bytes) -> None:
    """Names and types of parameters."""
    for kind in ("", "application/json", "application/x-www-form-urlencoded"):
        assert len(parameters_of(data.decode("latin-1"), data, kind)) <= 32


def endpoints(data: bytes) -> None:
    """Paths that are answered well, and the state that is kept of them."""
    for number, one in enumerate(lines(data, 50)):
        route, _ = ROUTER.find("GET", "", normal_path(one))
        ROUTER.ask(number, route, number)
        ROUTER.answer(number, 200)
    try:
        Router(()).restore(data)
    except ValueError:
        pass


# -- what others write: logs, records, the edge, operators, feeds


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


def records(data: bytes) -> None:
    """Request records and outcomes over HTTP."""
    try:
        requests_of(data, lambda: "made")
    except BadRecord:
        pass
    try:
        outcomes_of(data, 1.0)
    except BadRecord:
        pass


def answers(data: bytes) -> None:
    """What comes out of the edge's pipe."""
    parse_answers(data)


def config(data: bytes) -> None:
    """A configuration file."""
    try:
        parse_document(data)
    except SourceError:
        pass


def openapi(data: bytes) -> None:
    """An OpenAPI document."""
    try:
        for operation in parse_openapi(data):
            describe(operation)
    except OpenApiError:
        pass


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


def keys(data: bytes) -> None:
    """A JSON Web Key Set."""
    try:
        json.dumps(parse_keys(data))
    except ValueError:
        pass


def snapshots(data: bytes) -> None:
    """Files of findings and keys: damaged ones, and sealed ones with any body."""
    for read in (lambda sealed: Findings.decode(sealed, b"k"), KeySets.decode):
        for sealed in (data, seal("vedette findings", 1, data), seal("vedette keys", 1, data)):
            try:
                read(sealed)
            except ValueError:
                pass


def inquiries(data: bytes) -> None:
    """A datagram on the gatherer's socket."""
    ours, theirs = DATAGRAMS
    theirs.send(data[:60_000])
    read_datagrams(ours, DESK.ask)


def robots_txt(data: bytes) -> None:
    """The API's own robots.txt."""
    text = robots_text(data.decode("latin-1"), ("/decoy",))
    assert "Disallow: /decoy" in text


TARGETS: dict[str, Callable[[bytes], None]] = {
    name: found
    for name, found in list(globals().items())
    if inspect.isfunction(found)
    and found.__module__ == __name__
    and list(inspect.signature(found).parameters) == ["data"]
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name a target: {', '.join(TARGETS)}")
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
