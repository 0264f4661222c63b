"""Events as they are kept: flat, versioned by position, and without a word that the client chose.

Each record is one MessagePack array. A later version may append fields with defaults and never moves one. Everything
that identifies somebody arrives here hashed; what a client can put into a request (path, query, header and body values,
addresses, tokens) is not copied, with three bounded exceptions: the request's id, the family of its user agent out of
a closed list, and the words of its route. A method outside the registered ones is kept as ``_OTHER``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from vedette.collect import agents
from vedette.collect.normalize import read_address
from vedette.types import Answer, Decision, Outcome, Reason, Request

__all__ = [
    "ID_LIMIT",
    "KINDS",
    "AnswerRecord",
    "DecisionRecord",
    "Hasher",
    "OutcomeRecord",
    "Record",
    "answer_record",
    "decision_record",
    "decode",
    "encode",
    "kept_endpoint",
    "outcome_record",
    "shown_address",
]

Hasher = Callable[[str, str], int]
"""``(kind, value) -> keyed 64-bit hash``, the engine's own, so that outcomes meet decisions. Kinds: ``session``,
``account``, ``address``, ``event``."""

AddressPrivacy = Literal["hash", "truncate", "raw"]
Hash = Annotated[int, Meta(ge=0)]
Small = Annotated[int, Meta(ge=-1, le=2**31 - 1)]
Size = Annotated[int, Meta(ge=-1, le=2**63 - 1)]

ID_LIMIT = 128
TEXT_LIMIT = 256
_ROUTE_WORD = re.compile(
    r"\{(?:id|slug|file)\}(?:\.[a-z\d]{1,11})?|v\d{1,3}|\.?(?=[^\d]*\d?[^\d]*\Z)[a-z\d_-]{1,31}(?:\.[a-z\d]{1,8})?"
    r"|(?:graphql|gql):(?:\{other\}|(?=[^\d]*\d?[^\d]*\Z)[A-Za-z\d_]{1,64}|sha256_[\da-f]{12})"
)
NAMED_KINDS = frozenset({"browser", "library", "headless", "tool", "crawler"})
"""Kinds of user agent whose family comes from a closed list; of the others only the kind is kept."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})


class DecisionRecord(Struct, frozen=True, array_like=True, gc=False, tag=1):
    """One decision with what is needed to explain it and to learn from it. Hashes are 0 where absent."""

    id: str
    timestamp: float
    verdict: str
    score: float
    low: float
    high: float
    threat: str | None
    action: str
    enforced: bool
    policy: str
    reasons: tuple[Reason, ...]
    campaign: str | None
    model: str
    features: bytes
    endpoint: str
    purpose: str
    method: str
    agent: str
    client: Hash
    address: Hash
    session: Hash
    account: Hash
    fingerprint: Hash
    client_address: str | None
    advice: str
    degraded: bool
    observed: float


class AnswerRecord(Struct, frozen=True, array_like=True, gc=False, tag=2):
    """What the API answered. ``duration`` and ``body_size`` are -1 where unknown."""

    id: str
    timestamp: float
    status: Small
    duration: float
    body_size: Size
    observed: float


class OutcomeRecord(Struct, frozen=True, array_like=True, gc=False, tag=3):
    """What the application said later, about a request (``id``) or about a hashed session, account or address."""

    timestamp: float
    outcome: str
    id: str | None
    session: Hash
    account: Hash
    address: Hash
    event: Hash
    observed: float


Record = DecisionRecord | AnswerRecord | OutcomeRecord

KINDS: dict[type[Record], int] = {DecisionRecord: ord("D"), AnswerRecord: ord("A"), OutcomeRecord: ord("O")}
"""The letter that marks each kind in a segment's frames."""

encode: Callable[[Record], bytes] = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


