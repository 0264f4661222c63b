"""``python -m vedette.gather.feed_mmdb``: reads a MaxMind DB from standard input, writes its ranges to standard output.

A process of its own, because the reader is C code that walks whatever tree it is given: memory and CPU time are limited
and a crash is a failed feed. The arguments are the kind of the feed and the field that is true for a member.
Records are as MaxMind's databases have them: ``autonomous_system_number`` (``asn`` is read, too), ``country.iso_code``.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from vedette.gather.feed_documents import ENTRIES_MAX, country_code

__all__ = ["main"]

CPU_S = 60
MEMORY_BYTES = 3 << 30


def main() -> int:
    """Read, write, and say on standard error what is wrong; 1 for a file that is no use."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import maxminddb

    kind, column = sys.argv[1:3]
    try:
        with maxminddb.open_database("/dev/stdin") as database:
            entries = list(_entries(database, kind, column))
    except (maxminddb.InvalidDatabaseError, OSError, ValueError, RecursionError, TypeError):
        sys.stderr.write("not an MMDB, or a damaged one\n")
        return 1
    except OverflowError:
        sys.stderr.write(f"more than {ENTRIES_MAX} entries\n")
        return 1
    sys.stdout.buffer.write(_encode(entries))
    return 0


def _entries(database: Any, kind: str, column: str) -> Iterator[tuple[int, int, int, int]]:
    """Ranges with a value, neighbours that say the same joined."""
    family = first = last = value = 0
    found = 0
    for network, record in database:
        told = _value(record, kind, column)
        if not told:
            continue
        start, end = int(network[0]), int(network[-1])
        if network.version == family and start == last + 1 and told == value:
            last = end
            continue
        if family:
            yield family, first, last, 0 if kind not in ("asn", "country") else value
        family, first, last, value = network.version, start, end, told
        found += 1
        if found > ENTRIES_MAX:
            raise OverflowError
    if family:
        yield family, first, last, 0 if kind not in ("asn", "country") else value


def _value(record: Any, kind: str, column: str) -> int:
    if not isinstance(record, dict):
        return 0
    if kind == "asn":
        number = record.get("autonomous_system_number", record.get("asn", 0))
        if isinstance(number, str):
            number = int(number.upper().removeprefix("AS")) if number.upper().removeprefix("AS").isdigit() else 0
        return number if isinstance(number, int) and 0 < number < 2**32 else 0
    if kind == "country":
        country = record.get("country", record.get("country_code"))
        code = country.get("iso_code", "") if isinstance(country, dict) else country
        return country_code(code) if isinstance(code, str) else 0
    part: Any = record
    for name in column.split("."):
        part = part.get(name) if isinstance(part, dict) else None
    return int(bool(part))


def _encode(entries: list[tuple[int, int, int, int]]) -> bytes:
    """Addresses of IPv6 are too long for integers of MessagePack and go as bytes."""
    plain = [
        (family, first.to_bytes(16, "big"), last.to_bytes(16, "big"), value) for family, first, last, value in entries
    ]
    return msgspec.msgpack.encode(plain)


if __name__ == "__main__":
    sys.exit(main())
