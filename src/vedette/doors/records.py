"""JSON records of the contract (sections 2 and 3): read a request or an outcome, write a decision.

A record that cannot be used raises :class:`BadRecord`, which names the field: ``400`` where the text is no JSON,
``422`` where a field is missing or wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType

from vedette.doors.logs.lines import protocol_name
from vedette.types import Decision, Outcome, OutcomeName, Request

__all__ = ["REQUEST_KEYS", "BadRecord", "decision_record", "outcomes_of", "read_outcome", "read_request", "requests_of"]

_PATH = re.compile(r"`\$(?:\[\.\.\.\])?\.(?P<at>[^`]+)`|(?:required|unknown) field `(?P<missing>[^`]+)`")
_LONGEST = 16 * 1024
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises on bytes that are no JSON: by syntax, encoding or depth."""
REFERENCES = ("http.request.id", "session.id", "user.name", "client.address")


class BadRecord(ValueError):
    """A record that cannot be used; ``field`` is its key, ``status`` 400 or 422."""

    def __init__(self, detail: str, *, field: str = "", status: int = 422) -> None:
        super().__init__(detail)
        self.field = field
        self.status = status


REQUEST_KEYS = {
    "method": "http.request.method",
    "path": "url.path",
    "client_address": "client.address",
    "status": "http.response.status_code",
    "id": "http.request.id",
    "query": "url.query",
    "scheme": "url.scheme",
    "host": "server.address",
    "protocol": "network.protocol.version",
    "headers": "http.request.headers",
    "user_agent": "user_agent.original",
    "request_body_size": "http.request.body.size",
    "response_body_size": "http.response.body.size",
    "duration": "http.server.request.duration",
    "ja3": "tls.client.ja3",
    "ja4": "tls.client.ja4",
    "tls_version": "tls.protocol.version",
    "tcp_rtt": "network.tcp.rtt",
    "tls_rtt": "network.tls.rtt",
    "session_id": "session.id",
    "device_id": "device.id",
    "user_name": "user.name",
    "event": "event.name",
}
"""Name of a field here → key of a request record (contract, section 2)."""


class _RequestRecord(Struct, rename=REQUEST_KEYS):
    timestamp: str | float
    method: str
    path: str
    client_address: str
    status: int | None = None
    id: str | None = None
    query: str | None = None
    scheme: str | None = None
    host: str | None = None
    protocol: str | None = None
    headers: list[tuple[str, str]] | None = None
    user_agent: str | None = None
    request_body_size: int | None = None
    ja3: str | None = None
    ja4: str | None = None
    tls_version: str | None = None
    tcp_rtt: float | None = None
    tls_rtt: float | None = None
    session_id: str | None = None
    device_id: str | None = None
    user_name: str | None = None
    event: str | None = None


class _OutcomeRecord(
    Struct,
    rename={
        "request_id": "http.request.id",
        "session_id": "session.id",
        "user_name": "user.name",
        "client_address": "client.address",
        "event_id": "event.id",
        "event": "event.name",
    },
):
    outcome: OutcomeName
    timestamp: str | float | UnsetType = UNSET
    event: Literal["outcome"] = "outcome"
    request_id: str = ""
    session_id: str = ""
    user_name: str = ""
    client_address: str = ""
    event_id: str = ""


