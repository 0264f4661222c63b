"""HTTP Archive 1.2: what one browser, or one proxy in front of it, recorded of its own requests.

The file is one JSON document. :func:`entries_of` cuts ``log.entries`` out of it piece by piece, so that bodies, however
large, take no memory, and :func:`parse` reads one entry. A request arrives when it is sent, after waiting for its turn,
for names and for the connection. Header fields are as recorded, without the pseudo-fields of HTTP/2.
``serverIPAddress`` is the API's: the client is one for the file, unless an entry names it in ``_clientAddress``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct, field

from vedette.doors.logs.files import Damaged
from vedette.doors.logs.lines import (
    MAX_LINE_BYTES,
    Interned,
    Line,
    Malformed,
    Recorded,
    decode,
    host_of,
    plain_scheme,
    protocol_name,
    split_target,
)
from vedette.doors.logs.timestamps import from_number, from_rfc3339
from vedette.types import Answer, Headers, Request

__all__ = ["entries_of", "looks_like", "parse"]

_LONG_TEXT = 8 * 1024
"""A longer text within an entry that is too long is a body, and left out."""
_ENTRIES_DEPTH = 3
"""How many containers are open within ``log.entries``."""

_plain = re.compile(rb'(?>[^"{}\[\]]+|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_in_text = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_key = re.compile(rb'"([^"\\]{1,16})"\s*:\s*\Z')
_text = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_start = re.compile(rb'\s*\{\s*"log"\s*:\s*\{')
_intern = Interned()


class _Field(Struct, gc=False):
    name: str
    value: str = ""


class _Asked(Struct, gc=False):
    method: str
    url: str
    version: str | None = field(default=None, name="httpVersion")
    headers: list[_Field] | None = None
    size: float | None = field(default=None, name="bodySize")


class _Content(Struct, gc=False):
    size: float | None = None


class _Answered(Struct, gc=False):
    status: float | None = None
    size: float | None = field(default=None, name="bodySize")
    content: _Content | None = None


class _Timings(Struct, gc=False):
    blocked: float | None = None
    dns: float | None = None
    connect: float | None = None
    send: float | None = None
    wait: float | None = None
    receive: float | None = None


class _Entry(Struct, gc=False):
    started: str = field(name="startedDateTime")
    request: _Asked
    response: _Answered | None = None
    timings: _Timings | None = None
    time: float | None = None
    server: str | None = field(default=None, name="serverIPAddress")
    client: str | None = field(default=None, name="_clientAddress")
    cached: Any = field(default=None, name="_fromCache")


_decoder = msgspec.json.Decoder(_Entry)


def parse(line: bytes, default_id: str) -> Line:
    """Read one entry. ``None`` where it never left the browser: from its cache, or not over HTTP.

    >>> found = parse(b'{"startedDateTime": "2025-11-24T16:00:00.250Z", "time": 20, "response": {"status": 200},'
    ...               b' "request": {"method": "GET", "url": "https://shop.example/a?b=1", "httpVersion": "h2",'
    ...               b' "headers": [{"name": ":authority", "value": "shop.example"}, {"name": "te", "value": "x"}]},'
    ...               b' "timings": {"blocked": 250, "send": 0, "wait": 20, "receive": -1}}', "l1")
    >>> found.request.timestamp, found.request.client_address, found.request.headers, found.answer.duration
    (1764000000.5, 'har', (('te', 'x'),), 0.02)
    """
    try:
        entry = _decoder.decode(line)
    except msgspec.ValidationError as error:
        return Malformed("wrong type" if "required" not in str(error) else "missing key", str(error))
    except (msgspec.DecodeError, RecursionError) as error:
        return Malformed("not JSON", str(error))
    except UnicodeDecodeError:
        try:
            entry = _decoder.decode(decode(line))
        except (msgspec.DecodeError, UnicodeError) as error:
            return Malformed("not JSON", str(error))
    asked = entry.request
    scheme, host, path, query = split_target(asked.url.partition("#")[0])
    scheme = plain_scheme(scheme)
    if not asked.method or not asked.url:
        return Malformed("missing key", "request.method or request.url is empty")
    if not scheme or entry.cached:
        return None
    named = tuple((one.name, one.value) for one in asked.headers or ())
    seen = {name.lower() for name, _ in named}
    if named and not entry.server and not seen & {"host", ":authority"}:
        return None  # what the browser meant to send; no connection was used
    timings = entry.timings or _Timings()
    waited = _sum(timings.blocked, timings.dns, timings.connect)
    try:
        timestamp = from_number(from_rfc3339(entry.started) + max(waited, 0.0))
    except ValueError as error:
        return Malformed("bad timestamp", str(error))
    headers = _as_recorded(tuple(pair for pair in named if not pair[0].startswith(":")))
    request = Request(
        timestamp=timestamp,
        id=default_id,
        method=_intern(asked.method),
        path=path,
        client_address=_intern(entry.client or _client(default_id)),
        query=query,
        scheme=scheme,
        host=_intern(host_of(host, scheme)),
        protocol=_protocol(asked.version or ""),
        headers=headers or None,
        request_body_size=_size(asked.size),
    )
    answered = entry.response
    status = int(answered.status) if answered and answered.status and 0 <= answered.status < 1000 else 0
    if answered is None or status == 0:
        return Recorded(request, None)
    if status < 100:
        return Malformed("bad value", f"response.status {status} is not between 100 and 999")
    duration = _sum(timings.send, timings.wait, timings.receive)
    if duration < 0.0:
        duration = _sum(entry.time)
    size = _size(answered.size)
    if size < 0 and answered.content is not None:
        size = _size(answered.content.size)
    return Recorded(
        request,
        Answer(
            timestamp=timestamp + duration if duration > 0.0 else timestamp,
            id=default_id,
            status=status,
            duration=duration,
            body_size=size,
        ),
    )


def _as_recorded(headers: Headers) -> Headers:
    """Give fields that a recorder has sorted, capital letters first, in the one order that is known to mean nothing."""
    names = [name for name, _ in headers]
    return tuple(sorted(headers, key=lambda pair: pair[0].lower())) if names == sorted(names) else headers


def looks_like(head: bytes) -> bool:
    """Tell whether a file that begins so is an archive."""
    return _start.match(head) is not None


def entries_of(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut the entries of ``log.entries`` out of a document; each list holds those that a piece completed.

    Texts of bodies are left out of entries longer than a line may be. Raises :class:`Damaged` where the document is no
    archive or breaks off.
    """
    cut = _Cut()
    try:
        for chunk in chunks:
            if found := cut.feed(chunk):
                yield found
            if cut.is_over:
                return
    except Damaged as error:
        raise Damaged(f"{error} ({cut.count:,} entries stand before that)") from None
    if not cut.is_inside:
        raise Damaged("no HTTP Archive: there is no log.entries in it")
    raise Damaged(f"the archive breaks off after {cut.count:,} entries")


