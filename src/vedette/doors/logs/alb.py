"""The access log of an AWS Application Load Balancer: some thirty fields with single spaces between them, some quoted.

The fields are those of the Elastic Load Balancing user guide; older files end earlier, newer ones may hold more, and
only the first sixteen and ``request_creation_time`` are looked at. ``time`` is when the answer was sent, so that the
arrival is ``request_creation_time`` or, in files that lack it, ``time`` less what processing took. A status is the
target's where the target answered, else the load balancer's own. Its sizes include headers: a body's is unknown.
"""

from __future__ import annotations

import re

from vedette.doors.logs.lines import (
    Interned,
    Line,
    Malformed,
    Recorded,
    decode,
    host_of,
    plain_scheme,
    protocol_name,
    split_request,
    split_target,
    unescape,
)
from vedette.doors.logs.timestamps import from_number, from_rfc3339
from vedette.types import Answer, Request

TYPES = ("http", "https", "h2", "grpcs", "ws", "wss")

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_head = re.compile(
    r"([a-z0-9]{1,16}) (\S+) \S+ (\S+) \S+ (\S+) (\S+) (\S+) (\S+) (\S+) \S+ \S+ " + _QUOTED + " " + _QUOTED,
    re.ASCII | re.DOTALL,
)
_tail = re.compile(
    rf" \S+ (\S+)(?: \S+ {_QUOTED} {_QUOTED} {_QUOTED} \S+ (\S+)(?: .*)?)? ?",  # cipher, protocol, target group, …
    re.ASCII | re.DOTALL,
)
_time = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_intern = Interned()


def parse(line: bytes, default_id: str) -> Line:
    """Read one line.

    >>> line = (b'h2 2025-11-24T16:00:00.300000Z app/shop/0a1b 192.0.2.1:4711 10.0.0.5:80 0.001 0.048 0.001 200 200 3 9'
    ...         b' "GET https://shop.example:443/a?b=1 HTTP/2.0" "curl/8.5" TLS_AES_128_GCM_SHA256 TLSv1.3 arn:t'
    ...         b' "Root=1-2" "shop.example" "arn:c" 1 2025-11-24T16:00:00.250000Z "forward" "-" "-"')
    >>> found = parse(line, "l1")
    >>> found.request.timestamp, found.request.host, found.request.path, found.answer.status, found.answer.duration
    (1764000000.25, 'shop.example', '/a', 200, 0.05)
    """
    text = decode(line)
    head = _head.match(text)
    if head is None:
        return _explain(text)
    kind, sent, client, before, during, after, status_text, target_status, request_line, agent = head.groups()
    if kind not in TYPES:
        return Malformed("bad value", f"type {kind!r} is none of {', '.join(TYPES)}")
    tail = _tail.fullmatch(text, head.end())
    tls, created = (tail[1], tail[5]) if tail else ("-", None)
    parts = split_request(request_line.removesuffix(" "))
    if parts is None:
        return Malformed("no HTTP request", f"the request line is {request_line[:80]!r}")
    address = _without_port(client)
    if not address:
        return Malformed("missing key", "client:port is missing")
    parts_of_time = (_seconds(before), _seconds(during), _seconds(after))
    duration = sum(parts_of_time) if min(parts_of_time) >= 0.0 else -1.0
    try:
        if created and created != "-":
            timestamp = from_rfc3339(created)
        else:
            timestamp = from_number(from_rfc3339(sent) - max(duration, 0.0))
    except ValueError as error:
        return Malformed("bad timestamp", str(error))
    if not _is_status(status_text) or not _is_status(target_status):
        return Malformed(
            "bad value", f"status {status_text[:20]!r}, {target_status[:20]!r} is no number of three digits"
        )
    method, target, protocol = parts
    scheme, host, path, query = split_target(unescape(target) if "\\" in target else target)
    scheme = plain_scheme(scheme)
    request = Request(
        timestamp=timestamp,
        id=default_id,
        method=_intern(method),
        path=path,
        client_address=_intern(address),
        query=query,
        scheme=scheme,
        host=_intern(host_of(host, scheme)),
        protocol=protocol_name(protocol),
        user_agent="" if agent == "-" else _intern(unescape(agent) if "\\" in agent else agent),
        tls_version="" if tls == "-" else _intern(tls),
    )
    status = target_status if target_status != "-" else status_text
    if status in ("-", "000"):
        return Recorded(request, None)
    answered = timestamp + duration if duration > 0.0 else timestamp
    return Recorded(request, Answer(timestamp=answered, id=default_id, status=int(status), duration=duration))


def _is_status(text: str) -> bool:
    return text == "-" or (len(text) == 3 and text.isascii() and text.isdigit())


def _seconds(text: str) -> float:
    """A processing time; -1 where the load balancer could not tell it."""
    try:
        value = float(text)
    except ValueError:
        return -1.0
    return value if 0.0 <= value < 1e9 else -1.0


def _without_port(client: str) -> str:
    """``192.0.2.1:4711``, ``[2001:db8::1]:4711`` and ``2001:db8::1:4711`` without the port, which is always there."""
    if client.startswith("["):
        return client[1:].partition("]")[0]
    host, colon, port = client.rpartition(":")
    if colon and port.isdigit():
        return host
    return "" if client == "-" else client


def _explain(text: str) -> Malformed:
    """Say why a line is not in the format."""
    fields = text.split(" ", 3)
    if fields[0] not in TYPES or len(fields) < 2 or not _time.match(fields[1]):
        return Malformed("not an access-log line", "no TYPE TIME LOAD-BALANCER CLIENT:PORT at its start")
    if (text.count('"') - text.count('\\"')) % 2 or text.count('"') < 4:
        return Malformed("truncated", "ends before the request and the user agent")
    return Malformed("not an access-log line", "not the fields of a load balancer's log after the time")
