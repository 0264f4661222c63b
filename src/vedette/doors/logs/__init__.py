"""Recorded traffic as a door: access logs and request records in, requests, answers and outcomes out.

A *log* is a file, or standard input, of lines in one *format* (``jsonl``, ``combined``, ``common``, ``envoy``, ``alb``,
``cloudfront``, or the entries of a ``har``), plain or compressed. Each line becomes a :class:`Recorded` request with
its answer, an ``Outcome``, or a :class:`Malformed` line, which is counted and shown but never stops the reading.
Nothing here looks at what a line means.

Flow: ``files`` gives bounded byte lines → a format's ``parse`` makes values of them → ``reading`` numbers, counts and
hands them on, in the order of the file. Putting them in order of time is the business of ``vedette.replay``.
"""

from __future__ import annotations

from vedette.doors.logs.formats import FORMATS, detect
from vedette.doors.logs.lines import Line, Malformed, Recorded
from vedette.doors.logs.reading import Log, MalformedTally

__all__ = [
    "FORMATS",
    "Line",
    "Log",
    "Malformed",
    "MalformedTally",
    "Recorded",
    "detect",
]
