"""Rebuild ``src/vedette/data/clients/expectations.json``: what browsers send, and whose handshakes are a library's.

    python -m bench.client_data DATA_DIR

From recordings (``bench/client_contexts.py``, ``bench/capture_clients.py``) and the folder ``fingerprints`` of
DATA_DIR: curl-impersonate's descriptions of real browsers, and Apify's network of header values. What imitators send is
not used for browsers, save for versions that are newer than all descriptions.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bench.client_contexts import OUT as CONTEXTS
from bench.simulation import hellos
from vedette.collect.agents import read
from vedette.collect.expectations import UNPLACED, context_of, handshake_of
from vedette.collect.ja4 import Hello, ja4

OUT = Path(__file__).parents[1] / "src" / "vedette" / "data" / "clients" / "expectations.json"
SINCE = {"chromium": 131, "firefox": 128}
"""Order of calls and assets was recorded of one version alone. Chromium changed it last before 131; Firefox has kept it
since ``Priority`` came with 128."""
DESCRIBED_SINCE = {"safari": 17}
"""Older ones are described of one system alone."""
NEWEST_TOR = 153
"""The newest Firefox with long support, which a Tor Browser may name."""
LATE = ("curl_cffi:safari270", "curl_cffi:safari270_ios", "curl_cffi:firefox154", "curl_cffi:firefox155")
HONEST = {"chrome": 140, "firefox": 140, "safari": 26}
"""Apify's network holds many forged User-Agents; those of the versions that were new at its time are mostly true."""
SHARE = 0.02
"""Least share of a claimed client's visitors at which a value seen by Apify counts as one that the client sends."""
LIBRARIES = (
    "python-requests httpx aiohttp urllib scrapy curl wget node node-https java go php ruby okhttp apache-httpclient"
).split()

Pairs = list[tuple[str, str]]


def described(data: Path) -> Iterator[tuple[str, int, Pairs, Hello]]:
    """Give name, version, fields of a page (or none) and hello of each browser that curl-impersonate describes."""
    for file in sorted((data / "fingerprints" / "curl-impersonate").glob("*.yaml")):
        for given in yaml.safe_load_all(file.read_text()):
            if not given or "signature" not in given:
                continue
            signature, browser = given["signature"], given["browser"]
            pairs: Pairs = []
            for frame in signature.get("http2", {}).get("frames", []):
                pairs = [(line.partition(": ")[0], line.partition(": ")[2]) for line in frame.get("headers", pairs)]
            version = int(str(browser["version"]).partition(".")[0])
            if pairs:  # Tor Browser counts its own versions
                version = read(dict(pairs)["user-agent"]).major
            yield browser["name"], version, pairs, hellos.described(signature)[0]


def recorded(captured: dict[str, Any]) -> Iterator[tuple[str, str, Pairs]]:
    """Give way, version of HTTP and fields of each recorded request of a browser."""
    for way, rows in json.loads(CONTEXTS.read_text()).items():
        for row in rows:
            yield way, row["version"], [(name, value) for name, value in row["headers"]]
    for way in ("headless-chrome", "headless-chrome-http1", "firefox", "firefox-private"):
        for row in captured[way]["requests"]:
            yield way, row["version"], [(name, value) for name, value in row["headers"]]


def seen_by_apify(data: Path) -> Iterator[tuple[str, int, str, str]]:
    """Give family, major, header and value with their share among the visitors that name a User-Agent."""
    with zipfile.ZipFile(data / "fingerprints" / "apify" / "header-network-definition.zip") as archive:
        network = json.load(io.BytesIO(archive.read("network.json")))
    for node in network["nodes"]:
        if node["name"].lower() not in ("accept", "accept-encoding") or len(node["parentNames"]) != 1:
            continue
        for text, shares in node["conditionalProbabilities"]["deeper"].items():
            agent = read(text)
            total = sum(share for value, share in shares.items() if not value.startswith("*MISSING"))
            for value, share in shares.items():
                if (
                    not value.startswith("*MISSING")
                    and total
                    and share / total >= SHARE
                    and agent.major >= HONEST.get(agent.family, 1000)
                ):
                    yield agent.family, agent.major, node["name"].lower(), value


