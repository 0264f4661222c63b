"""Reads the documents of feeds into ranges: plain lists and netsets, JSON, CSV, MMDB.

A document is hostile until it is read: whatever is wrong with it is a :class:`DocumentError` with one line for the
operator. What a range may *be* is judged afterwards (``feed_limits``).
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from vedette.config.schema import Feed
from vedette.snapshot.networks import parse_ip

__all__ = ["ENTRIES_MAX", "DocumentError", "Entry", "country_code", "parse", "parse_network"]

Entry = tuple[int, int, int, int]
"""Family (4 or 6), first and last address, and a value: ASN, or country as two letters in one number; else 0."""
ENTRIES_MAX = 1_000_000
DEPTH_MAX = 32
LINE_MAX = 1000
BITS = {4: 32, 6: 128}
MMDB_WAIT_S = 90.0
ASN_MAX = 2**32 - 1


class DocumentError(Exception):
    """A document says nothing that can be used; the text says why, in one line."""


def parse(feed: Feed, data: bytes) -> list[Entry]:
    """Read a document of a feed.

    Raises:
        DocumentError: It is of another format, has no address, too many, or more lines that are none than are.
    """
    if feed.format == "mmdb":
        entries = _mmdb(feed, data)
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise DocumentError(f"not text, is it format {feed.format}?") from None
        reading = {"lines": _lines, "netset": _lines, "json": _json, "csv": _csv}[feed.format]
        entries = reading(feed, text)
    if not entries:
        raise DocumentError("no address is in it")
    return entries


def parse_network(text: str) -> tuple[int, int, int] | None:
    """Read an address, a prefix or ``first-last`` as ``(family, first, last)``; bits beyond a prefix do not matter.

    >>> parse_network("192.0.2.7/24")
    (4, 3221225984, 3221226239)
    """
    if "/" in text:
        address, _, length = text.partition("/")
        found = parse_ip(address)
        if found is None or not length.isascii() or not length.isdigit() or len(length) > 3:
            return None
        family, number = found
        bits = BITS[family]
        if family == 4 and ":" in address:  # ::ffff:192.0.2.0/120
            length = str(int(length) - 96)
        if not 0 <= int(length) <= bits:
            return None
        size = 1 << (bits - int(length))
        first = number // size * size
        return family, first, first + size - 1
    if "-" in text:
        start, _, end = text.partition("-")
        return _between(start.strip(), end.strip())
    found = parse_ip(text)
    return None if found is None else (found[0], found[1], found[1])


def country_code(text: str) -> int:
    """Two letters as one number, 0 where it is no ISO 3166 code."""
    text = text.strip().upper()
    return ord(text[0]) << 8 | ord(text[1]) if len(text) == 2 and text.isascii() and text.isalpha() else 0


def _between(start: str, end: str) -> tuple[int, int, int] | None:
    first, last = parse_ip(start), parse_ip(end)
    if first is None or last is None or first[0] != last[0] or first[1] > last[1]:
        return None
    return first[0], first[1], last[1]


def _counted(entries: Iterable[Entry | None], what: str) -> list[Entry]:
    """Gather entries, ``None`` for one that could not be read; too many of either kind is an error."""
    found: list[Entry] = []
    strange = 0
    for entry in entries:
        if entry is None:
            strange += 1
            if strange > ENTRIES_MAX:
                raise DocumentError(f"more than {ENTRIES_MAX} {what} have no address")
        else:
            found.append(entry)
            if len(found) > ENTRIES_MAX:
                raise DocumentError(f"more than {ENTRIES_MAX} entries")
    if strange > len(found):
        raise DocumentError(f"{strange} {what} have no address and {len(found)} have one, is the format right?")
    return found


def _lines(feed: Feed, text: str) -> list[Entry]:
    def entries() -> Iterator[Entry | None]:
        for line in text.splitlines():
            words = line[:LINE_MAX].split("#", 1)[0].split(";", 1)[0].replace(",", " ").split()
            if not words or words[0].startswith("//"):
                continue
            if len(words) >= 3 and words[1] == "-":
                words = ["".join(words[:3])]
            found = parse_network(words[0])
            yield None if found is None else (*found, 0)

    return _counted(entries(), "lines")


def _json(feed: Feed, text: str) -> list[Entry]:
    """Every text that is an address or prefix, wherever it stands (below the key ``column`` where one is named)."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise DocumentError("not JSON") from None
    found: list[Entry] = []
    rest: list[tuple[Any, int, bool]] = [(document, 0, not feed.column)]
    while rest:
        value, depth, is_wanted = rest.pop()
        if depth > DEPTH_MAX:
            raise DocumentError(f"nested deeper than {DEPTH_MAX}")
        if isinstance(value, dict):
            rest += [(part, depth + 1, is_wanted or name == feed.column) for name, part in value.items()]
        elif isinstance(value, list):
            rest += [(part, depth + 1, is_wanted) for part in value]
        elif isinstance(value, str) and is_wanted:
            network = parse_network(value)
            if network is not None:
                found.append((*network, 0))
                if len(found) > ENTRIES_MAX:
                    raise DocumentError(f"more than {ENTRIES_MAX} entries")
    return found


