"""Request records and outcomes as JSON Lines (``docs/reference/contract.md``, section 2)."""

from __future__ import annotations

import msgspec
from msgspec import Struct, field

from vedette.doors.logs.lines import Interned, Line, Malformed, Recorded, decode, protocol_name, split_target
from vedette.doors.logs.timestamps import from_number, from_rfc3339
from vedette.types import Answer, Headers, Outcome, OutcomeName, Request


class _Record(Struct, gc=False):
    """Every key of a request record and of an outcome; the names on the wire are the contract's."""

    timestamp: float | str | None = None
    event: str | None = field(default=None, name="event.name")
    method: str | None = field(default=None, name="http.request.method")
    path: str | None = field(default=None, name="url.path")
    address: str | None = field(default=None, name="client.address")
    status: int | None = field(default=None, name="http.response.status_code")
    id: str | None = field(default=None, name="http.request.id")
    query: str | None = field(default=None, name="url.query")
    scheme: str | None = field(default=None, name="url.scheme")
    host: str | None = field(default=None, name="server.address")
    protocol: str | None = field(default=None, name="network.protocol.version")
    headers: Headers | None = field(default=None, name="http.request.headers")
    user_agent: str | None = field(default=None, name="user_agent.original")
    request_size: int | None = field(default=None, name="http.request.body.size")
    answer_size: int | None = field(default=None, name="http.response.body.size")
    duration: float | None = field(default=None, name="http.server.request.duration")
    ja3: str | None = field(default=None, name="tls.client.ja3")
    ja4: str | None = field(default=None, name="tls.client.ja4")
    tls_version: str | None = field(default=None, name="tls.protocol.version")
    tcp_rtt: float | None = field(default=None, name="network.tcp.rtt")
    tls_rtt: float | None = field(default=None, name="network.tls.rtt")
    session: str | None = field(default=None, name="session.id")
    device: str | None = field(default=None, name="device.id")
    user: str | None = field(default=None, name="user.name")
    outcome: OutcomeName | None = None
    event_id: str | None = field(default=None, name="event.id")


_decoder = msgspec.json.Decoder(_Record)
_intern = Interned()


def parse(line: bytes, default_id: str) -> Line:
    """Read one record. Unknown keys are ignored, ``null`` means absent.

    >>> parse(b'{"timestamp": 1764000000, "http.request.method": "GET", "url.path": "/", "client.address": "a"}', "l1")
    Recorded(request=Request(timestamp=1764000000.0, id='l1', method='GET', path='/', client_address='a', ...
    """
    try:
        record = _decoder.decode(line)
    except msgspec.ValidationError as error:
        return Malformed("wrong type", str(error))
    except msgspec.DecodeError as error:
        return Malformed("not JSON", str(error))
    except UnicodeDecodeError:
        try:
            record = _decoder.decode(decode(line))
        except msgspec.ValidationError as error:
            return Malformed("wrong type", str(error))
        except (msgspec.DecodeError, UnicodeError) as error:
            return Malformed("not JSON", str(error))
    except RecursionError:
        return Malformed("not JSON", "nested too deeply")
    try:
        stamp = record.timestamp
        if stamp is None:
            return Malformed("missing key", "timestamp is missing")
        timestamp = from_rfc3339(stamp) if isinstance(stamp, str) else from_number(stamp)
    except ValueError as error:
        return Malformed("bad timestamp", str(error))
    if record.event:
        return _outcome(record, timestamp)
    return _request(record, timestamp, default_id)


def _outcome(record: _Record, timestamp: float) -> Outcome | Malformed:
    if record.event != "outcome":
        return Malformed("bad value", f"event.name {str(record.event)[:40]!r} is not 'outcome'")
    if record.outcome is None:
        return Malformed("bad outcome", "outcome is missing")
    references = (record.id or "", record.session or "", record.user or "", record.address or "")
    if sum(map(bool, references)) != 1:
        names = "http.request.id, session.id, user.name, client.address"
        return Malformed("bad outcome", f"an outcome names exactly one of {names}")
    return Outcome(
        timestamp=timestamp,
        outcome=record.outcome,
        request_id=references[0],
        session_id=references[1],
        user_name=references[2],
        client_address=references[3],
        event_id=record.event_id or "",
    )


def _request(record: _Record, timestamp: float, default_id: str) -> Recorded | Malformed:
    method, path, address = record.method, record.path, record.address
    if not method:
        return Malformed("missing key", "http.request.method is missing or empty")
    if path is None:
        return Malformed("missing key", "url.path is missing")
    if not address:
        return Malformed("missing key", "client.address is missing or empty")
    status = record.status
    if status and not 100 <= status <= 999:
        return Malformed("bad value", f"http.response.status_code {status} is not between 100 and 999")
    query, scheme, host = record.query or "", record.scheme or "", record.host or ""
    if not path.startswith("/") or "?" in path:
        own_scheme, own_host, path, own_query = split_target(path)
        query, scheme, host = query or own_query, scheme or own_scheme, host or own_host
    request = Request(
        timestamp=timestamp,
        id=record.id or default_id,
        method=_intern(method),
        path=path,
        client_address=_intern(address),
        query=query,
        scheme=_intern(scheme),
        host=_intern(host),
        protocol=protocol_name(record.protocol or ""),
        headers=record.headers,
        user_agent=_intern(record.user_agent or ""),
        request_body_size=_known(record.request_size),
        ja3=_intern(record.ja3 or ""),
        ja4=_intern(record.ja4 or ""),
        tls_version=_intern(record.tls_version or ""),
        tcp_rtt=_seconds(record.tcp_rtt),
        tls_rtt=_seconds(record.tls_rtt),
        session_id=record.session or "",
        device_id=record.device or "",
        user_name=record.user or "",
    )
    if not status:
        return Recorded(request, None)
    duration = _seconds(record.duration)
    return Recorded(
        request,
        Answer(
            timestamp=timestamp + duration if duration > 0.0 else timestamp,
            id=request.id,
            status=status,
            duration=duration,
            body_size=_known(record.answer_size),
        ),
    )


def _known(size: int | None) -> int:
    return -1 if size is None or not 0 <= size < 2**63 else size


def _seconds(value: float | None) -> float:
    """A negative duration comes from a clock that was set back: unknown."""
    return -1.0 if value is None or not 0.0 <= value < 1e9 else value
