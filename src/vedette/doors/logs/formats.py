"""The formats by name, and telling from its first lines which one a log has."""

from __future__ import annotations

from collections.abc import Sequence

from vedette.doors.logs import access, envoy, records
from vedette.doors.logs.lines import Malformed, Parse, decode

FORMATS: dict[str, Parse] = {
    "jsonl": records.parse,
    "combined": access.parse,
    "common": access.parse,
    "envoy": envoy.parse,
}

LATER_FORMATS = ("alb", "cloudfront", "har")
"""Formats that the command line names but this version does not read."""

SAMPLE_LINES = 200


def detect(lines: Sequence[bytes]) -> str:
    """Name the format in which most of a log's first lines are valid.

    Raises ``ValueError``, with what was seen and what to do, where none fits a single line.
    """
    sample = [line for line in lines if line.strip()][:SAMPLE_LINES]
    if not sample:
        raise ValueError("no line in it")
    valid = {
        name: sum(not isinstance(FORMATS[name](line, "l0"), Malformed) for line in sample)
        for name in ("jsonl", "envoy", "combined")
    }
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
        why = records.parse(first, "l0")
        also = envoy.parse(first, "l0")
        if isinstance(why, Malformed) and isinstance(also, Malformed):
            hint = f"; as jsonl: {why.why}; as envoy: {also.why}"
    elif text.startswith(("http ", "https ", "h2 ", "ws ", "wss ", "grpcs ")):
        hint = "; it looks like an AWS load balancer's log (alb), which is not in this version"
    elif text.startswith("#Version"):
        hint = "; it looks like a CloudFront or W3C log (cloudfront), which is not in this version"
    return (
        f"its format cannot be told: none of its first {len(sample)} lines is valid as any of {readable}; "
        f"the first is {text!r}{hint}; --format FORMAT shows why each line is refused"
    )