def seconds(value: str | float, field: str = "timestamp") -> float:
    """Read RFC 3339, or Unix seconds as a number, into Unix seconds.

    >>> seconds("2026-01-01T00:00:00.5Z")
    1767225600.5
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise BadRecord(f"{field}: {value[:64]!r} is neither RFC 3339 nor Unix seconds", field=field) from None
        if moment.tzinfo is None:
            raise BadRecord(f"{field}: {value[:64]!r} has no time zone; write it with Z or an offset", field=field)
        value = moment.timestamp()
    if not math.isfinite(value) or not 0 <= value < 1e11:
        raise BadRecord(f"{field}: {value!r} is not a time in Unix seconds", field=field)
    return float(value)


def _convert(value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text = str(error)
        found = _PATH.search(text)
        field = (found["at"] or found["missing"]) if found else ""
        raise BadRecord(f"{field}: {text}" if field else text, field=field) from None


def _values(body: bytes) -> Iterator[Any]:
    """Yield the objects of a JSON object, a JSON array or JSON lines."""
    text = body.strip()
    if not text:
        raise BadRecord("the body is empty: send a JSON object, an array of them, or one a line", status=400)
    try:
        value = msgspec.json.decode(text)
    except _UNREADABLE as error:
        lines = text.splitlines()
        if len(lines) == 1 or not text.startswith(b"{"):
            raise BadRecord(f"the body is not JSON: {error}", status=400) from None
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield msgspec.json.decode(line)
            except _UNREADABLE as problem:
                raise BadRecord(f"line {number} is not JSON: {problem}", status=400) from None
        return
    if isinstance(value, list):
        yield from value
    else:
        yield value


def requests_of(body: bytes, make_id: Any) -> tuple[list[Request], bool]:
    """Read the request records of a body; the second value tells whether it was an array.

    Every record must be good, or none is taken.
    """
    values = list(_values(body))
    return [read_request(value, make_id) for value in values], body.lstrip().startswith(b"[")


def read_request(value: Any, make_id: Any) -> Request:
    """Turn one decoded record into a request; ``make_id()`` gives an id where the record has none."""
    record: _RequestRecord = _convert(value, _RequestRecord)
    if record.event == "outcome":
        raise BadRecord("event.name: outcome; outcomes go to /v1/outcomes", field="event.name")
    for name, text in (("http.request.method", record.method), ("url.path", record.path)):
        if not text or len(text) > _LONGEST:
            raise BadRecord(f"{name}: must have 1 to {_LONGEST} characters", field=name)
    if not record.client_address or len(record.client_address) > 256:
        raise BadRecord("client.address: must have 1 to 256 characters", field="client.address")
    if record.id is not None and not 1 <= len(record.id) <= 128:
        raise BadRecord("http.request.id: must have 1 to 128 characters", field="http.request.id")
    return Request(
        timestamp=seconds(record.timestamp),
        id=record.id or make_id(),
        method=record.method,
        path=record.path,
        client_address=record.client_address,
        query=record.query or "",
        scheme=record.scheme or "",
        host=record.host or "",
        protocol=protocol_name(record.protocol or ""),
        headers=tuple(record.headers) if record.headers is not None else None,
        user_agent=record.user_agent or "",
        request_body_size=-1 if record.request_body_size is None else record.request_body_size,
        ja3=record.ja3 or "",
        ja4=record.ja4 or "",
        tls_version=record.tls_version or "",
        tcp_rtt=-1.0 if record.tcp_rtt is None else record.tcp_rtt,
        tls_rtt=-1.0 if record.tls_rtt is None else record.tls_rtt,
        session_id=record.session_id or "",
        device_id=record.device_id or "",
        user_name=record.user_name or "",
    )


def outcomes_of(body: bytes, now: float) -> list[Outcome]:
    """Read the outcomes of a body: an object, an array, or one object a line. All are good, or none is taken."""
    return [read_outcome(value, now) for value in _values(body)]


_OUTCOMES = get_args(OutcomeName)


def read_outcome(value: Any, now: float) -> Outcome:
    """Turn one decoded record into an outcome; ``now`` is its time where it names none."""
    said = value.get("outcome") if isinstance(value, dict) else None
    if isinstance(said, str) and said not in _OUTCOMES:
        raise BadRecord(f"outcome: not known, {said[:64]!r}, use one of {', '.join(_OUTCOMES)}", field="outcome")
    record: _OutcomeRecord = _convert(value, _OutcomeRecord)
    given = [record.request_id, record.session_id, record.user_name, record.client_address]
    named = [name for name, text in zip(REFERENCES, given, strict=True) if text]
    if len(named) != 1:
        found = " and ".join(named) or "none"
        raise BadRecord(
            f"exactly one of {', '.join(REFERENCES)} must say what the outcome is about; found {found}",
            field=named[1] if named else REFERENCES[0],
        )
    for name, text in (*zip(REFERENCES, given, strict=True), ("event.id", record.event_id)):
        if len(text) > 1024:
            raise BadRecord(f"{name}: longer than 1024 characters", field=name)
    return Outcome(
        timestamp=now if isinstance(record.timestamp, UnsetType) else seconds(record.timestamp),
        outcome=record.outcome,
        request_id=record.request_id,
        session_id=record.session_id,
        user_name=record.user_name,
        client_address=record.client_address,
        event_id=record.event_id,
    )


def decision_record(decision: Decision) -> dict[str, Any]:
    """Write a decision with the keys of contract section 3, in its order."""
    return {
        "http.request.id": decision.id,
        "timestamp": decision.timestamp,
        "verdict": decision.verdict,
        "score": decision.score,
        "score.low": decision.low,
        "score.high": decision.high,
        "threat": decision.threat,
        "action": decision.action,
        "enforced": decision.enforced,
        "policy": decision.policy,
        "reasons": [
            {"signal": reason.signal, "weight": reason.weight, "detail": reason.detail} for reason in decision.reasons
        ],
        "campaign": decision.campaign,
        "model": decision.model,
    }
