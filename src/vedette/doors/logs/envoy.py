"""Envoy's JSON access log, with the keys that its documentation, Istio and most operators use.

Keys may also be the OpenTelemetry names of a request record. Numbers may be strings, and ``-`` or ``null`` is absent.
``duration`` is in milliseconds, as Envoy writes it; ``http.server.request.duration`` is in seconds.
The client is Envoy's ``downstream_remote_address`` (already resolved through trusted proxies); only where that is
missing, the last entry of ``x_forwarded_for``, which the proxy nearest to Envoy wrote.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vedette.doors.logs.lines import Interned, Line, Malformed, Recorded, decode, protocol_name, split_target
from vedette.doors.logs.timestamps import from_number, from_rfc3339
from vedette.types import Answer, Request

_TIME = ("start_time", "timestamp", "@timestamp", "time")
_METHOD = ("method", "http.request.method", ":method", "request_method")
_PATH = ("path", "url.path", ":path", "x-envoy-original-path", "request_path")
_ADDRESS = (
    "downstream_remote_address",
    "client.address",
    "downstream_remote_address_without_port",
    "downstream_direct_remote_address",
    "client_ip",
)
_FORWARDED = ("x_forwarded_for", "x-forwarded-for")
_STATUS = ("response_code", "http.response.status_code", "status", "status_code")
_ID = ("request_id", "http.request.id", "x-request-id", "x_request_id")
_HOST = ("authority", "server.address", ":authority", "host")
_PROTOCOL = ("protocol", "network.protocol.version")
_AGENT = ("user_agent", "user_agent.original", "user-agent", "http_user_agent")
_SCHEME = ("scheme", "url.scheme", ":scheme", "x_forwarded_proto")
_MILLISECONDS = ("duration", "total_duration", "duration_ms")
_REQUEST_SIZE = ("bytes_received", "http.request.body.size")
_ANSWER_SIZE = ("bytes_sent", "http.response.body.size")
_JA3 = ("tls_ja3_fingerprint", "tls.client.ja3", "ja3")
_JA4 = ("tls_ja4_fingerprint", "tls.client.ja4", "ja4")
_TLS = ("downstream_tls_version", "tls.protocol.version", "tls_version")

_decoder = msgspec.json.Decoder(dict[str, Any])
_intern = Interned()


def parse(line: bytes, default_id: str) -> Line:
    """Read one JSON object.

    >>> found = parse(b'{"start_time": "2025-11-24T16:00:00.250Z", "method": "GET", "path": "/a?b=1",'
    ...               b' "downstream_remote_address": "[2001:db8::1]:443", "response_code": 200, "duration": 20}', "l1")
    >>> found.request.client_address, found.request.query, found.answer.duration
    ('2001:db8::1', 'b=1', 0.02)
    """
    try:
        keys = _decoder.decode(line)
    except msgspec.ValidationError as error:
        return Malformed("wrong type", str(error))
    except (msgspec.DecodeError, RecursionError) as error:
        return Malformed("not JSON", str(error))
    except UnicodeDecodeError:
        try:
            keys = _decoder.decode(decode(line))
        except (msgspec.DecodeError, UnicodeError) as error:
            return Malformed("not JSON", str(error))
    try:
        timestamp = _timestamp(keys)
    except ValueError as error:
        return Malformed("bad timestamp", str(error))
    if timestamp is None:
        return Malformed("missing key", f"start_time is missing (also looked for {', '.join(_TIME[1:])})")
    method, target = _text(keys, _METHOD), _text(keys, _PATH)
    if not method:
        return Malformed("missing key", f"method is missing (also looked for {', '.join(_METHOD[1:])})")
    if not target:
        return Malformed("missing key", f"path is missing (also looked for {', '.join(_PATH[1:])})")
    address = _without_port(_text(keys, _ADDRESS)) or _text(keys, _FORWARDED).rpartition(",")[2].strip()
    if not address:
        names = ", ".join(_ADDRESS[1:] + _FORWARDED)
        return Malformed("missing key", f"downstream_remote_address is missing (also looked for {names})")
    status = _number(keys, _STATUS)
    if status > 0 and not 100 <= status <= 999:
        return Malformed("bad value", f"response_code {status:.17g} is not between 100 and 999")
    scheme, host, path, query = split_target(target)
    request = Request(
        timestamp=timestamp,
        id=_text(keys, _ID) or default_id,
        method=_intern(method),
        path=path,
        client_address=_intern(address),
        query=_text(keys, ("url.query",)) or query,
        scheme=_intern(_text(keys, _SCHEME) or scheme),
        host=_intern(_text(keys, _HOST) or host),
        protocol=protocol_name(_text(keys, _PROTOCOL)),
        user_agent=_intern(_text(keys, _AGENT)),
        request_body_size=int(_number(keys, _REQUEST_SIZE)),
        ja3=_intern(_text(keys, _JA3)),
        ja4=_intern(_text(keys, _JA4)),
        tls_version=_intern(_text(keys, _TLS)),
        session_id=_text(keys, ("session.id",)),
        device_id=_text(keys, ("device.id",)),
        user_name=_text(keys, ("user.name",)),
    )
    if status <= 0:
        return Recorded(request, None)
    duration = _duration(keys)
    return Recorded(
        request,
        Answer(
            timestamp=timestamp + duration if duration > 0.0 else timestamp,
            id=request.id,
            status=int(status),
            duration=duration,
            body_size=int(_number(keys, _ANSWER_SIZE)),
        ),
    )


def _timestamp(keys: dict[str, Any]) -> float | None:
    for name in _TIME:
        value = keys.get(name)
        if isinstance(value, str) and value not in ("", "-"):
            return from_rfc3339(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return from_number(float(value))
    return None


def _text(keys: dict[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = keys.get(name)
        if isinstance(value, str) and value != "-" and value:
            return value
    return ""


def _number(keys: dict[str, Any], names: tuple[str, ...]) -> float:
    """The first number found, or -1; what is no number counts as absent."""
    for name in names:
        value = keys.get(name)
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                continue
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 2**53:
            return value
    return -1


def _duration(keys: dict[str, Any]) -> float:
    milliseconds = _number(keys, _MILLISECONDS)
    seconds = milliseconds / 1000.0 if milliseconds >= 0 else _number(keys, ("http.server.request.duration",))
    return float(seconds) if 0.0 <= seconds < 1e9 else -1.0


def _without_port(address: str) -> str:
    """``1.2.3.4:55`` and ``[::1]:55`` without the port; any other string as it is."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, port = address.rpartition(":")
    return host if colon and port.isdigit() and ":" not in host else address
