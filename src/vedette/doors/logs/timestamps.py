"""The timestamps that logs use, as Unix seconds. Wrong ones raise ``ValueError`` with a text that says why."""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

LATEST = 4_102_444_800.0
"""2100-01-01. A later time is a mistake, most often milliseconds taken for seconds."""

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d(?:[.,]\d{1,12})?)(Z|z|[+-]\d\d:?\d\d)?", re.ASCII)
_MONTHS = {calendar.month_abbr[number]: number for number in range(1, 13)}


def from_number(value: float) -> float:
    """Check Unix seconds given as a number.

    >>> from_number(1764000000.25)
    1764000000.25
    """
    if not 0.0 <= value <= LATEST:
        hint = " (milliseconds? give seconds)" if 1e11 < value < 5e12 else ""
        raise ValueError(f"timestamp {value:.17g} is not between 1970 and 2100{hint}")
    return value


def from_rfc3339(text: str) -> float:
    """Read RFC 3339, with or without a fraction.

    >>> from_rfc3339("2025-11-24T16:00:00.250Z")
    1764000000.25
    >>> from_rfc3339("2025-11-24T17:00:00.25+01:00")
    1764000000.25
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"timestamp {text[:40]!r} is neither RFC 3339 nor Unix seconds")
    day, hour, minute, second, zone = match.groups()
    seconds = float(second.replace(",", "."))
    if zone is None:
        raise ValueError(f"timestamp {text[:40]!r} has no time zone; write it with Z or an offset")
    if seconds >= 61.0:
        raise ValueError(f"timestamp {text[:40]!r} has no such second")
    return from_number(_minute(day, hour, minute, zone) + seconds)


def from_access_log(text: str) -> float:
    """Read the time of a common or combined log line.

    >>> from_access_log("24/Nov/2025:17:00:00 +0100")
    1764000000.0
    """
    second = int(text[18:20])
    if second > 60:
        raise ValueError(f"timestamp {text[:40]!r} has no such second")
    return from_number(_access_log_minute(text[:17], text[21:]) + second)


@lru_cache(maxsize=4096)
def _access_log_minute(minute: str, zone: str) -> float:
    month = _MONTHS.get(minute[3:6])
    if month is None:
        raise ValueError(f"timestamp {minute!r} has no such month")
    return _minute(f"{minute[7:11]}-{month:02}-{minute[:2]}", minute[12:14], minute[15:17], zone)


@lru_cache(maxsize=4096)
def _minute(day: str, hour: str, minute: str, zone: str) -> float:
    if zone in ("Z", "z"):
        offset = timedelta(0)
    else:
        digits = zone[1:].replace(":", "")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        if zone[0] == "-":
            offset = -offset
    try:
        year, month, date = (int(part) for part in day.split("-"))
        moment = datetime(year, month, date, int(hour), int(minute), tzinfo=timezone(offset))
    except ValueError as error:
        raise ValueError(f"timestamp {day} {hour}:{minute} {zone} does not exist: {error}") from None
    return moment.timestamp()
