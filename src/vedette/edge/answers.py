r"""What the API answered, as the edge reports it: the line that Envoy writes, and how it is read back.

Envoy writes one line for each request that had a decision, at the end of its answer, into a named pipe
(``docs/decisions/0016-answers-through-a-pipe.md``). Fields are parted by ``\x1f`` and lines end with ``\n``; HTTP
allows neither in a header, so nothing that client or API send can forge or break a field. Sizes are capped by Envoy
where the line is made, and again here.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import Any

from vedette.types import Answer, Headers

__all__ = ["AnswerReader", "access_log", "make_pipe", "open_pipe", "parse"]

LINE_LIMIT_BYTES = 16 * 1024
"""No line that Envoy writes for us is longer."""

READ_BYTES = 8 * 1024
"""Read at a time, some 40 answers, so that decisions get their turn between them."""
PIPE_BYTES = 1024 * 1024
"""Asked of the kernel: what fits while the engine is busy or being replaced, some 5,000 answers."""

_FIELDS = (
    "%REQ(VEDETTE-DECISION):64%",
    "%START_TIME(%s.%6f)%",
    "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
    "%RESPONSE_CODE%",
    "%BYTES_SENT%",
    "%RESPONSE_CODE_DETAILS%",
)
_HEADERS = {
    ":authority": "%REQ(:AUTHORITY):255%",
    "origin": "%REQ(ORIGIN):255%",
    "access-control-allow-origin": "%RESP(ACCESS-CONTROL-ALLOW-ORIGIN):255%",
    "access-control-allow-credentials": "%RESP(ACCESS-CONTROL-ALLOW-CREDENTIALS):8%",
    "access-control-expose-headers": "%RESP(ACCESS-CONTROL-EXPOSE-HEADERS):1024%",
    "vary": "%RESP(VARY):255%",
    "retry-after": "%RESP(RETRY-AFTER):32%",
    "content-type": "%RESP(CONTENT-TYPE):128%",
    "set-cookie": "%RESP(SET-COOKIE):128%",
}
_NAMES = tuple(_HEADERS)
_COUNT = len(_FIELDS) + len(_HEADERS)
_BY_CLIENT = ("downstream_", "http1.", "http2.", "upstream_reset_after_response_started")
"""Why an exchange may have ended early although the API had begun to answer."""


def access_log(pipe: Path) -> dict[str, Any]:
    """Return Envoy's access log: into ``pipe``, for requests that had a decision.

    Without an engine no request has one, so nothing is written that nobody would read, however long that lasts.
    """
    return {
        "name": "answers",
        "filter": {
            "header_filter": {
                "header": {
                    "name": "vedette-decision",
                    "string_match": {"suffix": ", degraded"},
                    "invert_match": True,
                    "treat_missing_header_as_empty": False,
                }
            }
        },
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": str(pipe),
            "log_format": {
                "text_format_source": {"inline_string": "\x1f".join((*_FIELDS, *_HEADERS.values())) + "\n"},
                "omit_empty_values": True,
            },
        },
    }


def make_pipe(path: Path) -> None:
    """Make the named pipe, readable by this user alone, unless it is there."""
    try:
        os.mkfifo(path, 0o600)
    except FileExistsError:
        if not stat.S_ISFIFO(path.stat().st_mode):
            path.unlink()
            os.mkfifo(path, 0o600)


def open_pipe(path: Path) -> int:
    """Open the pipe for reading without waiting; the descriptor is for ``loop.add_reader``.

    Opened for both directions, so that it neither ends nor breaks when Envoy or another reader comes or goes.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EBUSY):  # over the user's quota: the default of 64 KiB does too
            raise
    return descriptor


def parse(data: bytes) -> tuple[list[Answer], bytes]:
    r"""Return the answers in ``data`` and the bytes of a line that has not ended yet, to put before the next data.

    Never raises: a line that is not one of ours is skipped, an endless one dropped. Requests that did not reach the
    API, or got no answer from it, are left out.

    >>> fields = ['id="a1", x', "10.0", "2500", "200", "5", "via_upstream", *[""] * 7, "text/html", "sid=1;"]
    >>> line = "\x1f".join(fields).encode() + b"\n"
    >>> answers, rest = parse(line + b'id="a2')
    >>> answers[0].id, answers[0].timestamp, answers[0].headers, rest
    ('a1', 10.0025, (('content-type', 'text/html'), ('set-cookie', 'sid')), b'id="a2')
    """
    reader = AnswerReader()
    return reader.feed(data), reader.rest


class AnswerReader:
    """A stream of answers.

    Attributes:
        rest: Bytes of a line that has not ended yet; bounded.
        malformed: Lines that were not ours (the first one after an engine was replaced may be half a line).
        unanswered: Requests that had a decision but no answer from the API: it was down, or the client left.
    """

    def __init__(self) -> None:
        self.rest = b""
        self.malformed = 0
        self.unanswered = 0

    def read(self, descriptor: int) -> list[Answer]:
        """Return the answers that wait in the pipe, at most :data:`READ_BYTES` of them."""
        try:
            return self.feed(os.read(descriptor, READ_BYTES))
        except BlockingIOError:
            return []

    def feed(self, data: bytes) -> list[Answer]:
        """Return the answers that ``data`` completes."""
        *lines, rest = (self.rest + data).split(b"\n")
        if len(rest) > LINE_LIMIT_BYTES:
            rest = b""
            self.malformed += 1
        self.rest = rest
        answers = []
        for line in lines:
            try:
                answer = _answer(line)
            except ValueError:
                self.malformed += 1
                continue
            if answer is None:
                self.unanswered += 1
            else:
                answers.append(answer)
        return answers


def _answer(line: bytes) -> Answer | None:
    """Return the answer that ``line`` reports, or ``None`` where the API gave none; raises ValueError."""
    fields = line.decode("latin-1").split("\x1f")
    if len(fields) != _COUNT or len(line) > LINE_LIMIT_BYTES:
        raise ValueError("not a line of ours")
    decision, start, duration, status, size, details = fields[: len(_FIELDS)]
    code = int(status or 0)
    if details != "via_upstream" and not (code and details.startswith(_BY_CLIENT)):
        return None
    if not decision.startswith('id="') or (end := decision.find('"', 4)) < 5 or not 100 <= code <= 999:
        raise ValueError("no request id or no status")
    seconds = int(duration) / 1e6 if duration.isdecimal() else -1.0
    began = float(start)
    if not 0.0 <= began < 1e11:
        raise ValueError("no time")
    return Answer(
        timestamp=began + max(seconds, 0.0),
        id=decision[4:end],
        status=code,
        duration=seconds,
        body_size=int(size) if size.isdecimal() else -1,
        headers=_headers(fields[len(_FIELDS) :]),
    )


def _headers(values: list[str]) -> Headers:
    cookie = values[-1].partition("=")[0].strip()
    values[-1] = cookie
    return tuple((name, value) for name, value in zip(_NAMES, values, strict=True) if value)
