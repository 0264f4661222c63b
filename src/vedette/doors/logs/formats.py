"""The formats by name, and telling from its first lines which one a log has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vedette.doors.logs import access, alb, cloudfront, envoy, har, records
from vedette.doors.logs.lines import Malformed, Parse, Recorded, decode
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


def _unknown(sample: Sequence[bytes]) -> str:
    first = sample[0]
    text = decode(first[:120]).strip()
    readable = ", ".join(FORMATS)
    hint = ""
    if first.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in first[:80]:
        hint = "; it looks like UTF-16: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)"
    elif first.startswith((b"BZh", b"\xfd7zXZ")):
        hint = "; it is compressed with bzip2 or xz: pipe it in (xzcat FILE | vedette replay -)"
    elif first.startswith(b"{"):
        reasons = [(name, FORMATS[name]()(first, "l0")) for name in ("jsonl", "envoy", "cloudfront")]
        hint = "; " + "; ".join(f"as {name}: {why.why}" for name, why in reasons if isinstance(why, Malformed))
    elif first.startswith(b"["):
        hint = "; it looks like a JSON array: give one object a line (jq -c '.[]' FILE | vedette replay -)"
    elif text.startswith(tuple(f"{kind} " for kind in alb.TYPES)):
        why = alb.parse(first, "l0")
        hint = f"; as alb: {why.why}" if isinstance(why, Malformed) else ""
    return (
        f"its format cannot be told: none of its first {len(sample)} lines is valid as any of {readable}; "
        f"the first is {text!r}{hint}; --format FORMAT shows why each line is refused"
    )
