"""Rebuild what ships in ``src/vedette/data/networks`` from a folder of real data.

    python -m bench.network_data DATA_DIR

The folder holds ``reputation/ip_ranges.parquet``: columns ``cidr``, ``name``, ``kind``, ``source``. Where each list
comes from, its licence and its date are in ``src/vedette/data/networks/README.md``; the dates below are those of the
copies.
"""

from __future__ import annotations

import argparse
import datetime as dt
import ipaddress
from collections import defaultdict
from pathlib import Path

from vedette.gather.feed_limits import never
from vedette.snapshot.networks import NetworkMap
from vedette.snapshot.packing import Source
from vedette.snapshot.ranges import Ranges, build, merge, subtract, write

OUT = Path(__file__).parents[1] / "src" / "vedette" / "data" / "networks" / "networks.bin"
DAY = 86400.0
DATE = dt.datetime(2026, 8, 22, tzinfo=dt.UTC).timestamp()
DATE_TOR = dt.datetime(2024, 2, 27, tzinfo=dt.UTC).timestamp()
KINDS = {
    "cloud": ("hosting", 365 * DAY),
    "cdn": ("hosting", 365 * DAY),
    "datacenter": ("hosting", 365 * DAY),
    "vpn": ("vpn", 180 * DAY),
    "relay_proxy": ("relay", 365 * DAY),
    "tor_exit": ("tor", 365 * DAY),
    "good_bot": ("robot", 180 * DAY),
    "blocklist": ("blocklist", 30 * DAY),
}
"""Kind in the table → kind here, and after which time a copy is worth half."""
WEIGHTS = {"ipsum_level3": 0.3, "ipsum_level4": 0.4, "ipsum_level5": 0.5, "ipsum_level6": 0.6}
"""The level is the number of blocklists that an address was on."""

DOCUMENTATION = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
"""Addresses of examples (RFC 5737, RFC 3849, RFC 9637), which some published lists hold."""
NOBODY = dict(zip((4, 6), never(DOCUMENTATION), strict=True))


def sources(table: Path) -> list[tuple[Source, Ranges]]:
    """Read the table into lists, one of each name and kind."""
    import pyarrow.parquet as pq

    spans: dict[tuple[str, str], dict[int, list[tuple[int, int]]]] = defaultdict(lambda: {4: [], 6: []})
    for row in pq.read_table(table).to_pylist():
        network = ipaddress.ip_network(row["cidr"], strict=False)
        spans[row["name"], row["kind"]][network.version].append((int(network[0]), int(network[-1])))
    lists = []
    for (name, kind), found in sorted(spans.items()):
        ours, half_life = KINDS[kind]
        source = Source(
            name=f"{name}-{kind}" if name == "x4bnet" else name,
            kind=ours,
            robot=name if ours == "robot" else "",
            date=DATE_TOR if ours == "tor" else DATE,
            weight=WEIGHTS.get(name, 1.0),
            half_life_s=half_life,
            is_shipped=True,
        )
        lists.append((source, Ranges(*(subtract(merge(found[family]), NOBODY[family]) for family in (4, 6)))))
    return [_at_hosters(entry, lists) if entry[0].kind == "tor" else entry for entry in lists]


def _at_hosters(tor: tuple[Source, Ranges], lists: list[tuple[Source, Ranges]]) -> tuple[Source, Ranges]:
    """Keep of an old list of Tor exits those in hosting and VPN ranges of today: the rest may be people's homes now."""
    source, ranges = tor
    kept = []
    for family in (0, 1):
        hosters = merge(span for other, found in lists if other.kind in ("hosting", "vpn") for span in found[family])
        kept.append(subtract(ranges[family], subtract(ranges[family], hosters)))
    return source, Ranges(*kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA_DIR", help="folder of real data")
    data = write(build(sources(parser.parse_args().data / "reputation" / "ip_ranges.parquet")), level=9)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_bytes(data)
    for source in NetworkMap.read(data).sources:
        print(f"{source.name:20} {source.kind:10} {source.entries:>7,}")
    print(f"{OUT.name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