def decode(payload: bytes) -> Record | None:
    """Read one record; ``None`` where the bytes are none, whoever wrote them."""
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def decision_record(decision: Decision, request: Request, client_address: str | None, now: float) -> DecisionRecord:
    """Keep of a decision and its request what may be kept. ``client_address`` comes from :func:`shown_address`."""
    directive = decision.directive
    method = request.method
    return DecisionRecord(
        decision.id[:ID_LIMIT],
        decision.timestamp,
        decision.verdict,
        decision.score,
        decision.low,
        decision.high,
        decision.threat,
        decision.action,
        decision.enforced,
        decision.policy,
        decision.reasons,
        decision.campaign,
        decision.model,
        decision.features,
        kept_endpoint(decision.endpoint),
        decision.purpose,
        method if method in METHODS else "_OTHER",
        _agent(request),
        decision.client,
        decision.address,
        decision.session,
        decision.account,
        decision.fingerprint,
        client_address,
        directive.advice,
        directive.degraded,
        now,
    )


def answer_record(answer: Answer, now: float) -> AnswerRecord:
    """Keep status, duration and size of an answer; its header values stay behind."""
    return AnswerRecord(
        answer.id[:ID_LIMIT],
        answer.timestamp,
        min(max(answer.status, -1), 999),
        answer.duration,
        min(max(answer.body_size, -1), 2**63 - 1),
        now,
    )


def outcome_record(outcome: Outcome, hasher: Hasher, now: float) -> OutcomeRecord:
    """Keep an outcome with its reference, hashed unless it is a request's id, and its hashed ``event.id``."""
    account = outcome.user_name.strip().casefold()[:512]  # as the collect room reads it from a request
    return OutcomeRecord(
        outcome.timestamp,
        outcome.outcome,
        outcome.request_id[:ID_LIMIT] or None,
        hasher("session", outcome.session_id) if outcome.session_id else 0,
        hasher("account", account) if account else 0,
        hasher("address", read_address(outcome.client_address).key) if outcome.client_address else 0,
        hasher("event", outcome.event_id) if outcome.event_id else 0,
        now,
    )


@lru_cache(maxsize=2048)
def kept_endpoint(name: str) -> str:
    """Reduce the name of an endpoint that was learned from traffic to words that an API's author would write.

    A learned name is the method and the path with its identifiers replaced; a client can put anything into the rest.
    Segments that do not look like a route's word (more than one digit, ``@``, ``%``, several dots, 32 letters or more)
    become ``{other}``. Names of configured endpoints stay.

    >>> kept_endpoint("GET /v1/users/{id}/.env"), kept_endpoint("GET /reset/zk3_9aqx"), kept_endpoint("login")
    ('GET /v1/users/{id}/.env', 'GET /reset/{other}', 'login')
    """
    method, gap, path = name.partition(" /")
    if not gap:
        return name
    segments = (part if not part or _ROUTE_WORD.fullmatch(part) else "{other}" for part in path.split("/"))
    return f"{method if method in METHODS else '_OTHER'} /{'/'.join(segments)}"


def shown_address(address: str, privacy: AddressPrivacy) -> str | None:
    """Reduce a client's address to what ``privacy.address`` lets the log show.

    Truncated addresses are networks: /24 for IPv4, /48 for IPv6. An opaque name cannot be truncated and is not shown.

    >>> shown_address("192.0.2.77", "truncate"), shown_address("2001:db8:1:2::3", "truncate")
    ('192.0.2.0', '2001:db8:1::')
    >>> shown_address("192.0.2.77", "hash") is None
    True
    """
    if privacy == "hash" or not address:
        return None
    if privacy == "raw":
        return address[:TEXT_LIMIT]
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if ip.version == 6 and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    bits = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network((ip, bits), strict=False).network_address)


def _agent(request: Request) -> str:
    headers = request.headers
    text = request.user_agent if headers is None else ""
    for name, value in headers or ():
        if len(name) == 10 and name.lower() == "user-agent":
            text = value
            break
    agent = agents.read(text)
    return agent.family if agent.kind in NAMED_KINDS else agent.kind
