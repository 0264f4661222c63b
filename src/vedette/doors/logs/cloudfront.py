"""The standard log of Amazon CloudFront: tab-separated with a ``#Fields`` line, or one JSON object a line.

Field names are those of the CloudFront developer guide (standard logs, and the names that real-time logs use instead).
The order is that of ``#Fields``; without such a line it is the guide's. CloudFront logs when it has finished an answer:
the arrival is that less ``time-taken``. ``x-forwarded-for`` is what the client says and is not read. Characters that
CloudFront encodes once more are decoded once less; a ``-`` is absent, and status ``000`` was never answered.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import msgspec

from vedette.doors.logs.lines import Interned, Line, Malformed, Recorded, decode, plain_scheme, protocol_name
from vedette.doors.logs.timestamps import from_number, from_rfc3339
from vedette.types import Answer, Request

__all__ = ["FIELDS", "Parser"]

FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end"
).split()
"""The fields of a standard log, in the order of the guide."""

_READ = (
    ("date",),
    ("time",),
    ("timestamp(ms)",),
    ("timestamp",),
    ("c-ip",),
    ("cs-method",),
    ("x-host-header", "cs(Host)", "cs-host"),
    ("cs-uri-stem",),
    ("cs-uri-query",),
    ("sc-status",),
    ("cs(User-Agent)", "cs-user-agent"),
    ("x-edge-request-id",),
    ("cs-protocol",),
    ("cs-protocol-version",),
    ("time-taken",),
    ("sc-content-len",),
    ("ssl-protocol",),
)
"""What is read of a line, each by the first of its names that the log has."""

_FOREIGN = frozenset(("cs-username", "sc-win32-status", "sc-substatus"))
"""Fields of other servers that write the same kind of file, with other units."""
_FEWEST = 12
"""The first logs of CloudFront had this many fields."""

_decoder = msgspec.json.Decoder(dict[str, Any])
_method = re.compile(r"[A-Za-z!#$%&'*+.^_`|~0-9-]{1,32}", re.ASCII)
_intern = Interned()


class Parser:
    r"""Reads the lines of one log; remembers the order of its fields.

    >>> parse = Parser()
    >>> parse(b"#Fields: date time c-ip cs-method cs-uri-stem sc-status time-taken", "l2")
    >>> found = parse(b"2025-11-24\t16:00:01\t192.0.2.1\tGET\t/a\t200\t0.250", "l3")
    >>> found.request.timestamp, found.request.path, found.answer.duration
    (1764000000.75, '/a', 0.25)
    """

    def __init__(self) -> None:
        self._foreign = ""
        self._places: list[int] = []
        self._count = 0
        self._is_named = False
        self._order(FIELDS)

    def _order(self, names: list[str]) -> None:
        place = {name.lower(): number for number, name in enumerate(names)}
        self._count = len(names)
        self._foreign = next((name for name in names if name in _FOREIGN), "")
        self._places = [next((place[name.lower()] for name in known if name.lower() in place), -1) for known in _READ]

    def __call__(self, line: bytes, default_id: str) -> Line:
        """Read one line."""
        if line.startswith(b"{"):
            return self._object(line, default_id)
        text = decode(line)
        if text.startswith("#"):
            if text.startswith("#Fields:"):
                self._order(text[8:].split()[:256])
                self._is_named = True
            return None
        values = text.split("\t")
        if len(values) == 1 and self._is_named:  # version 2 may use another mark
            values = next((v for mark in " ,|;" if len(v := text.split(mark)) == self._count), values)
        if self._foreign:
            return Malformed("not an access-log line", f"field {self._foreign} is of another server's log")
        if len(values) < (self._count if self._is_named else _FEWEST):
            if len(values) > 4:
                return Malformed("truncated", f"{len(values)} fields where {self._count} are expected")
            return Malformed("not an access-log line", "no fields with tabs between them")
        values += [""] * (self._count + 1 - len(values) if len(values) <= self._count else 1)  # place -1 is ""
        return _recorded([values[place] for place in self._places], default_id)

    @staticmethod
    def _object(line: bytes, default_id: str) -> Line:
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
        values = []
        for names in _READ:
            value = next((keys[name] for name in names if name in keys), "")
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                value = f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)[:32]
            values.append(value if isinstance(value, str) else "")
        return _recorded(values, default_id)


def _recorded(values: list[str], default_id: str) -> Line:
    (date, time, milliseconds, stamp, address, method, host, stem, query, status, agent, edge_id, scheme, version,
     taken, size, tls) = ("" if value == "-" else value for value in values)  # fmt: skip
    for name, value in (("c-ip", address), ("cs-method", method), ("cs-uri-stem", stem)):
        if not value:
            return Malformed("missing key", f"{name} is missing")
    if not _method.fullmatch(method):
        return Malformed("no HTTP request", f"cs-method is {method[:40]!r}")
    duration = _number(taken)
    duration = duration if duration < 1e9 else -1.0
    try:
        if milliseconds:
            ended = _number(milliseconds) / 1000.0
        elif date and time:
            ended = from_rfc3339(f"{date}T{time}Z")
        elif stamp:
            ended = from_rfc3339(stamp) if "-" in stamp else _number(stamp)
        else:
            return Malformed("missing key", "date and time are missing (also looked for timestamp(ms) and timestamp)")
        timestamp = from_number(ended - max(duration, 0.0))
    except ValueError as error:
        return Malformed("bad timestamp", str(error))
    if status and not (len(status) <= 3 and status.isascii() and status.isdigit()):
        return Malformed("bad value", f"sc-status {status[:20]!r} is no number of three digits")
    request = Request(
        timestamp=timestamp,
        id=edge_id or default_id,
        method=_intern(method),
        path=stem.replace("%25", "%") if "%25" in stem else stem,
        client_address=_intern(address),
        query=query.replace("%25", "%") if "%25" in query else query,
        scheme=plain_scheme(scheme.lower()),
        host=_intern(host),
        protocol=protocol_name(version),
        user_agent=_intern(_decoded(agent)),
        tls_version=_intern(tls),
    )
    code = int(status or 0)
    if code < 100:
        return Recorded(request, None)
    answered = timestamp + duration if duration > 0.0 else timestamp
    body = int(size) if size.isascii() and size.isdigit() and len(size) < 19 else -1
    return Recorded(request, Answer(timestamp=answered, id=request.id, status=code, duration=duration, body_size=body))


def _decoded(agent: str) -> str:
    """Undo the encoding of a user agent, which older files hold twice encoded (``%2520``)."""
    if "%" in agent:
        agent = unquote(agent)
        if "%20" in agent and " " not in agent:
            agent = unquote(agent)
    return agent


def _number(text: str) -> float:
    """A number, or -1 where it is none."""
    try:
        value = float(text)
    except ValueError:
        return -1.0
    return value if 0.0 <= value < 2**53 else -1.0
