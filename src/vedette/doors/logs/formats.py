"""The formats by name, and telling from its first lines which one a log has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from vedette.doors.logs import access, alb, cloudfront, envoy, har, records
from vedette.doors.logs.lines import MAX_LINE_BYTES, Malformed, Parse, Recorded, decode
from vedette.types import Outcome

FORMATS: dict[str, Callable[[], Parse]] = {
    "jsonl": lambda: records.parse,
    "combined": lambda: access.parse,
    "common": lambda: access.parse,
    "envoy": lambda: envoy.parse,
    "alb": lambda: alb.parse,
    "cloudfront": cloudfront.Parser,
    "har": lambda: har.parse,
}
"""A format's name → what makes a parser for one log. What ``har`` parses are the entries of the document."""

_BY_LINES = ("jsonl", "envoy", "combined", "alb", "cloudfront")
SAMPLE_LINES = 200


def detect(lines: Sequence[bytes]) -> str:
    """Name the format in which most of a log's first lines are valid.

    Raises ``ValueError``, with what was seen and what to do, where none fits a single line.
    """
    sample = [line for line in lines if line.strip()][:SAMPLE_LINES]
    if not sample:
        raise ValueError("no line in it")
    if har.looks_like(b"\n".join(sample[:50])):
        return "har"
    if any(line.startswith(b"#Fields:") for line in sample):
        return "cloudfront"
    valid = dict.fromkeys(_BY_LINES, 0)
    for name in _BY_LINES:
        parse = FORMATS[name]()
        valid[name] = sum(isinstance(parse(line, "l0"), Recorded | Outcome) for line in sample)
    best = max(valid, key=lambda name: valid[name])  # the first of equals
    if not valid[best]:
        raise ValueError(_unknown(sample))
    if best == "combined":
        extended = sum(access.is_combined(line) for line in sample)
        return "combined" if 2 * extended >= valid[best] else "common"
    return best


_MAGIC = (
    ((b"BZh", b"\xfd7zXZ"), "it is compressed with bzip2 or xz: pipe it in (xzcat FILE | vedette replay -)"),
    ((b"PK\x03\x04",), "it is a zip archive: pipe its content in (unzip -p FILE | vedette replay -)"),
    ((b"PAR1",), "it is Parquet: write it as JSON lines first (duckdb can)"),
    ((b"\xff\xfe", b"\xfe\xff"), "it is UTF-16: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)"),
)
_BINARY = re.compile(rb"[\0-\x08\x0e-\x1a]")


def _unknown(sample: Sequence[bytes]) -> str:
    first = sample[0]
    hint = _hint(first)
    text = decode(first[:60] if _BINARY.search(first[:60]) else first[:120]).strip()
    return (
        f"its format cannot be told: none of its first {len(sample)} lines is valid as any of {', '.join(FORMATS)}; "
        f"the first is {text!r}{'; ' + hint if hint else ''}; --format FORMAT shows why each line is refused"
    )


def _hint(first: bytes) -> str:
    """Say what a file may be that starts with this line, and what to do, or nothing."""
    for marks, what in _MAGIC:
        if first.startswith(marks):
            return what
    if first[1:8:2] == b"\0\0\0\0" or first[:7:2] == b"\0\0\0\0":
        return "it looks like UTF-16: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)"
    if _BINARY.search(first[:60]):
        return "it is no text"
    if len(first) > MAX_LINE_BYTES:
        return f"that line is longer than {MAX_LINE_BYTES:,} bytes"
    if first.strip() == b"{":
        return "it looks like JSON over several lines: give one object a line (jq -c . FILE | vedette replay -)"
    if first.startswith(b"["):
        return "it looks like a JSON array: give one object a line (jq -c '.[]' FILE | vedette replay -)"
    names: tuple[str, ...] = ()
    if first.startswith(b"{"):
        names = ("jsonl", "envoy", "cloudfront")
    elif first.startswith(tuple(f"{kind} ".encode() for kind in alb.TYPES)):
        names = ("alb",)
    refused = ((name, FORMATS[name]()(first, "l0")) for name in names)
    return "; ".join(f"as {name}: {line.why}" for name, line in refused if isinstance(line, Malformed))