class _Cut:
    """Where the reading of a document stands: how deep, in which container, whether within a text."""

    def __init__(self) -> None:
        self.count = 0
        self.is_inside = self.is_over = False
        self._depth = 0
        self._names: list[bytes] = []  # of the containers that are open, outside of entries
        self._before = b""  # the last bytes outside of entries: the name of what opens next ends them
        self._rest = b""  # half an escape
        self._entry: bytearray | None = None
        self._is_cut = False
        self._in_text = False  # within one that began in an earlier piece, or that this one does not end
        self._text_at = self._text_size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a piece; give the entries that are complete with it."""
        data, self._rest = self._rest + chunk, b""
        found: list[bytes] = []
        place = 0
        while place < len(data) and not self.is_over:
            if self._in_text:
                end = _in_text.match(data, place).end()  # type: ignore[union-attr]  # matches the empty text, too
                self._keep_text(data, place, end)
                if end == len(data) or data[end] == 0x5C:
                    self._rest = data[end:]
                    break
                self._keep(data, end, end + 1)
                self._in_text = False
                place = end + 1
                continue
            end = _plain.match(data, place).end()  # type: ignore[union-attr]  # matches the empty text, too
            mark = data[end : end + 1]
            if mark in b"{[" and mark:
                self._open(data, place, end)
            elif mark in b"}]" and mark:
                self._close(data, place, end, found)
            else:
                self._keep(data, place, end + 1)
                if mark:  # a text that this piece does not end
                    self._in_text = True
                    self._text_at, self._text_size = len(self._entry or b""), 0
            place = end + 1
        return found

    def _open(self, data: bytes, place: int, end: int) -> None:
        self._depth += 1
        if self.is_inside:
            if self._depth == _ENTRIES_DEPTH + 1:
                self._entry = bytearray()
                self._is_cut = False
                place = end
            self._keep(data, place, end + 1)
            return
        self._keep(data, place, end)
        if self._depth <= _ENTRIES_DEPTH:
            key = _key.search(self._before)
            self._names[self._depth - 1 :] = [key[1] if key else b""]
            self.is_inside = self._names[1:] == [b"log", b"entries"] and data[end] == 0x5B
        self._before = b""

    def _close(self, data: bytes, place: int, end: int, found: list[bytes]) -> None:
        self._depth = max(self._depth - 1, 0)
        self._keep(data, place, end + 1)
        if self._entry is not None and self._depth == _ENTRIES_DEPTH:
            self._shorten()
            found.append(bytes(self._entry))
            self.count += 1
            self._entry = None
        elif self.is_inside and self._depth < _ENTRIES_DEPTH:
            self.is_over = True

    def _keep(self, data: bytes, start: int, end: int) -> None:
        if self._entry is None:
            self._before = (self._before + data[max(start, end - 64) : end])[-64:]
        elif not self._is_cut:
            self._entry += data[start:end]
            if len(self._entry) > 8 * MAX_LINE_BYTES:
                self._shorten()

    def _keep_text(self, data: bytes, start: int, end: int) -> None:
        """Keep a part of a text that spans pieces, unless it is long: then nothing of it."""
        self._text_size += end - start
        if self._entry is None or self._text_size <= _LONG_TEXT:
            self._keep(data, start, end)
        elif not self._is_cut:
            del self._entry[self._text_at :]

    def _shorten(self) -> None:
        """Leave long texts out of an entry that is too long, and cut what is still too long."""
        entry = self._entry
        if entry is None or len(entry) <= MAX_LINE_BYTES:
            return
        entry[:] = _text.sub(lambda found: found[0] if len(found[0]) <= _LONG_TEXT else b'""', bytes(entry))
        self._text_at = min(self._text_at, len(entry))
        if len(entry) > MAX_LINE_BYTES:
            del entry[MAX_LINE_BYTES + 1 :]
            self._is_cut = True


def _client(default_id: str) -> str:
    """One name for all entries of a file: ``har``, or ``har-f2`` for the second of several."""
    file, dash, _ = default_id.partition("-")
    return f"har-{file}" if dash else "har"


def _protocol(version: str) -> str:
    name = version.upper()
    if name.startswith(("H2", "H3")):
        return f"HTTP/{name[1]}"
    return protocol_name(name) if name.startswith("HTTP/") else ""


def _sum(*milliseconds: float | None) -> float:
    """Seconds of the parts that are known; -1 where none is. Archives write -1 for what did not happen."""
    known = [part for part in milliseconds if part is not None and 0.0 <= part < 1e12]
    return sum(known) / 1000.0 if known else -1.0


def _size(value: float | None) -> int:
    return int(value) if value is not None and 0 <= value < 2**53 else -1