def _csv(feed: Feed, text: str) -> list[Entry]:
    """Addresses in the column ``column``, else in the first; a last address may follow, then a value."""
    is_valued = feed.kind in ("asn", "country")
    try:
        rows = csv.reader(
            text.splitlines(), delimiter=";" if text[:LINE_MAX].count(";") > text[:LINE_MAX].count(",") else ","
        )
        header = next(rows, [])
        wanted = _column(feed, header)
        place = 0 if is_valued else wanted or 0

        def entries() -> Iterator[Entry | None]:
            for number, row in enumerate([header, *rows]):
                if not any(row) or row[0].startswith("#"):
                    continue
                found = _row(feed, row, place, wanted if is_valued else None)
                if found is not None or number:  # the first may be a heading
                    yield found

        return _counted(entries(), "rows")
    except csv.Error as error:
        raise DocumentError(f"not CSV, {error}") from None


def _column(feed: Feed, header: list[str]) -> int | None:
    """Where the named column stands, or ``None`` where none is named."""
    if not feed.column:
        return None
    if feed.column.isascii() and feed.column.isdigit():
        return max(0, min(int(feed.column), 1000) - 1)
    names = [name.strip().strip("#").strip().lower() for name in header]
    if feed.column.lower() not in names:
        raise DocumentError(f"no column {feed.column}, there are {', '.join(names)[:200]}")
    return names.index(feed.column.lower())


def _row(feed: Feed, row: list[str], place: int, valued: int | None) -> Entry | None:
    if place >= len(row):
        return None
    first = row[place].strip()
    network = parse_network(first)
    after = place + 1
    if after < len(row) and "/" not in first:
        between = _between(first, row[after].strip())
        if between is not None:
            network, after = between, after + 1
    if network is None:
        return None
    if feed.kind not in ("asn", "country"):
        return (*network, 0)
    at = after if valued is None else valued
    value = _value(feed.kind, row[at]) if at < len(row) else 0
    return (*network, value) if value else None


def _value(kind: str, text: str) -> int:
    """An ASN (with or without ``AS``) or a country; 0 where it is none."""
    if kind == "country":
        return country_code(text)
    digits = text.strip().upper().removeprefix("AS")
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 11 else 0
    return number if number <= ASN_MAX else 0


def _mmdb(feed: Feed, data: bytes) -> list[Entry]:
    """Read a MaxMind DB in a process of its own, with limits on memory and CPU time: a crafted tree may have no end."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        command = [sys.executable, "-m", "vedette.gather.feed_mmdb", feed.kind, feed.column]
        try:
            done = subprocess.run(command, stdin=file, capture_output=True, check=False, timeout=MMDB_WAIT_S)
        except subprocess.TimeoutExpired:
            raise DocumentError(f"not read within {MMDB_WAIT_S:g} s") from None
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise DocumentError(told[-1][:200] if told and done.returncode == 1 else "not a usable MMDB, reading it failed")
    entries = msgspec.msgpack.decode(done.stdout, type=list[tuple[int, bytes, bytes, int]])
    return [(family, int.from_bytes(first), int.from_bytes(last), value) for family, first, last, value in entries]
