"""The common and the combined log format, as Apache, nginx, Squid-like proxies and old servers really write them.

``ADDRESS IDENT USER [TIME] "METHOD TARGET PROTOCOL" STATUS BYTES`` and, in the combined format, ``"REFERER" "AGENT"``.
Further fields are ignored. A proxy's login may contain spaces, the target may be an absolute URL or contain quotes
(escaped or not), a leading ``host:port`` (``vhost_combined``) names the server, and ``-`` is absent everywhere.
"""

from __future__ import annotations

import re

from vedette.doors.logs.lines import (
    Interned,
    Line,
    Malformed,
    Recorded,
    decode,
    protocol_name,
    split_request,
    split_target,
    unescape,
)
from vedette.doors.logs.timestamps import from_access_log
from vedette.types import Answer, Request

_TIME = r"\[(\d\d/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]"
_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_TAIL = rf"(\d{{3}}|-) (\d+|-)(?: {_QUOTED} {_QUOTED}(?: .*)?)? ?"
_HEAD = rf"(?:(\S+:\d+) )?(\S+) \S+ (.{{0,256}}?) {_TIME} "  # bounded: a hostile line may hold many times

_plain = re.compile(
    rf'()(\S+) \S+ (\S+) {_TIME} "([^"\\]*)" (\d{{3}}|-) (\d+|-)(?: "([^"\\]*)" "([^"\\]*)"(?: .*)?)? ?', re.ASCII
)
_escaped = re.compile(_HEAD + _QUOTED + " " + _TAIL, re.ASCII | re.DOTALL)
_unescaped = re.compile(_HEAD + r'"(.*)" ' + _TAIL, re.ASCII | re.DOTALL)
_head_only = re.compile(rf"\S+ \S+ .{{0,256}}?{_TIME}", re.ASCII | re.DOTALL)

_intern = Interned()


def parse(line: bytes, default_id: str) -> Line:
    """Read one line of either format.

    >>> line = b'::1 - anna [24/Nov/2025:17:00:00 +0100] "GET /a?b=1 HTTP/2.0" 200 5 "-" "curl/8.5"'
    >>> found = parse(line, "l1")
    >>> found.request.path, found.request.query, found.request.user_name, found.answer.status
    ('/a', 'b=1', 'anna', 200)
    """
    text = decode(line)
    match = _plain.fullmatch(text) or _escaped.fullmatch(text) or _unescaped.fullmatch(text)
    if match is None:
        return _explain(text)
    server, address, user, time, request_line, status_text, size_text, _, agent = match.groups()
    try:
        timestamp = from_access_log(time)
    except ValueError as error:
        return Malformed("bad timestamp", str(error))
    parts = split_request(request_line)
    if parts is None:
        return Malformed("no HTTP request", f"the request line is {request_line[:80]!r}")
    method, target, protocol = parts
    if "\\" in target:
        target = unescape(target)
    scheme, host, path, query = split_target(target)
    if agent is None or agent == "-":
        agent = ""
    elif "\\" in agent:
        agent = unescape(agent)
    request = Request(
        timestamp=timestamp,
        id=default_id,
        method=_intern(method),
        path=path,
        client_address=_intern(address),
        query=query,
        scheme=scheme,
        host=_intern(host or server or ""),
        protocol=protocol_name(protocol),
        user_agent=_intern(agent),
        user_name="" if user == "-" or user == '""' else _intern(user),
    )
    if status_text == "-" or status_text == "000":
        return Recorded(request, None)
    size = int(size_text) if size_text != "-" and len(size_text) < 19 else -1
    return Recorded(request, Answer(timestamp=timestamp, id=default_id, status=int(status_text), body_size=size))


def is_combined(line: bytes) -> bool:
    """Tell whether a line that :func:`parse` accepts also holds referer and agent."""
    text = decode(line)
    match = _plain.fullmatch(text) or _escaped.fullmatch(text) or _unescaped.fullmatch(text)
    return match is not None and match.group(9) is not None


def _explain(text: str) -> Malformed:
    """Say why a line is not in the format."""
    head = _head_only.match(text)
    if head is None:
        return Malformed("not an access-log line", "no ADDRESS IDENT USER [TIME] at its start")
    rest = text[head.end() :].lstrip()
    quotes = rest.count('"') - rest.count('\\"')
    if not rest:
        return Malformed("truncated", "ends after the time")
    if rest.startswith('"') and quotes % 2:
        return Malformed("truncated", "ends inside a quoted field")
    if rest.startswith('"') and re.fullmatch(_QUOTED + r"(?: \d*-?)?", rest, re.DOTALL):
        return Malformed("truncated", "ends before status and size")
    return Malformed("not an access-log line", 'after the time, not "REQUEST" STATUS BYTES')