class Table:
    """Values by owner with the ranges of versions that were seen to send them."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, set[tuple[int, int]]]] = defaultdict(lambda: defaultdict(set))

    def add(self, owner: str, value: str, first: int, last: int = 0) -> None:
        self._seen[owner][value].add((first, last or first))

    def rows(self) -> dict[str, list[list[Any]]]:
        """Join ranges of a value, unless a version between them was seen without it."""
        found: dict[str, list[list[Any]]] = {}
        for owner, values in sorted(self._seen.items()):
            seen = {version for ranges in values.values() for range_ in ranges for version in range_}
            rows: list[list[Any]] = []
            for value, ranges in values.items():
                joined: list[list[Any]] = []
                for first, last in sorted(ranges):
                    if joined and not any(joined[-1][1] < version < first for version in seen):
                        joined[-1][1] = max(joined[-1][1], last)
                    else:
                        joined.append([first, last, value])
                rows += joined
            found[owner] = sorted(rows)
        return found


def build(data: Path) -> dict[str, Any]:
    """Build what ships."""
    captured = json.loads(hellos.CAPTURED.read_text())
    orders, accepts, encodings, handshakes = Table(), Table(), Table(), Table()
    spelled: dict[str, set[str]] = defaultdict(set)
    pages = [*described(data)]
    for target in LATE:
        given = captured[target]
        pairs = [(name, value) for name, value in given["requests"][0]["headers"]]
        claim = read(dict(pairs)["user-agent"])
        pages.append((claim.family, claim.major, pairs, hellos.told(given["hello"])))
    for name, version, pairs, hello in pages:
        engine = {"firefox": "firefox", "tor": "firefox", "safari": "safari"}.get(name, "chromium")
        # Tor Browser names the Firefox that it is made from, by another handshake
        handshakes.add(engine, handshake_of(ja4(hello)), version, NEWEST_TOR if name == "tor" else version)
        if not pairs:
            continue
        values = dict(pairs)
        context = context_of(frozenset(values), values.get("sec-fetch-mode", ""), values.get("sec-fetch-dest", ""))
        if version >= DESCRIBED_SINCE.get(engine, 0):
            orders.add(f"{engine} {context or 'page'}", _order(pairs), version)
        if values.get("sec-fetch-dest", "document") == "document":
            accepts.add(read(values["user-agent"]).family, values["accept"], version)
        encodings.add(engine, values["accept-encoding"], version)
    for way, protocol, pairs in recorded(captured):
        values = {name.lower(): value for name, value in pairs}
        engine = "firefox" if "firefox" in way else "chromium"
        major = read(values["user-agent"].replace("Headless", "")).major
        context = context_of(frozenset(values), values.get("sec-fetch-mode", ""), values.get("sec-fetch-dest", ""))
        if protocol == "1.1":
            spelled[engine].update(name for name, _ in pairs)
        if not context:
            continue
        orders.add(f"{engine} {context}", _order(pairs), SINCE[engine], major)
        if values.get("sec-fetch-dest") == "document":
            accepts.add("chrome" if engine == "chromium" else engine, values["accept"], major)
            encodings.add(engine, values["accept-encoding"], major)
    for way, engine in (("headless-chrome", "chromium"), ("firefox", "firefox")):
        agent = dict(captured[way]["requests"][0]["headers"])["user-agent"].replace("Headless", "")
        handshakes.add(engine, handshake_of(ja4(hellos.told(captured[way]["hello"]))), read(agent).major)
    for family, major, name, value in seen_by_apify(data):
        engine = "chromium" if family == "chrome" else family
        if name == "accept" and value.startswith("text/html"):
            accepts.add(family, value, major)
        elif name == "accept-encoding" and "br" in value:
            encodings.add(engine, value, major)
    browsers = {row[2] for rows in handshakes.rows().values() for row in rows}
    libraries: dict[str, list[str]] = defaultdict(list)
    for program in LIBRARIES:
        key = handshake_of(ja4(hellos.told(captured[program]["hello"])))
        if key not in browsers:
            libraries[key].append(program)
    return {
        "orders": orders.rows(),
        "accepts": accepts.rows(),
        "encodings": encodings.rows(),
        "spelled": {engine: sorted(found) for engine, found in sorted(spelled.items())},
        "handshakes": handshakes.rows(),
        "libraries": dict(sorted(libraries.items())),
    }  # fmt: skip


def _order(pairs: Pairs) -> str:
    return " ".join(name.lower() for name, _ in pairs if name.lower() not in UNPLACED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA_DIR", help="folder of real data")
    given = parser.parse_args()
    row = re.compile(r"\[\n +(\d+),\n +(\d+),\n +(.*)\n +\]")
    text = row.sub(r"[\1, \2, \3]", json.dumps(build(given.data), indent=1))
    OUT.write_text(text + "\n")
    print(f"{OUT.name}: {len(text):,} bytes")


if __name__ == "__main__":
    main()
