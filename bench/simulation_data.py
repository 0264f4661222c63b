"""Rebuild what ships in ``src/vedette/data/simulation`` from a folder of real data.

    python -m bench.simulation_data DATA_DIR [--only clients|networks|shapes|languages]

The folder holds logs, behaviour, reputation and fingerprints as listed in ``src/vedette/data/simulation/README.md``.
What programs on this machine send is not measured here but read from ``captured.json`` (``bench/capture_clients.py``).
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path
from typing import Any

import msgspec

from bench.simulation import clients, languages, networks, shapes

OUT = Path(__file__).parents[1] / "src" / "vedette" / "data" / "simulation"
PARTS = {
    "languages.json": languages.build,
    "shapes.json.gz": shapes.build,
    "networks.json.gz": networks.build,
    "clients.json.gz": clients.build,
}


def write(name: str, value: Any) -> int:
    """Write compact JSON, the same bytes for the same value; give its size."""
    data = msgspec.json.encode(value)
    if name.endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    else:
        data = msgspec.json.format(data, indent=1) + b"\n"
    (OUT / name).write_bytes(data)
    return len(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA_DIR", help="folder of real data")
    parser.add_argument("--only", choices=[name.split(".")[0] for name in PARTS], help="rebuild one file")
    given = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    for name, build in PARTS.items():
        if given.only in {None, name.split(".")[0]}:
            print(f"{name}: {write(name, build(given.data)):,} bytes")


if __name__ == "__main__":
    main()
